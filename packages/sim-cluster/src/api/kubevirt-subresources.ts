// subresources.kubevirt.io: the aggregated API of virt-api, with go-restful's plain-text refusals.
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-api/api.go
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { authorize } from './authorization.ts'
import type { RequestInfo, SubresourceReply, SubresourceRequest, UserInfo } from './context.ts'
import { kubevirtVersion, serverVersion } from './discovery.ts'
import { sendError, sendJson, sendText } from './responses.ts'
import type { ServedContext } from './served-context.ts'
import { badRequest, failure, internalError, plainText } from './status.ts'

export const subresourcesGroup = 'subresources.kubevirt.io'
export const subresourcesVersions: ReadonlySet<string> = new Set(['v1', 'v1alpha3'])

// These routes produce JSON; the others produce nothing, which only */* accepts.
const producesJson = new Set(['expand-vm-spec', 'virtualmachines/expand-spec'])

// The rest of these paths is a port and a protocol.
const withArguments = /^(virtualmachines|virtualmachineinstances)\/portforward\//

function routeOf({ plural, subresource }: RequestInfo): string {
  const route = subresource ? `${plural}/${subresource}` : plural
  return withArguments.test(route) ? route.split('/').slice(0, 2).join('/') : route
}

/** https://github.com/kubernetes/kube-aggregator/blob/v0.32.0/pkg/apiserver/handler_proxy.go */
export function requireVirtApi({ virtApi }: ServedContext): void {
  if (virtApi?.reachable === false) {
    throw plainText(503, 'error trying to reach service: dial tcp 10.96.0.10:8443: connect: connection refused\n')
  }
}

/** What a handler of upgrades gets where nobody asked for one: it refuses as it would, and at the latest here. */
const noUpgrade: Parameters<NonNullable<ReturnType<ServedContext['subresources']['upgrade']['get']>>>[1] = {
  get req() {
    return refuseWithoutUpgrade()
  },
  get socket() {
    return refuseWithoutUpgrade()
  },
  get head() {
    return refuseWithoutUpgrade()
  },
}

/** virt-api asks again for the whole subresource, where kube-apiserver saw only its first segment. */
function authorizeAsVirtApi(context: ServedContext, user: UserInfo, info: RequestInfo): void {
  // A port is no part of what is authorized.
  const subresource = routeOf(info).slice(info.plural.length + 1)
  if (!subresource.includes('/')) return
  const asked = {
    verb: info.verb,
    group: info.group,
    resource: info.plural,
    subresource,
    ...(info.namespace === undefined ? {} : { namespace: info.namespace }),
    ...(info.name === undefined ? {} : { name: info.name }),
  }
  if (!authorize(context.storage, user, asked).allowed) throw plainText(403, 'Forbidden')
}

function parseOptions(body: Buffer): unknown {
  if (body.length === 0) return undefined
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    throw badRequest('Can not unmarshal Request body to struct, error: unexpected EOF')
  }
}

function subresourceRequest(req: IncomingMessage, info: RequestInfo, user: UserInfo, body: unknown): SubresourceRequest {
  return {
    method: req.method ?? 'GET',
    namespace: info.namespace ?? '',
    name: info.name ?? '',
    query: info.query,
    body,
    user,
    accept: req.headers.accept ?? '*/*',
  }
}

function sendReply(req: IncomingMessage, res: ServerResponse, reply: SubresourceReply): void {
  if ('json' in reply) sendJson(req, res, reply.code, reply.json)
  else if ('text' in reply) sendText(res, reply.code, reply.text)
  else if ('png' in reply) {
    Promise.resolve(reply.png).then(
      (png) => res.writeHead(reply.code, { 'Content-Type': 'image/png', 'Content-Length': png.length }).end(png),
      (error: unknown) => sendError(req, res, internalError(String(error))),
    )
  } else {
    res.writeHead(reply.code, { 'Content-Length': 0 })
    res.end()
  }
}

/** What virt-api serves beside the verbs of VMs and VMIs. */
function groupAnswer(context: ServedContext, route: string): unknown {
  switch (route) {
    case 'version':
      return kubevirtVersion
    case 'guestfs':
      return { registry: 'quay.io/kubevirt', tag: kubevirtVersion.gitVersion, digest: '', imagePrefix: '', gsImage: '' }
    case 'healthz':
      return { apiserver: { connectivity: 'ok', version: serverVersion }, 'config-resource-version': String(context.storage.revision()) }
    default:
      return undefined
  }
}

export function serveSubresource(
  context: ServedContext,
  req: IncomingMessage,
  res: ServerResponse,
  info: RequestInfo,
  user: UserInfo,
  body: Buffer,
): void {
  requireVirtApi(context)
  const route = routeOf(info)
  if (route === 'start-cluster-profiler' || route === 'stop-cluster-profiler' || route === 'dump-cluster-profiler') {
    const verb = route.slice(0, route.indexOf('-'))
    throw plainText(403, `Unable to ${verb} profiler. "ClusterProfiler" feature gate must be enabled`)
  }
  const answer = groupAnswer(context, route)
  if (answer !== undefined && req.method === 'GET') {
    sendJson(req, res, 200, answer)
    return
  }
  const handler = context.subresources.http.get(route)
  const upgrade = context.subresources.upgrade.get(route)
  const methods = handler?.methods ?? (upgrade ? ['GET'] : undefined)
  if (!methods) {
    sendText(res, 404, '404: Page Not Found')
    return
  }
  if (!methods.includes(req.method ?? '')) {
    sendText(res, 405, '405: Method Not Allowed', { Allow: methods.join(', ') })
    return
  }
  const accept = req.headers.accept ?? '*/*'
  if (req.method === 'PUT' && !accept.includes('*/*') && !(producesJson.has(route) && accept.includes('application/json'))) {
    sendText(res, 406, '406: Not Acceptable\n\nAvailable representations: ')
    return
  }
  authorizeAsVirtApi(context, user, info)
  upgrade?.(subresourceRequest(req, info, user, undefined), noUpgrade)
  if (handler) sendReply(req, res, handler.handle(subresourceRequest(req, info, user, parseOptions(body))))
}

/** gorilla/websocket's words, wrapped as virt-api wraps them. */
function refuseWithoutUpgrade(): never {
  const { status } = failure(
    400,
    'BadRequest',
    "websocket: the client is not using the websocket protocol: 'upgrade' token not found in 'Connection' header",
  )
  throw plainText(400, `Bad Request\n${JSON.stringify(status, undefined, 1)}`)
}

/** Hands an authorized upgrade to the console's guest. Throws for what is no console; the refusal is ordinary HTTP. */
export function upgradeSubresource(
  context: ServedContext,
  info: RequestInfo,
  user: UserInfo,
  raw: { req: IncomingMessage; socket: Duplex; head: Buffer },
): void {
  requireVirtApi(context)
  const handler = context.subresources.upgrade.get(routeOf(info))
  if (!handler) throw plainText(404, '404: Page Not Found')
  authorizeAsVirtApi(context, user, info)
  handler(subresourceRequest(raw.req, info, user, undefined), raw)
}
