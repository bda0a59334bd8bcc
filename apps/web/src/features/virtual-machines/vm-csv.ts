// The list as a table for a spreadsheet: what is shown, in the order in which it is shown.
import { statusWords, type VmRow } from '@virtdeck/kubevirt'
import type { ColumnId } from './column-choice.ts'

type Field = { title: string; value: (row: VmRow) => string | number | undefined }

/** Quantities are plain numbers in one unit, times are ISO: a spreadsheet calculates with them. */
const fields: Record<ColumnId, Field> = {
  name: { title: 'Name', value: ({ name }) => name },
  status: { title: 'Status', value: (row) => statusWords(row) },
  namespace: { title: 'Namespace', value: ({ namespace }) => namespace },
  node: { title: 'Node', value: ({ node }) => node },
  cpu: { title: 'vCPUs', value: ({ cpus }) => cpus },
  memory: { title: 'Memory (bytes)', value: ({ memoryBytes }) => memoryBytes },
  runStrategy: { title: 'Run strategy', value: ({ runStrategy }) => runStrategy },
  os: { title: 'OS', value: ({ osName, os }) => osName ?? os },
  ip: { title: 'IP addresses', value: ({ ips }) => ips?.join(' ') },
  age: { title: 'Created', value: ({ createdAt }) => new Date(createdAt * 1000).toISOString() },
}

/** RFC 4180, with the namespace always, since without it a name means nothing. */
export function vmCsv(rows: readonly VmRow[], shown: readonly ColumnId[]): string {
  const columns = (shown.includes('namespace') ? shown : ([...shown, 'namespace'] as const)).map((id) => fields[id])
  const lines = [columns.map(({ title }) => title), ...rows.map((row) => columns.map(({ value }) => value(row)))]
  return lines.map((line) => `${line.map(cell).join(',')}\r\n`).join('')
}

/** Spreadsheets take a text that begins like this for a formula, and run it. */
const formula = /^[=+\-@\t\r\n]/

function cell(value: string | number | undefined): string {
  if (value === undefined) return ''
  if (typeof value === 'number') return String(value)
  const text = formula.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
