// Rows in order and filtered, working again only on what has changed since the last time.
import type { VmRow } from '@virtdeck/kubevirt'
import { scanVms } from './vm-facets.ts'
import type { Scan } from './vm-facets.ts'
import type { Term } from './vm-query.ts'
import { formatSort, sortRows } from './vm-sort.ts'
import type { Sort } from './vm-sort.ts'

/** Order and counts of ten thousand rows change at most so often; each row itself is always up to date. */
export const SCAN_EVERY_MS = 250

type Last = { rows: readonly VmRow[]; order: string; sorted: readonly VmRow[]; query: string; scan: Scan }

/** A scan that remembers its last answer: typing only filters, a change of a row only finds that row its place. */
export function createScanner(): (rows: readonly VmRow[], terms: readonly Term[], sort: Sort) => Scan {
  let last: Last | undefined
  return (rows, terms, sort) => {
    const order = formatSort(sort) ?? ''
    const query = JSON.stringify(terms)
    const sameOrder = last?.order === order
    if (sameOrder && last?.rows === rows && last.query === query) return last.scan
    const sorted = sameOrder && last?.rows === rows ? last.sorted : sortRows(rows, sort, sameOrder ? last?.sorted : undefined)
    const scan = scanVms(sorted, terms)
    last = { rows, order, sorted, query, scan }
    return scan
  }
}

/** One for the list and the tree beside it: what one has worked out, the other finds done. */
export const scanSorted = createScanner()
