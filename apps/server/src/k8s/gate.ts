// The gate: which requests may go to the API server. What it parsed is what is forwarded, never the text it was given.
import { gateRefusal } from '../refusal.ts'
import { routes, type Route, type RouteKind } from './routes.ts'

export type Passed = {
  kind: RouteKind
  /** For logs: the template, without anyone's names. */
  template: string
  namespace?: string
  name?: string
  /** Path and query, written afresh. */
  path: string
  query: URLSearchParams
}

type Branch = { literal: Map<string, Branch>; parameter?: Branch; name?: 'namespace' | 'name'; routes: Map<Route['method'], Route> }

const tree = plant(routes)
const maxQueryChars = 2048
/** What a namespace or an object may be called: DNS-1123, in at most 253 characters. */
const parameterShape = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/
const pathShape = /^(\/[A-Za-z0-9._-]+)+$/
const keyShape = /^[A-Za-z]{1,40}$/

/**
 * Throws 400 for a target that can be read in two ways (escapes in the path, empty or dot segments, a key twice),
 * 404 for a path that is not in the table, 405 for another method and 400 for another query key.
 */
export function passGate(method: string, target: string): Passed {
  const question = target.indexOf('?')
  const path = question < 0 ? target : target.slice(0, question)
  const rawQuery = question < 0 ? '' : target.slice(question + 1)
  if (!pathShape.test(path) || path.includes('..') || path.includes('/./') || path.endsWith('/.')) {
    throw gateRefusal('path', 400, 'The path is not one that the Kubernetes API has.')
  }
  const found = walk(path.slice(1).split('/'))
  if (!found) throw gateRefusal('path', 404, 'The path is not one that virtdeck uses.')
  const { branch, parameters } = found
  const route = branch.routes.get(method as Route['method'])
  if (!route) throw gateRefusal('method', branch.routes.size > 0 ? 405 : 404, 'The path is not one that virtdeck uses with this method.')
  const query = parseQuery(rawQuery, route.query)
  const text = query.toString()
  return { kind: route.kind, template: route.template, ...parameters, path: text ? `${path}?${text}` : path, query }
}

function parseQuery(raw: string, allowed: readonly string[]): URLSearchParams {
  const query = new URLSearchParams()
  if (raw === '') return query
  if (raw.length > maxQueryChars) throw gateRefusal('query', 400, 'The query is too long.')
  for (const pair of raw.split('&')) {
    const [key = '', value = '', more] = pair.split('=')
    const text = decode(value)
    // eslint-disable-next-line no-control-regex
    if (more !== undefined || !keyShape.test(key) || text === undefined || /[\u0000-\u001f\u007f]/.test(text)) {
      throw gateRefusal('query', 400, 'The query cannot be read.')
    }
    if (!allowed.includes(key) || query.has(key)) {
      throw gateRefusal('query', 400, `The query key ${key} is not one that virtdeck uses here.`)
    }
    query.set(key, text)
  }
  return query
}

function decode(text: string): string | undefined {
  if (!/^(?:[A-Za-z0-9\-._~!*'(),:@/$;+]|%[0-9A-Fa-f]{2})*$/.test(text)) return undefined
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

function walk(segments: string[]): { branch: Branch; parameters: { namespace?: string; name?: string } } | undefined {
  const parameters: { namespace?: string; name?: string } = {}
  let branch: Branch = tree
  for (const segment of segments) {
    const literal = branch.literal.get(segment)
    if (literal) {
      branch = literal
    } else if (branch.parameter && branch.name && parameterShape.test(segment)) {
      parameters[branch.name] = segment
      branch = branch.parameter
    } else {
      return undefined
    }
  }
  return { branch, parameters }
}

function plant(table: readonly Route[]): Branch {
  const root: Branch = { literal: new Map(), routes: new Map() }
  for (const route of table) {
    let branch = root
    for (const segment of route.template.slice(1).split('/')) {
      if (segment === ':namespace' || segment === ':name') {
        branch.name = segment === ':name' ? 'name' : 'namespace'
        branch = branch.parameter ??= { literal: new Map(), routes: new Map() }
      } else {
        let next = branch.literal.get(segment)
        if (!next) branch.literal.set(segment, (next = { literal: new Map(), routes: new Map() }))
        branch = next
      }
    }
    branch.routes.set(route.method, route)
  }
  return root
}
