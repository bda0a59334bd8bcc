// create, update, patch and delete: decode, prepare, validate, admit, store.
// https://github.com/kubernetes/apiserver/blob/9d86305/pkg/registry/generic/registry/store.go
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { KubeObject } from '@virtdeck/k8s'
import { parseDocument } from 'yaml'
import { timestamp } from '../clock.ts'
import { refuseUnreadable } from '../admission/schemas.ts'
import { quotaRefusal } from '../quota/quotas.ts'
import type { StoredObject } from '../storage/storage.ts'
import { groupVersion, resourceKey, type ApiResource } from './api-resources.ts'
import { requireAccess } from './authorization.ts'
import type { RequestInfo, UserInfo } from './context.ts'
import { requireDisruptionAllowed } from './disruption.ts'
import { duplicateFields } from './duplicate-fields.ts'
import {
  directiveOf,
  patchedWithKnownFields,
  requireDeclaredFields,
  schemaCause,
  schemaProblems,
  warn,
  withKnownFields,
} from './field-validation.ts'
import { deleteObject, deleteOptions, isFinalized, type Deletion } from './deletion.ts'
import { applyConfiguration, recordUpdate, type Writer } from './managed-fields.ts'
import { generatedName, metadataCauses } from './names.ts'
import { contentType } from './negotiation.ts'
import { applyJsonPatch, applyMergePatch, applyStrategicMergePatch } from './patch.ts'
import { decodeObject, decodeOptions, goJsonError } from './request-body.ts'
import { parseSelectors } from './selectors.ts'
import type { ServedContext } from './served-context.ts'
import { scaledTo, scaleKind, scaleOf } from './scale.ts'
import { alreadyExists, badRequest, conflict, forbidden, invalid, methodNotAllowed, notFound, unsupportedMediaType } from './status.ts'
import { issueToken, tokenRequestKind } from './service-account-tokens.ts'
import { prepareForCreate, prepareForUpdate, validate } from './strategy.ts'

export type WriteRequest = {
  req: IncomingMessage
  /** For warnings, which are headers. */
  res: ServerResponse
  body: Buffer
  resource: ApiResource
  info: RequestInfo
  user: UserInfo
}

export type Written = { code: 200 | 201; object: StoredObject }

const namespaces: Pick<ApiResource, 'group' | 'plural' | 'kind'> = { group: '', plural: 'namespaces', kind: 'Namespace' }

const namespaceOf = ({ resource, info }: WriteRequest) => (resource.namespaced ? info.namespace : undefined)

function isDryRun(query: URLSearchParams): boolean {
  const asked = query.getAll('dryRun')
  if (asked.some((value) => value !== 'All')) {
    const value = asked.find((candidate) => candidate !== 'All') ?? ''
    throw invalid({ group: 'meta.k8s.io', plural: '', kind: 'CreateOptions' }, '', [
      { reason: 'FieldValueNotSupported', message: `Unsupported value: ["${value}"]: supported values: "All"`, field: 'dryRun' },
    ])
  }
  return asked.length > 0
}

/** https://github.com/kubernetes/apiserver/blob/9d86305/pkg/endpoints/handlers/create.go (managerOrUserAgent) */
function writerOf({ req, info }: WriteRequest, clock: ServedContext['clock']): Writer {
  const manager = info.query.get('fieldManager') ?? (req.headers['user-agent']?.split('/')[0] || 'unknown')
  return { manager, time: timestamp(clock), ...(info.subresource ? { subresource: info.subresource } : {}) }
}

function refuseInvalid(resource: ApiResource, object: KubeObject): void {
  const causes = [...metadataCauses(resource, object), ...validate(resource, object)]
  if (causes.length > 0) throw invalid(resource, object.metadata.name ?? '', causes)
}

/** By the schemas of virt-api's webhooks and of the CRD, in the order in which they speak. */
function refuseMisshapen(
  { schemas, virtApi }: ServedContext,
  resource: ApiResource,
  verb: 'create' | 'update',
  object: KubeObject,
  previous?: KubeObject,
): void {
  const problems = schemaProblems(schemas, resource, object, previous)
  // An unreachable webhook says so in admission, below.
  if (problems.length === 0 || virtApi?.reachable === false) return
  refuseUnreadable(resource, verb, problems)
  throw invalid(resource, object.metadata.name ?? '', problems.map(schemaCause))
}

/** What a create or a replacement sends, decoded as its kind. */
function decodeBody(context: ServedContext, { req, res, body, resource, info }: WriteRequest, options: 'CreateOptions' | 'UpdateOptions') {
  const directive = directiveOf(info.query, options)
  const object = decodeObject(req, body, resource)
  const isJson = contentType(req.headers['content-type']) === 'application/json'
  const duplicates = isJson && directive !== 'Ignore' ? duplicateFields(body.toString('utf8')) : []
  return withKnownFields(context.schemas, res, resource, directive, object, duplicates)
}

function admit(
  context: ServedContext,
  request: WriteRequest,
  verb: 'create' | 'update' | 'delete',
  object: KubeObject,
  previous?: KubeObject,
): KubeObject {
  const { resource, info, user } = request
  return context.admission.reduce(
    (admitted, admission) =>
      admission({
        verb,
        key: resourceKey(resource),
        ...(info.subresource ? { subresource: info.subresource } : {}),
        object: admitted,
        ...(previous ? { previous } : {}),
        user,
        dryRun: isDryRun(info.query),
      }),
    object,
  )
}

function withNamespace(request: WriteRequest, object: KubeObject): KubeObject {
  const namespace = namespaceOf(request)
  const { namespace: given, ...metadata } = object.metadata
  if (given && given !== (namespace ?? '')) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
  return { ...object, metadata: namespace === undefined ? metadata : { ...metadata, namespace } }
}

function requireLiveNamespace(context: ServedContext, request: WriteRequest, name: string): void {
  const namespaceName = namespaceOf(request)
  if (namespaceName === undefined) {
    if (request.resource.namespaced) throw badRequest('an empty namespace may not be set during creation')
    return
  }
  const namespace = context.storage.get('namespaces', undefined, namespaceName)
  if (!namespace) throw notFound(namespaces, namespaceName)
  if (!namespace.metadata.deletionTimestamp) return
  const refusal = forbidden(
    request.resource,
    name,
    `unable to create new content in namespace ${namespaceName} because it is being terminated`,
  )
  refusal.status.details = {
    ...refusal.status.details,
    causes: [{ reason: 'NamespaceTerminating', message: `namespace ${namespaceName} is being terminated`, field: 'metadata.namespace' }],
  }
  throw refusal
}

function insert(
  context: ServedContext,
  request: WriteRequest,
  object: KubeObject,
  track: (prepared: KubeObject) => KubeObject,
): StoredObject {
  const { storage, clock } = context
  const { resource, info } = request
  const key = resourceKey(resource)
  const { generateName } = object.metadata
  const named =
    !object.metadata.name && generateName ? { ...object, metadata: { ...object.metadata, name: generatedName(generateName) } } : object
  requireLiveNamespace(context, request, named.metadata.name ?? '')
  const tracked = track(prepareForCreate(resource, named))
  refuseMisshapen(context, resource, 'create', tracked)
  const admitted = admit(context, request, 'create', tracked)
  refuseInvalid(resource, admitted)
  const overQuota = quotaRefusal(storage, key, admitted)
  if (overQuota) throw overQuota
  const name = admitted.metadata.name ?? ''
  if (storage.get(key, admitted.metadata.namespace, name)) throw alreadyExists(resource, name)
  if (!isDryRun(info.query)) return storage.create(key, admitted)
  const metadata = {
    ...admitted.metadata,
    name,
    uid: randomUUID(),
    creationTimestamp: timestamp(clock),
    ...(resource.custom ? { generation: 1 } : {}),
  }
  // A dry run has no version: nothing was stored.
  return { ...admitted, apiVersion: groupVersion(resource), kind: resource.kind, metadata } as StoredObject
}

function replace(
  context: ServedContext,
  request: WriteRequest,
  previous: StoredObject,
  object: KubeObject,
  track: (prepared: KubeObject) => KubeObject,
): StoredObject {
  const { storage, clock } = context
  const { resource, info } = request
  const key = resourceKey(resource)
  const { name } = previous.metadata
  if (object.metadata.name && object.metadata.name !== name) {
    throw badRequest(`the name of the object (${object.metadata.name}) does not match the name on the URL (${name})`)
  }
  if (object.metadata.uid && object.metadata.uid !== previous.metadata.uid) {
    throw conflict(
      resource,
      name,
      `Precondition failed: UID in precondition: ${object.metadata.uid}, UID in object meta: ${previous.metadata.uid}`,
    )
  }
  if (object.metadata.resourceVersion && object.metadata.resourceVersion !== previous.metadata.resourceVersion) {
    throw conflict(resource, name, 'the object has been modified; please apply your changes to the latest version and try again')
  }
  const named = { ...object, metadata: { ...object.metadata, name } }
  const tracked = track(prepareForUpdate(resource, previous, named, info.subresource))
  refuseMisshapen(context, resource, 'update', tracked, previous)
  const admitted = admit(context, request, 'update', tracked, previous)
  refuseInvalid(resource, admitted)
  const overQuota = info.subresource === undefined ? quotaRefusal(storage, resourceKey(resource), admitted, previous) : undefined
  if (overQuota) throw overQuota
  if (isDryRun(info.query)) return admitted as StoredObject
  const stored = storage.update(key, admitted)
  return isFinalized(stored, clock.now()) ? storage.delete(key, stored.metadata.namespace, name) : stored
}

export function createResource(context: ServedContext, request: WriteRequest): Written {
  const { resource, info } = request
  const object = withNamespace(request, decodeBody(context, request, 'CreateOptions'))
  if (info.name !== undefined) throw methodNotAllowed()
  const writer = writerOf(request, context.clock)
  return { code: 201, object: insert(context, request, object, (prepared) => recordUpdate(resource, undefined, prepared, writer)) }
}

function stored(context: ServedContext, request: WriteRequest): StoredObject | undefined {
  return context.storage.get(resourceKey(request.resource), namespaceOf(request), request.info.name ?? '')
}

/** Stores the object with another number of replicas, and answers with its scale. */
function rescale(context: ServedContext, request: WriteRequest, previous: StoredObject, scale: KubeObject): Written {
  const { resource } = request
  const writer = writerOf(request, context.clock)
  const object = replace(context, request, previous, scaledTo(resource, previous, scale), (prepared) =>
    recordUpdate(resource, previous, prepared, writer),
  )
  return { code: 200, object: scaleOf(resource, object) }
}

export function updateResource(context: ServedContext, request: WriteRequest): Written {
  if (request.info.subresource === 'scale') {
    const found = stored(context, request)
    if (!found) throw notFound(request.resource, request.info.name ?? '')
    return rescale(context, request, found, decodeObject(request.req, request.body, scaleKind))
  }
  const { resource, info } = request
  const object = withNamespace(request, decodeBody(context, request, 'UpdateOptions'))
  const previous = stored(context, request)
  if (!previous) throw notFound(resource, info.name ?? '')
  const writer = writerOf(request, context.clock)
  return {
    code: 200,
    object: replace(context, request, previous, object, (prepared) => recordUpdate(resource, previous, prepared, writer)),
  }
}

const patchTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const

function parsePatch(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch (error) {
    throw badRequest(`error decoding patch: ${goJsonError(body.toString('utf8'), error)}`)
  }
}

export function patchResource(context: ServedContext, request: WriteRequest): Written {
  const { req, res, body, resource, info } = request
  const type = contentType(req.headers['content-type'])
  if (type === patchTypes.apply) return applyResource(context, request)
  const accepted = Object.values(patchTypes).filter((candidate) => !(resource.custom && candidate === patchTypes.strategic))
  if (!accepted.some((candidate) => candidate === type)) throw unsupportedMediaType(accepted)
  const object = stored(context, request)
  if (!object) throw notFound(resource, info.name ?? '')
  const scales = info.subresource === 'scale'
  const previous = scales ? scaleOf(resource, object) : object
  const directive = directiveOf(info.query, 'PatchOptions')
  const patch = parsePatch(body)
  const duplicates = directive === 'Ignore' || type === patchTypes.json ? [] : duplicateFields(body.toString('utf8'))
  const patched = (
    type === patchTypes.json
      ? applyJsonPatch(previous, patch)
      : type === patchTypes.merge
        ? applyMergePatch(previous, patch)
        : applyStrategicMergePatch(previous, patch)
  ) as KubeObject
  if (typeof patched.metadata !== 'object') throw badRequest('error decoding patch: metadata is not an object')
  if (scales) return rescale(context, request, object, patched)
  const writer = writerOf(request, context.clock)
  const known = withNamespace(request, patchedWithKnownFields(context.schemas, res, resource, directive, patched, duplicates))
  return {
    code: 200,
    object: replace(context, request, previous, known, (prepared) => recordUpdate(resource, previous, prepared, writer)),
  }
}

function requiredFieldManager(query: URLSearchParams): string {
  const manager = query.get('fieldManager')
  if (manager) return manager
  throw invalid({ group: 'meta.k8s.io', plural: '', kind: 'PatchOptions' }, '', [
    { reason: 'FieldValueRequired', message: 'Required value: is required for apply patch', field: 'fieldManager' },
  ])
}

/** The key of a mapping in YAML, from where it begins. */
const keyAt = (text: string, start: number) => /^["']?([^"':]*)/.exec(text.slice(start))?.[1] ?? ''

function applyResource(context: ServedContext, request: WriteRequest): Written {
  const { res, body, resource, info, user } = request
  const manager = requiredFieldManager(info.query)
  const directive = directiveOf(info.query, 'PatchOptions')
  const force = info.query.get('force') === 'true' || info.query.get('force') === '1'
  const text = body.toString('utf8')
  const document = parseDocument(text)
  const [duplicates, errors] = [true, false].map((wanted) => document.errors.filter(({ code }) => (code === 'DUPLICATE_KEY') === wanted))
  if (errors?.[0]) throw badRequest(`error decoding YAML: ${errors[0].message}`)
  const applied = document.toJS() as KubeObject
  if (typeof applied !== 'object' || applied === null || !applied.kind || !applied.apiVersion) {
    throw badRequest("error decoding YAML: Object 'Kind' is missing")
  }
  if (applied.apiVersion !== groupVersion(resource) || applied.kind !== resource.kind) {
    throw badRequest(
      `the API version in the data (${applied.apiVersion}) does not match the expected API version (${groupVersion(resource)})`,
    )
  }
  if (applied.metadata?.managedFields?.length) throw badRequest('metadata.managedFields must be nil')
  const name = info.name ?? ''
  const writer: Writer = { ...writerOf(request, context.clock), manager }
  const configuration = withNamespace(request, { ...applied, metadata: { ...applied.metadata } })
  requireDeclaredFields(context.schemas, resource, configuration)
  const live = stored(context, request)
  const merged = applyConfiguration(resource, live, configuration, writer, force)
  if (configuration.metadata.name && configuration.metadata.name !== name) {
    throw badRequest(`the name of the object (${configuration.metadata.name}) does not match the name on the URL (${name})`)
  }
  const repeated = (duplicates ?? []).map(
    ({ linePos, pos }) => `line ${linePos?.[0].line}: key ${JSON.stringify(keyAt(text, pos[0]))} already set in map`,
  )
  if (repeated.length > 0) {
    const why = `error converting YAML to JSON: yaml: unmarshal errors:\n${repeated.map((line) => `  ${line}`).join('\n')}`
    if (directive === 'Strict') throw badRequest(`error strict decoding YAML: ${why}`)
    if (directive === 'Warn') warn(res, [why])
  }
  const named = { ...merged, metadata: { ...merged.metadata, name } }
  if (live) return { code: 200, object: replace(context, request, live, named, (prepared) => prepared) }
  if (info.subresource) throw notFound(resource, name)
  // Applying what does not exist creates it, and takes the right to.
  requireAccess(context.storage, user, {
    verb: 'create',
    group: info.group,
    resource: info.plural,
    ...(info.namespace === undefined ? {} : { namespace: info.namespace }),
    name,
  })
  return { code: 201, object: insert(context, request, named, (prepared) => prepared) }
}

export function deleteResource(context: ServedContext, request: WriteRequest): Deletion {
  const { req, body, resource, info } = request
  const object = stored(context, request)
  if (!object) throw notFound(resource, info.name ?? '')
  const options = deleteOptions(decodeOptions(req, body), info.query)
  admit(context, request, 'delete', object, object)
  return deleteObject(context.storage, context.clock, resourceKey(resource), namespaceOf(request), object.metadata.name, options)
}

/** Deletes what the selectors match, and returns it. */
export function deleteCollection(context: ServedContext, request: WriteRequest): StoredObject[] {
  const { req, body, resource, info } = request
  const { matches } = parseSelectors(info.query, resource)
  const options = deleteOptions(decodeOptions(req, body), info.query)
  const key = resourceKey(resource)
  return context.storage
    .list(key, namespaceOf(request))
    .filter(matches)
    .map((object) => {
      admit(context, request, 'delete', object, object)
      return deleteObject(context.storage, context.clock, key, object.metadata.namespace, object.metadata.name, options).object
    })
}

/** The pods/binding subresource: what a scheduler decides. Throws 409 for a pod that has a node. */
export function bindPod(context: ServedContext, request: WriteRequest): void {
  const { req, body, info, resource } = request
  const binding = decodeObject(req, body, { group: '', version: 'v1', kind: 'Binding' })
  const node = (binding['target'] as { name?: string } | undefined)?.name
  if (!node) {
    throw invalid({ group: '', plural: 'bindings', kind: 'Binding' }, info.name ?? '', [
      { reason: 'FieldValueRequired', message: 'Required value', field: 'target.name' },
    ])
  }
  const pod = stored(context, request)
  if (!pod) throw notFound(resource, info.name ?? '')
  const spec = pod['spec'] as { nodeName?: string }
  if (spec.nodeName) {
    const ref = { group: '', plural: 'pods/binding', kind: 'Binding' }
    throw conflict(ref, pod.metadata.name, `pod ${pod.metadata.name} is already assigned to node "${spec.nodeName}"`)
  }
  const status = (pod['status'] ?? {}) as { conditions?: { type: string }[] }
  const scheduled = { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: timestamp(context.clock) }
  const conditions = [...(status.conditions ?? []).filter(({ type }) => type !== 'PodScheduled'), scheduled]
  if (isDryRun(info.query)) return
  context.storage.update('pods', { ...pod, spec: { ...spec, nodeName: node }, status: { ...status, conditions } })
}

/** The serviceaccounts/token subresource: a token that speaks for the account. */
export function requestToken(context: ServedContext, request: WriteRequest): KubeObject {
  const { req, body, info, resource } = request
  const asked = decodeObject(req, body, tokenRequestKind)
  const account = stored(context, request)
  if (!account) throw notFound(resource, info.name ?? '')
  return issueToken(context, account, asked)
}

/** The pods/eviction subresource: admission may refuse it, as KubeVirt's does to migrate a VM instead. */
export function evictPod(context: ServedContext, request: WriteRequest): void {
  const { req, body, info, resource } = request
  const eviction = decodeObject(req, body, { group: 'policy', version: 'v1', kind: 'Eviction' })
  const pod = stored(context, request)
  if (!pod) throw notFound(resource, info.name ?? '')
  admit(context, request, 'create', pod, pod)
  requireDisruptionAllowed(context.storage, pod)
  const options = deleteOptions(eviction.deleteOptions, info.query)
  deleteObject(context.storage, context.clock, 'pods', pod.metadata.namespace, pod.metadata.name, options)
}
