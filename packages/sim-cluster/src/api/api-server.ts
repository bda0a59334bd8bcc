// The handler chain, in kube-apiserver's order: request info, authentication, impersonation, authorization, then the
// endpoint with admission and the registry behind it.
// https://github.com/kubernetes/apiserver/blob/9d86305/pkg/server/config.go (DefaultBuildHandlerChain)
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { createOpenApi } from '../openapi/documents.ts'
import { createWatchCache } from '../storage/watch-cache.ts'
import { answerReview } from './access-reviews.ts'
import { groupVersion, resourceKey, servedResource, type ApiResource } from './api-resources.ts'
import { authenticate, withoutTokenProtocol } from './authentication.ts'
import { attributesOf, requireAccess } from './authorization.ts'
import type { ApiServerContext, RequestInfo, UserInfo } from './context.ts'
import type { Deletion } from './deletion.ts'
import { acceptsAggregatedDiscovery, negotiate, type Representation } from './negotiation.ts'
import { discover, serverVersion } from './discovery.ts'
import { impersonate } from './impersonation.ts'
import { requireVirtApi, serveSubresource, subresourcesGroup, subresourcesVersions, upgradeSubresource } from './kubevirt-subresources.ts'
import { sendObject, serveGet, serveList } from './list.ts'
import {
  bindPod,
  createResource,
  deleteCollection,
  deleteResource,
  evictPod,
  patchResource,
  requestToken,
  updateResource,
  type WriteRequest,
} from './registry.ts'
import { decodeObject, readBody } from './request-body.ts'
import { parseRequestInfo } from './request-info.ts'
import { sendBytes, sendError, sendJson, sendNotFoundPath, sendText, startResponse, toApiError } from './responses.ts'
import type { ServedContext } from './served-context.ts'
import { createSnapshots } from './snapshots.ts'
import { methodNotAllowed } from './status.ts'
import { partialMetadata, table } from './table.ts'
import { uploadToken } from './upload-tokens.ts'
import { serveWatch } from './watch.ts'

export type ApiServer = {
  handle(req: IncomingMessage, res: ServerResponse): Promise<void>
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void
  stop(): void
}

export type ApiServerOptions = {
  /** How many changes of each resource a watch may lag behind. */
  watchCacheCapacity?: number
  /** Mistakes of the simulated cluster itself: what clients see as a 500. */
  onError?(error: unknown): void
}

const healthPaths = new Set(['/healthz', '/readyz', '/livez'])

export function createApiServer(given: ApiServerContext, { watchCacheCapacity, onError }: ApiServerOptions = {}): ApiServer {
  const watchCache = createWatchCache(given.storage, watchCacheCapacity === undefined ? {} : { capacity: watchCacheCapacity })
  const context: ServedContext = {
    ...given,
    watchCache,
    snapshots: createSnapshots(given.storage, watchCache, given.clock),
    openApi: createOpenApi(given.schemas),
  }

  const report = (error: unknown) => {
    if (toApiError(error) !== error) onError?.(error)
  }

  return {
    async handle(req, res) {
      startResponse(req, res)
      try {
        await serve(context, req, res)
      } catch (error) {
        report(error)
        req.resume()
        sendError(req, res, error)
      }
    },
    upgrade(req, socket, head) {
      socket.on('error', () => socket.destroy())
      let proxied = false
      const upgrade = async () => {
        const info = parseRequestInfo('GET', req.url ?? '/')
        const user = await authorizedUser(context, req, info)
        proxied = true
        const protocols = withoutTokenProtocol(req.headers['sec-websocket-protocol'])
        if (protocols === undefined) delete req.headers['sec-websocket-protocol']
        else req.headers['sec-websocket-protocol'] = protocols
        upgradeSubresource(context, info, user, { req, socket, head })
      }
      upgrade().catch((error: unknown) => {
        report(error)
        refuseUpgrade(socket, error, proxied)
      })
    },
    stop: () => watchCache.stop(),
  }
}

async function authorizedUser(context: ServedContext, req: IncomingMessage, info: RequestInfo): Promise<UserInfo> {
  const authenticated = await authenticate(req.headers, context)
  const user = impersonate(context.storage, authenticated, req.headersDistinct, info.path)
  requireAccess(context.storage, user, attributesOf(info))
  return user
}

async function serve(context: ServedContext, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const method = req.method ?? 'GET'
  const info = parseRequestInfo(method, req.url ?? '/')
  // Anonymous requests reach the health checks and nothing else, as kubeadm's clusters can be configured.
  if (healthPaths.has(info.path)) {
    sendText(res, 200, 'ok')
    return
  }
  const user = await authorizedUser(context, req, info)
  if (!info.isResourceRequest) {
    if (info.path.startsWith(`/apis/${subresourcesGroup}/`)) requireVirtApi(context)
    servePath(context, req, res, info)
    return
  }
  if (info.group === subresourcesGroup && subresourcesVersions.has(info.version)) {
    const body = await readBody(req)
    recorded(context, res, info, user, () => serveSubresource(context, req, res, info, user, body))
    return
  }
  const resource = servedResource(info.group, info.version, info.plural)
  if (!resource || !isServed(resource, info)) {
    sendNotFoundPath(res)
    return
  }
  const representation = negotiate(req.headers.accept)
  if (info.verb === 'watch') {
    serveWatch(context, res, resource, info, representation)
  } else if (info.verb === 'list') {
    serveList(context, req, res, resource, info, representation)
  } else if (info.verb === 'get' && !resource.virtual && !createdOnly.has(info.subresource ?? '')) {
    serveGet(context, req, res, resource, info, representation)
  } else {
    const body = await readBody(req)
    const act = () => write(context, res, { req, res, body, resource, info, user }, representation)
    // A review is a question.
    if (resource.virtual) act()
    else recorded(context, res, info, user, act)
  }
}

/** Puts a write down in the ledger, with what it changes; writes happen in one turn. */
function recorded(context: ServedContext, res: ServerResponse, info: RequestInfo, user: UserInfo, act: () => void): void {
  if (!context.ledger || info.verb === 'get') {
    act()
    return
  }
  const { verb, plural, group, subresource, namespace, name, query } = info
  const request = {
    auditId: String(res.getHeader('Audit-Id')),
    user: user.username,
    verb,
    resource: resourceKey({ group, plural }),
    ...(subresource === undefined ? {} : { subresource }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(query.has('dryRun') ? { dryRun: true as const } : {}),
  }
  context.ledger.during(request, act)
}

/** Whether a path is one that this resource has: the scope fits, and so does the subresource. */
function isServed(resource: ApiResource, info: RequestInfo): boolean {
  if (info.subresource !== undefined && !resource.subresources.includes(info.subresource)) return false
  if (!resource.namespaced) return info.namespace === undefined || resource.plural === 'namespaces'
  return info.namespace !== undefined || info.name === undefined || info.verb === 'list' || info.verb === 'watch'
}

const createdOnly = new Set(['binding', 'eviction', 'token'])

function write(context: ServedContext, res: ServerResponse, request: WriteRequest, representation: Representation): void {
  const { req, resource, info, user, body } = request
  if (resource.virtual) {
    if (info.verb !== 'create') throw methodNotAllowed()
    const question = decodeObject(req, body, resource)
    if (resource.kind === 'UploadTokenRequest') {
      sendJson(req, res, 200, uploadToken(question, info.namespace ?? '', context.clock), representation.format)
      return
    }
    const manager = info.query.get('fieldManager') ?? (req.headers['user-agent']?.split('/')[0] || 'unknown')
    sendJson(req, res, 201, answerReview(context, resource, question, user, info.namespace, manager), representation.format)
    return
  }
  if (info.subresource === 'token') {
    if (info.verb !== 'create') throw methodNotAllowed()
    sendJson(req, res, 201, requestToken(context, request), representation.format)
    return
  }
  if (info.subresource === 'eviction' || info.subresource === 'binding') {
    if (info.verb !== 'create') throw methodNotAllowed()
    if (info.subresource === 'eviction') evictPod(context, request)
    else bindPod(context, request)
    sendJson(req, res, 201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }, representation.format)
    return
  }
  switch (info.verb) {
    case 'create': {
      const { code, object } = createResource(context, request)
      sendObject(context, req, res, code, resource, object, info, representation)
      return
    }
    case 'update':
    case 'patch': {
      if (info.name === undefined) throw methodNotAllowed()
      const { code, object } = info.verb === 'update' ? updateResource(context, request) : patchResource(context, request)
      sendObject(context, req, res, code, resource, object, info, representation)
      return
    }
    case 'delete': {
      if (info.subresource !== undefined) throw methodNotAllowed()
      sendDeletion(context, res, request, deleteResource(context, request), representation)
      return
    }
    case 'deletecollection': {
      if (!resource.verbs.includes('deletecollection')) throw methodNotAllowed()
      sendDeletedCollection(context, res, request, representation)
      return
    }
    default:
      throw methodNotAllowed()
  }
}

// https://github.com/kubernetes/kubernetes/blob/v1.32.0/pkg/registry/core/pod/storage/storage.go (ReturnDeletedObject)
const returnDeleted = new Set(['pods', 'persistentvolumeclaims', 'persistentvolumes', 'services', 'serviceaccounts', 'resourcequotas'])

function sendDeletion(
  context: ServedContext,
  res: ServerResponse,
  { req, resource, info }: WriteRequest,
  { object, gone }: Deletion,
  representation: Representation,
): void {
  if (!gone || (resource.group === '' && returnDeleted.has(resource.plural))) {
    sendObject(context, req, res, 200, resource, object, info, representation)
    return
  }
  const details = {
    name: object.metadata.name,
    ...(resource.group ? { group: resource.group } : {}),
    kind: resource.plural,
    uid: object.metadata.uid,
  }
  sendJson(req, res, 200, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details }, representation.format)
}

function sendDeletedCollection(context: ServedContext, res: ServerResponse, request: WriteRequest, representation: Representation): void {
  const { req, resource } = request
  const items = deleteCollection(context, request)
  const metadata = { resourceVersion: String(context.storage.revision()) }
  const body =
    representation.as === 'Table'
      ? table(context, resource, items, metadata, 'Metadata')
      : representation.as === 'PartialObjectMetadata'
        ? { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata, items: items.map(partialMetadata) }
        : { kind: resource.listKind, apiVersion: groupVersion(resource), metadata, items }
  sendJson(req, res, 200, body, representation.format)
}

const aggregatedMediaType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

/** Everything that is not a resource: discovery, OpenAPI, the version. */
function servePath(context: ServedContext, req: IncomingMessage, res: ServerResponse, info: RequestInfo): void {
  if (req.method !== 'GET' && req.method !== 'HEAD') throw methodNotAllowed()
  if (info.path === '/version' || info.path === '/version/') {
    sendJson(req, res, 200, serverVersion)
    return
  }
  if (info.path === '/openapi/v3' || info.path.startsWith('/openapi/v3/')) {
    serveOpenApi(context, req, res, info)
    return
  }
  const answer = discover(info.path, acceptsAggregatedDiscovery(req.headers.accept), req.headers.host ?? '')
  if (!answer) {
    sendNotFoundPath(res)
    return
  }
  if (answer.aggregated) {
    res.setHeader('Vary', 'Accept')
    res.setHeader('Cache-Control', 'public')
    if (answer.etag) {
      res.setHeader('Etag', answer.etag)
      if (req.headers['if-none-match'] === answer.etag) {
        res.writeHead(304)
        res.end()
        return
      }
    }
  }
  sendJson(req, res, 200, answer.json, 'json', answer.aggregated ? aggregatedMediaType : undefined)
}

/** A document asked for by its hash never changes, and an old hash leads to the new one. */
function serveOpenApi({ openApi }: ServedContext, req: IncomingMessage, res: ServerResponse, info: RequestInfo): void {
  const path = info.path.slice('/openapi/v3/'.length)
  if (path === '') {
    sendJson(req, res, 200, openApi.index(), 'json', 'text/plain; charset=utf-8')
    return
  }
  const document = openApi.document(path)
  if (!document) {
    sendNotFoundPath(res)
    return
  }
  const etag = `"${document.hash}"`
  const asked = info.query.get('hash')
  if (asked !== null && asked !== document.hash) {
    res.writeHead(301, { Location: `${info.path}?hash=${document.hash}` })
    res.end()
    return
  }
  res.setHeader('Vary', 'Accept')
  res.setHeader('Etag', etag)
  if (asked !== null) res.setHeader('Cache-Control', 'public, immutable')
  if (req.headers['if-none-match'] === etag) {
    res.writeHead(304)
    res.end()
    return
  }
  sendBytes(req, res, 200, [document.json])
}

/** A refused upgrade is an ordinary HTTP answer on the same socket; virt-api's comes through without the aggregator's headers. */
function refuseUpgrade(socket: Duplex, error: unknown, proxied: boolean): void {
  const { status, plainText } = toApiError(error)
  const body = plainText ? (status.message ?? '') : `${JSON.stringify(status)}\n`
  const head = [
    `HTTP/1.1 ${status.code} ${STATUS_CODES[status.code] ?? ''}`,
    ...(proxied ? [] : ['Cache-Control: no-cache, private']),
    `Content-Type: ${plainText ? 'text/plain; charset=utf-8' : 'application/json'}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
