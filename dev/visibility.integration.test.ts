// What a list, its counts, its facets and its search box tell somebody, held against what the API server itself lets them
// list: for rights of every kind, through the server and the page's own code.
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { collectionPath, resources, type KubeList, type KubeObject, type Resource } from '@virtdeck/k8s'
import type { Fleet, FleetRows } from '@virtdeck/kubevirt'
import { openBrowser, type Browser } from '../apps/server/src/testing/browser.ts'
import { askCluster } from '../apps/server/src/testing/cluster-request.ts'
import type { FleetKind } from '../apps/web/src/components/fleet/fleet-kind.ts'
import { createRowIndex, scanRows } from '../apps/web/src/components/fleet/scan.ts'
import { suggest } from '../apps/web/src/components/fleet/suggest.ts'
import { migrationFleet } from '../apps/web/src/features/migrations/migration-fleet.tsx'
import { snapshotFleet } from '../apps/web/src/features/snapshots/snapshot-fleet.tsx'
import { vmFleet } from '../apps/web/src/features/virtual-machines/vm-fleet.ts'
import { volumeFleet } from '../apps/web/src/features/volumes/volume-fleet.tsx'
import { startStack, type Stack } from './stack.ts'

const namespaces = ['team-a', 'team-b', 'walled']
const rbac = '/apis/rbac.authorization.k8s.io/v1'

/** Each fleet of namespaced objects: its own resource, and how its list is searched. */
const fleets = [
  { fleet: 'virtualmachines', own: resources.virtualMachines, kind: vmFleet },
  { fleet: 'virtualmachineinstancemigrations', own: resources.virtualMachineInstanceMigrations, kind: migrationFleet },
  { fleet: 'virtualmachinesnapshots', own: resources.virtualMachineSnapshots, kind: snapshotFleet },
  { fleet: 'persistentvolumeclaims', own: resources.persistentVolumeClaims, kind: volumeFleet },
] as const satisfies { fleet: Fleet; own: Resource; kind: unknown }[]

const optional = [resources.virtualMachineInstances, resources.dataVolumes, resources.virtualMachineRestores] as const
const listed = [...fleets.map(({ own }) => own), ...optional]

let stack: Stack
let browser: Browser

beforeAll(async () => {
  // Rights are asked for anew with every request.
  stack = await startStack({ scenario: 'small', speed: 20, server: { recheckMs: 1 } })
  await plantCanaries()
  await withdrawEverything()
  browser = openBrowser(stack.url)
  await browser.signIn({ mode: 'demo', user: 'user' })
})
afterAll(async () => stack?.[Symbol.asyncDispose]())

/** In each namespace an object of each fleet whose every word belongs to that namespace alone. */
async function plantCanaries(): Promise<void> {
  const walled = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'walled' } }
  expect((await askCluster(stack, 'admin', 'POST', '/api/v1/namespaces', walled)).code).toBe(201)
  for (const namespace of namespaces) {
    const name = `canary-${namespace}`
    const labels = { app: name, [`${name}.example.com/owner`]: name }
    const make = async (resource: Resource, object: object) => {
      const meta = { apiVersion: resource.group ? `${resource.group}/${resource.version}` : resource.version, kind: resource.kind }
      const { code } = await askCluster(stack, 'admin', 'POST', collectionPath(resource, namespace), {
        ...meta,
        metadata: { name, namespace, labels },
        ...object,
      })
      expect([resource.plural, code]).toEqual([resource.plural, 201])
    }
    const domain = { devices: {}, memory: { guest: '64Mi' } }
    await make(resources.virtualMachines, { spec: { runStrategy: 'Always', template: { metadata: { labels }, spec: { domain } } } })
    const claim = { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '1Gi' } } }
    await make(resources.persistentVolumeClaims, { spec: claim })
    const source = { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name }
    await make(resources.virtualMachineSnapshots, { spec: { source } })
    // Past admission, which wants a VMI that runs.
    stack.cluster.storage.create('virtualmachineinstancemigrations.kubevirt.io', {
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachineInstanceMigration',
      metadata: { name, namespace, labels },
      spec: { vmiName: name },
    })
  }
}

/** Takes from `user` what the scenario gives. */
async function withdrawEverything(): Promise<void> {
  type Binding = KubeObject & { subjects?: { kind: string; name: string }[] }
  for (const kind of ['rolebindings', 'clusterrolebindings']) {
    const { items } = (await askCluster(stack, 'admin', 'GET', `${rbac}/${kind}`)).body as KubeList<Binding>
    for (const { metadata, subjects } of items) {
      if (!subjects?.some((subject) => subject.kind === 'User' && subject.name === 'user')) continue
      const path = metadata.namespace ? `${rbac}/namespaces/${metadata.namespace}/${kind}` : `${rbac}/${kind}`
      expect((await askCluster(stack, 'admin', 'DELETE', `${path}/${metadata.name}`)).code).toBe(200)
    }
  }
}

/** Gives `user` the right to list exactly these, in a namespace or, with undefined, in all. */
async function grant(namespace: string | undefined, given: readonly Resource[]): Promise<void> {
  const [base, kind] = namespace === undefined ? [rbac, 'ClusterRole'] : [`${rbac}/namespaces/${namespace}`, 'Role']
  const path = `${base}/${kind.toLowerCase()}`
  const metadata = { name: 'random', ...(namespace === undefined ? {} : { namespace }) }
  const rules = given.map(({ group, plural }) => ({ apiGroups: [group], resources: [plural], verbs: ['list', 'watch'] }))
  const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind, metadata, rules }
  if ((await askCluster(stack, 'admin', 'PUT', `${path}s/random`, role)).code !== 404) return
  expect((await askCluster(stack, 'admin', 'POST', `${path}s`, role)).code).toBe(201)
  const apiGroup = 'rbac.authorization.k8s.io'
  const binding = {
    apiVersion: `${apiGroup}/v1`,
    kind: `${kind}Binding`,
    metadata,
    roleRef: { apiGroup, kind, name: 'random' },
    subjects: [{ apiGroup, kind: 'User', name: 'user' }],
  }
  expect((await askCluster(stack, 'admin', 'POST', `${path}bindings`, binding)).code).toBe(201)
}

/** The names that the API server itself lets `user` list; undefined where it refuses. */
async function listable(resource: Resource, namespace: string): Promise<string[] | undefined> {
  const { code, body } = await askCluster(stack, 'user', 'GET', collectionPath(resource, namespace))
  if (code === 403) return undefined
  expect(code).toBe(200)
  return (body as KubeList<KubeObject>).items.map(({ metadata }) => metadata.name ?? '')
}

/** Everything that the list's facets and its search box say, whatever somebody types. */
function everyWord<R extends object>({ language }: FleetKind<R & { uid: string; name: string }>, rows: R[], typed: string[]): string[] {
  const given = rows as (R & { uid: string; name: string })[]
  const { facets } = scanRows(language, createRowIndex({ language }), given, [])
  const source = { language, rows: given, facets }
  const keys = Object.keys(language.keys).map((key) => `${key}:`)
  return [
    ...Object.values(facets).flatMap((values) => [...values.keys()]),
    ...[...keys, ...typed].flatMap((text) => suggest(text, source).map(({ insert }) => insert)),
  ]
}

/** What somebody might type who looks for what they may not see. */
const typed = ['canary', 'team', 'walled', 'label:canary', 'label:app=']

const someOf = fc.subarray(listed.slice())
const rights = fc.record({
  everywhere: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: someOf }),
  inNamespaces: fc.tuple(...namespaces.map(() => someOf)),
})

test('tells of no namespace that one may not list: no row, no part of one, no count, facet or suggestion [F003] [P-10]', async () => {
  let shown = 0
  let hidden = 0
  await fc.assert(
    fc.asyncProperty(rights, async ({ everywhere, inNamespaces }) => {
      await grant(undefined, everywhere)
      for (const [index, namespace] of namespaces.entries()) await grant(namespace, inNamespaces[index] ?? [])
      for (const { fleet, own, kind } of fleets) {
        const { rows, access } = await browser.snapshot(fleet)
        const seen = rows as FleetRows[typeof fleet][]
        const words = everyWord(kind as unknown as FleetKind<(typeof seen)[number]>, seen, typed)
        const said = JSON.stringify([seen, access, words])
        for (const namespace of namespaces) {
          const names = await listable(own, namespace)
          const here = seen.filter((row) => row.namespace === namespace).map(({ name }) => name)
          if (names) shown += 1
          else hidden += 1
          // All that the API server shows is here, and the name of a namespace only where it shows anything.
          expect([fleet, namespace, (names ?? []).filter((name) => !here.includes(name))]).toEqual([fleet, namespace, []])
          const told = [said.includes(`canary-${namespace}`), words.includes(`namespace:${namespace}`), here.length > 0]
          expect([fleet, namespace, ...told]).toEqual([fleet, namespace, ...told.map(() => names !== undefined)])
        }
      }
      const { rows } = await browser.snapshot('virtualmachines')
      const mayNotSeeVmis = await Promise.all(
        namespaces.map(async (namespace) => ((await listable(resources.virtualMachineInstances, namespace)) ? [] : [namespace])),
      )
      const apart = rows.filter(({ namespace }) => mayNotSeeVmis.flat().includes(namespace))
      expect(apart.filter(({ bare, node, ips, agent }) => bare || node || ips || agent !== undefined)).toEqual([])
    }),
    { numRuns: 25 },
  )
  expect(shown).toBeGreaterThan(50)
  expect(hidden).toBeGreaterThan(50)
}, 120_000)
