// Typed access to the store for controllers: which key holds which kind, and the few ways in which they write.
import { randomUUID } from 'node:crypto'
import type * as k from '@virtdeck/k8s'
import type { Condition, KubeObject, ObjectMeta, OwnerReference, StoredMeta } from '@virtdeck/k8s'
import { apiResource, groupVersion } from '../api/api-resources.ts'
import { timestamp, type Clock } from '../clock.ts'
import type { Storage } from '../storage/storage.ts'
import type { LabelSelector } from './label-selectors.ts'

/** A kind for which this package needs no more than its shape here. */
type Loose<Spec, Status = Record<string, never>> = {
  apiVersion?: string
  kind?: string
  metadata: StoredMeta
  spec: Spec
  status?: Status
}

export type PersistentVolume = Loose<
  {
    capacity: { storage: string }
    accessModes: string[]
    storageClassName?: string
    volumeMode?: string
    persistentVolumeReclaimPolicy?: string
    claimRef?: { apiVersion: string; kind: string; namespace: string; name: string; uid: string }
    nodeAffinity?: { required: { nodeSelectorTerms: NodeSelectorTerm[] } }
    csi?: unknown
    local?: unknown
  },
  { phase?: string }
>
export type NodeSelectorTerm = { matchExpressions?: { key: string; operator: string; values?: string[] }[] }
export type VolumeSnapshot = Loose<
  { source: { persistentVolumeClaimName?: string }; volumeSnapshotClassName?: string },
  { readyToUse?: boolean; creationTime?: string; restoreSize?: string; boundVolumeSnapshotContentName?: string }
>
export type KubeVirt = Loose<
  {
    configuration?: {
      evictionStrategy?: string
      vmRolloutStrategy?: string
      migrations?: { parallelMigrationsPerCluster?: number; parallelOutboundMigrationsPerNode?: number }
    }
    workloadUpdateStrategy?: { workloadUpdateMethods?: string[] }
  },
  unknown
>
export type ControllerRevision = { apiVersion?: string; kind?: string; metadata: StoredMeta; data: unknown; revision: number }
export type DataSource = Loose<
  { source: { pvc?: { namespace: string; name: string }; snapshot?: { namespace: string; name: string } } },
  unknown
>
export type VirtualMachineExport = Loose<
  { source: { apiGroup?: string; kind: string; name: string }; tokenSecretRef?: string; ttlDuration?: string },
  {
    phase?: string
    conditions?: unknown
    links?: unknown
    serviceName?: string
    tokenSecretRef?: string
    ttlExpirationTime?: string
    virtualMachineName?: string
  }
>
export type DataImportCron = Loose<
  {
    template: { metadata?: ObjectMeta; spec?: k.DataVolume['spec'] }
    schedule?: string
    managedDataSource: string
    importsToKeep?: number
    garbageCollect?: string
    retentionPolicy?: string
  },
  {
    currentImports?: unknown
    lastImportedPVC?: { name: string; namespace: string }
    lastExecutionTimestamp?: string
    lastImportTimestamp?: string
    conditions?: unknown
    sourceFormat?: string
  }
>
export type VirtualMachinePool = Loose<
  {
    replicas?: number
    selector?: LabelSelector
    virtualMachineTemplate: { metadata?: ObjectMeta; spec: k.VirtualMachine['spec'] }
    paused?: boolean
    nameGeneration?: { appendIndexToConfigMapRefs?: boolean; appendIndexToSecretRefs?: boolean }
    maxUnavailable?: number | string
    scaleInStrategy?: { proactive?: { selectionPolicy?: { basePolicy?: string } } }
  },
  { replicas?: number; readyReplicas?: number; conditions?: unknown; labelSelector?: string }
>
export type VirtualMachineInstanceReplicaSet = Loose<
  {
    replicas?: number
    selector?: LabelSelector
    template: { metadata?: ObjectMeta; spec: k.VirtualMachineInstance['spec'] }
    paused?: boolean
  },
  { replicas?: number; readyReplicas?: number; conditions?: unknown; labelSelector?: string }
>
export type Service = Loose<unknown, unknown>
export type VolumeSnapshotClass = { metadata: StoredMeta; driver: string; deletionPolicy: string }

/** Storage keys and the kinds behind them. */
export type Kinds = {
  namespaces: k.Namespace
  nodes: k.Node
  pods: k.Pod
  events: k.Event
  secrets: k.Secret
  configmaps: k.ConfigMap
  services: Service
  persistentvolumeclaims: k.PersistentVolumeClaim
  persistentvolumes: PersistentVolume
  'controllerrevisions.apps': ControllerRevision
  'storageclasses.storage.k8s.io': k.StorageClass
  'virtualmachines.kubevirt.io': k.VirtualMachine
  'virtualmachineinstances.kubevirt.io': k.VirtualMachineInstance
  'virtualmachineinstancemigrations.kubevirt.io': k.VirtualMachineInstanceMigration
  'kubevirts.kubevirt.io': KubeVirt
  'virtualmachinesnapshots.snapshot.kubevirt.io': k.VirtualMachineSnapshot
  'virtualmachinesnapshotcontents.snapshot.kubevirt.io': k.VirtualMachineSnapshotContent
  'virtualmachinerestores.snapshot.kubevirt.io': k.VirtualMachineRestore
  'virtualmachineclones.clone.kubevirt.io': k.VirtualMachineClone
  'virtualmachineexports.export.kubevirt.io': VirtualMachineExport
  'virtualmachinepools.pool.kubevirt.io': VirtualMachinePool
  'virtualmachineinstancereplicasets.kubevirt.io': VirtualMachineInstanceReplicaSet
  'virtualmachineclusterinstancetypes.instancetype.kubevirt.io': k.VirtualMachineClusterInstancetype
  'virtualmachineinstancetypes.instancetype.kubevirt.io': k.VirtualMachineClusterInstancetype
  'virtualmachineclusterpreferences.instancetype.kubevirt.io': k.VirtualMachineClusterPreference
  'virtualmachinepreferences.instancetype.kubevirt.io': k.VirtualMachineClusterPreference
  'datavolumes.cdi.kubevirt.io': k.DataVolume
  'datasources.cdi.kubevirt.io': DataSource
  'dataimportcrons.cdi.kubevirt.io': DataImportCron
  'volumesnapshots.snapshot.storage.k8s.io': VolumeSnapshot
  'volumesnapshotclasses.snapshot.storage.k8s.io': VolumeSnapshotClass
}
export type Key = keyof Kinds

export const vms = 'virtualmachines.kubevirt.io'
export const vmis = 'virtualmachineinstances.kubevirt.io'
export const migrations = 'virtualmachineinstancemigrations.kubevirt.io'
export const dataVolumes = 'datavolumes.cdi.kubevirt.io'
export const dataSources = 'datasources.cdi.kubevirt.io'
export const dataImportCrons = 'dataimportcrons.cdi.kubevirt.io'
export const pvcs = 'persistentvolumeclaims'
export const snapshots = 'virtualmachinesnapshots.snapshot.kubevirt.io'
export const snapshotContents = 'virtualmachinesnapshotcontents.snapshot.kubevirt.io'
export const restores = 'virtualmachinerestores.snapshot.kubevirt.io'
export const pools = 'virtualmachinepools.pool.kubevirt.io'
export const replicaSets = 'virtualmachineinstancereplicasets.kubevirt.io'
export const vmExports = 'virtualmachineexports.export.kubevirt.io'
export const clones = 'virtualmachineclones.clone.kubevirt.io'
export const volumeSnapshots = 'volumesnapshots.snapshot.storage.k8s.io'

/** Metadata is completed by the store; status is the controllers' own. */
export type New<T> = Omit<T, 'metadata' | 'apiVersion' | 'kind'> & { metadata: ObjectMeta & { name: string } }

export type Objects = ReturnType<typeof createObjects>

/** The store, seen as typed objects. What it hands out is frozen by agreement. */
export function createObjects(storage: Storage, clock: Clock, uuid: () => string = randomUUID) {
  const get = <K extends Key>(key: K, namespace: string | undefined, name: string | undefined): Kinds[K] | undefined =>
    name ? (storage.get(key, namespace, name) as Kinds[K] | undefined) : undefined

  const update = <K extends Key>(key: K, object: Kinds[K]): Kinds[K] =>
    storage.update(key, object as unknown as KubeObject) as unknown as Kinds[K]

  const remove = <K extends Key>(key: K, object: Kinds[K], gracePeriodSeconds = 0): void => {
    const stored = get(key, object.metadata.namespace, object.metadata.name)
    if (!stored || stored.metadata.uid !== object.metadata.uid) return
    if (!stored.metadata.finalizers?.length && gracePeriodSeconds === 0) {
      storage.delete(key, stored.metadata.namespace, stored.metadata.name)
    } else if (!stored.metadata.deletionTimestamp) {
      update(key, {
        ...stored,
        metadata: {
          ...stored.metadata,
          deletionTimestamp: timestamp({ ...clock, now: () => clock.now() + gracePeriodSeconds * 1000 }),
          deletionGracePeriodSeconds: gracePeriodSeconds,
        },
      })
    }
  }

  return {
    get,
    update,
    /** Deletes: at once, or by marking where finalizers or a grace period ask for it. */
    remove,
    list: <K extends Key>(key: K, namespace?: string): readonly Kinds[K][] =>
      storage.list(key, namespace) as unknown as readonly Kinds[K][],
    create<K extends Key>(key: K, object: New<Kinds[K]>): Kinds[K] {
      const resource = apiResource(key)
      // The controllers' clock, not the store's: a scenario's past runs on a clock of its own.
      const metadata = { creationTimestamp: timestamp(clock), uid: uuid(), ...object.metadata }
      const complete = { apiVersion: groupVersion(resource), kind: resource.kind, ...object, metadata } as unknown as KubeObject
      return storage.create(key, complete) as unknown as Kinds[K]
    },
    setStatus<K extends Key>(key: K, object: Kinds[K], status: unknown): Kinds[K] {
      return update(key, { ...object, status } as unknown as Kinds[K])
    },
    setSpec<K extends Key>(key: K, object: Kinds[K], spec: unknown): Kinds[K] {
      return update(key, { ...object, spec } as unknown as Kinds[K])
    },
    setMetadata<K extends Key>(key: K, object: Kinds[K], metadata: Partial<ObjectMeta>): Kinds[K] {
      return update(key, { ...object, metadata: { ...object.metadata, ...metadata } })
    },
    /** Takes finalizers off, and lets go of an object that waited for nothing else. */
    removeFinalizers<K extends Key>(key: K, object: Kinds[K], gone: readonly string[]): void {
      const left = (object.metadata.finalizers ?? []).filter((finalizer) => !gone.includes(finalizer))
      if (left.length === (object.metadata.finalizers ?? []).length && left.length > 0) return
      const metadata = { ...object.metadata, finalizers: left }
      if (left.length === 0) delete (metadata as ObjectMeta).finalizers
      const stored = update(key, { ...object, metadata })
      if (left.length === 0 && stored.metadata.deletionTimestamp) storage.delete(key, stored.metadata.namespace, stored.metadata.name)
    },
  }
}

/** The reference from a controlled object to its controller. */
export function controllerRef(key: Key, owner: { metadata: StoredMeta }): OwnerReference {
  const resource = apiResource(key)
  return {
    apiVersion: groupVersion(resource),
    blockOwnerDeletion: true,
    controller: true,
    kind: resource.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
  }
}

export const controllerOf = (object: { metadata: ObjectMeta }): OwnerReference | undefined =>
  object.metadata.ownerReferences?.find((reference) => reference.controller)

type Conditioned = { status?: { conditions?: unknown } | undefined }

export const conditionsOf = (object: Conditioned | undefined): Condition[] => (object?.status?.conditions ?? []) as Condition[]

export const conditionOf = (object: Conditioned | undefined, type: string): Condition | undefined =>
  conditionsOf(object).find((condition) => condition.type === type)

export const isTrue = (object: Conditioned | undefined, type: string): boolean => conditionOf(object, type)?.status === 'True'

/**
 * Sets one condition in its place, or appends it; without a value takes it away. The transition time moves only when
 * the status does.
 */
export function withCondition(
  conditions: readonly Condition[],
  type: string,
  value: { status: 'True' | 'False'; reason?: string; message?: string; probed?: boolean } | undefined,
  now: string,
): Condition[] {
  const at = conditions.findIndex((condition) => condition.type === type)
  if (!value) return conditions.filter((condition) => condition.type !== type)
  const previous = conditions[at]
  const same = previous?.status === value.status && previous.reason === value.reason && previous.message === value.message
  if (previous && same) return [...conditions]
  const condition: Condition = {
    lastProbeTime: value.probed ? now : null,
    lastTransitionTime: previous?.status === value.status && !value.probed ? (previous.lastTransitionTime ?? now) : now,
    ...(value.message === undefined ? {} : { message: value.message }),
    ...(value.reason === undefined ? {} : { reason: value.reason }),
    status: value.status,
    type,
  }
  return at === -1 ? [...conditions, condition] : conditions.map((existing, i) => (i === at ? condition : existing))
}

export const keyOf = (object: { metadata: ObjectMeta }): string =>
  object.metadata.namespace ? `${object.metadata.namespace}/${object.metadata.name}` : (object.metadata.name ?? '')

/** `namespace/name` taken apart; cluster-scoped names have no namespace. */
export function splitKey(key: string): [namespace: string, name: string] {
  const slash = key.indexOf('/')
  return slash === -1 ? ['', key] : [key.slice(0, slash), key.slice(slash + 1)]
}
