// One pass over all rows: which match, and how many each value of each facet would show.
import type { VmRow } from '@virtdeck/kubevirt'
import { compileQuery, facetKeys, memoryWord, searchKey, stateWords } from './vm-query.ts'
import type { CompiledQuery, FacetKey, SearchKey, Term } from './vm-query.ts'

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

const WARNING = 'warning'

export function scanVms(rows: readonly VmRow[], terms: readonly Term[]): Scan {
  const query = compileQuery(terms)
  const index = indexOf(rows)
  const matching: VmRow[] = []
  const namespaces = tally(index.namespaces)
  const nodes = tally(index.nodes)
  const systems = tally(index.systems)
  const sizes = tally(index.sizes)
  const states = tally(index.states)
  const warnings: Bucket = { count: 0, failing: 0, warnings: 0 }
  for (const [at, row] of rows.entries()) {
    const key = index.keys[at] ?? searchKey(row)
    const missed = missedFacets(row, key, query)
    if (missed === REST) continue
    const { state, warning } = key
    const failing = state === 'error'
    if (missed === 0) matching.push(row)
    if (shows(missed, 'namespace')) add(namespaces[index.namespaces.at[at] ?? 0], failing, warning)
    if (shows(missed, 'node')) add(nodes[index.nodes.at[at] ?? 0], failing, warning)
    if (shows(missed, 'os')) add(systems[index.systems.at[at] ?? 0], failing, warning)
    if (shows(missed, 'memory')) add(sizes[index.sizes.at[at] ?? 0], failing, warning)
    if (shows(missed, 'status')) {
      add(states[index.states.at[at] ?? 0], failing, warning)
      if (warning) add(warnings, failing, warning)
    }
  }
  const status = named(index.states, states).set(WARNING, warnings)
  return {
    rows: matching,
    total: rows.length,
    facets: {
      status,
      namespace: named(index.namespaces, namespaces),
      node: named(index.nodes, nodes),
      os: named(index.systems, systems),
      memory: named(index.sizes, sizes),
    },
  }
}

const facetBits = { status: 1, namespace: 2, node: 4, os: 8, memory: 16 } as const
const REST = 32

/** The parts of the query that a row does not meet, as bits. */
function missedFacets(row: VmRow, key: SearchKey, query: CompiledQuery): number {
  // The rest matters to every facet alike: without it no more need be known.
  if (query.rest && !query.rest(row, key)) return REST
  let missed = 0
  for (const facet of facetKeys) {
    const test = query[facet]
    if (test && !test(row, key)) missed |= facetBits[facet]
  }
  return missed
}

/** A row counts for a facet if it misses nothing but that facet's own choice. */
const shows = (missed: number, facet: FacetKey) => (missed & ~facetBits[facet]) === 0

/** The different values of a column, and which of them each row has. Counting is then a matter of small numbers. */
type Column = { values: string[]; at: Uint32Array }
type Index = { keys: readonly SearchKey[]; namespaces: Column; nodes: Column; systems: Column; sizes: Column; states: Column }

const indexes = new WeakMap<readonly VmRow[], Index>()

function indexOf(rows: readonly VmRow[]): Index {
  const known = indexes.get(rows)
  if (known) return known
  const index = {
    keys: rows.map(searchKey),
    namespaces: column(rows, (row) => row.namespace),
    nodes: column(rows, (row) => row.node ?? ''),
    systems: column(rows, (row) => row.os ?? ''),
    sizes: column(rows, (row) => sizeWord(row.memoryBytes)),
    // States keep their place in the bar at zero, too.
    states: column(rows, (row) => stateWords[searchKey(row).state], Object.values(stateWords)),
  }
  indexes.set(rows, index)
  return index
}

function column(rows: readonly VmRow[], read: (row: VmRow) => string, values: string[] = []): Column {
  const numbers = new Map(values.map((value, number) => [value, number]))
  const at = new Uint32Array(rows.length)
  for (const [position, row] of rows.entries()) {
    const value = read(row)
    let number = numbers.get(value)
    if (number === undefined) {
      number = values.push(value) - 1
      numbers.set(value, number)
    }
    at[position] = number
  }
  return { values, at }
}

const sizeWords = new Map<number | undefined, string>()

/** There are few sizes, and many VMs of each. */
function sizeWord(bytes: number | undefined): string {
  let word = sizeWords.get(bytes)
  if (word === undefined) {
    word = memoryWord(bytes)
    sizeWords.set(bytes, word)
  }
  return word
}

const tally = ({ values }: Column): Bucket[] => values.map(() => ({ count: 0, failing: 0, warnings: 0 }))

function add(bucket: Bucket | undefined, failing: boolean, warning: boolean) {
  if (!bucket) return
  bucket.count++
  if (failing) bucket.failing++
  if (warning) bucket.warnings++
}

/** What has no node, or no known system, is no value one could choose. */
function named({ values }: Column, buckets: readonly Bucket[]): Map<string, Bucket> {
  return new Map(
    values.flatMap((value, number): [string, Bucket][] => (value === '' || !buckets[number] ? [] : [[value, buckets[number]]])),
  )
}
