// Label and field selectors, with the API server's words for bad ones.
// https://github.com/kubernetes/apimachinery/blob/59e9003/pkg/labels/selector.go
import type { KubeObject } from '@virtdeck/k8s'
import { resourceKey, type ApiResource } from './api-resources.ts'
import { badRequest } from './status.ts'

export type Selector = (object: KubeObject) => boolean

const everything: Selector = () => true

type Token = { text: string; kind: 'word' | 'operator' | 'end' }

function* tokens(text: string): Generator<Token> {
  const pattern = /\s*(?:(==|!=|[=!(),<>])|([^\s=!(),<>]+))/gy
  let match = pattern.exec(text)
  while (match) {
    if (match[1] !== undefined) yield { text: match[1], kind: 'operator' }
    else if (match[2] !== undefined) yield { text: match[2], kind: 'word' }
    match = pattern.exec(text)
  }
  while (true) yield { text: '', kind: 'end' }
}

type Requirement = (labels: Record<string, string>) => boolean

/** Throws 400 for a selector that does not parse. */
export function parseLabelSelector(text: string | null): Selector {
  if (!text?.trim()) return everything
  const stream = tokens(text)
  // Never done: the generator ends with an endless run of end tokens.
  let token = stream.next().value!
  const take = () => {
    const taken = token
    token = stream.next().value!
    return taken
  }
  const fail = (expected: string): never => {
    throw badRequest(`unable to parse requirement: found '${token.text}', expected: ${expected}`)
  }
  const word = () => (token.kind === 'word' ? take().text : fail('identifier'))
  const value = () => (token.kind === 'word' ? take().text : token.text === ',' || token.kind === 'end' ? '' : fail('identifier'))
  const values = () => {
    if (token.text !== '(') fail("'('")
    take()
    const found = new Set<string>()
    if (token.text === ')') found.add('')
    while (token.text !== ')') {
      found.add(value())
      if (token.text === ',') take()
      else if (token.text !== ')') fail("',', or ')'")
    }
    take()
    return found
  }
  const requirement = (): Requirement => {
    if (token.text === '!') {
      take()
      const key = word()
      return (labels) => labels[key] === undefined
    }
    if (token.kind !== 'word') fail('!, identifier, or end of string')
    const key = word()
    if (token.kind === 'end' || token.text === ',') return (labels) => labels[key] !== undefined
    const operator = take().text
    switch (operator) {
      case '=':
      case '==': {
        const wanted = value()
        return (labels) => labels[key] === wanted
      }
      case '!=': {
        const unwanted = value()
        return (labels) => labels[key] !== unwanted
      }
      case 'in': {
        const wanted = values()
        return (labels) => labels[key] !== undefined && wanted.has(labels[key])
      }
      case 'notin': {
        const unwanted = values()
        return (labels) => labels[key] === undefined || !unwanted.has(labels[key])
      }
      case '<':
      case '>': {
        const bound = Number(value())
        return (labels) => (operator === '<' ? Number(labels[key]) < bound : Number(labels[key]) > bound)
      }
      default:
        throw badRequest(`unable to parse requirement: found '${operator}', expected: in, notin, =, ==, !=, gt, lt`)
    }
  }
  const requirements: Requirement[] = []
  while (token.kind !== 'end') {
    requirements.push(requirement())
    if (token.text === ',') take()
    else if (token.kind !== 'end') fail("',' or 'end of string'")
  }
  return (object) => {
    const labels = object.metadata.labels ?? {}
    return requirements.every((holds) => holds(labels))
  }
}

const field = (object: unknown, path: string): string => {
  let found: unknown = object
  for (const step of path.split('.')) found = (found as Record<string, unknown> | undefined)?.[step]
  return found === undefined || found === null ? '' : String(found)
}

// https://github.com/kubernetes/kubernetes/blob/v1.32.0/pkg/apis/core/v1/conversion.go
const selectableFields: Record<string, readonly string[]> = {
  pods: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ],
  nodes: ['spec.unschedulable'],
  namespaces: ['status.phase'],
  secrets: ['type'],
  services: ['spec.clusterIP', 'spec.type'],
  events: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
}

type FieldTerm = { field: string; negated: boolean; value: string }

function fieldTerms(text: string): FieldTerm[] {
  return text
    .split(',')
    .filter(Boolean)
    .map((term) => {
      const match = /^([^=!]+)(==|!=|=)(.*)$/.exec(term)
      if (!match) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`)
      const [, name = '', operator, value = ''] = match
      return { field: name, negated: operator === '!=', value }
    })
}

/** The name that a selector pins, which RBAC's resourceNames then apply to. */
export function nameOfFieldSelector(text: string | null): string | undefined {
  const match = /(?:^|,)metadata\.name==?([^,]+)/.exec(text ?? '')
  return match?.[1]
}

/** Throws 400 for a field that this resource cannot be selected by. */
function parseFieldSelector(text: string | null, resource: ApiResource): Selector {
  if (!text) return everything
  const supported = ['metadata.name', 'metadata.namespace', ...(selectableFields[resourceKey(resource)] ?? [])]
  const terms = fieldTerms(text)
  for (const term of terms) {
    if (!supported.includes(term.field)) {
      throw badRequest(`field label not supported: ${term.field}`)
    }
  }
  return (object) =>
    terms.every((term) => {
      let actual = term.field === 'source' ? field(object, 'source.component') : field(object, term.field)
      if (term.field === 'spec.unschedulable') actual ||= 'false'
      return (actual === term.value) !== term.negated
    })
}

/** Both selectors of a list or watch; `trivial` when they keep everything. */
export function parseSelectors(query: URLSearchParams, resource: ApiResource, name?: string): { matches: Selector; trivial: boolean } {
  const labels = parseLabelSelector(query.get('labelSelector'))
  const fields = parseFieldSelector(query.get('fieldSelector'), resource)
  const named: Selector = name === undefined ? everything : (object) => object.metadata.name === name
  if (labels === everything && fields === everything && named === everything) return { matches: everything, trivial: true }
  return { matches: (object) => named(object) && labels(object) && fields(object), trivial: false }
}
