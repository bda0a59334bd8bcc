// Placeholder until this page is built.
export function VmSnapshotsTab() {
  return null
}
