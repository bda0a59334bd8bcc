// Label sets and the matchers that choose among them.
import { QueryError } from './query-error.ts'

/** Of a series; its metric's name is under `__name__`. */
export type Labels = Readonly<Record<string, string>>

export type MatchOperator = '=' | '!=' | '=~' | '!~'
export type Matcher = { name: string; operator: MatchOperator; value: string; matches(value: string): boolean }

/** Throws a QueryError for a regular expression that is none. A label that is not there counts as empty. */
export function matcher(name: string, operator: MatchOperator, value: string): Matcher {
  if (operator === '=') return { name, operator, value, matches: (actual) => actual === value }
  if (operator === '!=') return { name, operator, value, matches: (actual) => actual !== value }
  const pattern = anchoredPattern(value)
  return { name, operator, value, matches: (actual) => pattern.test(actual) === (operator === '=~') }
}

/** As Prometheus writes and reads regular expressions: anchored at both ends, with RE2's flags at the beginning. */
export function anchoredPattern(source: string): RegExp {
  const flags = /^\(\?([imsU]+)\)/.exec(source)
  try {
    return new RegExp(`^(?:${source.slice(flags?.[0].length ?? 0)})$`, flags?.[1]?.includes('i') ? 'si' : 's')
  } catch (error) {
    throw new QueryError('bad_data', `error parsing regexp: ${(error as Error).message}`)
  }
}

export const matchesAll = (matchers: readonly Matcher[], labels: Labels): boolean =>
  matchers.every(({ name, matches }) => matches(labels[name] ?? ''))

/** One text per set of labels, whatever their order. */
export function signatureOf(labels: Labels, keep: (name: string) => boolean = () => true): string {
  const names = Object.keys(labels).filter(keep).sort()
  return JSON.stringify(names.flatMap((name) => [name, labels[name]]))
}

export function pickLabels(labels: Labels, keep: (name: string) => boolean): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([name, value]) => value !== '' && keep(name)))
}
