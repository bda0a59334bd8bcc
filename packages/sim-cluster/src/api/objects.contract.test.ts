import type { KubeObject } from '@virtdeck/k8s'
import { describe, expect, test } from 'vitest'
import type { StoredObject } from '../storage/storage.ts'
import { startTestApiServer, type TestApiServer } from '../testing/test-api-server.ts'

const vms = '/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines'
const configMaps = '/api/v1/namespaces/team-a/configmaps'
const merge = 'application/merge-patch+json'
const vm = (name: string, more: Partial<KubeObject> = {}) => ({
  apiVersion: 'kubevirt.io/v1',
  kind: 'VirtualMachine',
  metadata: { name },
  spec: { runStrategy: 'Halted', template: { spec: { domain: { devices: {} } } } },
  ...more,
})
const configMap = (name: string, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data: { a: '1' },
})

const post = (server: TestApiServer, path: string, body: unknown) => server.request('admin', 'POST', path, { body })
const get = (server: TestApiServer, path: string) => server.request('admin', 'GET', path)
const patch = (server: TestApiServer, path: string, body: unknown, contentType = merge) =>
  server.request('admin', 'PATCH', path, { body, contentType })

describe('create', () => {
  test('fills what the server knows and ignores a status from the client', async () => {
    await using server = await startTestApiServer()
    const answer = await post(server, vms, vm('web-01', { status: { printableStatus: 'Running' } }))
    expect(answer.code).toBe(201)
    const created = answer.json<StoredObject>()
    expect(created).toMatchObject({ metadata: { name: 'web-01', namespace: 'team-a', generation: 1 } })
    expect(created.metadata.uid).toMatch(/^[0-9a-f-]{36}$/)
    expect(created.status).toBeUndefined()
  })

  test('makes a name from generateName', async () => {
    await using server = await startTestApiServer()
    const answer = await post(server, vms, { ...vm(''), metadata: { generateName: 'web-' } })
    expect(answer.json<StoredObject>().metadata.name).toMatch(/^web-[a-z0-9]{5}$/)
  })

  test('stores nothing in a dry run, and still refuses what exists', async () => {
    await using server = await startTestApiServer()
    const dry = await post(server, `${vms}?dryRun=All`, vm('web-01'))
    expect(dry.code).toBe(201)
    expect(dry.json<StoredObject>().metadata.resourceVersion).toBeUndefined()
    expect((await get(server, `${vms}/web-01`)).code).toBe(404)
    await post(server, vms, vm('web-01'))
    expect((await post(server, `${vms}?dryRun=All`, vm('web-01'))).json().reason).toBe('AlreadyExists')
  })

  test('turns stringData of a Secret into data', async () => {
    await using server = await startTestApiServer()
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'login' }, stringData: { password: 'fedora' } }
    const stored = (await post(server, '/api/v1/namespaces/team-a/secrets', secret)).json<StoredObject>()
    expect(stored).toMatchObject({ type: 'Opaque', data: { password: 'ZmVkb3Jh' } })
    expect(stored.stringData).toBeUndefined()
  })

  test.each([
    ['said in advance', {}],
    ['in chunks', { 'Transfer-Encoding': 'chunked' }],
  ])('refuses more than 3 MiB, %s, and says so', async (_how, headers) => {
    await using server = await startTestApiServer()
    const answer = await server.request('admin', 'POST', configMaps, { body: 'x'.repeat(4 * 1024 * 1024), headers })
    expect(answer.json()).toMatchObject({
      code: 413,
      reason: 'RequestEntityTooLarge',
      message: 'Request entity too large: limit is 3145728',
    })
  })

  test('reads YAML bodies', async () => {
    await using server = await startTestApiServer()
    const body = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-yaml}\n'
    expect((await server.request('admin', 'POST', configMaps, { body, contentType: 'application/yaml' })).code).toBe(201)
  })
})

describe('update and patch', () => {
  test('count the generation for a change of spec only', async () => {
    await using server = await startTestApiServer()
    await post(server, vms, vm('web-01'))
    const generation = async (body: object) => (await patch(server, `${vms}/web-01`, body)).json<StoredObject>().metadata.generation
    expect(await generation({ metadata: { labels: { a: 'b' } } })).toBe(1)
    expect(await generation({ spec: { runStrategy: 'Always' } })).toBe(2)
    expect(await generation({ status: { printableStatus: 'Hacked' } })).toBe(2)
    expect((await get(server, `${vms}/web-01`)).json<StoredObject>().status).toBeUndefined()
  })

  test('the status subresource changes the status and nothing else', async () => {
    await using server = await startTestApiServer()
    await post(server, vms, vm('web-01'))
    const answer = await patch(server, `${vms}/web-01/status`, { status: { printableStatus: 'Stopped' }, spec: { runStrategy: 'Always' } })
    expect(answer.json<StoredObject>()).toMatchObject({
      status: { printableStatus: 'Stopped' },
      spec: { runStrategy: 'Halted' },
      metadata: { generation: 1 },
    })
  })

  test('a patch that changes nothing makes no new version', async () => {
    await using server = await startTestApiServer()
    const { metadata } = (await post(server, vms, vm('web-01'))).json<StoredObject>()
    const again = await patch(server, `${vms}/web-01`, { spec: { runStrategy: 'Halted' } })
    expect(again.json<StoredObject>().metadata.resourceVersion).toBe(metadata.resourceVersion)
  })

  test('an update with an old version is refused, one without a version goes through', async () => {
    await using server = await startTestApiServer()
    const first = (await post(server, vms, vm('web-01'))).json<StoredObject>()
    await patch(server, `${vms}/web-01`, { metadata: { labels: { a: 'b' } } })
    const stale = await server.request('admin', 'PUT', `${vms}/web-01`, { body: first })
    expect(stale.json()).toMatchObject({ code: 409, reason: 'Conflict' })
    const { resourceVersion: _version, ...metadata } = first.metadata
    expect((await server.request('admin', 'PUT', `${vms}/web-01`, { body: { ...first, metadata } })).code).toBe(200)
  })

  test('a JSON patch applies whole or not at all', async () => {
    await using server = await startTestApiServer()
    await post(server, vms, vm('web-01'))
    const operations = [
      { op: 'replace', path: '/spec/runStrategy', value: 'Always' },
      { op: 'test', path: '/metadata/name', value: 'other' },
    ]
    expect((await patch(server, `${vms}/web-01`, operations, 'application/json-patch+json')).code).toBe(422)
    expect((await get(server, `${vms}/web-01`)).json<StoredObject>().spec).toMatchObject({ runStrategy: 'Halted' })
    const applied = await patch(server, `${vms}/web-01`, operations.slice(0, 1), 'application/json-patch+json')
    expect(applied.json<StoredObject>().spec).toMatchObject({ runStrategy: 'Always' })
  })

  test('a strategic merge patch merges the lists of a built-in kind by their keys', async () => {
    await using server = await startTestApiServer()
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: {
        containers: [
          { name: 'a', image: 'one' },
          { name: 'b', image: 'two' },
        ],
      },
    }
    await post(server, '/api/v1/namespaces/team-a/pods', pod)
    const body = {
      metadata: { finalizers: ['example.com/hold'] },
      spec: {
        containers: [
          { name: 'b', image: 'three' },
          { name: 'a', $patch: 'delete' },
        ],
      },
    }
    const patched = await patch(server, '/api/v1/namespaces/team-a/pods/p', body, 'application/strategic-merge-patch+json')
    expect(patched.json<StoredObject>()).toMatchObject({
      metadata: { finalizers: ['example.com/hold'] },
      spec: { containers: [{ name: 'b', image: 'three' }] },
    })
  })
})

describe('delete', () => {
  test('answers with a Status, and with the object where finalizers hold it', async () => {
    await using server = await startTestApiServer()
    await post(server, vms, vm('free'))
    await post(server, vms, { ...vm('held'), metadata: { name: 'held', finalizers: ['example.com/hold'] } })
    const free = await server.request('admin', 'DELETE', `${vms}/free`)
    expect(free.json()).toMatchObject({
      kind: 'Status',
      status: 'Success',
      details: { name: 'free', group: 'kubevirt.io', kind: 'virtualmachines' },
    })
    const held = (await server.request('admin', 'DELETE', `${vms}/held`)).json<StoredObject>()
    expect(held.metadata).toMatchObject({ deletionTimestamp: '2026-11-20T10:00:00Z', deletionGracePeriodSeconds: 0, generation: 2 })
    await patch(server, `${vms}/held`, { metadata: { finalizers: null } })
    expect((await get(server, `${vms}/held`)).code).toBe(404)
  })

  const owned = async (server: TestApiServer, name: string, uid: string, blockOwnerDeletion = false) =>
    post(
      server,
      configMaps,
      configMap(name, { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid, blockOwnerDeletion }] }),
    )
  const ownerUid = async (server: TestApiServer) => (await post(server, configMaps, configMap('owner'))).json<StoredObject>().metadata.uid

  test('takes dependents along in the background', async () => {
    await using server = await startTestApiServer()
    await owned(server, 'dependent', await ownerUid(server))
    await server.request('admin', 'DELETE', `${configMaps}/owner`)
    expect((await get(server, `${configMaps}/dependent`)).code).toBe(200)
    server.settle()
    expect((await get(server, `${configMaps}/dependent`)).code).toBe(404)
  })

  test('in the foreground waits for the dependents that block it', async () => {
    await using server = await startTestApiServer()
    await owned(server, 'dependent', await ownerUid(server), true)
    await patch(server, `${configMaps}/dependent`, { metadata: { finalizers: ['example.com/hold'] } })
    await server.request('admin', 'DELETE', `${configMaps}/owner`, { body: { propagationPolicy: 'Foreground' } })
    server.settle()
    const waiting = (await get(server, `${configMaps}/owner`)).json<StoredObject>()
    expect(waiting.metadata.finalizers).toEqual(['foregroundDeletion'])
    await patch(server, `${configMaps}/dependent`, { metadata: { finalizers: null } })
    server.settle()
    expect((await get(server, `${configMaps}/owner`)).code).toBe(404)
  })

  test('leaves orphans behind when asked to', async () => {
    await using server = await startTestApiServer()
    await owned(server, 'dependent', await ownerUid(server))
    await server.request('admin', 'DELETE', `${configMaps}/owner?propagationPolicy=Orphan`)
    server.settle()
    expect((await get(server, `${configMaps}/owner`)).code).toBe(404)
    const orphan = (await get(server, `${configMaps}/dependent`)).json<StoredObject>()
    expect(orphan.metadata.ownerReferences).toBeUndefined()
  })

  test('a collection goes by its selector', async () => {
    await using server = await startTestApiServer()
    await post(server, configMaps, configMap('a', { labels: { app: 'web' } }))
    await post(server, configMaps, configMap('b'))
    await server.request('admin', 'DELETE', `${configMaps}?labelSelector=app%3Dweb`)
    expect((await get(server, `${configMaps}/a`)).code).toBe(404)
    expect((await get(server, `${configMaps}/b`)).code).toBe(200)
  })

  test('a namespace takes what is in it, and accepts nothing new meanwhile', async () => {
    await using server = await startTestApiServer()
    await post(server, configMaps, configMap('held', { finalizers: ['example.com/hold'] }))
    const deleted = (await server.request('admin', 'DELETE', '/api/v1/namespaces/team-a')).json<StoredObject>()
    expect(deleted.status).toEqual({ phase: 'Terminating' })
    server.settle()
    const refused = await post(server, configMaps, configMap('late'))
    expect(refused.code).toBe(403)
    expect(refused.json().message).toBe(
      'configmaps "late" is forbidden: unable to create new content in namespace team-a because it is being terminated',
    )
    await patch(server, `${configMaps}/held`, { metadata: { finalizers: null } })
    server.clock.advance(1_000)
    expect((await get(server, '/api/v1/namespaces/team-a')).code).toBe(404)
  })
})
