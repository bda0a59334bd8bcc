// What of the cluster's objects leaves the server without being asked for object by object: rows, frames and its own answers,
// held against what their types declare, in a cluster where every object has a field and a word too many everywhere.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { collectionPath, objectPath, resources, type KubeObject, type Status } from '@virtdeck/k8s'
import type { DiskOrigin, Fleet, FleetRows } from '@virtdeck/kubevirt'
import type { Access, LiveMessage, Session, SnapshotHead, Ticket, UsageHead } from '../apps/server/src/protocol.ts'
import { inventoryResources } from '../apps/server/src/inventory/messages.ts'
import { message, openBrowser, readSnapshot, type Browser } from '../apps/server/src/testing/browser.ts'
import { askCluster } from '../apps/server/src/testing/cluster-request.ts'
import { demoUsers } from '../packages/sim-cluster/src/scenarios/demo-users.ts'
import { seedScenario } from '../packages/sim-cluster/src/scenarios/seed-scenario.ts'
import type { Storage } from '../packages/sim-cluster/src/storage/storage.ts'
import { startStack, type Stack } from './stack.ts'

type Keys<T> = T extends unknown ? keyof T : never
type Field<T, K> = T extends unknown ? (K extends keyof T ? T[K] : never) : never
/** Every field of T by its name, so that one more in T does not compile here: a list in brackets, `text` for names of people's choice. */
type Declared<T> = [T] extends [string | number | boolean]
  ? true
  : [T] extends [readonly (infer Item)[]]
    ? [Declared<Item>]
    : string extends Keys<T>
      ? 'texts'
      : { [K in Keys<T>]-?: Declared<NonNullable<Field<T, K>>> }

const identity = { uid: true, name: true, createdAt: true } as const
const origin = { kind: true, resource: true, namespace: true, name: true, host: true, image: true } satisfies Declared<DiskOrigin>

const rows = {
  virtualmachines: {
    ...identity,
    namespace: true,
    status: true,
    statusSince: true,
    message: true,
    runStrategy: true,
    cpus: true,
    memoryBytes: true,
    instancetype: true,
    preference: true,
    os: true,
    osName: true,
    node: true,
    ips: [true],
    labels: 'texts',
    agent: true,
    notMigratable: { reason: true, message: true },
    restartRequired: true,
    progress: true,
    migration: { name: true, phase: true, targetNode: true, startedAt: true },
    bare: true,
  },
  nodes: {
    ...identity,
    ready: true,
    unschedulable: true,
    schedulable: true,
    cpuMillicores: true,
    memoryBytes: true,
    labels: 'texts',
    taints: [{ key: true, value: true, effect: true }],
  },
  virtualmachineinstancemigrations: {
    ...identity,
    namespace: true,
    vmiName: true,
    phase: true,
    sourceNode: true,
    targetNode: true,
    startedAt: true,
    endedAt: true,
    failureReason: true,
  },
  virtualmachinesnapshots: {
    ...identity,
    namespace: true,
    vmName: true,
    phase: true,
    ready: true,
    takenAt: true,
    message: true,
    indications: [true],
    disks: [true],
    leftOut: [true],
    sizeBytes: true,
    restoredAt: true,
  },
  persistentvolumeclaims: {
    ...identity,
    namespace: true,
    phase: true,
    progress: true,
    message: true,
    sizeBytes: true,
    storageClass: true,
    accessModes: [true],
    volumeMode: true,
    source: true,
    vms: [true],
    owner: true,
    unclaimed: true,
  },
  vmtemplates: {
    ...identity,
    displayName: true,
    description: true,
    os: true,
    osName: true,
    family: true,
    cpus: true,
    memoryBytes: true,
    diskBytes: true,
    origin,
    image: true,
    progress: true,
    notReadyReason: true,
    labels: 'texts',
  },
} satisfies { [F in Fleet]: Declared<FleetRows[F]> }
const fleets = Object.keys(rows) as Fleet[]

const status = {
  kind: true,
  apiVersion: true,
  metadata: { resourceVersion: true, continue: true, remainingItemCount: true },
  status: true,
  message: true,
  reason: true,
  details: {
    name: true,
    group: true,
    kind: true,
    uid: true,
    causes: [{ reason: true, message: true, field: true }],
    retryAfterSeconds: true,
  },
  code: true,
} satisfies Declared<Status>

const head = {
  fleet: true,
  epoch: true,
  seq: true,
  access: { scope: true, namespaces: [true], status } satisfies Declared<Access>,
} satisfies Declared<SnapshotHead>

const session = {
  user: { name: true, groups: [true], groupsMissing: true },
  csrf: true,
  expiresAt: true,
  idleEndsAt: true,
  renewBefore: true,
  signIn: [{ mode: true, users: [{ name: true, description: true }], user: true }],
  cluster: { name: true, simulated: true, usage: true, warnings: [true], kubernetesVersion: true, kubevirtVersion: true },
} satisfies Declared<Session>

const ticket = { ticket: true } satisfies Declared<Ticket>
const usageHead = { askedAt: true, everyMs: true, at: true, problem: true } satisfies Declared<UsageHead>

/** Of messages that bear rows or objects, everything else. */
type Frame<T extends LiveMessage['type']> = Omit<Extract<LiveMessage, { type: T }>, 'upsert' | 'items' | 'object'>
const frames = {
  heartbeat: { type: true, now: true },
  delta: { type: true, fleet: true, epoch: true, seq: true, remove: [true] },
  digest: { type: true, fleet: true, epoch: true, seq: true, digest: true },
  reset: { type: true, fleet: true },
  'fleet-state': { type: true, fleet: true, state: true, since: true },
  objects: { type: true, id: true },
  event: { type: true, id: true, event: true },
  'watch-state': { type: true, id: true, state: true, since: true },
  'watch-error': { type: true, id: true, status },
} satisfies { [T in LiveMessage['type']]: Declared<Frame<T>> }

/** The paths of what a value holds and its type does not know. */
function undeclared(value: unknown, declared: unknown, path = ''): string[] {
  if (declared === true) return typeof value === 'object' ? [path] : []
  if (declared === 'texts') return Object.values(value as object).every((text) => typeof text === 'string') ? [] : [path]
  if (Array.isArray(declared)) return (value as unknown[]).flatMap((item, index) => undeclared(item, declared[0], `${path}[${index}]`))
  return Object.entries(value as object).flatMap(([key, inner]) => {
    const field = Object.hasOwn(declared as object, key) ? (declared as Record<string, unknown>)[key] : undefined
    return field === undefined ? [`${path}.${key}`] : undeclared(inner, field, `${path}.${key}`)
  })
}

const canary = 'xCanary'

/** The same object with a field too many in each object within, but for labels, which are shown as they are. */
function withCanaries<T>(value: T, key = ''): T {
  if (Array.isArray(value)) return value.map((item) => withCanaries<unknown>(item)) as T
  if (typeof value !== 'object' || value === null || key === 'labels' || key === 'matchLabels') return value
  const inner = Object.entries(value).map(([name, item]) => [name, withCanaries<unknown>(item, name)])
  return { ...(Object.fromEntries(inner) as T), [canary]: `${canary} of ${key}` }
}

const inventoried = Object.values(resources).filter(({ plural }) => (inventoryResources as readonly string[]).includes(plural))

function poison(storage: Storage): void {
  for (const { group, plural } of inventoried) {
    const key = group ? `${plural}.${group}` : plural
    for (const stored of storage.list(key)) {
      const { metadata, ...object } = stored as KubeObject
      storage.update(key, {
        ...withCanaries(object),
        metadata: {
          ...metadata,
          annotations: { ...metadata.annotations, [canary]: canary },
          managedFields: [{ manager: canary, operation: 'Update', fieldsV1: { [`f:${canary}`]: {} } }],
        },
      })
    }
  }
}

let stack: Stack
let browser: Browser

beforeAll(async () => {
  stack = await startStack({
    scenario: {
      users: demoUsers,
      seed(storage, clock) {
        seedScenario('small', { storage, clock })
        poison(storage)
      },
    },
    speed: 20,
  })
  browser = openBrowser(stack.url)
  await browser.signIn({ mode: 'demo', user: 'admin' })
})
afterAll(async () => stack?.[Symbol.asyncDispose]())

/** What no list is made of, wherever it comes from. */
const kept = /xCanary|managedFields|#cloud-config|userData|annotations/

test('lists hold the fields that their rows declare, and nothing else of the objects [L-08]', async () => {
  for (const fleet of fleets) {
    const text = await (await browser.request(`/api/inventory/${fleet}`)).text()
    expect(text).not.toMatch(kept)
    const { rows: found, ...first } = readSnapshot(text)
    expect([fleet, found.length > 0]).toEqual([fleet, true])
    expect(undeclared(first, head)).toEqual([])
    expect(undeclared(found, [rows[fleet]])).toEqual([])
  }
  // The canaries were there to be caught, in everything that rows are made of.
  expect(inventoried).toHaveLength(inventoryResources.length)
  const { body } = await askCluster(stack, 'admin', 'GET', collectionPath(resources.virtualMachines))
  expect(JSON.stringify(body)).toMatch(/xCanary of domain/)
})

test('so do the frames of their changes [L-08]', async () => {
  using live = await browser.live()
  const heads = await Promise.all(fleets.map((fleet) => browser.snapshot(fleet)))
  for (const { fleet, epoch, seq } of heads) await live.send({ type: 'fleet', fleet, epoch, seq })
  const { namespace = '', name } = (stack.cluster.storage.list('virtualmachines.kubevirt.io')[0] as KubeObject).metadata
  const snapshot = {
    apiVersion: 'snapshot.kubevirt.io/v1beta1',
    kind: 'VirtualMachineSnapshot',
    metadata: { name: 'watched', namespace, annotations: { [canary]: canary } },
    spec: { source: { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name } },
  }
  const { code } = await askCluster(stack, 'admin', 'POST', collectionPath(resources.virtualMachineSnapshots, namespace), snapshot)
  expect(code).toBe(201)
  await live.until(message('delta', ({ upsert }) => upsert.some((row) => row.name === 'watched' && 'ready' in row && row.ready === true)))
  for (const heard of live.messages) {
    expect(JSON.stringify(heard)).not.toMatch(kept)
    const { upsert, ...rest } = heard.type === 'delta' ? heard : { ...heard, upsert: [], fleet: undefined }
    expect(undeclared(heard.type === 'delta' ? rest : heard, frames[heard.type])).toEqual([])
    expect(undeclared(upsert, [rest.fleet && rows[rest.fleet]])).toEqual([])
  }
})

test('an object is what the API server gives that user, and of many nobody is told who wrote which field [L-08]', async () => {
  using live = await browser.live()
  const path = collectionPath(resources.virtualMachines, 'team-a')
  await live.send({ type: 'watch', id: 1, path, fieldSelector: 'metadata.name=web-01' })
  await live.send({ type: 'watch', id: 2, path })
  const [{ items: one, ...rest }, { items: all }] = await Promise.all([
    live.until(message('objects', ({ id }) => id === 1)),
    live.until(message('objects', ({ id }) => id === 2)),
  ])
  const { body } = await askCluster(stack, 'admin', 'GET', objectPath(resources.virtualMachines, { namespace: 'team-a', name: 'web-01' }))
  expect(one).toEqual([body])
  expect(undeclared(rest, frames.objects)).toEqual([])
  expect(all.length).toBeGreaterThan(1)
  expect(JSON.stringify(all)).not.toMatch(/managedFields/)
})

test('the server’s own answers tell what they declare, to strangers and to whoever is signed in [L-08]', async () => {
  const stranger = openBrowser(stack.url)
  for (const somebody of [stranger, browser]) expect(undeclared(await somebody.json('/api/session'), session)).toEqual([])
  const limited = openBrowser(stack.url)
  await limited.signIn({ mode: 'demo', user: 'user' })
  const { rows: none, ...refused } = readSnapshot(await (await limited.request('/api/inventory/nodes')).text())
  expect(none).toEqual([])
  expect(refused.access.scope).toBe('forbidden')
  expect(undeclared(refused, head)).toEqual([])
  expect(undeclared(await browser.json('/api/ws-ticket', { method: 'POST', body: { target: '/live' } }), ticket)).toEqual([])
  const [first = '', ...lines] = (await (await browser.request('/api/usage')).text()).trim().split('\n')
  expect(undeclared(JSON.parse(first), usageHead)).toEqual([])
  expect(lines.length).toBeGreaterThan(0)
  for (const line of lines) expect(JSON.parse(line)).toHaveLength(4)
})
