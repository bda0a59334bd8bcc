// A list's state in the URL: `?q=status:running web&sort=-memory&group=node`. Whatever else the search holds stays in it.
import { formatQuery, isToken, parseQuery } from './language.ts'
import type { Language, Term } from './language.ts'

/** Undefined leaves a parameter as it is; empty takes it out. */
export function listSearch(current: URLSearchParams, { q, sort, group }: { q?: string; sort?: string; group?: string }): string {
  const next = new URLSearchParams(current)
  if (q !== undefined) set(next, 'q', q)
  if (sort !== undefined) set(next, 'sort', sort)
  if (group !== undefined) set(next, 'group', group)
  // A query is read and shared by people: what need not be escaped is not.
  const text = next.toString().replaceAll('%3A', ':').replaceAll('%2F', '/').replaceAll('%2C', ',')
  return text && `?${text}`
}

/** What of a search is the list's: dialogs and the like are not. */
export function listPart(search: URLSearchParams): { q: string; sort: string; group: string } {
  const part = (name: string) => search.get(name) ?? ''
  return { q: part('q'), sort: part('sort'), group: part('group') }
}

/** Whether it asks for the list as it is by itself. */
export const isBare = (search: URLSearchParams): boolean => Object.values(listPart(search)).every((part) => part === '')

function set(parameters: URLSearchParams, name: string, value: string) {
  if (value) parameters.set(name, value)
  else parameters.delete(name)
}

type Keys = Pick<Language<never>, 'keys'>

/** A query as the box shows it: what is finished and has a key as tokens, the rest as text one types. */
export type Draft = { tokens: readonly Term[]; text: string }

export function draftOf(language: Keys, q: string): Draft {
  return finish(language, { tokens: [], text: q })
}

/** Takes out of the text what a space has finished; free text stays in it. */
export function tokenize(language: Keys, { tokens, text }: Draft): Draft {
  const terms = parseQuery(language, text, { typing: true })
  const finished = terms.filter((term) => isFinishedToken(term))
  if (finished.length === 0) return { tokens, text }
  const rest = formatQuery(terms.filter((term) => !isFinishedToken(term)))
  // The space that finished a token parts what stays from the next word as well.
  return { tokens: [...tokens, ...finished], text: rest && /\s$/.test(text) ? `${rest} ` : rest }
}

/** As Enter does: what is in the text is finished. */
export function finish(language: Keys, { tokens, text }: Draft): Draft {
  const { tokens: all, text: rest } = tokenize(language, { tokens, text: `${text} ` })
  return { tokens: all, text: rest.trim() }
}

function isFinishedToken(term: Term): boolean {
  return isToken(term) ? !term.partial : term.kind === 'invalid' && term.problem !== undefined
}

/** What the list filters by while one types. */
export function draftTerms(language: Keys, { tokens, text }: Draft): Term[] {
  return [...tokens, ...parseQuery(language, text, { typing: true })]
}

/** What the URL holds of it. */
export function draftQuery(language: Keys, { tokens, text }: Draft): string {
  return formatQuery([...tokens, ...parseQuery(language, text)].filter((term) => term.kind !== 'invalid' || term.problem !== undefined))
}
