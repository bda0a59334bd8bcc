// In which order a list stands: names as people count (web-2 before web-10), sizes as numbers, what is missing last.

export type Order = { column: string; descending: boolean }

/** `-memory` is memory, largest first. Anything unknown is the list's own order. */
export function parseOrder(text: string | null, isColumn: (id: string) => boolean, own: Order): Order {
  const descending = text?.startsWith('-') ?? false
  const column = text?.slice(descending ? 1 : 0) ?? ''
  return isColumn(column) ? { column, descending } : own
}

/** Undefined for the list's own order, which needs no place in the URL. */
export function formatOrder({ column, descending }: Order, own: Order): string | undefined {
  return column === own.column && descending === own.descending ? undefined : `${descending ? '-' : ''}${column}`
}

/** What a click on a column's head does: sort by it, or turn it round. */
export function nextOrder(order: Order, column: string): Order {
  return order.column === column ? { column, descending: !order.descending } : { column, descending: false }
}

export type Sortable = string | number | undefined
type Named = { name: string; namespace?: string }
/** `known` is for whoever keeps something beside each row. */
type Keyed<R> = { readonly row: R; readonly value: Sortable; readonly name: string; known?: object }

/** Rows in order, with what they were ordered by: a later version of them only has its differences sorted. */
export type Ordered<R> = readonly Keyed<R>[]

/** Sorts so many rows in one go. */
const SLICE = 1_000

/**
 * Sorts rows from nothing, in small steps: between two of them others may work. Equal rows stand by name and namespace,
 * so that the order never depends on what arrived when.
 */
export function* ordering<R extends Named>(
  rows: readonly R[],
  value: (row: R) => Sortable,
  descending: boolean,
): Generator<undefined, Ordered<R>> {
  const compare = comparing<R>(descending)
  let runs: Keyed<R>[][] = []
  for (let at = 0; at < rows.length; at += SLICE) {
    runs.push(keyed(rows.slice(at, at + SLICE), value).sort(compare))
    yield
  }
  while (runs.length > 1) {
    const merged: Keyed<R>[][] = []
    for (let at = 0; at < runs.length; at += 2) {
      merged.push(merge(runs[at] ?? [], runs[at + 1] ?? [], compare))
      yield
    }
    runs = merged
  }
  return runs[0] ?? []
}

/** Takes changes in. `before` is the order of the rows before them. */
export function reorder<R extends Named>(
  before: Ordered<R>,
  { gone, added }: Differences<R>,
  value: (row: R) => Sortable,
  descending: boolean,
): Ordered<R> {
  const kept = gone.size === 0 ? before : before.filter(({ row }) => !gone.has(row))
  if (added.length === 0) return kept
  return insert(kept, keyed(added, value), comparing<R>(descending))
}

/** Few find their places each by itself, many by going through all. */
function insert<R>(kept: Ordered<R>, added: Keyed<R>[], compare: (a: Keyed<R>, b: Keyed<R>) => number): Ordered<R> {
  added.sort(compare)
  if (added.length > kept.length / 16) return merge(kept, added, compare)
  const parts: Ordered<R>[] = []
  let from = 0
  for (const item of added) {
    const at = placeOf(item, kept, from, compare)
    parts.push(kept.slice(from, at), [item])
    from = at
  }
  return ([] as Keyed<R>[]).concat(...parts, kept.slice(from))
}

function placeOf<T>(item: T, sorted: readonly T[], from: number, compare: (a: T, b: T) => number): number {
  let [low, high] = [from, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    // Between the two ends, which are within.
    if (compare(sorted[middle] as T, item) <= 0) low = middle + 1
    else high = middle
  }
  return low
}

type Differences<R> = { gone: ReadonlySet<R>; added: readonly R[] }

/** A changed row is another object in the place of the old one: rows are replaced, never written to. */
export function differences<R extends { uid: string }>(known: readonly R[], rows: readonly R[]): Differences<R> {
  const gone = new Set<R>()
  const added: R[] = []
  for (let at = 0; at < rows.length; at++) {
    // Checked by the loop.
    const row = rows[at] as R
    const old = known[at]
    if (row === old) continue
    added.push(row)
    if (old === undefined) continue
    // Something has gone or moved, and all that follows with it.
    if (old.uid !== row.uid) return allDifferences(known, rows)
    gone.add(old)
  }
  return rows.length < known.length ? allDifferences(known, rows) : { gone, added }
}

function allDifferences<R>(known: readonly R[], rows: readonly R[]): Differences<R> {
  const gone = new Set(known)
  const added = rows.filter((row) => !gone.delete(row))
  return { gone, added }
}

/** A sorted copy, in one go. */
export function sortRows<R extends Named>(rows: readonly R[], value: (row: R) => Sortable, descending = false): R[] {
  return keyed(rows, value)
    .sort(comparing<R>(descending))
    .map(({ row }) => row)
}

function keyed<R extends Named>(rows: readonly R[], value: (row: R) => Sortable): Keyed<R>[] {
  return rows.map((row) => ({ row, value: value(row), name: naturalKey(row.name) }))
}

function merge<T>(left: readonly T[], right: readonly T[], compare: (a: T, b: T) => number): T[] {
  const merged: T[] = []
  let [a, b] = [0, 0]
  while (a < left.length && b < right.length) {
    // Neither index is beyond its array.
    const [one, other] = [left[a] as T, right[b] as T]
    if (compare(one, other) <= 0) {
      merged.push(one)
      a++
    } else {
      merged.push(other)
      b++
    }
  }
  for (; a < left.length; a++) merged.push(left[a] as T)
  for (; b < right.length; b++) merged.push(right[b] as T)
  return merged
}

function comparing<R extends Named>(descending: boolean): (a: Keyed<R>, b: Keyed<R>) => number {
  const sign = descending ? -1 : 1
  return (a, b) => compareValues(a.value, b.value, sign) || compare(a.name, b.name) || compare(a.row.namespace ?? '', b.row.namespace ?? '')
}

/** What is missing comes last, whichever way round the others stand. */
export function compareValues(a: Sortable, b: Sortable, sign: 1 | -1 = 1): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined)
  return sign * compare(a, b)
}

function compare(a: string | number, b: string | number): number {
  return a < b ? -1 : a > b ? 1 : 0
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
