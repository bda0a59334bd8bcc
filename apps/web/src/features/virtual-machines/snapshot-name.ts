/** What a snapshot is called unless its maker says otherwise: `web-01-20261120-1041`, in the reader's own time zone. */
export function snapshotName(vmName: string, date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`
  const stamp = `${day}-${two(date.getHours())}${two(date.getMinutes())}`
  // Snapshots are DNS labels: at most 63 characters, and none may end in a dash.
  return `${vmName.slice(0, 63 - stamp.length - 1).replace(/[-.]+$/, '')}-${stamp}`
}
