import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { KubeObject } from '@virtdeck/k8s'
import { addToSum, digestOf, emptySum, rowText, sumOfText, type Fleet, type RowSum } from '@virtdeck/kubevirt'
import { readSnapshot } from '../testing/browser.ts'
import { openView } from '../testing/one-thread.ts'
import { propertyRuns } from '../testing/property-runs.ts'
import { createJoins, fleetResources, fleets, rightsNamespace } from './joins.ts'
import { inventoryResources, type InventoryResource } from './messages.ts'
import { createRowStore, type RowUpsert } from './rows.ts'
import { askVisibility, visibilityKey, visibleVariants, type Ask, type Reach, type Visibility } from './visibility.ts'

const namespaceNames = ['team-a', 'team-b', 'team-c', 'kube-system']
const reach: fc.Arbitrary<Reach> = fc.oneof(
  fc.constant('all' as const),
  fc.subarray(namespaceNames).map((names) => new Set(names)),
)
const visibility: fc.Arbitrary<Visibility> = fc.record(
  Object.fromEntries(inventoryResources.map((resource) => [resource, reach])) as Record<InventoryResource, typeof reach>,
)
const may = (rights: Visibility, resource: InventoryResource, namespace: string) => {
  const held = rights[resource]
  return held === 'all' || held.has(namespace)
}

const listedIn = (held: Reach) => (held === 'all' ? held : [...held].toSorted())

/** An API server that knows the rights, and answers reviews as it pleases: rules completely, partly or not at all. */
function askOf(rights: Visibility, mode: 'complete' | 'incomplete' | 'empty', asked: string[] = []): Ask {
  return async <T>(path: string, body: unknown): Promise<T> => {
    const { spec } = body as { spec: { namespace?: string; resourceAttributes?: { resource: InventoryResource; namespace?: string } } }
    if (path.endsWith('selfsubjectaccessreviews')) {
      const { resource, namespace } = spec.resourceAttributes ?? { resource: 'nodes' as const, namespace: undefined }
      asked.push(`${resource}@${namespace ?? '*'}`)
      return { status: { allowed: namespace === undefined ? rights[resource] === 'all' : may(rights, resource, namespace) } } as T
    }
    asked.push(`rules@${spec.namespace}`)
    const known =
      mode === 'empty'
        ? []
        : inventoryResources.filter(
            (resource, index) => may(rights, resource, spec.namespace ?? '') && (mode === 'complete' || index % 2 === 0),
          )
    const resourceRules = known.map((resource) => ({
      verbs: ['get', 'list'],
      apiGroups: ['', 'kubevirt.io', 'cdi.kubevirt.io', 'snapshot.kubevirt.io', 'spectrocloud.com'],
      resources: [resource],
    }))
    return { status: { incomplete: mode !== 'complete', resourceRules, nonResourceRules: [] } } as T
  }
}

test('learns exactly the rights that the API server grants, however it answers rules reviews', async () => {
  await fc.assert(
    fc.asyncProperty(visibility, fc.constantFrom('complete' as const, 'incomplete' as const, 'empty' as const), async (rights, mode) => {
      const learned = await askVisibility(askOf(rights, mode), namespaceNames)
      for (const resource of inventoryResources) {
        for (const namespace of namespaceNames) {
          const clusterScoped = resource === 'nodes' || resource === 'namespaces' || resource === 'vmtemplates'
          expect(may(learned, resource, namespace)).toBe(clusterScoped ? rights[resource] === 'all' : may(rights, resource, namespace))
        }
      }
    }),
  )
})

test('asks about single namespaces only where the cluster as a whole is refused', async () => {
  const asked: string[] = []
  const all = Object.fromEntries(inventoryResources.map((resource) => [resource, 'all'])) as Visibility
  await askVisibility(askOf(all, 'complete', asked), namespaceNames)
  expect(asked.toSorted()).toEqual(inventoryResources.map((resource) => `${resource}@*`).toSorted())
})

type Row = { uid: string; namespace: string; parts: InventoryResource[] }

test('shows no row, and no part of a row, of a namespace whose resource may not be listed', async () => {
  const rows = fc.uniqueArray(fc.record({ uid: fc.uuid(), namespace: fc.constantFrom(...namespaceNames) }), {
    selector: ({ uid }) => uid,
    maxLength: 12,
  })
  await fc.assert(
    fc.asyncProperty(visibility, fc.constantFrom(...fleets), rows, rows, async (rights, fleet: Fleet, early, late) => {
      const { own, optional } = fleetResources[fleet]
      const stores = visibleVariants(rights, fleet).map((variant) => createRowStore(fleet, variant))
      const fill = (given: { uid: string; namespace: string }[], gone: { uid: string; namespace: string }[] = []) => {
        for (const store of stores) {
          const parts = store.variant ? store.variant.split('+') : []
          store.receive({
            upsert: given.map(({ uid, namespace }) => [uid, namespace, rowText({ uid, namespace, parts })]),
            remove: gone.map(({ uid }) => uid),
          })
        }
      }
      fill(early)
      const view = await openView(fleet, rights, stores)
      const frames: Buffer[] = []
      view.subscribe({ frame: (frame) => frames.push(frame), ended() {} })
      const snapshot = readSnapshot((await view.snapshot('identity')).body.toString()) as unknown as { rows: Row[] }
      const gone = early.filter(({ uid }) => !late.some((other) => other.uid === uid)).slice(0, 3)
      fill(late, gone)
      const { digest } = await view.digest()
      view.close()
      const deltas = frames.map((frame) => JSON.parse(frame.toString()) as { upsert: Row[]; remove: string[] })
      const shown = [...snapshot.rows, ...deltas.flatMap(({ upsert }) => upsert)]
      for (const row of shown) {
        expect(may(rights, own, row.namespace)).toBe(true)
        expect(row.parts).toEqual(optional.filter((resource) => may(rights, resource, row.namespace)))
      }
      const visible = early.filter(({ namespace }) => may(rights, own, namespace)).map(({ uid }) => uid)
      expect(snapshot.rows.map(({ uid }) => uid).toSorted()).toEqual(visible.toSorted())
      // Nor the end of a row, nor in the sum of all.
      const tab = new Map(snapshot.rows.map((row) => [row.uid, row]))
      for (const { upsert, remove } of deltas) {
        for (const uid of remove) expect(visible).toContain(uid)
        for (const uid of remove) tab.delete(uid)
        for (const row of upsert) tab.set(row.uid, row)
      }
      const sum = [...tab.values()].reduce<RowSum>((all, row) => addToSum(all, sumOfText(rowText(row))), emptySum)
      expect(digest).toBe(digestOf(sum))
    }),
  )
})

test('says of a template’s image only what the rights to the image’s namespace tell', async () => {
  const image = fc.record({ namespace: fc.constantFrom(...namespaceNames), name: fc.constantFrom('debian', 'fedora') })
  const volume = fc.record({ claim: fc.boolean(), progress: fc.constantFrom(undefined, '40%') })
  const volumes = fc.array(fc.tuple(image, volume), { maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(visibility, fc.array(image, { minLength: 1, maxLength: 6 }), volumes, async (anyRights, images, held) => {
      const rights = { ...anyRights, vmtemplates: 'all' as const }
      const shelves = new Map<string, KubeObject>()
      const objects = { get: (resource: string, key: string) => shelves.get(`${resource} ${key}`), keys: () => [] }
      const metadata = { uid: 'u', creationTimestamp: '2026-11-20T10:00:00Z' }
      for (const [{ namespace, name }, { claim, progress }] of held) {
        const key = `${namespace}/${name}`
        if (claim) shelves.set(`persistentvolumeclaims ${key}`, { metadata, status: { phase: 'Bound' } })
        if (progress) shelves.set(`datavolumes ${key}`, { metadata, spec: {}, status: { phase: 'ImportInProgress', progress } })
      }
      for (const [index, pvc] of images.entries()) {
        const disks = { devices: { disks: [{ name: 'root' }] } }
        shelves.set(`vmtemplates t${index}`, {
          metadata: { ...metadata, uid: `t${index}`, name: `t${index}` },
          spec: {
            dataVolumeTemplates: [{ metadata: { name: 'root' }, spec: { source: { pvc }, storage: {} } }],
            template: { spec: { domain: disks, volumes: [{ name: 'root', dataVolume: { name: 'root' } }] } },
          },
        })
      }
      const joins = createJoins(objects)
      const stores = visibleVariants(rights, 'vmtemplates').map((variant) => {
        const store = createRowStore('vmtemplates', variant)
        const rows = images.flatMap((_, index) => joins.row('vmtemplates', `t${index}`, variant) ?? [])
        const upsert = rows.map((row): RowUpsert => [row.uid, rightsNamespace(row), rowText(row)])
        store.receive({ upsert, remove: [] })
        return store
      })
      const view = await openView('vmtemplates', rights, stores)
      const { rows } = readSnapshot<'vmtemplates'>((await view.snapshot('identity')).body.toString())
      view.close()
      expect(rows.map(({ uid }) => uid).toSorted()).toEqual(images.map((_, index) => `t${index}`).toSorted())
      for (const { uid, image: told, progress } of rows) {
        const { namespace, name } = images[Number(uid.slice(1))] ?? { namespace: '', name: '' }
        const seen = (resource: InventoryResource) => may(rights, resource, namespace) && shelves.has(`${resource} ${namespace}/${name}`)
        const importing = seen('datavolumes')
        const missing = !importing && may(rights, 'persistentvolumeclaims', namespace) && !seen('persistentvolumeclaims')
        expect(told).toBe(importing ? 'importing' : missing ? 'missing' : 'ready')
        expect(progress).toBe(importing ? 40 : undefined)
      }
    }),
  )
})

test('gives the same key to those who see the same, and to nobody else', () => {
  const relevant = fc.constantFrom(...fleets).chain((fleet) => {
    const { own, optional } = fleetResources[fleet]
    return fc.record({ fleet: fc.constant(fleet), resource: fc.constantFrom(own, ...optional) })
  })
  // Two who may list all else alike, and the one thing here and there: as many namespaces as likely as not.
  fc.assert(
    fc.property(visibility, relevant, reach, reach, (rights, { fleet, resource }, here, there) => {
      const [one, another]: Visibility[] = [here, there].map((held) => ({ ...rights, [resource]: held }))
      if (!one || !another) return
      const same = JSON.stringify(listedIn(here)) === JSON.stringify(listedIn(there))
      expect(visibilityKey(one, fleet) === visibilityKey(another, fleet)).toBe(same)
    }),
    { numRuns: propertyRuns },
  )
  const turned = (held: Reach): Reach => (held === 'all' ? held : new Set([...held].toReversed()))
  fc.assert(
    fc.property(visibility, fc.constantFrom(...fleets), (one, fleet) => {
      const same = Object.fromEntries(Object.entries(one).map(([resource, held]) => [resource, turned(held)])) as Visibility
      expect(visibilityKey(same, fleet)).toBe(visibilityKey(one, fleet))
    }),
  )
})
