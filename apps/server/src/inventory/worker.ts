// The inventory's thread: reflectors, joins and projections. The main thread gets rows as JSON text, and nothing else.
import { parentPort } from 'node:worker_threads'
import { collectionPath, resources, type KubeObject, type Resource } from '@virtdeck/k8s'
import { hashText, rowText, type Fleet } from '@virtdeck/kubevirt'
import type { Dial } from '../auth/kubeconfig.ts'
import { createUpstream } from '../k8s/upstream.ts'
import { readUsage, UsageProblem } from '../usage/prometheus.ts'
import type { UsageTarget } from '../usage/target.ts'
import { createJoins, fleetResources, rightsNamespace, type Objects } from './joins.ts'
import { keeperOf } from './kept.ts'
import type { FromWorker, InventoryResource, RowRemove, RowUpsert, Scope, SourceId, ToWorker, Variant } from './messages.ts'
import { keyOf, startReflector, type Reflector } from './reflector.ts'
import { createSharing } from './sharing.ts'

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

const port = parentPort
if (!port) throw new Error('this is a worker thread')
const post = (message: FromWorker) => port.postMessage(message)
const upstream = createUpstream()
const sharing = createSharing()
const sources = new Map<SourceId, { stop(): void; project(fleet: Fleet, variant: Variant): void }>()
const dials = new Map<number, { resolve(dial: Dial): void; reject(error: Error): void }>()
let dialId = 0

port.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'start':
      sources.set(message.source, startSource(message.source, message.scopes))
      return
    case 'stop':
      sources.get(message.source)?.stop()
      sources.delete(message.source)
      return
    case 'project':
      sources.get(message.source)?.project(message.fleet, message.variant)
      return
    case 'dial':
      dials.get(message.id)?.resolve(message.dial)
      dials.delete(message.id)
      return
    case 'dial-failed':
      dials.get(message.id)?.reject(new Error(message.message))
      dials.delete(message.id)
      return
    case 'usage':
      void answerUsage(message.id, message.target)
      return
  }
})

function dialFor(source: SourceId): Promise<Dial> {
  return new Promise((resolve, reject) => {
    const id = (dialId += 1)
    dials.set(id, { resolve, reject })
    post({ type: 'dial', id, source })
  })
}

async function answerUsage(id: number, target: UsageTarget): Promise<void> {
  try {
    post({ type: 'usage', id, measurements: await readUsage(target, upstream) })
  } catch (error) {
    const { message, details } = error instanceof UsageProblem ? error : new UsageProblem('What VMs use could not be read.', String(error))
    post({ type: 'usage-failed', id, message, details })
  }
}

/** Of a row that was sent, what tells whether it is another now. */
type Sent = { uid: string; namespace: string; high: number; low: number }
type Projection = { fleet: Fleet; variant: Variant; rows: Map<string, Sent>; begun: boolean }

function startSource(source: SourceId, scopes: Partial<Record<InventoryResource, Scope>>) {
  const reflectors = new Map<InventoryResource, Reflector[]>()
  const synced = new Set<string>()
  const projections = new Map<string, Projection>()
  const dirty = new Map<Fleet, Set<string>>()
  let scheduled = false

  const known: Objects = {
    get(resource, key) {
      for (const reflector of reflectors.get(resource) ?? []) {
        const found = reflector.objects.get(key)
        if (found) return found
      }
      return undefined
    },
    *keys(resource) {
      for (const reflector of reflectors.get(resource) ?? []) yield* reflector.objects.keys()
    },
  }
  const joins = createJoins(known)

  const note = (resource: InventoryResource, key: string, before: KubeObject | undefined, after: KubeObject | undefined) => {
    // Rows of a fleet that nobody was shown yet are all made when it is.
    for (const [fleet, row] of joins.note(resource, key, before, after)) dirty.get(fleet)?.add(row)
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
      if (!isSynced(projection.fleet)) continue
      // The first message has every row: what changed until then is in it.
      if (projection.begun) send(projection, dirty.get(projection.fleet) ?? [], false)
      else send(projection, joins.keys(projection.fleet), true)
      projection.begun = true
    }
    for (const [fleet, keys] of dirty) if (isSynced(fleet)) keys.clear()
  }
  const send = (projection: Projection, keys: Iterable<string>, whole: boolean) => {
    const upsert: RowUpsert[] = []
    const remove: RowRemove[] = []
    for (const key of keys) {
      const before = projection.rows.get(key)
      let row
      try {
        row = joins.row(projection.fleet, key, projection.variant)
      } catch (error) {
        // One object that is not what its kind promises leaves its row as it was, and all others alone.
        post({ type: 'unreadable', fleet: projection.fleet, key, message: error instanceof Error ? error.message : String(error) })
        continue
      }
      if (before && before.uid !== row?.uid) {
        remove.push([before.uid, before.namespace])
        projection.rows.delete(key)
      }
      if (!row) continue
      const json = rowText(row)
      const [high, low] = hashText(json)
      if (before?.uid === row.uid && before.high === high && before.low === low) continue
      const namespace = rightsNamespace(row)
      projection.rows.set(key, { uid: row.uid, namespace, high, low })
      upsert.push([row.uid, namespace, json, high, low])
    }
    if (!whole && upsert.length === 0 && remove.length === 0) return
    post({ type: 'rows', source, fleet: projection.fleet, variant: projection.variant, whole, upsert, remove })
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
    reflectors.set(
      resource,
      namespaces.map((namespace) =>
        startReflector({
          path: collectionPath(descriptors[resource], namespace),
          open: async (path, signal) => {
            const streams = path.includes('watch=1')
            return upstream.send(await dialFor(source), {
              method: 'GET',
              path,
              headers: { accept: 'application/json' },
              signal,
              timeoutMs: streams ? 60_000 : 30_000,
            })
          },
          trim: keeperOf(resource, sharing),
          onSync(objects, before) {
            for (const [key, object] of objects) if (before.get(key) !== object) note(resource, key, before.get(key), object)
            for (const [key, object] of before) if (!objects.has(key)) note(resource, key, object, undefined)
            if (resource === 'namespaces') post({ type: 'namespaces', source, names: [...objects.keys()] })
          },
          onChange({ type, object, before }) {
            note(resource, keyOf(object), before, type === 'DELETED' ? undefined : object)
            if (resource === 'namespaces' && type !== 'MODIFIED') post({ type: 'namespaces', source, names: [...known.keys('namespaces')] })
          },
          onState(state) {
            if (state.phase === 'live' || state.phase === 'refused') waiting.delete(namespace)
            if (waiting.size === 0) synced.add(resource)
            schedule()
            post({ type: 'state', source, resource, ...(namespace ? { namespace } : {}), state })
          },
        }),
      ),
    )
  }
  reflect('namespaces')

  return {
    stop() {
      for (const reflector of [...reflectors.values()].flat()) reflector.stop()
    },
    project(fleet: Fleet, variant: Variant) {
      const id = `${fleet} ${variant}`
      if (!projections.has(id)) projections.set(id, { fleet, variant, rows: new Map(), begun: false })
      if (!dirty.has(fleet)) dirty.set(fleet, new Set())
      const { own, optional } = fleetResources[fleet]
      for (const resource of [own, ...optional]) reflect(resource)
      schedule()
    },
  }
}
