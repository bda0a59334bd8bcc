// A list as a table for a spreadsheet: what is shown, in the order in which it is shown.
import { columnOf } from './fleet-kind.ts'
import type { FleetKind, FleetRow } from './fleet-kind.ts'

/** RFC 4180, with the namespace always, since without it a name means nothing. */
export function fleetCsv<R extends FleetRow>(
  kind: Pick<FleetKind<R>, 'columns' | 'labels'>,
  rows: readonly R[],
  shown: readonly string[],
): string {
  const namespaced = kind.columns.some(({ id }) => id === 'namespace')
  const columns = (namespaced && !shown.includes('namespace') ? [...shown, 'namespace'] : shown)
    .map((id) => columnOf(kind, id))
    .filter((column) => column !== undefined)
  const lines = [
    columns.map(({ title, csv }) => csv?.title ?? title),
    ...rows.map((row) => columns.map(({ value, csv }) => (csv?.value ?? value)(row))),
  ]
  return lines.map((line) => `${line.map(cell).join(',')}\r\n`).join('')
}

/** Those that are selected: as they are shown, and after them those that the search hides. */
export function selectedOf<R extends FleetRow>(uids: ReadonlySet<string>, shown: readonly R[], all: readonly R[]): R[] {
  const inOrder = shown.filter(({ uid }) => uids.has(uid))
  const seen = new Set(inOrder.map(({ uid }) => uid))
  return [...inOrder, ...all.filter(({ uid }) => uids.has(uid) && !seen.has(uid))]
}

/** Spreadsheets take a text that begins like this for a formula, and run it. */
const formula = /^[=+\-@\t\r\n]/

function cell(value: string | number | undefined): string {
  if (value === undefined) return ''
  if (typeof value === 'number') return String(value)
  const text = formula.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Seconds since the epoch, as a spreadsheet reads them. */
export const isoTime = (seconds: number | undefined) => (seconds === undefined ? undefined : new Date(seconds * 1000).toISOString())
