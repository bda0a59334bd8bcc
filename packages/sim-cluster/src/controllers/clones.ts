// VirtualMachineClones: a temporary snapshot, a temporary restore to the new name, and both are gone.
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-controller/watch/clone/clone.go
import type { VirtualMachineClone } from '@virtdeck/k8s'
import { timestamp } from '../clock.ts'
import type { ControllerContext } from './context.ts'
import type { Controller } from './controller.ts'
import { clones, conditionsOf, controllerOf, controllerRef, keyOf, restores, snapshots, splitKey, vms, withCondition } from './objects.ts'

export function cloneController({ objects, clock, random, record }: ControllerContext): Controller {
  const component = { component: 'clone-controller' }

  function setStatus(
    clone: VirtualMachineClone,
    change: object,
    progressing: ['True' | 'False', string],
    ready: ['True' | 'False', string],
  ) {
    const now = timestamp(clock)
    let conditions = withCondition(conditionsOf(clone as never), 'Progressing', { status: progressing[0], reason: progressing[1] }, now)
    conditions = withCondition(conditions, 'Ready', { status: ready[0], reason: ready[1] }, now)
    return objects.setStatus(clones, clone, { ...clone.status, ...change, conditions })
  }
  const going = [
    ['True', 'Still processing'],
    ['False', 'Still processing'],
  ] as const

  return {
    name: 'clones',
    keysOf({ resource, object }) {
      if (resource.plural === 'virtualmachineclones') return [keyOf(object)]
      if (resource.plural === 'virtualmachinesnapshots' || resource.plural === 'virtualmachinerestores') {
        const owner = controllerOf(object)
        return owner?.kind === 'VirtualMachineClone' ? [`${object.metadata.namespace}/${owner.name}`] : []
      }
      return []
    },
    reconcile(key, reconcile) {
      const clone = objects.get(clones, ...splitKey(key))
      if (!clone || clone.metadata.deletionTimestamp) return
      const { phase } = clone.status ?? {}
      if (phase === 'Succeeded' || phase === 'Failed') return
      const { namespace, uid } = clone.metadata
      const place = namespace ? { namespace } : {}
      const source = clone.spec?.source
      const targetName = clone.spec?.target?.name ?? clone.status?.targetName ?? `clone-${source?.name}-${random.suffix()}`
      const snapshotName = source?.kind === 'VirtualMachineSnapshot' ? source.name : `tmp-snapshot-${uid}`
      const restoreName = `tmp-restore-${uid}`

      if (source?.kind === 'VirtualMachine' && !objects.get(vms, namespace, source.name)) {
        const why = `Source doesnt exist: VirtualMachine ${source.name} does not exist in namespace ${namespace}`
        record(clone, 'Warning', 'SourceDoesNotExist', why, component)
        setStatus(clone, { phase: 'SnapshotInProgress' }, ['True', why], ['False', why])
        reconcile.requeueAfter(5_000)
        return
      }
      const snapshot = objects.get(snapshots, namespace, snapshotName)
      if (!snapshot && source?.kind === 'VirtualMachine') {
        objects.create(snapshots, {
          metadata: { name: snapshotName, ...place, ownerReferences: [controllerRef(clones, clone)] },
          spec: { source: { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: source.name } },
        })
        record(clone, 'Normal', 'SnapshotCreated', `created snapshot ${snapshotName} for clone ${clone.metadata.name}`, component)
        setStatus(clone, { phase: 'SnapshotInProgress', snapshotName }, ...mutable(going))
        return
      }
      if (!snapshot?.status?.readyToUse) return
      const restore = objects.get(restores, namespace, restoreName)
      if (!restore) {
        objects.create(restores, {
          metadata: { name: restoreName, ...place, ownerReferences: [controllerRef(clones, clone)] },
          spec: {
            patches: patchesOf(clone),
            target: { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: targetName },
            virtualMachineSnapshotName: snapshotName,
          },
        })
        record(clone, 'Normal', 'RestoreCreated', `created restore ${restoreName} for clone ${clone.metadata.name}`, component)
        setStatus(clone, { phase: 'RestoreInProgress', restoreName, targetName }, ...mutable(going))
        return
      }
      if (!restore.status?.complete) return
      objects.remove(restores, restore)
      if (source?.kind === 'VirtualMachine') objects.remove(snapshots, snapshot)
      const { snapshotName: _, restoreName: __, ...status } = clone.status ?? {}
      record(clone, 'Normal', 'TargetVMCreated', `created target VM ${targetName} for clone ${clone.metadata.name}`, component)
      setStatus({ ...clone, status } as VirtualMachineClone, { phase: 'Succeeded', targetName }, ['False', 'Ready'], ['True', 'Ready'])
    },
  }
}

const mutable = (
  pair: readonly [readonly ['True', string], readonly ['False', string]],
): [['True' | 'False', string], ['True' | 'False', string]] => [[...pair[0]], [...pair[1]]]

/** The clone is a machine of its own: its MAC addresses and firmware ids are made anew. */
function patchesOf(clone: VirtualMachineClone): string[] {
  const replace = (path: string, value: string) => JSON.stringify({ op: 'replace', path, value })
  const macs = (clone.spec as { newMacAddresses?: Record<string, string> } | undefined)?.newMacAddresses ?? {}
  const serial = (clone.spec as { newSMBiosSerial?: string } | undefined)?.newSMBiosSerial ?? ''
  return [
    replace('/spec/template/spec/domain/devices/interfaces/0/macAddress', Object.values(macs)[0] ?? ''),
    replace('/spec/template/spec/domain/firmware/serial', serial),
    replace('/spec/template/spec/domain/firmware/uuid', ''),
  ]
}
