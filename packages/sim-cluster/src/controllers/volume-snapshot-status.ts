// status.volumeSnapshotStatuses: which volumes of a VM a snapshot can hold, and why not the others.
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/storage/snapshot/snapshot_base.go
import type { VirtualMachine } from '@virtdeck/k8s'
import { pvcs, type Objects } from './objects.ts'

export type VolumeSnapshotStatus = { enabled: boolean; name: string; reason?: string }

export function snapshotStatusesOf(objects: Objects, vm: VirtualMachine): VolumeSnapshotStatus[] {
  return (vm.spec.template?.spec?.volumes ?? []).map((volume) => {
    const { name } = volume
    const claimName = volume.dataVolume?.name ?? volume.persistentVolumeClaim?.claimName
    if (!claimName) return { enabled: false, name, reason: `Snapshot is not supported for this volumeSource type [${name}]` }
    const pvc = objects.get(pvcs, vm.metadata.namespace, claimName)
    if (!pvc) return { enabled: false, name, reason: 'PVC not found' }
    const storageClassName = pvc.spec?.storageClassName ?? ''
    if (snapshotClassFor(objects, storageClassName)) return { enabled: true, name }
    return {
      enabled: false,
      name,
      reason: `No VolumeSnapshotClass: Volume snapshots are not configured for this StorageClass [${storageClassName}] [${name}]`,
    }
  })
}

/** The VolumeSnapshotClass whose driver provisions a storage class. */
export function snapshotClassFor(objects: Objects, storageClassName: string) {
  const storageClass = objects.get('storageclasses.storage.k8s.io', undefined, storageClassName)
  if (!storageClass) return undefined
  return objects.list('volumesnapshotclasses.snapshot.storage.k8s.io').find((candidate) => candidate.driver === storageClass.provisioner)
}
