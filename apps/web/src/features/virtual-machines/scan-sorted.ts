// Rows in order and filtered; what was worked out of an array of rows is remembered as long as the array is.
import type { VmRow } from '@virtdeck/kubevirt'
import { scanVms } from './vm-facets.ts'
import type { Scan } from './vm-facets.ts'
import type { Term } from './vm-query.ts'
import { formatSort, sortRows } from './vm-sort.ts'
import type { Sort } from './vm-sort.ts'

/** Order and counts of ten thousand rows change at most so often; each row itself is always up to date. */
export const SCAN_EVERY_MS = 250

type Memo = { order: string; sorted: readonly VmRow[]; query: string; scan: Scan }

const memos = new WeakMap<readonly VmRow[], Memo>()

/** What a query shows of the rows, in order. The last answer about an array of rows is remembered. */
export function scanSorted(rows: readonly VmRow[], terms: readonly Term[], sort: Sort): Scan {
  const order = formatSort(sort) ?? ''
  const query = JSON.stringify(terms)
  const known = memos.get(rows)
  if (known?.order === order && known.query === query) return known.scan
  const sorted = known?.order === order ? known.sorted : sortRows(rows, sort)
  const scan = scanVms(sorted, terms)
  memos.set(rows, { order, sorted, query, scan })
  return scan
}
