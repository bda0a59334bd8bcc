// One pass over all rows: which match, and how many each value of each facet would show.
import type { VmRow } from '@virtdeck/kubevirt'
import { compileQuery, facetKeys, searchKey, stateWords } from './vm-query.ts'
import type { CompiledQuery, FacetKey, Term } from './vm-query.ts'

/** How many VMs a value stands for, and how many of them need looking after. */
export type Bucket = { count: number; failing: number; warnings: number }
export type Buckets = ReadonlyMap<string, Bucket>

export type Scan = {
  /** The rows that match, in the order given. */
  rows: VmRow[]
  total: number
  /** Values of a facet with the VMs that match everything but this facet's own choice; all values, also at zero. */
  facets: Record<FacetKey, Buckets>
}

export function scanVms(rows: readonly VmRow[], terms: readonly Term[]): Scan {
  const query = compileQuery(terms)
  const matching: VmRow[] = []
  const facets = {
    status: emptyStates(),
    namespace: new Map<string, Bucket>(),
    node: new Map<string, Bucket>(),
    os: new Map<string, Bucket>(),
  }
  for (const row of rows) {
    const missed = missedFacets(row, query)
    if (missed === 0) matching.push(row)
    const { state, warning } = searchKey(row)
    const failing = state === 'error'
    const count = (facet: FacetKey, value: string) => {
      const bucket = bucketOf(facets[facet], value)
      if (missed !== 0 && missed !== facetBits[facet]) return
      bucket.count++
      if (failing) bucket.failing++
      if (warning) bucket.warnings++
    }
    count('status', stateWords[state])
    if (warning) count('status', 'warning')
    count('namespace', row.namespace)
    if (row.node) count('node', row.node)
    if (row.os) count('os', row.os)
  }
  return { rows: matching, total: rows.length, facets }
}

/** States keep their place in the bar at zero, too. */
function emptyStates(): Map<string, Bucket> {
  return new Map([...Object.values(stateWords), 'warning'].map((word) => [word, { count: 0, failing: 0, warnings: 0 }]))
}

const facetBits = { status: 1, namespace: 2, node: 4, os: 8 } as const
const REST = 16

/** The parts of the query that a row does not meet, as bits. */
function missedFacets(row: VmRow, query: CompiledQuery): number {
  // The rest matters to every facet alike: without it no more need be known.
  if (query.rest && !query.rest(row)) return REST
  let missed = 0
  for (const facet of facetKeys) {
    const test = query[facet]
    if (test && !test(row)) missed |= facetBits[facet]
  }
  return missed
}

function bucketOf(buckets: Map<string, Bucket>, value: string): Bucket {
  const known = buckets.get(value)
  if (known) return known
  const bucket = { count: 0, failing: 0, warnings: 0 }
  buckets.set(value, bucket)
  return bucket
}
