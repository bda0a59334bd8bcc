// VolumeSnapshots that somebody else than KubeVirt takes: the CSI driver has them ready a moment later.
// https://github.com/kubernetes-csi/external-snapshotter/tree/release-8.2/pkg/common-controller
import { timestamp } from '../clock.ts'
import type { ControllerContext } from './context.ts'
import type { Controller } from './controller.ts'
import { delays } from './delays.ts'
import { keyOf, pvcs, splitKey, volumeSnapshots } from './objects.ts'
import { snapshotClassFor } from './volume-snapshot-status.ts'

export function volumeSnapshotController({ objects, clock, waits, disks, indexes }: ControllerContext): Controller {
  return {
    name: 'volume-snapshots',
    // A VM's snapshot looks after its own.
    keysOf: ({ resource, object, type }) =>
      resource.plural === 'volumesnapshots' && type !== 'DELETED' && !object.metadata.name.startsWith('vmsnapshot-') ? [keyOf(object)] : [],
    reconcile(key, reconcile) {
      const taken = objects.get(volumeSnapshots, ...splitKey(key))
      if (!taken || taken.status?.readyToUse || taken.metadata.deletionTimestamp) return
      const pvc = objects.get(pvcs, taken.metadata.namespace, taken.spec.source.persistentVolumeClaimName)
      if (pvc?.status?.phase !== 'Bound' || !snapshotClassFor(objects, pvc.spec?.storageClassName ?? '')) {
        reconcile.requeueAfter(delays.restartImporter)
        return
      }
      if (!waits.passed(`volume snapshot ${taken.metadata.uid}`, delays.snapshotVolume, reconcile)) return
      for (const vmi of indexes.vmisByClaim(keyOf(pvc))) disks.save(objects, vmi)
      disks.copy(pvc.metadata.uid, taken.metadata.uid)
      const restoreSize = (pvc.status.capacity as Record<string, string> | undefined)?.storage
      objects.setStatus(volumeSnapshots, taken, {
        boundVolumeSnapshotContentName: `snapcontent-${taken.metadata.uid}`,
        creationTime: timestamp(clock),
        readyToUse: true,
        ...(restoreSize ? { restoreSize } : {}),
      })
    },
  }
}
