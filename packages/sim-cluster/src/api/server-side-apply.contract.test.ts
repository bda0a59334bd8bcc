import type { KubeObject } from '@virtdeck/k8s'
import { describe, expect, test } from 'vitest'
import type { StoredObject } from '../storage/storage.ts'
import { startTestApiServer, type TestApiServer } from '../testing/test-api-server.ts'

const vms = '/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines'
const apply = 'application/apply-patch+yaml'

const vm = (guest: string | undefined, labels: Record<string, string>): KubeObject => ({
  apiVersion: 'kubevirt.io/v1',
  kind: 'VirtualMachine',
  metadata: { name: 'web', namespace: 'team-a', labels },
  spec: { runStrategy: 'Halted', template: { spec: { domain: { ...(guest ? { memory: { guest } } : {}), devices: {} } } } },
})

const applyAs = (server: TestApiServer, manager: string, body: KubeObject, force = false) =>
  server.request('admin', 'PATCH', `${vms}/web?fieldManager=${manager}${force ? '&force=true' : ''}`, { body, contentType: apply })

describe('server-side apply', () => {
  test('creates what does not exist and records who owns which field', async () => {
    await using server = await startTestApiServer()
    const created = await applyAs(server, 'dash-a', vm('1Gi', { a: '1' }))
    expect(created.code).toBe(201)
    expect(created.json<StoredObject>().metadata.managedFields).toEqual([
      {
        apiVersion: 'kubevirt.io/v1',
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:labels': { 'f:a': {} } },
          'f:spec': { 'f:runStrategy': {}, 'f:template': { 'f:spec': { 'f:domain': { 'f:devices': {}, 'f:memory': { 'f:guest': {} } } } } },
        },
        manager: 'dash-a',
        operation: 'Apply',
        time: '2026-11-20T10:00:00Z',
      },
    ])
    const again = await applyAs(server, 'dash-a', vm('1Gi', { a: '1' }))
    expect(again.code).toBe(200)
    expect(again.json<StoredObject>().metadata.resourceVersion).toBe(created.json<StoredObject>().metadata.resourceVersion)
  })

  test('refuses to take a field of another manager, and names it', async () => {
    await using server = await startTestApiServer()
    await applyAs(server, 'dash-a', vm('1Gi', { a: '1' }))
    const refused = await applyAs(server, 'dash-b', vm('2Gi', { b: '2' }))
    expect(refused.code).toBe(409)
    expect(refused.json()).toMatchObject({
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "dash-a": .spec.template.spec.domain.memory.guest',
      details: {
        causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "dash-a"', field: '.spec.template.spec.domain.memory.guest' }],
      },
    })
  })

  test('takes it by force, and leaves what both agree on to both', async () => {
    await using server = await startTestApiServer()
    await applyAs(server, 'dash-a', vm('1Gi', { a: '1' }))
    const forced = (await applyAs(server, 'dash-b', vm('2Gi', { b: '2' }), true)).json<StoredObject>()
    expect(forced.metadata.labels).toEqual({ a: '1', b: '2' })
    expect(forced.metadata.generation).toBe(2)
    const [a, b] = forced.metadata.managedFields ?? []
    expect(a?.fieldsV1).toEqual({
      'f:metadata': { 'f:labels': { 'f:a': {} } },
      'f:spec': { 'f:runStrategy': {}, 'f:template': { 'f:spec': { 'f:domain': { 'f:devices': {} } } } },
    })
    expect(b?.fieldsV1).toMatchObject({
      'f:spec': { 'f:runStrategy': {}, 'f:template': { 'f:spec': { 'f:domain': { 'f:memory': { 'f:guest': {} } } } } },
    })
  })

  test('removes what a manager no longer applies, unless someone else holds it', async () => {
    await using server = await startTestApiServer()
    await applyAs(server, 'dash-a', vm('1Gi', { a: '1', shared: 'x' }))
    await applyAs(server, 'dash-b', vm(undefined, { shared: 'x' }))
    const left = (await applyAs(server, 'dash-a', vm(undefined, {}))).json<StoredObject>()
    expect(left.metadata.labels).toEqual({ shared: 'x' })
    expect(left.spec).toEqual({ runStrategy: 'Halted', template: { spec: { domain: { devices: {}, memory: {} } } } })
  })

  test('a change by another way of writing moves the field to that writer, and a later apply conflicts with it', async () => {
    await using server = await startTestApiServer()
    await applyAs(server, 'dash-a', vm('1Gi', {}))
    await server.request('admin', 'PATCH', `${vms}/web?fieldManager=hand`, {
      body: { spec: { runStrategy: 'Manual' } },
      contentType: 'application/merge-patch+json',
    })
    const refused = await applyAs(server, 'dash-a', vm('1Gi', {}))
    expect(refused.json().message).toBe(
      'Apply failed with 1 conflict: conflict with "hand" using kubevirt.io/v1 at 2026-11-20T10:00:00Z: .spec.runStrategy',
    )
  })

  test('defends what was there before the first apply', async () => {
    await using server = await startTestApiServer({
      objects: [['virtualmachines.kubevirt.io', { metadata: { name: 'web', namespace: 'team-a' }, spec: { runStrategy: 'Always' } }]],
    })
    const refused = await applyAs(server, 'dash-a', vm('1Gi', {}))
    expect(refused.json().details?.causes).toEqual([
      {
        reason: 'FieldManagerConflict',
        message: 'conflict with "before-first-apply" using kubevirt.io/v1 at 2026-11-20T10:00:00Z',
        field: '.spec.runStrategy',
      },
    ])
    const forced = await applyAs(server, 'dash-a', vm('1Gi', {}), true)
    expect(forced.json<StoredObject>().spec).toMatchObject({ runStrategy: 'Halted' })
  })

  test('accepts YAML and dry runs', async () => {
    await using server = await startTestApiServer()
    const body =
      'apiVersion: kubevirt.io/v1\nkind: VirtualMachine\nmetadata:\n  name: web\nspec:\n  runStrategy: Always\n  template: {spec: {domain: {devices: {}}}}\n'
    const answer = await server.request('admin', 'PATCH', `${vms}/web?fieldManager=x&dryRun=All`, { body, contentType: apply })
    expect(answer.code).toBe(201)
    expect((await server.request('admin', 'GET', `${vms}/web`)).code).toBe(404)
  })
})
