// Sorting: names as people count (web-2 before web-10), sizes as numbers, what is missing last.
import { vmState } from '@virtdeck/kubevirt'
import type { VmRow, VmState } from '@virtdeck/kubevirt'

export const sortKeys = ['name', 'status', 'namespace', 'node', 'cpu', 'memory', 'runStrategy', 'os', 'ip', 'age'] as const
export type SortKey = (typeof sortKeys)[number]
export type Sort = { key: SortKey; descending: boolean }

export const defaultSort: Sort = { key: 'name', descending: false }

/** `-memory` is memory, largest first. Anything unknown is the default. */
export function parseSort(text: string | null): Sort {
  const descending = text?.startsWith('-') ?? false
  const key = sortKeys.find((known) => known === text?.slice(descending ? 1 : 0))
  return key ? { key, descending } : defaultSort
}

/** Undefined for the default, which needs no place in the URL. */
export function formatSort({ key, descending }: Sort): string | undefined {
  return key === defaultSort.key && descending === defaultSort.descending ? undefined : `${descending ? '-' : ''}${key}`
}

/** What a click on a column's head does: sort by it, or turn it round. */
export function nextSort(sort: Sort, key: SortKey): Sort {
  return sort.key === key ? { key, descending: !sort.descending } : { key, descending: false }
}

type Value = string | number | undefined

/**
 * A sorted copy. Equal rows stand by name and namespace, so that the order never depends on what arrived when. With the
 * last sorted copy of an earlier version of the rows, only what has changed since is sought its place.
 */
export function sortRows(rows: readonly VmRow[], { key, descending }: Sort, before: readonly VmRow[] = []): VmRow[] {
  const read = readers[key]
  const sign = descending ? -1 : 1
  const decorated = inOrderOf(before, rows).map((row) => ({ row, value: read(row), name: naturalKey(row.name) }))
  // The engine's sort takes runs that are in order as they are.
  decorated.sort((a, b) => compareValues(a.value, b.value, sign) || compare(a.name, b.name) || compare(a.row.namespace, b.row.namespace))
  return decorated.map(({ row }) => row)
}

/** The rows in the order that their earlier versions had, new ones at the end. */
function inOrderOf(before: readonly VmRow[], rows: readonly VmRow[]): readonly VmRow[] {
  if (before.length === 0) return rows
  const remaining = new Map(rows.map((row) => [row.uid, row]))
  const ordered: VmRow[] = []
  for (const { uid } of before) {
    const row = remaining.get(uid)
    if (!row) continue
    ordered.push(row)
    remaining.delete(uid)
  }
  return ordered.concat(...remaining.values())
}

function compareValues(a: Value, b: Value, sign: 1 | -1): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined)
  return sign * compare(a, b)
}

function compare(a: string | number, b: string | number): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** What one must look at stands first. */
const stateOrder: Record<VmState, number> = { error: 0, unknown: 1, transit: 2, paused: 3, running: 4, stopped: 5 }

const readers: Record<SortKey, (row: VmRow) => Value> = {
  name: (row) => naturalKey(row.name),
  status: (row) => `${stateOrder[vmState(row)]} ${row.status}`,
  namespace: (row) => naturalKey(row.namespace),
  node: (row) => row.node && naturalKey(row.node),
  cpu: (row) => row.cpus,
  memory: (row) => row.memoryBytes,
  runStrategy: (row) => row.runStrategy,
  os: (row) => (row.osName ?? row.os)?.toLowerCase(),
  ip: (row) => row.ips?.[0] && naturalKey(row.ips[0]),
  age: (row) => -row.createdAt,
}

const naturalKeys = new Map<string, string>()
/** Names come and go: the memory of them is bounded. */
const REMEMBERED = 200_000

/** A spelling whose plain order is the order people expect: digits padded to one length. */
export function naturalKey(text: string): string {
  const known = naturalKeys.get(text)
  if (known !== undefined) return known
  const key = text.toLowerCase().replaceAll(/\d+/g, (digits) => digits.padStart(12, '0'))
  if (naturalKeys.size >= REMEMBERED) naturalKeys.clear()
  naturalKeys.set(text, key)
  return key
}
