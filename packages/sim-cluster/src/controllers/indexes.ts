// Secondary indexes over the store, kept current by its events, as client-go's indexers are.
import { apiResource } from '../api/api-resources.ts'
import type { Storage } from '../storage/storage.ts'
import { controllerOf, keyOf, migrations, snapshots, restores, dataVolumes, vmis, vms, type Key, type Kinds } from './objects.ts'
import { claimNameOf } from './volumes.ts'
import type { Pod, VirtualMachine, VirtualMachineInstance } from '@virtdeck/k8s'

export type Index<T> = (term: string) => T[]

/** Objects of one resource by the terms that a function finds in them. */
function createIndex<K extends Key>(storage: Storage, key: K, termsOf: (object: Kinds[K]) => (string | undefined)[]): Index<Kinds[K]> {
  const byTerm = new Map<string, Map<string, Kinds[K]>>()
  const put = (object: Kinds[K]) => {
    for (const term of termsOf(object)) {
      if (term === undefined) continue
      let found = byTerm.get(term)
      if (!found) byTerm.set(term, (found = new Map()))
      found.set(keyOf(object), object)
    }
  }
  const drop = (object: Kinds[K]) => {
    for (const term of termsOf(object)) {
      if (term === undefined) continue
      const found = byTerm.get(term)
      found?.delete(keyOf(object))
      if (found?.size === 0) byTerm.delete(term)
    }
  }
  for (const object of storage.list(key)) put(object as unknown as Kinds[K])
  const resource = apiResource(key)
  storage.subscribe((event) => {
    if (event.resource !== resource) return
    if (event.previous) drop(event.previous as unknown as Kinds[K])
    if (event.type !== 'DELETED') put(event.object as unknown as Kinds[K])
  })
  return (term) => [...(byTerm.get(term)?.values() ?? [])]
}

/** The claims that a VM's or VMI's volumes name, as namespace/name. A DataVolume's claim has the DataVolume's name. */
export function claimsOf(object: VirtualMachine | VirtualMachineInstance): string[] {
  const spec = 'template' in object.spec ? object.spec.template.spec : object.spec
  return (spec?.volumes ?? []).flatMap((volume) => {
    const name = claimNameOf(volume)
    return name ? [`${object.metadata.namespace}/${name}`] : []
  })
}

export const isFinalMigration = (migration: Kinds[typeof migrations]): boolean =>
  migration.status?.phase === 'Succeeded' || migration.status?.phase === 'Failed'

export type Indexes = ReturnType<typeof createIndexes>

export function createIndexes(storage: Storage) {
  const activeMigrations = createIndex(storage, migrations, (migration) => (isFinalMigration(migration) ? [] : ['active']))
  return {
    /** Launcher pods by the uid of their VMI. */
    podsOfVmi: createIndex(storage, 'pods', (pod: Pod) => [controllerOf(pod)?.uid]),
    podsOnNode: createIndex(storage, 'pods', (pod: Pod) => [pod.spec?.nodeName]),
    /** Pods that no node has yet, under the term `pending`. */
    unscheduledPods: createIndex(storage, 'pods', (pod: Pod) => (pod.spec?.nodeName ? [] : ['pending'])),
    migrationsOfVmi: createIndex(storage, migrations, (migration) => [`${migration.metadata.namespace}/${migration.spec?.vmiName}`]),
    activeMigrations: () => activeMigrations('active'),
    vmsByClaim: createIndex(storage, vms, claimsOf),
    vmsOfOwner: createIndex(storage, vms, (vm) => [controllerOf(vm)?.uid]),
    vmisOfOwner: createIndex(storage, vmis, (vmi) => [controllerOf(vmi)?.uid]),
    /** VMIs without a launcher yet, by namespace. */
    pendingVmis: createIndex(storage, vmis, (vmi) => [vmi.status?.phase === 'Pending' ? vmi.metadata.namespace : undefined]),
    vmiByUid: createIndex(storage, vmis, (vmi) => [vmi.metadata.uid]),
    vmisByClaim: createIndex(storage, vmis, claimsOf),
    snapshotsOfVm: createIndex(storage, snapshots, (snapshot) => [`${snapshot.metadata.namespace}/${snapshot.spec?.source?.name}`]),
    restoresOfVm: createIndex(storage, restores, (restore) => [`${restore.metadata.namespace}/${restore.spec?.target?.name}`]),
    restoresOfSnapshot: createIndex(storage, restores, (restore) => [
      `${restore.metadata.namespace}/${restore.spec?.virtualMachineSnapshotName}`,
    ]),
    /** DataVolumes by what they are cloned from: `persistentvolumeclaims NAMESPACE/NAME`, `volumesnapshots ...`, `datasources ...`. */
    dataVolumesBySource: createIndex(storage, dataVolumes, (dv) => {
      const place = (plural: string, from: { namespace?: string; name?: string } | undefined) =>
        from && `${plural} ${from.namespace ?? dv.metadata.namespace}/${from.name}`
      return [
        place('persistentvolumeclaims', dv.spec?.source?.pvc),
        place('volumesnapshots', dv.spec?.source?.snapshot),
        place('datasources', dv.spec?.sourceRef),
      ]
    }),
  }
}
