// The search language of the list: `status:running memory:>=4Gi label:app=pay web`. Terms are joined by spaces; terms
// of one key widen each other (any of these namespaces), different keys narrow; `-` in front excludes. A value is a
// whole word, or a pattern with `*`. What has no key is looked for in names, label values and addresses.
import { own, parseQuantity } from '@virtdeck/k8s'
import { statusWords, vmState } from '@virtdeck/kubevirt'
import type { VmRow, VmState } from '@virtdeck/kubevirt'

export const queryKeys = ['status', 'namespace', 'node', 'os', 'ip', 'label', 'memory', 'cpu', 'runstrategy', 'name'] as const
export type QueryKey = (typeof queryKeys)[number]

export type Token = {
  kind: 'token'
  key: QueryKey
  value: string
  negated: boolean
  /** Still being typed: its beginning is enough. */
  partial?: true
}
export type Text = { kind: 'text'; text: string }
/** What cannot be understood filters nothing. `problem` is absent while the term only lacks its value. */
export type Invalid = { kind: 'invalid'; source: string; problem?: string }
export type Term = Token | Text | Invalid

const KEY = /^(-?)([a-z]+):(.*)$/is

/** Every text is a query. With `typing`, a last term that no space follows may be the beginning of a longer one. */
export function parseQuery(source: string, { typing = false } = {}): Term[] {
  const lexemes = lex(source)
  return lexemes.map((lexeme, index) => {
    const term = parseTerm(lexeme)
    const unfinished = typing && index === lexemes.length - 1 && lexeme.end === source.length && !lexeme.quoted
    if (!unfinished || term.kind === 'text') return term
    return term.kind === 'token' ? { ...term, partial: true } : { kind: 'invalid', source: term.source }
  })
}

type Lexeme = { source: string; text: string; quoted: boolean; end: number }

/** Words, where quotes hold spaces together and a backslash within them takes the next character as it is. */
function lex(source: string): Lexeme[] {
  const lexemes: Lexeme[] = []
  const word = /(?:"(?:\\.|[^"\\])*(?:"|$)|[^\s"])+/gs
  for (const match of source.matchAll(word)) {
    const raw = match[0]
    const text = raw.replaceAll(/"((?:\\.|[^"\\])*)(?:"|$)/gs, (_, inner: string) => inner.replaceAll(/\\(.)/gs, '$1'))
    lexemes.push({ source: raw, text, quoted: raw.startsWith('"') || raw.endsWith('"'), end: match.index + raw.length })
  }
  return lexemes
}

function parseTerm({ source, text }: Lexeme): Term {
  const keyed = KEY.exec(source)
  if (!keyed) return { kind: 'text', text }
  const [, minus, word = ''] = keyed
  const key = queryKeys.find((known) => known === word.toLowerCase())
  if (!key) return { kind: 'invalid', source, problem: `Unknown key ${word}. Known are ${queryKeys.join(', ')}.` }
  // The key holds no quotes, so it is as long in the text as in the source.
  const value = text.slice((minus ?? '').length + word.length + 1)
  if (value === '') return { kind: 'invalid', source }
  const problem = problemOf(key, value)
  return problem ? { kind: 'invalid', source, problem } : { kind: 'token', key, value, negated: minus === '-' }
}

function problemOf(key: QueryKey, value: string): string | undefined {
  if (key === 'memory' && !comparison(value, memoryBytes)) return `memory takes a size, such as >=4Gi: not ${value}.`
  if (key === 'cpu' && !comparison(value, cores)) return `cpu takes a number, such as >=4: not ${value}.`
  return undefined
}

/** The query's one spelling: what parses to the same terms. */
export function formatQuery(terms: readonly Term[]): string {
  return terms.map(formatTerm).join(' ')
}

export function formatTerm(term: Term): string {
  switch (term.kind) {
    case 'token':
      return `${term.negated ? '-' : ''}${term.key}:${quoted(term.value)}`
    case 'text':
      return KEY.test(term.text) ? `"${escaped(term.text)}"` : quoted(term.text)
    case 'invalid':
      return term.source
  }
}

function quoted(value: string): string {
  return value === '' || /[\s"\\]/.test(value) ? `"${escaped(value)}"` : value
}

const escaped = (value: string) => value.replaceAll(/["\\]/g, '\\$&')

/** What filters, apart from what is typed as free text or not understood. */
export function isToken(term: Term): term is Token {
  return term.kind === 'token'
}

export function token(key: QueryKey, value: string): Token {
  return { kind: 'token', key, value, negated: false }
}

export function hasToken(terms: readonly Term[], { key, value }: Token): boolean {
  return terms.some((term) => isToken(term) && !term.negated && term.key === key && folded(term.value) === folded(value))
}

export function toggleToken(terms: readonly Term[], toggled: Token): Term[] {
  if (!hasToken(terms, toggled)) return [...terms, toggled]
  return terms.filter((term) => !isToken(term) || !hasToken([term], toggled))
}

/** A scan of many rows hands the keys in: it has them at hand. */
export type RowTest = (row: VmRow, key: SearchKey) => boolean

/** The facets whose own choice must not hide their other values. `rest` is everything else. */
export const facetKeys = ['status', 'namespace', 'node', 'os', 'memory'] as const
export type FacetKey = (typeof facetKeys)[number]
export type CompiledQuery = Partial<Record<FacetKey | 'rest', RowTest>>

/** One test per facet and one for all the rest, so that a single pass over the rows can filter and count. */
export function compileQuery(terms: readonly Term[]): CompiledQuery {
  const compiled: CompiledQuery = {}
  for (const key of facetKeys) {
    const test = every(keyTests(terms.filter(isToken).filter((term) => term.key === key)))
    if (test) compiled[key] = test
  }
  const others = terms.filter(isToken).filter(({ key }) => !isFacetKey(key))
  const texts = terms.filter((term) => term.kind === 'text').map(({ text }) => folded(text))
  const rest = every([
    ...keyTests(others),
    ...texts.map(
      (text): RowTest =>
        (row) =>
          searchKey(row).text.includes(text),
    ),
  ])
  if (rest) compiled.rest = rest
  return compiled
}

const isFacetKey = (key: QueryKey): key is FacetKey => facetKeys.some((facet) => facet === key)

export function matchesQuery(row: VmRow, terms: readonly Term[]): boolean {
  return Object.values(compileQuery(terms)).every((test) => test(row, searchKey(row)))
}

/** Tests of tokens: what they have in common widens, exclusions and bounds narrow. */
function keyTests(tokens: readonly Token[]): RowTest[] {
  const alternatives = new Map<string, RowTest[]>()
  const tests: RowTest[] = []
  for (const term of tokens) {
    const test = tokenTest(term)
    if (term.negated) tests.push((row, key) => !test(row, key))
    else if (isBound(term)) tests.push(test)
    else {
      const group = term.key === 'label' ? `label ${labelParts(term.value).key}` : term.key
      alternatives.set(group, [...(alternatives.get(group) ?? []), test])
    }
  }
  for (const group of alternatives.values()) tests.push((row, key) => group.some((test) => test(row, key)))
  return tests
}

/** `memory:>=4Gi` is a bound; of sizes, as of names, there may be several. */
const isBound = ({ key, value }: Token) => (key === 'memory' || key === 'cpu') && /^[<>]/.test(value)

function every(tests: readonly RowTest[]): RowTest | undefined {
  if (tests.length <= 1) return tests[0]
  return (row, key) => tests.every((test) => test(row, key))
}

function tokenTest({ key, value, partial }: Token): RowTest {
  const is = wordTest(value, partial === true)
  switch (key) {
    case 'status': {
      const isStatus = wordTest(statusWord(value), partial === true)
      return (_row, key) => key.statuses.some(isStatus)
    }
    case 'namespace':
      return (row) => is(folded(row.namespace))
    case 'node':
      return (row) => row.node !== undefined && is(folded(row.node))
    case 'name':
      return (row) => is(folded(row.name))
    case 'runstrategy':
      return (row) => row.runStrategy !== undefined && is(folded(row.runStrategy))
    case 'os': {
      const part = folded(value)
      return (row) => (row.os !== undefined && is(folded(row.os))) || (row.osName !== undefined && folded(row.osName).includes(part))
    }
    case 'ip': {
      const begins = wordTest(value, true)
      return (row) => row.ips?.some((ip) => begins(folded(ip))) ?? false
    }
    case 'label': {
      const label = labelParts(value)
      if (label.value === undefined) return (row) => row.labels !== undefined && Object.keys(row.labels).some((name) => is(folded(name)))
      const isValue = wordTest(label.value, partial === true)
      return (row) => {
        const found = own(row.labels, label.key)
        return found !== undefined && isValue(folded(found))
      }
    }
    case 'memory':
      return numberTest(comparison(value, memoryBytes), (row) => row.memoryBytes)
    case 'cpu':
      return numberTest(comparison(value, cores), (row) => row.cpus)
  }
}

function labelParts(value: string): { key: string; value?: string } {
  const at = value.indexOf('=')
  return at < 0 ? { key: value } : { key: value.slice(0, at), value: value.slice(at + 1) }
}

/** Takes folded text. */
function wordTest(pattern: string, beginning: boolean): (text: string) => boolean {
  const word = folded(pattern)
  if (!word.includes('*')) return beginning ? (text) => text.startsWith(word) : (text) => text === word
  const source = word.split('*').map(escapeRegExp).join('.*')
  const expression = new RegExp(`^${source}${beginning ? '' : '$'}`, 's')
  return (text) => expression.test(text)
}

type Comparison = { operator: '>=' | '<=' | '>' | '<' | '='; number: number }

function comparison(value: string, parse: (text: string) => number | undefined): Comparison | undefined {
  const [, operator = '=', text = ''] = /^(>=|<=|>|<|=)?(.*)$/s.exec(value) ?? []
  const number = parse(text)
  return number === undefined ? undefined : { operator: operator as Comparison['operator'], number }
}

function numberTest(wanted: Comparison | undefined, read: (row: VmRow) => number | undefined): RowTest {
  if (!wanted) return () => false
  const { operator, number } = wanted
  const compare = {
    '>=': (is: number) => is >= number,
    '<=': (is: number) => is <= number,
    '>': (is: number) => is > number,
    '<': (is: number) => is < number,
    '=': (is: number) => is === number,
  }[operator]
  return (row) => {
    const is = read(row)
    return is !== undefined && compare(is)
  }
}

/** `4Gi`, and what people write for it: `4gi`, `4GiB`. */
function memoryBytes(text: string): number | undefined {
  const [, figure, unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmgtp]?)(?:i?b?)$/i.exec(text) ?? []
  if (figure === undefined) return undefined
  const decimal = /[kmgtp]b?$/i.test(text)
  return parseQuantity(`${figure}${unit && (decimal ? (unit.toLowerCase() === 'k' ? 'k' : unit.toUpperCase()) : `${unit.toUpperCase()}i`)}`)
}

/** A size as the language has it: `4Gi`, `512Mi`. */
export function memoryWord(bytes: number | undefined): string {
  if (bytes === undefined) return ''
  const unit = (['Ti', 'Gi', 'Mi', 'Ki'] as const).find((name) => bytes % (parseQuantity(`1${name}`) ?? 1) === 0)
  return unit ? `${bytes / (parseQuantity(`1${unit}`) ?? 1)}${unit}` : String(bytes)
}

function cores(text: string): number | undefined {
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined
}

/** What a row is looked up by, computed once per version of the row. */
export type SearchKey = {
  /** Everything that free text looks in. */
  text: string
  /** The words of `status:` that fit: the facets' names, KubeVirt's own status and what the badge says. */
  statuses: readonly string[]
  state: VmState
  warning: boolean
}

const searchKeys = new WeakMap<VmRow, SearchKey>()

export function searchKey(row: VmRow): SearchKey {
  const known = searchKeys.get(row)
  if (known) return known
  const state = vmState(row)
  const warning = hasWarning(row)
  const statuses: string[] = [stateWords[state], statusWord(row.status), statusWord(statusWords(row))]
  if (warning) statuses.push('warning')
  const text = folded([row.name, ...Object.values(row.labels ?? {}), ...(row.ips ?? [])].join('\n'))
  const key = { text, statuses, state, warning }
  searchKeys.set(row, key)
  return key
}

/** The facets' names of states. */
export const stateWords: Record<VmState, string> = {
  running: 'running',
  stopped: 'stopped',
  transit: 'transition',
  paused: 'paused',
  error: 'failing',
  unknown: 'unknown',
}

/** Something to see to on a VM that does what it should. */
export function hasWarning(row: VmRow): boolean {
  return row.restartRequired === true || (row.notMigratable !== undefined && vmState(row) === 'running')
}

const folded = (text: string) => text.toLowerCase()

/** `Crash loop`, `CrashLoop` and `crash-loop` are one word. */
const statusWord = (text: string) => folded(text).replaceAll(/[\s_-]/g, '')

const escapeRegExp = (text: string) => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
