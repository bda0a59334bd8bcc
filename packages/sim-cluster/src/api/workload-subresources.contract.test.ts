import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../testing/test-api-server.ts'
import type { StoredObject } from '../storage/storage.ts'

let server: TestApiServer
beforeAll(async () => {
  server = await startTestApiServer({
    objects: [
      [
        'virtualmachinepools.pool.kubevirt.io',
        {
          metadata: { name: 'pool', namespace: 'team-a' },
          spec: {
            replicas: 2,
            selector: { matchLabels: { app: 'web' } },
            virtualMachineTemplate: { spec: { template: { spec: { domain: { devices: {} } } } } },
          },
          status: { replicas: 2, labelSelector: 'app=web' },
        },
      ],
      [
        'deployments.apps',
        { metadata: { name: 'web', namespace: 'team-a' }, spec: { replicas: 1, selector: { matchLabels: { app: 'web', tier: 'front' } } } },
      ],
      ['pods', { metadata: { name: 'waiting', namespace: 'team-a' }, spec: { containers: [] }, status: { phase: 'Pending' } }],
    ],
  })
})
afterAll(() => server[Symbol.asyncDispose]())

describe('the scale subresource', () => {
  const pool = '/apis/pool.kubevirt.io/v1alpha1/namespaces/team-a/virtualmachinepools/pool'

  test('says how many replicas there are to be and are, and by which labels', async () => {
    const scale = (await server.request('admin', 'GET', `${pool}/scale`)).json<StoredObject>()
    expect(scale).toMatchObject({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      spec: { replicas: 2 },
      status: { replicas: 2, selector: 'app=web' },
    })
    const deployment = await server.request('admin', 'GET', '/apis/apps/v1/namespaces/team-a/deployments/web/scale')
    expect(deployment.json<StoredObject>()).toMatchObject({
      spec: { replicas: 1 },
      status: { replicas: 0, selector: 'app=web,tier=front' },
    })
  })

  test('changes the replicas by replacement and by patch, and nothing else', async () => {
    const scale = (await server.request('admin', 'GET', `${pool}/scale`)).json<StoredObject>()
    const put = await server.request('admin', 'PUT', `${pool}/scale`, { body: { ...scale, spec: { replicas: 5 } } })
    expect([put.code, put.json<StoredObject>()['spec']]).toEqual([200, { replicas: 5 }])
    const patch = await server.request('admin', 'PATCH', `${pool}/scale`, {
      body: { spec: { replicas: 3 } },
      contentType: 'application/merge-patch+json',
    })
    expect(patch.json<StoredObject>()).toMatchObject({ kind: 'Scale', spec: { replicas: 3 } })
    const stored = server.storage.get('virtualmachinepools.pool.kubevirt.io', 'team-a', 'pool')
    expect(stored).toMatchObject({ spec: { replicas: 3, selector: { matchLabels: { app: 'web' } } } })
    expect(stored?.metadata.managedFields?.at(-1)).toMatchObject({ subresource: 'scale', fieldsV1: { 'f:spec': { 'f:replicas': {} } } })
  })

  test('refuses an old version and a negative number', async () => {
    const scale = (await server.request('admin', 'GET', `${pool}/scale`)).json<StoredObject>()
    const old = { ...scale, metadata: { ...scale.metadata, resourceVersion: '1' } }
    expect((await server.request('admin', 'PUT', `${pool}/scale`, { body: old })).code).toBe(409)
    expect((await server.request('admin', 'PUT', `${pool}/scale`, { body: { ...scale, spec: { replicas: -1 } } })).code).toBe(422)
  })

  test('is a right of its own', async () => {
    const answer = await server.request('viewer', 'PATCH', `${pool}/scale`, { body: {}, contentType: 'application/merge-patch+json' })
    expect(answer.json().message).toContain('cannot patch resource "virtualmachinepools/scale" in API group "pool.kubevirt.io"')
  })
})

test('binds a pod to a node once', async () => {
  const path = '/api/v1/namespaces/team-a/pods/waiting/binding'
  const body = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'waiting' }, target: { kind: 'Node', name: 'node-1' } }
  expect((await server.request('admin', 'POST', path, { body })).code).toBe(201)
  expect(server.storage.get('pods', 'team-a', 'waiting')).toMatchObject({ spec: { nodeName: 'node-1' } })
  const again = await server.request('admin', 'POST', path, { body })
  expect([again.code, again.json().message]).toEqual([
    409,
    'Operation cannot be fulfilled on pods/binding "waiting": pod waiting is already assigned to node "node-1"',
  ])
  expect((await server.request('admin', 'GET', path)).code).toBe(405)
})
