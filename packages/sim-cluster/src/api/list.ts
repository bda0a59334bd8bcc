// get and list: selectors, pages over a consistent snapshot, resource versions, and the shapes a client may ask for.
// https://github.com/kubernetes/apiserver/blob/9d86305/pkg/storage/etcd3/store.go
import type { IncomingMessage, ServerResponse } from 'node:http'
import { encodeItem, encodeObject } from '../storage/encoding.ts'
import type { StoredObject } from '../storage/storage.ts'
import { groupVersion, resourceKey, type ApiResource } from './api-resources.ts'
import type { RequestInfo } from './context.ts'
import type { Representation } from './negotiation.ts'
import { sendBytes, sendJson } from './responses.ts'
import { scaleKind, scaleOf } from './scale.ts'
import { parseSelectors } from './selectors.ts'
import type { ServedContext } from './served-context.ts'
import { ApiError, badRequest, failure, invalid, notFound } from './status.ts'
import { includeObjectOf, partialMetadata, table } from './table.ts'

type ContinueToken = { revision: number; start: string }

/** https://github.com/kubernetes/apiserver/blob/9d86305/pkg/storage/continue.go */
function encodeContinue(revision: number, start: string): string {
  return Buffer.from(
    JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start: `${start}\u0000` }).replaceAll('\u0000', '\\u0000'),
  ).toString('base64url')
}

function decodeContinue(token: string): ContinueToken {
  const bad = (why: string) => badRequest(`invalid continue token: continue key is not valid: ${why}`)
  let decoded: unknown
  const text = Buffer.from(token, 'base64url').toString('latin1')
  try {
    decoded = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'))
  } catch {
    const first = text.charCodeAt(0)
    throw bad(
      text === ''
        ? 'unexpected end of JSON input'
        : `invalid character '${first < 32 || first > 126 ? `\\u${first.toString(16).padStart(4, '0')}` : text[0]}' looking for beginning of value`,
    )
  }
  const { v, rv, start } = decoded as { v?: unknown; rv?: unknown; start?: unknown }
  if (v !== 'meta.k8s.io/v1') throw bad(`server does not recognize this encoded version "${String(v)}"`)
  if (typeof rv !== 'number' || rv === 0) throw bad('incorrect encoded start resourceVersion (version meta.k8s.io/v1)')
  if (typeof start !== 'string' || start === '') throw bad('encoded start key empty (version meta.k8s.io/v1)')
  return { revision: rv, start }
}

/** Throws the API server's 500 for what is not a number. */
export function parseResourceVersion(text: string | null): number | undefined {
  if (text === null || text === '') return undefined
  if (!/^\d+$/.test(text)) {
    throw failure(500, undefined, `resourceVersion: Invalid value: "${text}": strconv.ParseUint: parsing "${text}": invalid syntax`)
  }
  return Number(text)
}

function tooLargeResourceVersion(wanted: number, current: number): ApiError {
  return failure(504, 'Timeout', `Timeout: Too large resource version: ${wanted}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  })
}

const expiredContinue = (fresh: string) =>
  new ApiError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: { continue: fresh },
    status: 'Failure',
    message:
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
    reason: 'Expired',
    code: 410,
  })

/** The key of an object below the listed prefix, as continue tokens spell it. */
function keyOf(object: StoredObject, namespace: string | undefined): string {
  return namespace !== undefined || !object.metadata.namespace
    ? object.metadata.name
    : `${object.metadata.namespace}/${object.metadata.name}`
}

function indexAtOrAfter(objects: readonly StoredObject[], namespace: string | undefined, start: string): number {
  let low = 0
  let high = objects.length
  while (low < high) {
    const middle = (low + high) >>> 1
    // Within bounds, because middle < high <= length.
    if (keyOf(objects[middle]!, namespace) < start) low = middle + 1
    else high = middle
  }
  return low
}

type Page = { items: readonly StoredObject[]; revision: number; continue: string; remainingItemCount?: number }

function validateListOptions(query: URLSearchParams): void {
  const match = query.get('resourceVersionMatch')
  const version = query.get('resourceVersion')
  const refuse = (field: string, message: string, reason = 'FieldValueForbidden') => {
    throw invalid({ group: 'meta.k8s.io', plural: '', kind: 'ListOptions' }, '', [{ reason, message, field }])
  }
  if (query.has('sendInitialEvents')) refuse('sendInitialEvents', 'Forbidden: sendInitialEvents is forbidden for list')
  if (match) {
    if (!version) refuse('resourceVersionMatch', 'Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided')
    if (query.get('continue')) refuse('resourceVersionMatch', 'Forbidden: resourceVersionMatch is forbidden when continue is provided')
    if (match !== 'Exact' && match !== 'NotOlderThan') {
      refuse(
        'resourceVersionMatch',
        `Unsupported value: "${match}": supported values: "Exact", "NotOlderThan", ""`,
        'FieldValueNotSupported',
      )
    }
    if (match === 'Exact' && version === '0')
      refuse('resourceVersionMatch', 'Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"')
  }
}

function readPage(context: ServedContext, resource: ApiResource, info: RequestInfo): Page {
  const { storage, snapshots } = context
  const { query, namespace } = info
  validateListOptions(query)
  const key = resourceKey(resource)
  const { matches, trivial } = parseSelectors(query, resource)
  const wanted = parseResourceVersion(query.get('resourceVersion'))
  const token = query.get('continue')
  const requestedLimit = Number(query.get('limit') ?? 0)
  // From the watch cache a list comes whole: https://github.com/kubernetes/apiserver/blob/9d86305/pkg/storage/cacher/cacher.go
  const limit = wanted === 0 && query.get('resourceVersionMatch') !== 'Exact' ? 0 : requestedLimit

  let revision = storage.revision()
  let objects = storage.list(key, namespace)
  let first = 0
  if (token) {
    const { revision: tokenRevision, start } = decodeContinue(token)
    if (tokenRevision > 0) {
      const snapshot = snapshots.at(key, namespace, tokenRevision)
      if (!snapshot) throw expiredContinue(encodeContinue(-1, start.replaceAll('\u0000', '').replace(/^\//, '')))
      objects = snapshot
      revision = tokenRevision
    }
    first = indexAtOrAfter(objects, namespace, start.replace(/^\//, ''))
  } else if (wanted !== undefined && wanted > 0) {
    if (wanted > revision) throw tooLargeResourceVersion(wanted, revision)
    if (query.get('resourceVersionMatch') === 'Exact') {
      const snapshot = snapshots.at(key, namespace, wanted)
      if (!snapshot) throw failure(410, 'Expired', 'The resourceVersion for the provided list is too old.')
      objects = snapshot
      revision = wanted
    }
  }

  if (trivial && first === 0 && (limit <= 0 || objects.length <= limit)) return { items: objects, revision, continue: '' }
  const items: StoredObject[] = []
  let index = first
  for (; index < objects.length && (limit <= 0 || items.length < limit); index += 1) {
    // Within bounds by the loop's own condition.
    const object = objects[index]!
    if (trivial || matches(object)) items.push(object)
  }
  const last = objects[index - 1]
  if (index >= objects.length || !last) return { items, revision, continue: '' }
  // Also where an expired list goes on: from here it is consistent again.
  if (revision === storage.revision()) snapshots.keep(key, namespace)
  return {
    items,
    revision,
    continue: encodeContinue(revision, `/${keyOf(last, namespace)}`),
    ...(trivial ? { remainingItemCount: objects.length - index } : {}),
  }
}

export function serveList(
  context: ServedContext,
  req: IncomingMessage,
  res: ServerResponse,
  resource: ApiResource,
  info: RequestInfo,
  representation: Representation,
): void {
  const page = readPage(context, resource, info)
  const listMeta = {
    resourceVersion: String(page.revision),
    ...(page.continue ? { continue: page.continue } : {}),
    ...(page.remainingItemCount === undefined ? {} : { remainingItemCount: page.remainingItemCount }),
  }
  if (representation.as === 'Table') {
    sendJson(req, res, 200, table(context, resource, page.items, listMeta, includeObjectOf(info.query)), representation.format)
    return
  }
  if (representation.as === 'PartialObjectMetadata') {
    sendJson(
      req,
      res,
      200,
      { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata: listMeta, items: page.items.map(partialMetadata) },
      representation.format,
    )
    return
  }
  const apiVersion = JSON.stringify(groupVersion(resource))
  const kind = JSON.stringify(resource.listKind)
  const metadata = JSON.stringify(resource.custom ? { continue: page.continue, ...listMeta } : listMeta)
  const [open, close] = resource.custom
    ? [`{"apiVersion":${apiVersion},"items":[`, `],"kind":${kind},"metadata":${metadata}}\n`]
    : [`{"kind":${kind},"apiVersion":${apiVersion},"metadata":${metadata},"items":[`, ']}\n']
  const parts: Buffer[] = [Buffer.from(open)]
  page.items.forEach((item, index) => {
    if (index > 0) parts.push(comma)
    parts.push(...encodeItem(resource, item))
  })
  parts.push(Buffer.from(close))
  if (representation.format === 'yaml' || info.query.has('pretty')) {
    sendJson(req, res, 200, JSON.parse(Buffer.concat(parts).toString('utf8')), representation.format)
    return
  }
  sendBytes(req, res, 200, parts)
}

const comma = Buffer.from(',')
const newline = Buffer.from('\n')

export function serveGet(
  context: ServedContext,
  req: IncomingMessage,
  res: ServerResponse,
  resource: ApiResource,
  info: RequestInfo,
  representation: Representation,
): void {
  const name = info.name ?? ''
  const wanted = parseResourceVersion(info.query.get('resourceVersion'))
  const revision = context.storage.revision()
  if (wanted !== undefined && wanted > revision) throw tooLargeResourceVersion(wanted, revision)
  const object = context.storage.get(resourceKey(resource), resource.namespaced ? info.namespace : undefined, name)
  if (!object) throw notFound(resource, name)
  sendObject(context, req, res, 200, resource, object, info, representation)
}

/** One object in the shape that was asked for. */
export function sendObject(
  context: ServedContext,
  req: IncomingMessage,
  res: ServerResponse,
  code: number,
  resource: ApiResource,
  object: StoredObject,
  info: RequestInfo,
  representation: Representation,
): void {
  if (info.subresource === 'scale') {
    sendJson(req, res, code, object.kind === scaleKind.kind ? object : scaleOf(resource, object), representation.format)
    return
  }
  if (representation.as === 'Table') {
    const metadata = { resourceVersion: object.metadata.resourceVersion }
    sendJson(req, res, code, table(context, resource, [object], metadata, includeObjectOf(info.query)), representation.format)
  } else if (representation.as === 'PartialObjectMetadata') {
    sendJson(req, res, code, partialMetadata(object), representation.format)
  } else if (representation.format === 'yaml' || info.query.has('pretty')) {
    sendJson(req, res, code, object, representation.format)
  } else {
    sendBytes(req, res, code, [encodeObject(resource, object), newline])
  }
}
