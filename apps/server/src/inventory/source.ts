// A source of rows in the inventory's thread: what one credential may list, read, joined and projected into row stores.
import { collectionPath, resources, type KubeObject, type Resource } from '@virtdeck/k8s'
import { rowText, type Fleet } from '@virtdeck/kubevirt'
import { createJoins, fleetResources, rightsNamespace, type Objects } from './joins.ts'
import { keeperOf } from './kept.ts'
import type { FromWorker, InventoryResource, Scope, SourceId, Variant } from './messages.ts'
import { keyOf, startReflector, type Answer, type Reflector } from './reflector.ts'
import { createRowStore, type RowStore, type RowUpsert } from './rows.ts'
import type { Sharing } from './sharing.ts'

const descriptors: Record<InventoryResource, Resource> = {
  namespaces: resources.namespaces,
  nodes: resources.nodes,
  virtualmachines: resources.virtualMachines,
  virtualmachineinstances: resources.virtualMachineInstances,
  virtualmachineinstancemigrations: resources.virtualMachineInstanceMigrations,
  datavolumes: resources.dataVolumes,
  persistentvolumeclaims: resources.persistentVolumeClaims,
  virtualmachinesnapshots: resources.virtualMachineSnapshots,
  virtualmachinesnapshotcontents: resources.virtualMachineSnapshotContents,
  virtualmachinerestores: resources.virtualMachineRestores,
  vmtemplates: resources.vmTemplates,
}

export type Source = {
  /** The rows of a fleet in a variant, read and kept from the first time that somebody asks. */
  store(fleet: Fleet, variant: Variant): RowStore
  stop(): void
}

export type SourceOptions = {
  id: SourceId
  scopes: Partial<Record<InventoryResource, Scope>>
  sharing: Sharing
  /** Called between two pieces of what takes long: a list's objects, and the rows that are made of them. */
  giveWay(): void
  /** Opens a GET with the source's credential. */
  open(path: string, signal: AbortSignal): Promise<Answer>
  post(message: FromWorker): void
}

/** `uids` has the row that each key has, `dirty` the keys whose rows are to be made again. */
type Projection = { store: RowStore; uids: Map<string, string>; dirty: Set<string>; phase: 'waiting' | 'filling' | 'complete' }

/** How long rows are made at a time, while events and frames wait. */
const maxTurnMs = 8
/** More than live changes make at a time. */
const manyRows = 256

export function startSource({ id, scopes, sharing, giveWay, open, post }: SourceOptions): Source {
  /** By namespace; '' is all of them. */
  const reflectors = new Map<InventoryResource, Map<string, Reflector>>()
  const synced = new Set<string>()
  const projections = new Map<string, Projection>()
  const seen = new Set<string>()
  let scheduled = false

  const known: Objects = {
    get(resource, key) {
      const all = reflectors.get(resource)
      return (all?.get('') ?? all?.get(key.slice(0, Math.max(0, key.indexOf('/')))))?.objects.get(key)
    },
    *keys(resource) {
      for (const reflector of reflectors.get(resource)?.values() ?? []) yield* reflector.objects.keys()
    },
  }
  const joins = createJoins(known)

  const note = (resource: InventoryResource, key: string, before: KubeObject | undefined, after: KubeObject | undefined) => {
    for (const [fleet, row] of joins.note(resource, key, before, after)) {
      for (const { store, phase, dirty } of projections.values()) {
        // Rows of a fleet that nobody was shown yet are all made when it is.
        if (store.fleet === fleet && phase !== 'waiting') dirty.add(row)
      }
    }
    schedule()
  }
  const schedule = () => {
    if (scheduled) return
    scheduled = true
    setImmediate(flush)
  }

  /** Rows are made once per turn, however many events a turn had. */
  const flush = () => {
    scheduled = false
    for (const projection of projections.values()) {
      const { store, dirty } = projection
      if (!isSynced(store.fleet)) continue
      if (projection.phase === 'waiting') {
        for (const key of joins.keys(store.fleet)) dirty.add(key)
        projection.phase = 'filling'
      }
      project(projection)
      if (dirty.size > 0) {
        schedule()
      } else if (projection.phase === 'filling') {
        projection.phase = 'complete'
        store.complete()
        post({ type: 'projected', source: id, fleet: store.fleet, variant: store.variant })
      }
    }
  }
  const project = ({ store, uids, dirty }: Projection) => {
    const until = performance.now() + maxTurnMs
    const upsert: RowUpsert[] = []
    const remove: string[] = []
    const namespaces = new Set<string>()
    for (const key of dirty) {
      dirty.delete(key)
      const before = uids.get(key)
      let row
      try {
        row = joins.row(store.fleet, key, store.variant)
      } catch (error) {
        // One object that is not what its kind promises leaves its row as it was, and all others alone.
        post({ type: 'unreadable', fleet: store.fleet, key, message: error instanceof Error ? error.message : String(error) })
        continue
      }
      if (before !== undefined && before !== row?.uid) {
        remove.push(before)
        uids.delete(key)
      }
      if (row) {
        const namespace = rightsNamespace(row)
        uids.set(key, row.uid)
        upsert.push([row.uid, namespace, rowText(row)])
        if (!seen.has(namespace)) namespaces.add(namespace)
      }
      if (dirty.size > manyRows) giveWay()
      if (performance.now() > until) break
    }
    store.receive({ upsert, remove })
    if (namespaces.size === 0) return
    for (const namespace of namespaces) seen.add(namespace)
    post({ type: 'seen', source: id, namespaces: [...namespaces] })
  }

  const isSynced = (fleet: Fleet) => {
    const { own, optional } = fleetResources[fleet]
    return [own, ...optional].every((resource) => !scopes[resource] || synced.has(resource))
  }
  /** Reads and watches a resource from now on, if it is in this source's scope. */
  const reflect = (resource: InventoryResource) => {
    const scope = scopes[resource]
    if (!scope || reflectors.has(resource)) return
    const namespaces = scope === 'all' ? [undefined] : scope
    const waiting = new Set(namespaces)
    if (namespaces.length === 0) synced.add(resource)
    const start = (namespace: string | undefined) =>
      startReflector({
        path: collectionPath(descriptors[resource], namespace),
        open,
        trim: keeperOf(resource, sharing),
        onListed: giveWay,
        onSync(objects, before) {
          for (const [key, object] of objects) if (before.get(key) !== object) note(resource, key, before.get(key), object)
          for (const [key, object] of before) if (!objects.has(key)) note(resource, key, object, undefined)
          if (resource === 'namespaces') post({ type: 'namespaces', source: id, names: [...objects.keys()] })
        },
        onChange({ type, object, before }) {
          note(resource, keyOf(object), before, type === 'DELETED' ? undefined : object)
          if (resource === 'namespaces' && type !== 'MODIFIED')
            post({ type: 'namespaces', source: id, names: [...known.keys('namespaces')] })
        },
        onState(state) {
          if (state.phase === 'live' || state.phase === 'refused') waiting.delete(namespace)
          if (waiting.size === 0) synced.add(resource)
          schedule()
          post({ type: 'state', source: id, resource, ...(namespace ? { namespace } : {}), state })
        },
      })
    reflectors.set(resource, new Map(namespaces.map((namespace) => [namespace ?? '', start(namespace)])))
  }
  reflect('namespaces')

  return {
    store(fleet, variant) {
      const key = `${fleet} ${variant}`
      let projection = projections.get(key)
      if (!projection) {
        projection = { store: createRowStore(fleet, variant), uids: new Map(), dirty: new Set(), phase: 'waiting' }
        projections.set(key, projection)
        const { own, optional } = fleetResources[fleet]
        for (const resource of [own, ...optional]) reflect(resource)
        schedule()
      }
      return projection.store
    },
    stop() {
      for (const group of reflectors.values()) for (const reflector of group.values()) reflector.stop()
    },
  }
}
