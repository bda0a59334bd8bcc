// What the search box offers while one types: keys, and values that rows have.
import { own } from '@virtdeck/k8s'
import type { Beside } from './fleet-kind.ts'
import { facetKeys, formatTerm, isToken, parseQuery, token } from './language.ts'
import type { Language } from './language.ts'
import type { Buckets, Scan } from './scan.ts'

export type Suggestion = {
  /** What the last word becomes. */
  insert: string
  /** A key still wants its value. */
  finished: boolean
  hint?: string
  count?: number
}

const OFFERED = 8

export type SuggestionSource<R> = { language: Language<R>; facets: Scan<R>['facets']; rows: readonly R[]; beside?: Beside | undefined }

/** For the word that the text ends in; nothing after a space. */
export function suggest<R>(text: string, source: SuggestionSource<R>): Suggestion[] {
  const { beside, language } = source
  const { keys } = language
  const word = lastWord(source.language, text)
  if (word === '') return []
  const [, minus = '', key, value = ''] = /^(-?)(?:([a-z]+):)?(.*)$/is.exec(word) ?? []
  const plain = value.replaceAll('"', '').toLowerCase()
  if (key !== undefined) return own(keys, key.toLowerCase()) ? values(key.toLowerCase(), plain, minus, source) : []
  const offered = Object.entries(keys)
    .filter(([candidate]) => candidate.startsWith(plain) && !(beside?.never && beside.keys.includes(candidate)))
    .map(([candidate, { hint }]) => ({ insert: `${minus}${candidate}:`, finished: false, hint }))
  // A word that stands for nothing yet may be a value: a namespace, a node, a system.
  const plainFacets = facetKeys(source.language).filter((candidate) => keys[candidate]?.kind === 'word' && !keys[candidate].facet?.always)
  const found = plain.length < 2 ? [] : plainFacets.flatMap((facet) => values(facet, plain, minus, source).slice(0, 3))
  return [...offered, ...found].slice(0, OFFERED)
}

/** The text with its last word replaced. */
export function accept<R>(language: Language<R>, text: string, { insert, finished }: Suggestion): string {
  return `${text.slice(0, text.length - lastWord(language, text).length)}${insert}${finished ? ' ' : ''}`
}

function lastWord<R>(language: Language<R>, text: string): string {
  const last = parseQuery(language, text, { typing: true }).at(-1)
  if (last && isToken(last) && !last.partial) return ''
  return /(?:[^\s"]|"(?:\\.|[^"\\])*(?:"|$))+$/s.exec(text)?.[0] ?? ''
}

function values<R>(key: string, begun: string, minus: string, { language, facets, rows }: SuggestionSource<R>): Suggestion[] {
  const known = own(language.keys, key)
  if (known?.kind === 'labels') return labels(key, begun, minus, rows, known.of)
  return ranked(own(facets, key) ?? new Map(), begun).map(([value, count]) => offer(key, value, minus, count))
}

function offer(key: string, value: string, minus: string, count: number): Suggestion {
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

type Labels = Readonly<Record<string, string>> | undefined

function labels<R>(key: string, begun: string, minus: string, rows: readonly R[], of: (row: R) => Labels): Suggestion[] {
  const [begunName = '', value] = begun.split('=', 2)
  const names = labelNames(rows, of)
  if (value === undefined)
    return ranked(names, begunName).map(([name, count]) => ({ insert: `${minus}${key}:${name}=`, finished: false, count }))
  const name = [...names.keys()].find((candidate) => candidate.toLowerCase() === begunName)
  if (name === undefined) return []
  return ranked(counted(rows.map((row) => own(of(row), name))), value).map(([found, count]) => offer(key, `${name}=${found}`, minus, count))
}

const namesOf = new WeakMap<readonly unknown[], ReadonlyMap<string, { count: number }>>()

/** The labels that rows have, and how many have each. */
export function labelNames<R>(rows: readonly R[], of: (row: R) => Labels): ReadonlyMap<string, { count: number }> {
  let names = namesOf.get(rows)
  if (!names) {
    names = counted(rows.flatMap((row) => Object.keys(of(row) ?? {})))
    namesOf.set(rows, names)
  }
  return names
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
