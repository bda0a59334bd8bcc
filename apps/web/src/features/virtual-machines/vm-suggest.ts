// What the search box offers while one types: keys, and values that VMs have.
import { own } from '@virtdeck/k8s'
import type { VmRow } from '@virtdeck/kubevirt'
import type { Buckets, Scan } from './vm-facets.ts'
import { formatTerm, isToken, parseQuery, queryKeys, token } from './vm-query.ts'
import type { FacetKey, QueryKey } from './vm-query.ts'

export type Suggestion = {
  /** What the last word becomes. */
  insert: string
  /** A key still wants its value. */
  finished: boolean
  hint?: string
  count?: number
}

const hints: Record<QueryKey, string> = {
  status: 'running, failing, warning, …',
  namespace: 'one namespace, or a pattern: team-*',
  node: 'where it runs',
  os: 'operating system',
  ip: 'the beginning of any address',
  label: 'app=pay, or app alone',
  memory: '>=4Gi',
  cpu: '>=4',
  runstrategy: 'Always, Halted, …',
  name: 'a pattern: web-*',
}

const OFFERED = 8

export type SuggestionSource = { facets: Scan['facets']; rows: readonly VmRow[] }

/** For the word that the text ends in; nothing after a space. */
export function suggest(text: string, { facets, rows }: SuggestionSource): Suggestion[] {
  const word = lastWord(text)
  if (word === '') return []
  const [, minus = '', key, value = ''] = /^(-?)(?:([a-z]+):)?(.*)$/is.exec(word) ?? []
  const known = queryKeys.find((candidate) => candidate === key?.toLowerCase())
  const plain = value.replaceAll('"', '').toLowerCase()
  if (known) return values(known, plain, minus, { facets, rows })
  if (key !== undefined) return []
  const keys = queryKeys
    .filter((candidate) => candidate.startsWith(plain))
    .map((candidate) => ({ insert: `${minus}${candidate}:`, finished: false, hint: hints[candidate] }))
  // A word that stands for nothing yet may be a namespace, a node or a system.
  const facetValues =
    plain.length < 2
      ? []
      : (['namespace', 'node', 'os'] as const).flatMap((facet) => values(facet, plain, minus, { facets, rows }).slice(0, 3))
  return [...keys, ...facetValues].slice(0, OFFERED)
}

/** The text with its last word replaced. */
export function accept(text: string, { insert, finished }: Suggestion): string {
  return `${text.slice(0, text.length - lastWord(text).length)}${insert}${finished ? ' ' : ''}`
}

function lastWord(text: string): string {
  const last = parseQuery(text, { typing: true }).at(-1)
  if (last && isToken(last) && !last.partial) return ''
  return /(?:[^\s"]|"(?:\\.|[^"\\])*(?:"|$))+$/s.exec(text)?.[0] ?? ''
}

function values(key: QueryKey, begun: string, minus: string, source: SuggestionSource): Suggestion[] {
  if (key === 'label') return labels(begun, minus, source.rows)
  const buckets = facetOf(key)
    ? source.facets[facetOf(key) as FacetKey]
    : key === 'runstrategy'
      ? runStrategies(source.rows)
      : new Map<string, { count: number }>()
  return ranked(buckets, begun).map(([value, count]) => offer(key, value, minus, count))
}

const facetOf = (key: QueryKey): FacetKey | undefined =>
  key === 'status' || key === 'namespace' || key === 'node' || key === 'os' || key === 'memory' ? key : undefined

function offer(key: QueryKey, value: string, minus: string, count: number): Suggestion {
  return { insert: `${minus}${formatTerm(token(key, value))}`, finished: true, count }
}

/** What begins as one has begun, before what contains it; then what there is most of. */
function ranked(buckets: Buckets | ReadonlyMap<string, { count: number }>, begun: string): [string, number][] {
  return [...buckets]
    .map(([value, { count }]) => ({ value, count, at: value.toLowerCase().indexOf(begun) }))
    .filter(({ at }) => at >= 0)
    .toSorted((a, b) => Math.sign(a.at) - Math.sign(b.at) || b.count - a.count || (a.value < b.value ? -1 : 1))
    .slice(0, OFFERED)
    .map(({ value, count }) => [value, count])
}

function runStrategies(rows: readonly VmRow[]): Map<string, { count: number }> {
  return counted(rows.map(({ runStrategy }) => runStrategy))
}

function labels(begun: string, minus: string, rows: readonly VmRow[]): Suggestion[] {
  const [key = '', value] = begun.split('=', 2)
  if (value === undefined) {
    const keys = counted(rows.flatMap((row) => Object.keys(row.labels ?? {})))
    return ranked(keys, key).map(([name, count]) => ({ insert: `${minus}label:${name}=`, finished: false, count }))
  }
  const name = rows.flatMap((row) => Object.keys(row.labels ?? {})).find((candidate) => candidate.toLowerCase() === key)
  if (name === undefined) return []
  return ranked(counted(rows.map((row) => own(row.labels, name))), value).map(([found, count]) =>
    offer('label', `${name}=${found}`, minus, count),
  )
}

function counted(found: readonly (string | undefined)[]): Map<string, { count: number }> {
  const counts = new Map<string, { count: number }>()
  for (const value of found) {
    if (value === undefined) continue
    const known = counts.get(value)
    if (known) known.count++
    else counts.set(value, { count: 1 })
  }
  return counts
}
