// Resource descriptors and the paths that follow from them. A descriptor carries its kind's type.
import type * as k from './kinds.ts'
import type { KubeObject, ObjectRef } from './types.ts'

export type Resource<T = KubeObject> = {
  group: string
  version: string
  plural: string
  kind: string
  namespaced: boolean
  /** Type only: what the resource's objects are. Never present at run time. */
  readonly object?: T
}

function resource<T>(
  group: string,
  version: string,
  plural: string,
  kind: string,
  scope: 'Namespaced' | 'Cluster' = 'Namespaced',
): Resource<T> {
  return { group, version, plural, kind, namespaced: scope === 'Namespaced' }
}

/** Every resource that virtdeck reads or writes, by its API plural in camelCase. */
export const resources = {
  namespaces: resource<k.Namespace>('', 'v1', 'namespaces', 'Namespace', 'Cluster'),
  nodes: resource<k.Node>('', 'v1', 'nodes', 'Node', 'Cluster'),
  pods: resource<k.Pod>('', 'v1', 'pods', 'Pod'),
  events: resource<k.Event>('', 'v1', 'events', 'Event'),
  secrets: resource<k.Secret>('', 'v1', 'secrets', 'Secret'),
  configMaps: resource<k.ConfigMap>('', 'v1', 'configmaps', 'ConfigMap'),
  persistentVolumeClaims: resource<k.PersistentVolumeClaim>('', 'v1', 'persistentvolumeclaims', 'PersistentVolumeClaim'),
  podDisruptionBudgets: resource<k.PodDisruptionBudget>('policy', 'v1', 'poddisruptionbudgets', 'PodDisruptionBudget'),
  storageClasses: resource<k.StorageClass>('storage.k8s.io', 'v1', 'storageclasses', 'StorageClass', 'Cluster'),
  virtualMachines: resource<k.VirtualMachine>('kubevirt.io', 'v1', 'virtualmachines', 'VirtualMachine'),
  virtualMachineInstances: resource<k.VirtualMachineInstance>('kubevirt.io', 'v1', 'virtualmachineinstances', 'VirtualMachineInstance'),
  virtualMachineInstanceMigrations: resource<k.VirtualMachineInstanceMigration>(
    'kubevirt.io',
    'v1',
    'virtualmachineinstancemigrations',
    'VirtualMachineInstanceMigration',
  ),
  virtualMachineSnapshots: resource<k.VirtualMachineSnapshot>(
    'snapshot.kubevirt.io',
    'v1beta1',
    'virtualmachinesnapshots',
    'VirtualMachineSnapshot',
  ),
  virtualMachineSnapshotContents: resource<k.VirtualMachineSnapshotContent>(
    'snapshot.kubevirt.io',
    'v1beta1',
    'virtualmachinesnapshotcontents',
    'VirtualMachineSnapshotContent',
  ),
  virtualMachineRestores: resource<k.VirtualMachineRestore>(
    'snapshot.kubevirt.io',
    'v1beta1',
    'virtualmachinerestores',
    'VirtualMachineRestore',
  ),
  virtualMachineClones: resource<k.VirtualMachineClone>('clone.kubevirt.io', 'v1beta1', 'virtualmachineclones', 'VirtualMachineClone'),
  virtualMachineClusterInstancetypes: resource<k.VirtualMachineClusterInstancetype>(
    'instancetype.kubevirt.io',
    'v1beta1',
    'virtualmachineclusterinstancetypes',
    'VirtualMachineClusterInstancetype',
    'Cluster',
  ),
  virtualMachineClusterPreferences: resource<k.VirtualMachineClusterPreference>(
    'instancetype.kubevirt.io',
    'v1beta1',
    'virtualmachineclusterpreferences',
    'VirtualMachineClusterPreference',
    'Cluster',
  ),
  dataVolumes: resource<k.DataVolume>('cdi.kubevirt.io', 'v1beta1', 'datavolumes', 'DataVolume'),
  vmTemplates: resource<k.VmTemplate>('spectrocloud.com', 'v1', 'vmtemplates', 'VmTemplate', 'Cluster'),
} as const

/** `/api/v1` or `/apis/GROUP/VERSION`. */
export function groupVersionPath({ group, version }: Pick<Resource, 'group' | 'version'>): string {
  return group ? `/apis/${group}/${version}` : `/api/${version}`
}

/** `GROUP/VERSION` as an object's apiVersion has it. */
export function apiVersionOf({ group, version }: Pick<Resource, 'group' | 'version'>): string {
  return group ? `${group}/${version}` : version
}

/** Where a resource is listed, watched and created; without a namespace, across all of them. */
export function collectionPath(resource: Resource<unknown>, namespace?: string): string {
  const inNamespace = resource.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  return `${groupVersionPath(resource)}${inNamespace}/${resource.plural}`
}

/** Where one object, or one of its subresources, is. */
export function objectPath(resource: Resource<unknown>, ref: ObjectRef, subresource?: string): string {
  return `${collectionPath(resource, ref.namespace)}/${encodeURIComponent(ref.name)}${subresource ? `/${subresource}` : ''}`
}

/**
 * KubeVirt's action subresources live in their own aggregated group.
 * https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-api/api.go
 */
export function subresourcePath(plural: 'virtualmachines' | 'virtualmachineinstances', ref: Required<ObjectRef>, verb: string): string {
  return `/apis/subresources.kubevirt.io/v1/namespaces/${encodeURIComponent(ref.namespace)}/${plural}/${encodeURIComponent(ref.name)}/${verb}`
}
