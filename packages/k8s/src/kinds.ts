// The kinds that virtdeck handles, under the names the field uses, over the generated upstream types.
import type { V1beta1DataVolume } from '@kubevirt-ui-ext/kubevirt-api/containerized-data-importer'
import type {
  IoK8sApiAuthorizationV1SelfSubjectAccessReview,
  IoK8sApiAuthorizationV1SelfSubjectRulesReview,
  IoK8sApiCoreV1ConfigMap,
  IoK8sApiCoreV1Event,
  IoK8sApiCoreV1Namespace,
  IoK8sApiCoreV1Node,
  IoK8sApiCoreV1PersistentVolumeClaim,
  IoK8sApiCoreV1Pod,
  IoK8sApiCoreV1Secret,
  IoK8sApiPolicyV1PodDisruptionBudget,
  IoK8sApiStorageV1StorageClass,
} from '@kubevirt-ui-ext/kubevirt-api/kubernetes'
import type {
  V1VirtualMachine,
  V1VirtualMachineInstance,
  V1VirtualMachineInstanceMigration,
  V1beta1VirtualMachineClone,
  V1beta1VirtualMachineClusterInstancetype,
  V1beta1VirtualMachineClusterPreference,
  V1beta1VirtualMachineRestore,
  V1beta1VirtualMachineSnapshot,
  V1beta1VirtualMachineSnapshotContent,
} from '@kubevirt-ui-ext/kubevirt-api/kubevirt'
import type { ObjectMeta, Stored } from './types.ts'

export type VirtualMachine = Stored<V1VirtualMachine>
export type VirtualMachineInstance = Stored<V1VirtualMachineInstance>
export type VirtualMachineInstanceMigration = Stored<V1VirtualMachineInstanceMigration>
export type VirtualMachineSnapshot = Stored<V1beta1VirtualMachineSnapshot>
export type VirtualMachineSnapshotContent = Stored<V1beta1VirtualMachineSnapshotContent>
export type VirtualMachineRestore = Stored<V1beta1VirtualMachineRestore>
export type VirtualMachineClone = Stored<V1beta1VirtualMachineClone>
export type VirtualMachineClusterInstancetype = Stored<V1beta1VirtualMachineClusterInstancetype>
export type VirtualMachineClusterPreference = Stored<V1beta1VirtualMachineClusterPreference>
export type DataVolume = Stored<V1beta1DataVolume>
export type Namespace = Stored<IoK8sApiCoreV1Namespace>
export type Node = Stored<IoK8sApiCoreV1Node>
export type Pod = Stored<IoK8sApiCoreV1Pod>
export type Event = Stored<IoK8sApiCoreV1Event>
export type Secret = Stored<IoK8sApiCoreV1Secret>
export type ConfigMap = Stored<IoK8sApiCoreV1ConfigMap>
export type PersistentVolumeClaim = Stored<IoK8sApiCoreV1PersistentVolumeClaim>
export type PodDisruptionBudget = Stored<IoK8sApiPolicyV1PodDisruptionBudget>
export type StorageClass = Stored<IoK8sApiStorageV1StorageClass>
export type SelfSubjectAccessReview = IoK8sApiAuthorizationV1SelfSubjectAccessReview
export type SelfSubjectRulesReview = IoK8sApiAuthorizationV1SelfSubjectRulesReview

/** A kind before the API server has seen it: metadata is what the client wrote. */
export type Draft<T extends { metadata: unknown }> = Omit<T, 'metadata' | 'status'> & { metadata: ObjectMeta }

/**
 * Spectro Cloud's VmTemplate (spectrocloud.com/v1, cluster-scoped). Its CRD is not published: the shape is that of the
 * documented examples, where the "parameters" are the form that patches name, cores, memory and image into it.
 * https://docs.spectrocloud.com/vm-management/create-manage-vm/create-vm-template/
 */
export type VmTemplate = Stored<{
  apiVersion?: string
  kind?: string
  metadata?: ObjectMeta
  spec: {
    displayName?: string
    description?: string
    icon?: string
    running?: boolean
    runStrategy?: string
    dataVolumeTemplates?: NonNullable<VirtualMachine['spec']>['dataVolumeTemplates']
    template: NonNullable<VirtualMachine['spec']>['template']
  }
}>
