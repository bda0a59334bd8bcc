// As much OpenAPI v3 as clients need to learn that the server validates fields itself: paths and parameters, open schemas.
// https://github.com/kubernetes/cli-runtime/blob/49dbc54/pkg/resource/query_param_verifier_v3.go
import { createHash } from 'node:crypto'
import { apiResources, type ApiResource } from './api-resources.ts'

const basePath = ({ group, version }: Pick<ApiResource, 'group' | 'version'>) => (group ? `apis/${group}/${version}` : `api/${version}`)

const parameter = (name: string) => ({ name, in: 'query', schema: { type: 'string', uniqueItems: true } })

const writeParameters = [parameter('dryRun'), parameter('fieldManager'), parameter('fieldValidation')]

function schemaName({ group, version, kind }: ApiResource): string {
  const reversed = group ? group.split('.').toReversed().join('.') : 'io.k8s.api.core'
  return `${reversed}.${version}.${kind}`
}

function pathsOf(resource: ApiResource): [string, object][] {
  const gvk = { group: resource.group, version: resource.version, kind: resource.kind }
  const reference = { $ref: `#/components/schemas/${schemaName(resource)}` }
  const operation = (action: string) => ({
    parameters: action === 'get' ? [] : writeParameters,
    ...(action === 'get' ? {} : { requestBody: { content: { '*/*': { schema: reference } } } }),
    responses: { '200': { description: 'OK', content: { 'application/json': { schema: reference } } } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': gvk,
  })
  const collection = `/${basePath(resource)}/${resource.namespaced ? 'namespaces/{namespace}/' : ''}${resource.plural}`
  return [
    [collection, { post: operation('post') }],
    [`${collection}/{name}`, { get: operation('get'), put: operation('put'), patch: operation('patch') }],
  ]
}

function documentOf(resources: readonly ApiResource[]): object {
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.32.13' },
    paths: Object.fromEntries(resources.flatMap(pathsOf)),
    components: {
      schemas: Object.fromEntries(
        resources.map((resource) => [
          schemaName(resource),
          {
            type: 'object',
            properties: {
              apiVersion: { type: 'string' },
              kind: { type: 'string' },
              metadata: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
            },
            'x-kubernetes-preserve-unknown-fields': true,
            'x-kubernetes-group-version-kind': [{ group: resource.group, kind: resource.kind, version: resource.version }],
          },
        ]),
      ),
    },
  }
}

function documents(): Map<string, object> {
  const byGroupVersion = new Map<string, ApiResource[]>()
  for (const resource of apiResources) {
    const path = basePath(resource)
    byGroupVersion.set(path, [...(byGroupVersion.get(path) ?? []), resource])
  }
  return new Map([...byGroupVersion].map(([path, resources]) => [path, documentOf(resources)]))
}

const served = documents()

const index = {
  paths: Object.fromEntries(
    [...served].map(([path, document]) => {
      const hash = createHash('sha512').update(JSON.stringify(document)).digest('hex').toUpperCase()
      return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }]
    }),
  ),
}

/** The document at a path, or undefined where OpenAPI has none. */
export function openApi(path: string): object | undefined {
  if (path === '/openapi/v3') return index
  return path.startsWith('/openapi/v3/') ? served.get(path.slice('/openapi/v3/'.length)) : undefined
}
