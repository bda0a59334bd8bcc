import { gunzipSync } from 'node:zlib'
import { request as httpsRequest } from 'node:https'
import type { KubeObject, ListMeta } from '@virtdeck/k8s'
import { describe, expect, test } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../testing/test-api-server.ts'

type List = { apiVersion: string; kind: string; metadata: ListMeta; items: KubeObject[] }

const vms = '/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines'
const vm = (name: string, namespace = 'team-a', labels: Record<string, string> = {}): [string, KubeObject] => [
  'virtualmachines.kubevirt.io',
  { metadata: { name, namespace, labels }, spec: { runStrategy: 'Halted' } },
]
const fiveVms = ['a', 'b', 'c', 'd', 'e'].map((name) => vm(name))

const list = async (server: TestApiServer, path: string, headers?: Record<string, string>) =>
  (await server.request('admin', 'GET', path, headers ? { headers } : {})).json<List>()
const names = ({ items }: List) => items.map((item) => item.metadata.name)

describe('list', () => {
  test('pages show the moment of the first page, whatever changes meanwhile', async () => {
    await using server = await startTestApiServer({ objects: fiveVms })
    const first = await list(server, `${vms}?limit=2`)
    expect(names(first)).toEqual(['a', 'b'])
    expect(first.metadata.remainingItemCount).toBe(3)
    server.storage.create(...vm('bb'))
    server.storage.delete('virtualmachines.kubevirt.io', 'team-a', 'c')
    const second = await list(server, `${vms}?limit=2&continue=${first.metadata.continue}`)
    expect(names(second)).toEqual(['c', 'd'])
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion)
    const third = await list(server, `${vms}?limit=2&continue=${second.metadata.continue}`)
    expect(names(third)).toEqual(['e'])
    expect(third.metadata.continue).toBe('')
    expect(third.metadata.remainingItemCount).toBeUndefined()
  })

  test('an expired continue token is 410 with a fresh one, from which the rest can be listed', async () => {
    await using server = await startTestApiServer({ objects: fiveVms })
    const first = await list(server, `${vms}?limit=2`)
    server.storage.create(...vm('bb'))
    server.clock.advance(6 * 60_000)
    const expired = await server.request('admin', 'GET', `${vms}?limit=2&continue=${first.metadata.continue}`)
    expect(expired.code).toBe(410)
    const { reason, metadata } = expired.json()
    expect(reason).toBe('Expired')
    const rest = await list(server, `${vms}?limit=10&continue=${metadata.continue}`)
    expect(names(rest)).toEqual(['bb', 'c', 'd', 'e'])
  })

  test('across namespaces is ordered as etcd orders keys, and pages so', async () => {
    await using server = await startTestApiServer({ objects: [vm('z', 'team-a'), vm('a', 'team-b'), vm('m', 'team-a')] })
    const all = '/apis/kubevirt.io/v1/virtualmachines'
    const first = await list(server, `${all}?limit=1`)
    const second = await list(server, `${all}?limit=1&continue=${first.metadata.continue}`)
    const third = await list(server, `${all}?limit=1&continue=${second.metadata.continue}`)
    expect([first, second, third].flatMap(names)).toEqual(['m', 'z', 'a'])
  })

  test.each([
    ['app=web', ['a', 'c']],
    ['app!=web', ['b', 'd', 'e']],
    ['app in (web, db)', ['a', 'b', 'c']],
    ['app notin (web)', ['b', 'd', 'e']],
    ['app', ['a', 'b', 'c']],
    ['!app', ['d', 'e']],
    ['app=web,tier=gold', ['c']],
  ])('selects by label: %s', async (selector, expected) => {
    await using server = await startTestApiServer({
      objects: [
        vm('a', 'team-a', { app: 'web' }),
        vm('b', 'team-a', { app: 'db' }),
        vm('c', 'team-a', { app: 'web', tier: 'gold' }),
        vm('d'),
        vm('e'),
      ],
    })
    const found = await list(server, `${vms}?labelSelector=${encodeURIComponent(selector)}&limit=10`)
    expect(names(found)).toEqual(expected)
    expect(found.metadata.remainingItemCount).toBeUndefined()
  })

  test('selects pods by node and events by what they are about, and refuses fields that do not exist', async () => {
    const pod = (name: string, nodeName: string): [string, KubeObject] => [
      'pods',
      { metadata: { name, namespace: 'team-a' }, spec: { nodeName } },
    ]
    await using server = await startTestApiServer({ objects: [pod('a', 'node-1'), pod('b', 'node-2')] })
    expect(names(await list(server, '/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-2'))).toEqual(['b'])
    expect(names(await list(server, '/api/v1/pods?fieldSelector=spec.nodeName!%3Dnode-2'))).toEqual(['a'])
    const refused = await server.request('admin', 'GET', '/api/v1/pods?fieldSelector=spec.nonsense%3D1')
    expect(refused.code).toBe(400)
  })

  test('items of built-in kinds carry no type, those of custom resources do', async () => {
    await using server = await startTestApiServer({ objects: [vm('a')] })
    const namespaces = await list(server, '/api/v1/namespaces')
    expect(namespaces).toMatchObject({ kind: 'NamespaceList', apiVersion: 'v1' })
    expect(namespaces.items[0]).not.toHaveProperty('kind')
    expect((await list(server, vms)).items[0]).toMatchObject({ kind: 'VirtualMachine', apiVersion: 'kubevirt.io/v1' })
  })

  test('resourceVersion=0 comes whole, whatever the limit', async () => {
    await using server = await startTestApiServer({ objects: fiveVms })
    expect(names(await list(server, `${vms}?resourceVersion=0&limit=2`))).toHaveLength(5)
  })

  test('gives metadata only to who asks for it', async () => {
    await using server = await startTestApiServer({ objects: [vm('a')] })
    const partial = await list(server, vms, { Accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1' })
    expect(partial.kind).toBe('PartialObjectMetadataList')
    expect(Object.keys(partial.items[0] ?? {})).toEqual(['kind', 'apiVersion', 'metadata'])
  })

  test('compresses a big list for a client that accepts it', async () => {
    const many = Array.from({ length: 2000 }, (_, index) => vm(`vm-${index}`))
    await using server = await startTestApiServer({ objects: many })
    const { encoding, bytes } = await new Promise<{ encoding: string | undefined; bytes: Buffer }>((resolve, reject) => {
      const sent = httpsRequest(`${server.url}${vms}`, {
        ca: server.caCert,
        agent: false,
        headers: { Authorization: 'Bearer token-of-admin', 'Accept-Encoding': 'gzip' },
      })
      sent.once('error', reject)
      sent.once('response', (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.once('end', () => resolve({ encoding: response.headers['content-encoding'], bytes: Buffer.concat(chunks) }))
      })
      sent.end()
    })
    expect(encoding).toBe('gzip')
    expect((JSON.parse(gunzipSync(bytes).toString('utf8')) as List).items).toHaveLength(2000)
  })
})
