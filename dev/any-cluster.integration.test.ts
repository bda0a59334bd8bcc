// What virtdeck takes for granted of an API server, asked of one: the simulated cluster, or with CLUSTER_KUBECONFIG=FILE a
// real one. The file has the contexts `admin` and `viewer`, with tokens; the viewer holds the ClusterRole view. KubeVirt's
// CRDs are enough; KubeVirt itself need not run.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { collectionPath, objectPath, resources, type KubeObject, type Status } from '@virtdeck/k8s'
import { startSimCluster } from '@virtdeck/sim-cluster'
import { startServer, type RunningServer } from '@virtdeck/server'
import { message, openBrowser, type Browser } from '../apps/server/src/testing/browser.ts'
import { memorySink } from '../apps/server/src/testing/memory-sink.ts'

type Kubeconfig = { users: { name: string; user: { token?: string } }[] }

const given = process.env['CLUSTER_KUBECONFIG']
/** What ends with the tests, the last opened first. */
const closing: (() => PromiseLike<void> | void)[] = []
const namespace = 'default'
const vm = { namespace, name: 'virtdeck-checked' }
const vms = `/k8s${collectionPath(resources.virtualMachines, namespace)}`
const vmPath = `/k8s${objectPath(resources.virtualMachines, vm)}`
const manifest: KubeObject = {
  apiVersion: 'kubevirt.io/v1',
  kind: 'VirtualMachine',
  metadata: vm,
  spec: {
    runStrategy: 'Halted',
    template: { metadata: { labels: { app: 'checked' } }, spec: { domain: { devices: {}, memory: { guest: '128Mi' } } } },
  },
}

let server: RunningServer
let admin: Browser
let viewer: Browser

beforeAll(async () => {
  let file = given
  if (file === undefined) {
    const cluster = await startSimCluster({ scenario: 'empty', speed: 20 })
    closing.push(() => cluster[Symbol.asyncDispose]())
    const directory = await mkdtemp(join(tmpdir(), 'virtdeck-cluster-'))
    closing.push(() => rm(directory, { recursive: true }))
    file = join(directory, 'config')
    await writeFile(file, cluster.kubeconfig(), { mode: 0o600 })
  }
  const kubeconfig = parse(await readFile(file, 'utf8')) as Kubeconfig
  server = await startServer({
    host: '127.0.0.1',
    port: 0,
    webRoot: '',
    kubeconfig: { file },
    context: 'admin',
    requireCluster: true,
    authMode: 'token',
    logLevel: 'silent',
    audit: { sink: memorySink() },
  })
  closing.push(() => server[Symbol.asyncDispose]())
  const signedIn = async (name: string) => {
    const browser = openBrowser(server.url)
    await browser.signIn({ mode: 'token', token: kubeconfig.users.find((user) => user.name === name)?.user.token ?? '' })
    return browser
  }
  admin = await signedIn('admin')
  viewer = await signedIn('viewer')
  await admin.request(vmPath, { method: 'DELETE' })
})
afterAll(async () => {
  for (const close of closing.toReversed()) await close()
})

test('knows who signed in and what the cluster is', async () => {
  const session = await admin.session()
  expect(session.user?.groups).toContain('system:authenticated')
  expect(session.cluster.kubernetesVersion).toMatch(/^v\d/)
  await expect(openBrowser(server.url).signIn({ mode: 'token', token: 'nobody' })).rejects.toThrow('sign-in answered 401')
})

test('follows a VM through its life, in the fleet and on its page', async () => {
  const before = await admin.snapshot('virtualmachines')
  expect(before.access).toEqual({ scope: 'cluster' })
  using live = await admin.live()
  await live.send({ type: 'fleet', fleet: 'virtualmachines', epoch: before.epoch, seq: before.seq })
  await live.send({
    type: 'watch',
    id: 1,
    path: collectionPath(resources.virtualMachines, namespace),
    fieldSelector: `metadata.name=${vm.name}`,
  })
  expect((await live.until(message('objects', ({ id }) => id === 1))).items).toEqual([])

  const created = await admin.request(vms, { method: 'POST', body: manifest })
  expect(created.status).toBe(201)
  const { uid } = ((await created.json()) as { metadata: { uid: string } }).metadata
  await live.until(message('delta', ({ upsert }) => upsert.some((row) => 'uid' in row && row.uid === uid)))
  await live.until(message('event', ({ event, object }) => event === 'ADDED' && object.metadata.uid === uid))

  const labelled = await admin.request(vmPath, {
    method: 'PATCH',
    contentType: 'application/merge-patch+json',
    body: { metadata: { labels: { tier: 'gold' } } },
  })
  expect(labelled.status).toBe(200)
  await live.until(message('event', ({ event, object }) => event === 'MODIFIED' && object.metadata.labels?.['tier'] === 'gold'))
  await live.until(message('delta', ({ upsert }) => JSON.stringify(upsert).includes('gold')))

  expect((await admin.request(vmPath, { method: 'DELETE' })).status).toBe(200)
  await live.until(message('event', ({ event, object }) => event === 'DELETED' && object.metadata.uid === uid))
  await live.until(message('delta', ({ remove }) => remove.some((key) => key.includes(vm.name) || key === uid)))
})

test("passes the API server's own refusals on, word for word", async () => {
  const status = async (path: string, options?: Parameters<Browser['request']>[1]) => {
    const response = await admin.request(path, options)
    return { http: response.status, ...((await response.json()) as Status) }
  }
  expect(await status(vmPath)).toMatchObject({
    http: 404,
    kind: 'Status',
    reason: 'NotFound',
    message: 'virtualmachines.kubevirt.io "virtdeck-checked" not found',
  })
  expect(await status(vms, { method: 'POST', body: { ...manifest, metadata: { namespace, name: 'Not_A_Name' } } })).toMatchObject({
    http: 422,
    reason: 'Invalid',
    details: { causes: [{ field: 'metadata.name' }] },
  })
  const { spec: _, ...withoutSpec } = manifest
  expect(await status(vms, { method: 'POST', body: withoutSpec })).toMatchObject({ http: 422, reason: 'Invalid' })
  const asJson = { contentType: 'application/json-patch+json' }
  await admin.request(vms, { method: 'POST', body: manifest })
  expect(
    await status(vmPath, { method: 'PATCH', ...asJson, body: [{ op: 'test', path: '/spec/runStrategy', value: 'Always' }] }),
  ).toMatchObject({
    http: 422,
    reason: 'Invalid',
  })
  expect(await status(vms, { method: 'POST', body: manifest })).toMatchObject({ http: 409, reason: 'AlreadyExists' })
  const stale = { ...manifest, metadata: { ...vm, resourceVersion: '1' } }
  expect(await status(vmPath, { method: 'PUT', body: stale })).toMatchObject({ http: 409, reason: 'Conflict' })
})

test('applies on the server side, and shows a conflict with its field', async () => {
  const apply = (manager: string, guest: string) =>
    admin.request(`${vmPath}?fieldManager=${manager}`, {
      method: 'PATCH',
      contentType: 'application/apply-patch+yaml',
      body: { ...manifest, spec: { ...(manifest['spec'] as object), template: { spec: { domain: { devices: {}, memory: { guest } } } } } },
    })
  await admin.request(vmPath, { method: 'DELETE' })
  expect((await apply('first', '128Mi')).status).toBe(201)
  const refused = await apply('second', '256Mi')
  expect(refused.status).toBe(409)
  expect(((await refused.json()) as Status).details?.causes).toMatchObject([
    { reason: 'FieldManagerConflict', field: '.spec.template.spec.domain.memory.guest' },
  ])
})

test('asks the cluster what a user may do, and lets the cluster decide', async () => {
  const review = (browser: Browser, verb: string) =>
    browser.json<{ status: { allowed: boolean } }>('/k8s/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      method: 'POST',
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: { verb, group: 'kubevirt.io', resource: 'virtualmachines', namespace } },
      },
    })
  expect((await review(admin, 'delete')).status.allowed).toBe(true)
  expect((await review(viewer, 'list')).status.allowed).toBe(true)
  expect((await review(viewer, 'delete')).status.allowed).toBe(false)
  const rules = await viewer.json<{ status: { resourceRules: unknown[] } }>('/k8s/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', {
    method: 'POST',
    body: { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace } },
  })
  expect(rules.status.resourceRules.length).toBeGreaterThan(0)
  const refused = await viewer.request(vmPath, { method: 'DELETE' })
  expect(refused.status).toBe(403)
  expect(((await refused.json()) as Status).message).toMatch(
    /cannot delete resource "virtualmachines" in API group "kubevirt\.io" in the namespace "default"/,
  )
  await expect.poll(async () => (await viewer.snapshot('virtualmachines')).rows.some((row) => row.name === vm.name)).toBe(true)
})

test('serves schemas for the editor, and every fleet without an error', async () => {
  const schema = await admin.json<{ components: { schemas: Record<string, unknown> } }>('/k8s/openapi/v3/apis/kubevirt.io/v1')
  expect(Object.keys(schema.components.schemas).some((name) => name.endsWith('v1.VirtualMachine'))).toBe(true)
  for (const fleet of [
    'virtualmachines',
    'nodes',
    'virtualmachineinstancemigrations',
    'virtualmachinesnapshots',
    'persistentvolumeclaims',
    'vmtemplates',
  ] as const) {
    const { access } = await admin.snapshot(fleet)
    expect([fleet, access]).toEqual([fleet, { scope: 'cluster' }])
  }
})

test('has the rows of a plain list after a burst of changes, removals and VMs of the same name [K-05]', async () => {
  const before = await admin.snapshot('virtualmachines')
  const rows = new Map(before.rows.map((row) => [row.uid, row]))
  using live = await admin.live()
  await live.send({ type: 'fleet', fleet: 'virtualmachines', epoch: before.epoch, seq: before.seq })
  const names = Array.from({ length: 8 }, (_, index) => `${vm.name}-${index}`)
  const pathOf = (name: string) => `/k8s${objectPath(resources.virtualMachines, { namespace, name })}`
  const create = async (name: string) => {
    const body = { ...manifest, metadata: { namespace, name } }
    expect((await admin.request(vms, { method: 'POST', body })).status).toBe(201)
  }
  await Promise.all(
    names.map(async (name, index) => {
      await create(name)
      for (let step = 0; step < 10; step += 1) {
        const body = { metadata: { labels: { step: String(step) } } }
        await admin.request(pathOf(name), { method: 'PATCH', contentType: 'application/merge-patch+json', body })
      }
      if (index % 2 === 0) await admin.request(pathOf(name), { method: 'DELETE' })
      if (index % 4 === 0) await create(name)
    }),
  )
  const list = async () =>
    (await admin.json<{ items: KubeObject[] }>(vms)).items.filter(({ metadata }) => names.includes(metadata.name ?? ''))
  const shown = (uid = '', labels = {}) => `${uid} ${JSON.stringify(labels)}`
  const expected = (await list()).map(({ metadata }) => shown(metadata.uid, metadata.labels)).toSorted()
  expect(expected).toHaveLength(6)
  const followed = () => {
    for (const each of live.messages.splice(0)) {
      if (each.type !== 'delta') continue
      for (const uid of each.remove) rows.delete(uid)
      for (const row of each.upsert as typeof before.rows) rows.set(row.uid, row)
    }
    return [...rows.values()]
      .filter(({ name }) => names.includes(name))
      .map((row) => shown(row.uid, row.labels))
      .toSorted()
  }
  await expect.poll(followed).toEqual(expected)
  await Promise.all(names.map((name) => admin.request(pathOf(name), { method: 'DELETE' })))
  await expect.poll(followed).toEqual([])
})
