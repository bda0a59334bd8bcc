// PersistentVolumeClaims: the provisioner binds them (at once, or for their first consumer), grows and releases them.
// https://github.com/kubernetes/kubernetes/tree/release-1.32/pkg/controller/volume/persistentvolume
import type { PersistentVolumeClaim, VirtualMachineInstance } from '@virtdeck/k8s'
import type { ControllerContext } from './context.ts'
import type { Controller } from './controller.ts'
import { delays } from './delays.ts'
import { claimsOf } from './indexes.ts'
import { keyOf, pvcs, splitKey } from './objects.ts'
import { parseQuantity } from './quantity.ts'

export const protection = 'kubernetes.io/pvc-protection'

const storageRequest = (pvc: PersistentVolumeClaim): string =>
  ((pvc.spec?.resources?.requests as Record<string, string> | undefined)?.storage ?? '0') as string

export function claimController(context: ControllerContext): Controller {
  const { objects, indexes, waits, storage } = context

  /** The node that a late-binding local volume lands on: the one with the fewest of them. */
  function nodeForLocal(): string | undefined {
    const counts = new Map<string, number>()
    for (const node of objects.list('nodes')) {
      if (!node.spec?.unschedulable && node.metadata.labels?.['kubevirt.io/schedulable'] === 'true') counts.set(node.metadata.name, 0)
    }
    for (const volume of objects.list('persistentvolumes')) {
      const node = volume.spec.nodeAffinity?.required.nodeSelectorTerms[0]?.matchExpressions?.[0]?.values?.[0]
      if (node && counts.has(node)) counts.set(node, (counts.get(node) ?? 0) + 1)
    }
    return [...counts].sort((a, b) => a[1] - b[1])[0]?.[0]
  }

  function bind(pvc: PersistentVolumeClaim, provisioner: string, local: boolean): void {
    const { namespace = '', name, uid } = pvc.metadata
    const volumeName = `pvc-${uid}`
    const node = local ? nodeForLocal() : undefined
    const accessModes = (pvc.spec?.accessModes ?? ['ReadWriteOnce']) as string[]
    if (!objects.get('persistentvolumes', undefined, volumeName)) {
      objects.create('persistentvolumes', {
        metadata: {
          name: volumeName,
          annotations: { 'pv.kubernetes.io/provisioned-by': provisioner },
          finalizers: ['kubernetes.io/pv-protection'],
        },
        spec: {
          accessModes,
          capacity: { storage: storageRequest(pvc) },
          claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace, uid },
          ...(node
            ? {
                local: { path: `/opt/local-path-provisioner/${volumeName}_${namespace}_${name}` },
                nodeAffinity: {
                  required: {
                    nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] }],
                  },
                },
              }
            : { csi: { driver: provisioner, volumeHandle: volumeName } }),
          persistentVolumeReclaimPolicy: 'Delete',
          ...(pvc.spec?.storageClassName ? { storageClassName: pvc.spec.storageClassName } : {}),
          volumeMode: (pvc.spec?.volumeMode as string | undefined) ?? 'Filesystem',
        },
        status: { phase: 'Bound' },
      })
    }
    const bound = objects.update(pvcs, {
      ...pvc,
      metadata: {
        ...pvc.metadata,
        annotations: {
          ...pvc.metadata.annotations,
          'pv.kubernetes.io/bind-completed': 'yes',
          'pv.kubernetes.io/bound-by-controller': 'yes',
          'volume.beta.kubernetes.io/storage-provisioner': provisioner,
          'volume.kubernetes.io/storage-provisioner': provisioner,
          ...(node ? { 'volume.kubernetes.io/selected-node': node } : {}),
        },
      },
      spec: { ...pvc.spec, volumeMode: pvc.spec?.volumeMode ?? 'Filesystem', volumeName } as PersistentVolumeClaim['spec'],
    })
    objects.setStatus(pvcs, bound, { accessModes, capacity: { storage: storageRequest(pvc) }, phase: 'Bound' })
  }

  const inUse = (pvc: PersistentVolumeClaim) =>
    indexes
      .vmisByClaim(keyOf(pvc))
      .some((vmi) => vmi.status?.phase === 'Running' || vmi.status?.phase === 'Scheduled' || vmi.status?.phase === 'Scheduling')

  return {
    name: 'claims',
    keysOf({ resource, object }) {
      if (resource.plural === 'persistentvolumeclaims') return [keyOf(object)]
      if (resource.plural === 'virtualmachineinstances') return claimsOf(object as unknown as VirtualMachineInstance)
      return []
    },
    reconcile(key, reconcile) {
      let pvc = objects.get(pvcs, ...splitKey(key))
      if (!pvc) return
      if (pvc.metadata.deletionTimestamp) {
        if (inUse(pvc)) return
        const volume = objects.get('persistentvolumes', undefined, pvc.spec?.volumeName)
        if (volume) storage.delete('persistentvolumes', undefined, volume.metadata.name)
        context.disks.forget(pvc.metadata.uid)
        objects.removeFinalizers(pvcs, pvc, [protection])
        return
      }
      if (!pvc.metadata.finalizers?.includes(protection)) {
        pvc = objects.setMetadata(pvcs, pvc, { finalizers: [...(pvc.metadata.finalizers ?? []), protection] })
      }
      if (pvc.spec?.storageClassName === undefined) {
        const fallback = defaultStorageClass(context)
        if (fallback)
          pvc = objects.update(pvcs, { ...pvc, spec: { ...pvc.spec, storageClassName: fallback } as PersistentVolumeClaim['spec'] })
      }
      if (pvc.status?.phase !== 'Bound') {
        if (pvc.status?.phase === undefined) pvc = objects.setStatus(pvcs, pvc, { phase: 'Pending' })
        const storageClass = objects.get('storageclasses.storage.k8s.io', undefined, pvc.spec?.storageClassName)
        if (!storageClass) return
        const late = storageClass.volumeBindingMode === 'WaitForFirstConsumer'
        const asked = pvc.metadata.annotations?.['cdi.kubevirt.io/storage.bind.immediate.requested'] !== undefined
        if (late && !asked && indexes.vmisByClaim(key).length === 0) return
        if (!waits.passed(`bind ${pvc.metadata.uid}`, delays.bindVolume, reconcile)) return
        bind(pvc, storageClass.provisioner, late)
        return
      }
      const asked = parseQuantity(storageRequest(pvc)) ?? 0
      const has = parseQuantity((pvc.status.capacity as Record<string, string> | undefined)?.storage) ?? 0
      if (asked > has && waits.passed(`grow ${pvc.metadata.uid} ${asked}`, delays.bindVolume, reconcile)) {
        objects.setStatus(pvcs, pvc, { ...pvc.status, capacity: { storage: storageRequest(pvc) } })
      }
    },
  }
}

export function defaultStorageClass({ objects }: Pick<ControllerContext, 'objects'>): string | undefined {
  const classes = objects.list('storageclasses.storage.k8s.io')
  const marked = (annotation: string) => classes.find((candidate) => candidate.metadata.annotations?.[annotation] === 'true')
  return (marked('storageclass.kubevirt.io/is-default-virt-class') ?? marked('storageclass.kubernetes.io/is-default-class'))?.metadata.name
}
