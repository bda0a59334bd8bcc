import { afterAll, beforeAll, expect, test } from 'vitest'
import { apiResources } from '../api/api-resources.ts'
import { startTestApiServer, type TestApiServer } from '../testing/test-api-server.ts'
import { referredName, type Schema } from './schema.ts'

type Document = { paths: Record<string, Record<string, unknown>>; components: { schemas: Record<string, Schema> } }
type Index = { paths: Record<string, { serverRelativeURL: string }> }

let server: TestApiServer
beforeAll(async () => {
  server = await startTestApiServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const documentOf = async (path: string) => (await server.request('viewer', 'GET', `/openapi/v3/${path}`)).json<Document>()

/** The schema of a field, references followed. */
function at({ components }: Document, schemaName: string, path: string): Schema | undefined {
  const follow = (schema: Schema | undefined): Schema | undefined => {
    const reference = schema?.$ref ?? schema?.allOf?.[0]?.$ref
    return reference === undefined ? schema : { ...components.schemas[referredName(reference)], ...schema }
  }
  return path
    .split('.')
    .reduce<Schema | undefined>(
      (schema, field) => follow(field === '[]' ? schema?.items : schema?.properties?.[field]),
      components.schemas[schemaName],
    )
}

test('lists a document for every group version that discovery names, under the hash that it has', async () => {
  const index = await server.request('viewer', 'GET', '/openapi/v3')
  const { paths } = index.json<Index>()
  for (const { group, version } of apiResources) expect(paths).toHaveProperty([group ? `apis/${group}/${version}` : `api/${version}`])
  const { serverRelativeURL } = paths['apis/kubevirt.io/v1'] ?? { serverRelativeURL: '' }
  const answer = await server.request('viewer', 'GET', serverRelativeURL)
  expect(answer.headers['cache-control']).toBe('public, immutable')
  const again = await server.request('viewer', 'GET', serverRelativeURL, { headers: { 'If-None-Match': answer.headers.etag ?? '' } })
  expect(again.code).toBe(304)
  const outdated = await server.request('viewer', 'GET', '/openapi/v3/apis/kubevirt.io/v1?hash=OLD')
  expect([outdated.code, outdated.headers.location]).toEqual([301, serverRelativeURL])
})

test('describes a VirtualMachine down to its devices, with prose, types and what is required', async () => {
  const document = await documentOf('apis/kubevirt.io/v1')
  const vm = 'io.kubevirt.v1.VirtualMachine'
  expect(document.components.schemas[vm]?.required).toEqual(['spec'])
  expect(at(document, vm, 'spec.template.spec.domain')?.required).toEqual(['devices'])
  expect(at(document, vm, 'spec.template.spec.domain.cpu.cores')).toMatchObject({
    type: 'integer',
    description: 'Cores specifies the number of cores inside the vmi. Must be a value greater or equal 1.',
  })
  expect(at(document, vm, 'spec.template.spec.domain.memory.guest')).toMatchObject({ 'x-kubernetes-int-or-string': true })
  expect(at(document, vm, 'spec.template.spec.domain.devices.disks.[].disk.bus')).toMatchObject({ type: 'string' })
  expect(at(document, vm, 'metadata.ownerReferences.[].blockOwnerDeletion')).toMatchObject({ type: 'boolean' })
})

test('writes custom kinds out as their CRDs do, and refers to named types in built-in ones', async () => {
  const custom = await documentOf('apis/kubevirt.io/v1')
  expect(Object.keys(custom.components.schemas).filter((name) => !/^io\.k(8s|ubevirt)\./.test(name))).toEqual([])
  const core = await documentOf('api/v1')
  // The one field of Kubernetes that begins with a capital letter.
  expect(at(core, 'io.k8s.api.core.v1.Node', 'status.daemonEndpoints.kubeletEndpoint.Port')).toMatchObject({ type: 'integer' })
  expect(at(core, 'io.k8s.api.core.v1.Pod', 'spec.containers.[].resources')).toMatchObject({
    properties: {
      limits: { additionalProperties: { $ref: '#/components/schemas/io.k8s.apimachinery.pkg.api.resource.Quantity' } },
    },
  })
})

test('has no reference that leads nowhere', async () => {
  const { paths } = (await server.request('viewer', 'GET', '/openapi/v3')).json<Index>()
  for (const path of Object.keys(paths)) {
    const answer = await server.request('viewer', 'GET', `/openapi/v3/${path}`)
    const { components } = answer.json<Document>()
    const referred = new Set([...answer.text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name))
    expect([...referred].filter((name) => name === undefined || !components.schemas[name])).toEqual([])
  }
})

test('says that writes take fieldValidation, which kubectl looks for', async () => {
  const { paths } = await documentOf('apis/kubevirt.io/v1')
  expect(paths['/apis/kubevirt.io/v1/namespaces/{namespace}/virtualmachines/{name}']).toMatchObject({
    patch: {
      'x-kubernetes-group-version-kind': { group: 'kubevirt.io', version: 'v1', kind: 'VirtualMachine' },
      parameters: expect.arrayContaining([expect.objectContaining({ name: 'fieldValidation' })]) as unknown,
    },
  })
})

test('answers a path that nothing is served under as not found', async () => {
  expect((await server.request('viewer', 'GET', '/openapi/v3/apis/nothing.example/v1')).code).toBe(404)
})
