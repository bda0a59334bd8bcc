// What a request asks for, decided from its method and URL alone.
// https://github.com/kubernetes/apiserver/blob/9d86305/pkg/endpoints/request/requestinfo.go
import type { RequestInfo } from './context.ts'
import { urlOf } from './request-url.ts'
import { nameOfFieldSelector } from './selectors.ts'

const verbs: Record<string, string> = { GET: 'get', HEAD: 'get', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }

// Resources below /namespaces/NAME that are the namespace's own subresources, not objects in it.
const namespaceSubresources = new Set(['status', 'finalize'])

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

function isTrue(value: string | null): boolean {
  return value !== null && value !== '0' && value !== 'false'
}

/** Never fails: what is not a resource request is a path with a method. */
export function parseRequestInfo(method: string, url: string): RequestInfo {
  const { pathname, searchParams: query } = urlOf(url)
  const info: RequestInfo = {
    isResourceRequest: false,
    path: pathname,
    verb: method.toLowerCase(),
    group: '',
    version: '',
    plural: '',
    query,
  }
  const segments = pathname.split('/').filter(Boolean).map(decode)
  const [root, ...afterRoot] = segments
  if (root !== 'api' && root !== 'apis') return info
  const rest = root === 'api' ? ['', ...afterRoot] : afterRoot
  const [group, version, ...parts] = rest
  if (group === undefined || version === undefined || parts.length === 0) return info

  let verb = verbs[method] ?? ''
  if (parts[0] === 'watch' && parts.length > 1) {
    parts.shift()
    verb = 'watch'
  }
  let namespace: string | undefined
  if (parts[0] === 'namespaces' && parts.length > 1) {
    namespace = parts[1]
    if (parts.length > 2 && !namespaceSubresources.has(parts[2] ?? '')) parts.splice(0, 2)
  }
  const [plural = '', name, ...subresource] = parts
  const resource: RequestInfo = {
    ...info,
    isResourceRequest: true,
    verb,
    group,
    version,
    plural,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(subresource.length > 0 ? { subresource: subresource.join('/') } : {}),
  }
  if (name === undefined && verb === 'get') {
    resource.verb = isTrue(query.get('watch')) ? 'watch' : 'list'
    const selected = nameOfFieldSelector(query.get('fieldSelector'))
    if (selected !== undefined) resource.name = selected
  } else if (name !== undefined && verb === 'get' && isTrue(query.get('watch'))) {
    resource.verb = 'watch'
  }
  if (name === undefined && verb === 'delete') resource.verb = 'deletecollection'
  return resource
}

/** kube-apiserver authorizes the first segment only: `vnc/screenshot` is `vnc` to it. */
export function authorizedSubresource(info: RequestInfo): string | undefined {
  return info.subresource?.split('/')[0]
}
