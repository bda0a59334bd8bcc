// The search language of lists: `status:running memory:>=4Gi label:app=pay web`. Terms are joined by spaces; terms of one
// key widen each other (any of these namespaces), different keys narrow; `-` in front excludes. A value is a whole word,
// or a pattern with `*`. What has no key is looked for in each row's text. Which keys there are, its kind of row says.
import { own, parseQuantity } from '@virtdeck/k8s'

export type Values = string | readonly string[] | undefined

export type Key<R> = {
  /** What the completion says of the key. */
  hint: string
  /** Values that one can choose from, with their numbers; values that always stand there, in order. */
  facet?: { of: (row: R) => Values; always?: readonly string[] }
} & (
  | {
      kind: 'word'
      of: (row: R) => Values
      /** One spelling for what is the same word; letters' case never matters. */
      fold?: (text: string) => string
      /** A longer text, of which a part is enough. */
      within?: (row: R) => string | undefined
    }
  /** The beginning of any of the values is enough. */
  | { kind: 'beginning'; of: (row: R) => Values }
  | { kind: 'labels'; of: (row: R) => Readonly<Record<string, string>> | undefined }
  | { kind: 'size' | 'number'; of: (row: R) => number | undefined }
)

export type Language<R> = {
  keys: Readonly<Record<string, Key<R>>>
  /** Everything that free text looks in, lower case; made once for each version of a row. */
  text: (row: R) => string
}

/** A language from its keys, and the parts of a row that free text looks in. */
export function createLanguage<R extends object>(keys: Record<string, Key<R>>, texts: (row: R) => readonly Values[]): Language<R> {
  const known = new WeakMap<R, string>()
  return {
    keys,
    text(row) {
      let text = known.get(row)
      if (text === undefined) {
        text = folded(texts(row).flat().filter(Boolean).join('\n'))
        known.set(row, text)
      }
      return text
    },
  }
}

export type Token = {
  kind: 'token'
  key: string
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

type Keys = Pick<Language<never>, 'keys'>

/** Every text is a query. With `typing`, a last term that no space follows may be the beginning of a longer one. */
export function parseQuery(language: Keys, source: string, { typing = false } = {}): Term[] {
  const lexemes = lex(source)
  return lexemes.map((lexeme, index) => {
    const term = parseTerm(language, lexeme)
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

function parseTerm(language: Keys, { source, text }: Lexeme): Term {
  const keyed = KEY.exec(source)
  if (!keyed) return { kind: 'text', text }
  const [, minus, word = ''] = keyed
  const key = word.toLowerCase()
  const known = own(language.keys, key)
  if (!known) return { kind: 'invalid', source, problem: `Unknown key ${word}. Known are ${Object.keys(language.keys).join(', ')}.` }
  // The key holds no quotes, so it is as long in the text as in the source.
  const value = text.slice((minus ?? '').length + word.length + 1)
  if (value === '') return { kind: 'invalid', source }
  const problem = problemOf(key, known, value)
  return problem ? { kind: 'invalid', source, problem } : { kind: 'token', key, value, negated: minus === '-' }
}

function problemOf(key: string, { kind }: Key<never>, value: string): string | undefined {
  if (kind === 'size' && !comparison(value, sizeBytes)) return `${key} takes a size, such as >=4Gi: not ${value}.`
  if (kind === 'number' && !comparison(value, plainNumber)) return `${key} takes a number, such as >=4: not ${value}.`
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

export function token(key: string, value: string): Token {
  return { kind: 'token', key, value, negated: false }
}

export function hasToken(terms: readonly Term[], asked: Token): boolean {
  return terms.some((term) => isToken(term) && !term.negated && isAboutSame(term, asked))
}

/** Takes a choice back, or makes it: then what excluded the same goes, as nothing is both. */
export function toggleToken(terms: readonly Term[], toggled: Token): Term[] {
  const others = terms.filter((term) => !isToken(term) || !isAboutSame(term, toggled))
  return hasToken(terms, toggled) ? others : [...others, toggled]
}

const isAboutSame = (one: Token, other: Token) => one.key === other.key && folded(one.value) === folded(other.value)

export type RowTest<R> = (row: R) => boolean

/** The keys that one chooses values of: a facet's own choice must not hide its other values. */
export function facetKeys<R>({ keys }: Language<R>): string[] {
  return Object.keys(keys).filter((key) => keys[key]?.facet)
}

/** A test for each facet that something is asked of, one for all other keys, and the words to look for in a row's text. */
type CompiledQuery<R> = { facets: ReadonlyMap<string, RowTest<R>>; rest: RowTest<R> | undefined; words: readonly string[] }

/** One test per facet, so that a single pass over the rows can filter and count. */
export function compileQuery<R>(language: Language<R>, terms: readonly Term[]): CompiledQuery<R> {
  const tokens = terms.filter(isToken)
  const facets = new Map<string, RowTest<R>>()
  const named = new Set(facetKeys(language))
  for (const key of named) {
    const test = every(keyTests(language, tokens, (one) => one === key))
    if (test) facets.set(key, test)
  }
  return {
    facets,
    rest: every(keyTests(language, tokens, (one) => !named.has(one))),
    words: terms.filter((term) => term.kind === 'text').map(({ text }) => folded(text)),
  }
}

/** One test for all of a query. */
export function queryTest<R>(language: Language<R>, terms: readonly Term[]): RowTest<R> {
  const { facets, rest, words } = compileQuery(language, terms)
  const tests = [...facets.values(), ...(rest ? [rest] : [])]
  return (row) => tests.every((test) => test(row)) && words.every((word) => language.text(row).includes(word))
}

export const matchesQuery = <R>(language: Language<R>, row: R, terms: readonly Term[]): boolean => queryTest(language, terms)(row)

/** Tests of tokens: what they have in common widens, exclusions and bounds narrow. */
function keyTests<R>({ keys }: Language<R>, tokens: readonly Token[], among: (key: string) => boolean): RowTest<R>[] {
  const alternatives = new Map<string, RowTest<R>[]>()
  const tests: RowTest<R>[] = []
  for (const term of tokens) {
    const key = own(keys, term.key)
    if (!key || !among(term.key)) continue
    const test = tokenTest(key, term)
    if (term.negated) tests.push((row) => !test(row))
    else if (isBound(key, term)) tests.push(test)
    else {
      const group = key.kind === 'labels' ? `${term.key} ${labelParts(term.value).key}` : term.key
      alternatives.set(group, [...(alternatives.get(group) ?? []), test])
    }
  }
  for (const group of alternatives.values())
    tests.push(group.length === 1 && group[0] ? group[0] : (row) => group.some((test) => test(row)))
  return tests
}

/** `memory:>=4Gi` is a bound; of sizes, as of names, there may be several. */
const isBound = ({ kind }: Key<never>, { value }: Token) => (kind === 'size' || kind === 'number') && /^[<>]/.test(value)

function every<R>(tests: readonly RowTest<R>[]): RowTest<R> | undefined {
  if (tests.length <= 1) return tests[0]
  return (row) => tests.every((test) => test(row))
}

function tokenTest<R>(key: Key<R>, { value, partial }: Token): RowTest<R> {
  switch (key.kind) {
    case 'word': {
      const fold = key.fold ?? folded
      const is = wordTest(fold(value), partial === true)
      const { of, within } = key
      const part = folded(value)
      return (row) => someOf(of(row), (one) => is(fold(one))) || (within !== undefined && folded(within(row) ?? '').includes(part))
    }
    case 'beginning': {
      const begins = wordTest(folded(value), true)
      return (row) => someOf(key.of(row), (one) => begins(folded(one)))
    }
    case 'labels': {
      const label = labelParts(value)
      if (label.value === undefined) {
        const is = wordTest(folded(value), partial === true)
        return (row) => someOf(Object.keys(key.of(row) ?? {}), (name) => is(folded(name)))
      }
      const is = wordTest(folded(label.value), partial === true)
      return (row) => {
        const found = own(key.of(row), label.key)
        return found !== undefined && is(folded(found))
      }
    }
    case 'size':
      return numberTest(comparison(value, sizeBytes), key.of)
    case 'number':
      return numberTest(comparison(value, plainNumber), key.of)
  }
}

function someOf(values: Values, test: (value: string) => boolean): boolean {
  if (values === undefined) return false
  return typeof values === 'string' ? test(values) : values.some(test)
}

function labelParts(value: string): { key: string; value?: string } {
  const at = value.indexOf('=')
  return at < 0 ? { key: value } : { key: value.slice(0, at), value: value.slice(at + 1) }
}

/** Takes folded text. */
function wordTest(word: string, beginning: boolean): (text: string) => boolean {
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

function numberTest<R>(wanted: Comparison | undefined, read: (row: R) => number | undefined): RowTest<R> {
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
function sizeBytes(text: string): number | undefined {
  const [, figure, unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmgtp]?)(?:i?b?)$/i.exec(text) ?? []
  if (figure === undefined) return undefined
  const decimal = /[kmgtp]b?$/i.test(text)
  return parseQuantity(`${figure}${unit && (decimal ? (unit.toLowerCase() === 'k' ? 'k' : unit.toUpperCase()) : `${unit.toUpperCase()}i`)}`)
}

const sizeWords = new Map<number | undefined, string>()
const REMEMBERED = 10_000

/** A size as the language has it: `4Gi`, `512Mi`. There are few sizes, and many rows of each. */
export function sizeWord(bytes: number | undefined): string {
  const known = sizeWords.get(bytes)
  if (known !== undefined) return known
  const unit = (['Ti', 'Gi', 'Mi', 'Ki'] as const).find((name) => (bytes ?? 0) % (parseQuantity(`1${name}`) ?? 1) === 0)
  const word = bytes === undefined ? '' : unit ? `${bytes / (parseQuantity(`1${unit}`) ?? 1)}${unit}` : String(bytes)
  if (sizeWords.size >= REMEMBERED) sizeWords.clear()
  sizeWords.set(bytes, word)
  return word
}

function plainNumber(text: string): number | undefined {
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined
}

const folded = (text: string) => text.toLowerCase()

const escapeRegExp = (text: string) => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
