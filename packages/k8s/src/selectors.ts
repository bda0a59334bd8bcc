// Label selectors, as `kubectl -l` and the API take them.
// https://github.com/kubernetes/apimachinery/blob/8140f57/pkg/labels/selector.go
import { own } from './own.ts'
import { failure, StatusError } from './status.ts'

export type LabelRequirement =
  | { key: string; operator: 'in' | 'notin'; values: string[] }
  | { key: string; operator: 'exists' | 'absent' }
  | { key: string; operator: 'gt' | 'lt'; value: number }

/** Every requirement holds. An empty selector matches everything. */
export type LabelSelector = readonly LabelRequirement[]

const key = String.raw`[A-Za-z0-9](?:[-A-Za-z0-9_./]*[A-Za-z0-9])?`
const value = String.raw`(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?`
const shapes = {
  set: new RegExp(String.raw`^(${key})\s+(in|notin)\s*\(([^()]*)\)$`),
  equality: new RegExp(String.raw`^(${key})\s*(==|=|!=)\s*(${value})$`),
  order: new RegExp(String.raw`^(${key})\s*([<>])\s*(-?\d+)$`),
  presence: new RegExp(String.raw`^(!?)\s*(${key})$`),
  value: new RegExp(`^${value}$`),
}

/** `app=web,tier in (a,b),!legacy`; throws a StatusError (400) for what the API server would refuse, too. */
export function parseLabelSelector(text: string): LabelSelector {
  const trimmed = text.trim()
  if (trimmed === '') return []
  // A comma inside parentheses separates values, not requirements.
  return trimmed.split(/,(?![^(]*\))/).map((part) => parseRequirement(part.trim()))
}

function parseRequirement(text: string): LabelRequirement {
  const set = shapes.set.exec(text)
  if (set) {
    const values = (set[3] ?? '').split(',').map((item) => item.trim())
    if (!values.every((item) => shapes.value.test(item))) throw unparsable(text)
    return { key: set[1] ?? '', operator: set[2] === 'in' ? 'in' : 'notin', values }
  }
  const equality = shapes.equality.exec(text)
  if (equality) return { key: equality[1] ?? '', operator: equality[2] === '!=' ? 'notin' : 'in', values: [equality[3] ?? ''] }
  const order = shapes.order.exec(text)
  if (order) return { key: order[1] ?? '', operator: order[2] === '>' ? 'gt' : 'lt', value: Number(order[3]) }
  const presence = shapes.presence.exec(text)
  if (presence) return { key: presence[2] ?? '', operator: presence[1] ? 'absent' : 'exists' }
  throw unparsable(text)
}

function unparsable(text: string): StatusError {
  return new StatusError(failure(400, `unable to parse requirement: ${text}`))
}

type Expression = { key: string; operator: string; values?: readonly string[] }

/** What `matchExpressions` asks for, of a selector or of a node's affinity. An operator that no API server takes is never met. */
export function requirementOf({ key, operator, values = [] }: Expression): LabelRequirement {
  switch (operator) {
    case 'NotIn':
      return { key, operator: 'notin', values: [...values] }
    case 'Exists':
      return { key, operator: 'exists' }
    case 'DoesNotExist':
      return { key, operator: 'absent' }
    case 'Gt':
    case 'Lt':
      return { key, operator: operator === 'Gt' ? 'gt' : 'lt', value: Number(values[0]) }
    default:
      return { key, operator: 'in', values: operator === 'In' ? [...values] : [] }
  }
}

/** A selector as objects have it: `matchLabels` and `matchExpressions`. */
export function labelSelectorOf({
  matchLabels = {},
  matchExpressions = [],
}: {
  matchLabels?: Readonly<Record<string, string>>
  matchExpressions?: readonly Expression[]
}): LabelSelector {
  const labels = Object.entries(matchLabels).map(([key, value]): LabelRequirement => ({ key, operator: 'in', values: [value] }))
  return [...labels, ...matchExpressions.map(requirementOf)]
}

export function matchesLabels(selector: LabelSelector, labels: Record<string, string> | undefined): boolean {
  return selector.every((requirement) => {
    const actual = own(labels, requirement.key)
    switch (requirement.operator) {
      case 'in':
        return actual !== undefined && requirement.values.includes(actual)
      case 'notin':
        return actual === undefined || !requirement.values.includes(actual)
      case 'exists':
        return actual !== undefined
      case 'absent':
        return actual === undefined
      case 'gt':
        return actual !== undefined && /^-?\d+$/.test(actual) && Number(actual) > requirement.value
      case 'lt':
        return actual !== undefined && /^-?\d+$/.test(actual) && Number(actual) < requirement.value
    }
  })
}
