// subresources.kubevirt.io: the aggregated API of virt-api, with go-restful's plain-text refusals.
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-api/api.go
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { authorize } from './authorization.ts'
import type { RequestInfo, SubresourceReply, SubresourceRequest, UserInfo } from './context.ts'
import { kubevirtVersion, serverVersion } from './discovery.ts'
import { sendJson, sendText } from './responses.ts'
import type { ServedContext } from './served-context.ts'
import { badRequest, failure, plainText } from './status.ts'

export const subresourcesGroup = 'subresources.kubevirt.io'

// These routes produce JSON; the others produce nothing, which only */* accepts.
const producesJson = new Set(['expand-vm-spec', 'virtualmachines/expand-spec'])

const routeOf = (info: RequestInfo) => (info.subresource ? `${info.plural}/${info.subresource}` : info.plural)

/** virt-api asks again for the whole subresource, where kube-apiserver saw only its first segment. */
function authorizeAsVirtApi(context: ServedContext, user: UserInfo, info: RequestInfo): void {
  if (!info.subresource?.includes('/')) return
  const asked = {
    verb: info.verb,
    group: info.group,
    resource: info.plural,
    subresource: info.subresource,
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
    res.writeHead(reply.code, { 'Content-Type': 'image/png', 'Content-Length': reply.png.length })
    res.end(reply.png)
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
  const route = routeOf(info)
  const answer = groupAnswer(context, route)
  if (answer !== undefined && req.method === 'GET') {
    sendJson(req, res, 200, answer)
    return
  }
  const handler = context.subresources.http.get(route)
  if (!handler) {
    if (!context.subresources.upgrade.has(route)) {
      sendText(res, 404, '404: Page Not Found')
      return
    }
    if (req.method !== 'GET') {
      sendText(res, 405, '405: Method Not Allowed', { Allow: 'GET' })
      return
    }
    refuseWithoutUpgrade()
  }
  // Either there is a handler, or one of the branches above has answered.
  const { methods, handle } = handler!
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
  sendReply(req, res, handle(subresourceRequest(req, info, user, parseOptions(body))))
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
  const handler = context.subresources.upgrade.get(routeOf(info))
  if (!handler) throw plainText(404, '404: Page Not Found')
  authorizeAsVirtApi(context, user, info)
  handler(subresourceRequest(raw.req, info, user, undefined), raw)
}
