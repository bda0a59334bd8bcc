// OpenAPI v3 as kube-apiserver serves it: an index, and a document per group version whose custom kinds are written out as in
// their CRDs. Made when first asked for.
import { createHash } from 'node:crypto'
import { apiResources, groupVersion, type ApiResource } from '../api/api-resources.ts'
import { kindKey, listMetaName, referenceTo, referredName, type Schema, type Schemas } from './schema.ts'

export type OpenApi = {
  /** What `/openapi/v3` lists. */
  index(): object
  /** The document of `apis/kubevirt.io/v1` or `api/v1`, as JSON, and its hash; undefined where nothing is served. */
  document(path: string): { json: Buffer; hash: string } | undefined
  /** A kind's schema with everything of its own written out, as a CRD has it. */
  structural(resource: ApiResource, version: string): Schema
}

const basePath = ({ group }: Pick<ApiResource, 'group'>, version: string) => (group ? `apis/${group}/${version}` : `api/${version}`)

const parameter = (name: string, description: string, type: 'string' | 'boolean' | 'integer' = 'string') => ({
  name,
  in: 'query',
  description,
  schema: { type, uniqueItems: true },
})

const pretty = parameter('pretty', "If 'true', then the output is pretty printed.")
const listParameters = [
  parameter('allowWatchBookmarks', 'allowWatchBookmarks requests watch events with type "BOOKMARK".', 'boolean'),
  parameter('continue', 'The continue option should be set when retrieving more results from the server.'),
  parameter('fieldSelector', 'A selector to restrict the list of returned objects by their fields. Defaults to everything.'),
  parameter('labelSelector', 'A selector to restrict the list of returned objects by their labels. Defaults to everything.'),
  parameter('limit', 'limit is a maximum number of responses to return for a list call.', 'integer'),
  parameter('resourceVersion', 'resourceVersion sets a constraint on what resource versions a request may be served from.'),
  parameter('resourceVersionMatch', 'resourceVersionMatch determines how resourceVersion is applied to list calls.'),
  parameter('sendInitialEvents', 'sendInitialEvents=true may be set together with watch=true.', 'boolean'),
  parameter('timeoutSeconds', 'Timeout for the list/watch call.', 'integer'),
  parameter(
    'watch',
    'Watch for changes to the described resources and return them as a stream of add, update, and remove notifications.',
    'boolean',
  ),
]
const writeParameters = [
  parameter('dryRun', 'When present, indicates that modifications should not be persisted.'),
  parameter('fieldManager', 'fieldManager is a name associated with the actor or entity that is making these changes.'),
  parameter(
    'fieldValidation',
    'fieldValidation instructs the server on how to handle objects in the request (POST/PUT/PATCH) containing unknown or duplicate fields. Valid values are: Ignore, Warn, Strict.',
  ),
]
const patchParameters = [
  ...writeParameters,
  parameter(
    'force',
    'Force is going to "force" Apply requests. It means user will re-acquire conflicting fields owned by other people.',
    'boolean',
  ),
]
const patchTypes = ['application/apply-patch+yaml', 'application/json-patch+json', 'application/merge-patch+json']
const pathParameter = (name: string, description: string) => ({
  name,
  in: 'path',
  description,
  required: true,
  schema: { type: 'string', uniqueItems: true },
})

const sha512 = (text: string) => createHash('sha512').update(text).digest('hex').toUpperCase()

function pathsOf(resource: ApiResource, version: string, schemaName: string): [string, object][] {
  const gvk = { group: resource.group, version, kind: resource.kind }
  const object = { $ref: referenceTo(schemaName) }
  const listed = { $ref: referenceTo(`${schemaName}List`) }
  const operation = (action: string, answer: object, parameters: object[], body?: { types: string[]; schema: object }) => ({
    description: `${action} ${action === 'list' ? 'objects of kind' : 'the specified'} ${resource.kind}`,
    parameters,
    ...(body
      ? { requestBody: { required: true, content: Object.fromEntries(body.types.map((type) => [type, { schema: body.schema }])) } }
      : {}),
    responses: {
      '200': { description: 'OK', content: { 'application/json': { schema: answer } } },
      '401': { description: 'Unauthorized' },
    },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': gvk,
  })
  const deleteOptions = { types: ['*/*'], schema: { $ref: referenceTo('io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions') } }
  const status = { $ref: referenceTo('io.k8s.apimachinery.pkg.apis.meta.v1.Status') }
  const written = { types: ['*/*'], schema: object }
  const patched = { types: patchTypes, schema: { type: 'object' } }
  const list = operation('list', listed, listParameters)
  const root = `/${basePath(resource, version)}`
  const collection = `${root}/${resource.namespaced ? 'namespaces/{namespace}/' : ''}${resource.plural}`
  const scope = [
    ...(resource.namespaced ? [pathParameter('namespace', 'object name and auth scope, such as for teams and projects')] : []),
    pretty,
  ]
  const named = [pathParameter('name', `name of the ${resource.kind}`), ...scope]
  const changes = {
    put: operation('put', object, writeParameters, written),
    patch: operation('patch', object, patchParameters, patched),
  }
  if (resource.virtual) return [[collection, { parameters: scope, post: operation('post', object, writeParameters, written) }]]
  return [
    ...(resource.namespaced ? [[`${root}/${resource.plural}`, { get: list, parameters: [pretty] }] as [string, object]] : []),
    [
      collection,
      {
        get: list,
        post: operation('post', object, writeParameters, written),
        delete: operation('deletecollection', status, listParameters, deleteOptions),
        parameters: scope,
      },
    ],
    [
      `${collection}/{name}`,
      {
        get: operation('get', object, []),
        ...changes,
        delete: operation('delete', status, writeParameters, deleteOptions),
        parameters: named,
      },
    ],
    ...(resource.subresources.includes('status')
      ? [[`${collection}/{name}/status`, { get: operation('get', object, []), ...changes, parameters: named }] as [string, object]]
      : []),
  ]
}

function listSchema(resource: ApiResource, version: string, itemName: string): Schema {
  return {
    description: `${resource.listKind} is a list of ${resource.kind}`,
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion: { type: 'string' },
      items: { description: `List of ${resource.plural}.`, type: 'array', items: { $ref: referenceTo(itemName) } },
      kind: { type: 'string' },
      metadata: { description: 'Standard list metadata.', allOf: [{ $ref: referenceTo(listMetaName) }] },
    },
    'x-kubernetes-group-version-kind': [{ group: resource.group, version, kind: resource.listKind }],
  }
}

export function createOpenApi({ definitions, kinds }: Schemas): OpenApi {
  const served = new Map<string, { resource: ApiResource; version: string }[]>()
  for (const resource of apiResources) {
    for (const version of [resource.version, ...resource.otherVersions]) {
      const path = basePath(resource, version)
      served.set(path, [...(served.get(path) ?? []), { resource, version }])
    }
  }
  const made = new Map<string, { json: Buffer; hash: string }>()
  let seed: string | undefined

  const nameOf = (resource: ApiResource, version: string) => {
    const name = kinds[kindKey(resource.group, version, resource.kind)]
    // The generator fails for a kind that has no schema.
    if (name === undefined) throw new Error(`no schema of ${groupVersion({ ...resource, version })} ${resource.kind}`)
    return name
  }

  // Each type is written out once: what many schemas share takes no room in each.
  const whole = new Map<string, Schema>()

  /** The schema without references to types that have no name in Kubernetes. */
  const writtenOut = (schema: Schema, within: readonly string[] = []): Schema => {
    const name = schema.$ref === undefined ? undefined : referredName(schema.$ref)
    if (name !== undefined && !name.startsWith('io.k8s.')) {
      if (within.includes(name)) return { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
      const { $ref: _reference, ...beside } = schema
      const found = whole.get(name) ?? writtenOut(definitions[name] ?? {}, [...within, name])
      whole.set(name, found)
      return Object.keys(beside).length > 0 ? { ...found, ...beside } : found
    }
    const { properties, items, additionalProperties } = schema
    return {
      ...schema,
      ...(properties
        ? { properties: Object.fromEntries(Object.entries(properties).map(([field, inner]) => [field, writtenOut(inner, within)])) }
        : {}),
      ...(items ? { items: writtenOut(items, within) } : {}),
      ...(additionalProperties ? { additionalProperties: writtenOut(additionalProperties, within) } : {}),
    }
  }

  /** Adds a schema and what it refers to. */
  const collect = (into: Map<string, Schema>, name: string, schema = definitions[name]): void => {
    if (into.has(name) || !schema) return
    into.set(name, schema)
    const visit = ({ $ref, properties, items, additionalProperties, allOf }: Schema): void => {
      if ($ref !== undefined) collect(into, referredName($ref))
      for (const inner of Object.values(properties ?? {})) visit(inner)
      for (const inner of allOf ?? []) visit(inner)
      if (items) visit(items)
      if (additionalProperties) visit(additionalProperties)
    }
    visit(schema)
  }

  const structural = (resource: ApiResource, version: string) => writtenOut(definitions[nameOf(resource, version)] ?? {})

  const make = (path: string) => {
    const resources = served.get(path)
    if (!resources) return undefined
    const schemas = new Map<string, Schema>()
    const paths: [string, object][] = []
    for (const common of ['DeleteOptions', 'Status']) collect(schemas, `io.k8s.apimachinery.pkg.apis.meta.v1.${common}`)
    for (const { resource, version } of resources) {
      const name = nameOf(resource, version)
      collect(schemas, name, resource.custom ? structural(resource, version) : definitions[name])
      if (!resource.virtual) collect(schemas, `${name}List`, listSchema(resource, version, name))
      paths.push(...pathsOf(resource, version, name))
    }
    const document = {
      openapi: '3.0.0',
      info: { title: 'Kubernetes', version: 'v1.32.13' },
      paths: Object.fromEntries(paths.toSorted(([a], [b]) => (a < b ? -1 : 1))),
      components: { schemas: Object.fromEntries([...schemas].toSorted(([a], [b]) => (a < b ? -1 : 1))) },
    }
    return { json: Buffer.from(JSON.stringify(document)), hash: hashOf(path) }
  }

  // One for all documents, so that the index does not need them made.
  const hashOf = (path: string) => sha512(`${(seed ??= sha512(JSON.stringify(definitions)))} ${path}`)

  return {
    index: () => ({
      paths: Object.fromEntries(
        [...served.keys()].toSorted().map((path) => [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hashOf(path)}` }]),
      ),
    }),
    document(path) {
      const found = made.get(path) ?? make(path)
      if (found) made.set(path, found)
      return found
    },
    structural: (resource, version) => {
      const schema = structural(resource, version)
      const { 'x-kubernetes-group-version-kind': _kinds, ...rest } = schema
      return { ...rest, properties: { ...rest.properties, metadata: { type: 'object' } } }
    },
  }
}
