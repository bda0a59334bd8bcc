// VirtualMachineSnapshots: lock the VM, freeze its guest, snapshot its volumes, let go.
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/storage/snapshot/snapshot.go
import type { Condition, PersistentVolumeClaim, VirtualMachine, VirtualMachineSnapshot } from '@virtdeck/k8s'
import { timestamp } from '../clock.ts'
import type { ControllerContext } from './context.ts'
import type { Controller } from './controller.ts'
import { delays } from './delays.ts'
import {
  conditionsOf,
  dataVolumes,
  isTrue,
  keyOf,
  pvcs,
  snapshotContents,
  snapshots,
  splitKey,
  vmis,
  vms,
  volumeSnapshots,
  withCondition,
} from './objects.ts'
import { snapshotClassFor } from './volume-snapshot-status.ts'
import { draftStatus, isFinal, isPaused } from './vmis.ts'
import { claimNameOf } from './volumes.ts'

const finalizer = 'snapshot.kubevirt.io/vmsnapshot-protection'
const contentFinalizer = 'snapshot.kubevirt.io/vmsnapshotcontent-protection'
const sourceFinalizer = 'snapshot.kubevirt.io/snapshot-source-protection'
const defaultDeadlineMs = 300_000

/** Progressing and Ready of snapshots and restores carry their sentence in `reason`. */
export function progress(
  conditions: Condition[],
  now: string,
  progressing: [status: 'True' | 'False', reason: string],
  ready: [status: 'True' | 'False', reason: string],
): Condition[] {
  const next = withCondition(conditions, 'Progressing', { status: progressing[0], reason: progressing[1] }, now)
  return withCondition(next, 'Ready', { status: ready[0], reason: ready[1] }, now)
}

export function snapshotController(context: ControllerContext): Controller {
  const { objects, indexes, clock, waits, disks, record } = context

  const contentName = (snapshot: VirtualMachineSnapshot) => `vmsnapshot-content-${snapshot.metadata.uid}`
  const volumeSnapshotName = (snapshot: VirtualMachineSnapshot, volume: string) => `vmsnapshot-${snapshot.metadata.uid}-volume-${volume}`

  function setStatus(
    snapshot: VirtualMachineSnapshot,
    change: object,
    progressing: ['True' | 'False', string],
    ready: ['True' | 'False', string],
  ) {
    const conditions = progress(conditionsOf(snapshot as never), timestamp(clock), progressing, ready)
    return objects.setStatus(snapshots, snapshot, { ...snapshot.status, ...change, conditions })
  }

  /** The VM's volumes with claims, split by whether their storage can be snapshotted. */
  function volumesOf(vm: VirtualMachine): { included: { name: string; pvc: PersistentVolumeClaim }[]; excluded: string[] } {
    const included: { name: string; pvc: PersistentVolumeClaim }[] = []
    const excluded: string[] = []
    for (const volume of vm.spec.template?.spec?.volumes ?? []) {
      const pvc = objects.get(pvcs, vm.metadata.namespace, volume.dataVolume?.name ?? volume.persistentVolumeClaim?.claimName)
      if (pvc && snapshotClassFor(objects, pvc.spec?.storageClassName ?? '')) included.push({ name: volume.name, pvc })
      else excluded.push(volume.name)
    }
    return { included, excluded }
  }

  /** How a running VM's disks are brought to rest, in the order of their names. */
  function indicationsOf(vm: VirtualMachine): { indications?: string[] } {
    const vmi = objects.get(vmis, vm.metadata.namespace, vm.metadata.name)
    if (!vmi || isFinal(vmi)) return {}
    const how = isPaused(vmi) ? 'Paused' : isTrue(vmi, 'AgentConnected') ? 'GuestAgent' : 'NoGuestAgent'
    return { indications: ['Online', how].toSorted((a, b) => (a < b ? -1 : 1)) }
  }

  /** Why a VM cannot be locked for a snapshot now. */
  function lockProblem(snapshot: VirtualMachineSnapshot, vm: VirtualMachine): string | undefined {
    const { namespace, name } = vm.metadata
    const claims = (vm.spec.template?.spec?.volumes ?? []).flatMap((volume) => claimNameOf(volume as never) ?? [])
    for (const claim of claims) {
      const pvc = objects.get(pvcs, namespace, claim)
      const dv = objects.get(dataVolumes, namespace, claim)
      const problem = !pvc
        ? 'volume doesnt exist'
        : pvc.status?.phase !== 'Bound'
          ? 'volume not bound'
          : dv && dv.status?.phase !== 'Succeeded'
            ? 'volume not populated'
            : undefined
      if (problem) return ` source ${namespace}/${name} ${problem}: ${claim}`
    }
    const other = vm.status?.snapshotInProgress
    return other && other !== snapshot.metadata.name ? ` snapshot "${other}" in progress` : undefined
  }

  function lock(snapshot: VirtualMachineSnapshot, vm: VirtualMachine): VirtualMachine {
    const locked = vm.status?.snapshotInProgress
      ? vm
      : objects.setStatus(vms, vm, { ...vm.status, snapshotInProgress: snapshot.metadata.name })
    if (locked.metadata.finalizers?.includes(sourceFinalizer)) return locked
    return objects.setMetadata(vms, locked, { finalizers: [...(locked.metadata.finalizers ?? []), sourceFinalizer] })
  }

  function unlock(snapshot: VirtualMachineSnapshot): void {
    const vm = objects.get(vms, snapshot.metadata.namespace, snapshot.spec?.source?.name)
    if (!vm || vm.status?.snapshotInProgress !== snapshot.metadata.name) return
    const { snapshotInProgress: _, ...status } = vm.status
    const free = objects.setStatus(vms, vm, status)
    objects.removeFinalizers(vms, free, [sourceFinalizer])
    setFrozen(vm, false)
  }

  function setFrozen(vm: VirtualMachine, frozen: boolean): void {
    const vmi = objects.get(vmis, vm.metadata.namespace, vm.metadata.name)
    if (!vmi || !isTrue(vmi, 'AgentConnected') || vmi.status?.phase !== 'Running') return
    const draft = draftStatus(context, vmi)
    if (frozen) draft.status.fsFreezeStatus = 'frozen'
    else delete draft.status.fsFreezeStatus
    draft.write()
  }

  function createContent(snapshot: VirtualMachineSnapshot, vm: VirtualMachine): void {
    const { namespace } = snapshot.metadata
    const place = namespace ? { namespace } : {}
    const { included } = volumesOf(vm)
    const vmi = objects.get(vmis, namespace, vm.metadata.name)
    if (vmi?.status?.phase === 'Running') disks.save(objects, vmi)
    for (const { name, pvc } of included) {
      const taken = objects.create(volumeSnapshots, {
        metadata: { name: volumeSnapshotName(snapshot, name), ...place },
        spec: {
          source: { persistentVolumeClaimName: pvc.metadata.name },
          volumeSnapshotClassName: snapshotClassFor(objects, pvc.spec?.storageClassName ?? '')?.metadata.name ?? '',
        },
      })
      disks.copy(pvc.metadata.uid, taken.metadata.uid)
    }
    const content = objects.create(snapshotContents, {
      metadata: { name: contentName(snapshot), ...place, finalizers: [contentFinalizer] },
      spec: {
        source: {
          virtualMachine: {
            metadata: vm.metadata as never,
            spec: vm.spec,
            status: { printableStatus: vm.status?.printableStatus ?? 'Stopped' } as never,
          },
        },
        virtualMachineSnapshotName: snapshot.metadata.name,
        volumeBackups: included.map(({ name, pvc }) => ({
          persistentVolumeClaim: { metadata: pvc.metadata as never, spec: pvc.spec as never },
          volumeName: name,
          volumeSnapshotName: volumeSnapshotName(snapshot, name),
        })),
      },
    } as never)
    objects.setStatus(snapshotContents, content, {
      readyToUse: false,
      volumeSnapshotStatus: included.map(({ name }) => ({ volumeSnapshotName: volumeSnapshotName(snapshot, name) })),
    } as never)
  }

  function complete(snapshot: VirtualMachineSnapshot, vm: VirtualMachine): void {
    const { namespace } = snapshot.metadata
    const now = timestamp(clock)
    const content = objects.get(snapshotContents, namespace, contentName(snapshot))
    const names = (content?.spec?.volumeBackups ?? []).map((backup) => backup.volumeSnapshotName ?? '')
    for (const name of names) {
      const taken = objects.get(volumeSnapshots, namespace, name)
      if (!taken) continue
      const pvc = objects.get(pvcs, namespace, taken.spec.source.persistentVolumeClaimName)
      const restoreSize = (pvc?.status?.capacity as Record<string, string> | undefined)?.storage
      objects.setStatus(volumeSnapshots, taken, {
        boundVolumeSnapshotContentName: `snapcontent-${taken.metadata.uid}`,
        creationTime: now,
        readyToUse: true,
        ...(restoreSize ? { restoreSize } : {}),
      })
    }
    if (content) {
      objects.setStatus(snapshotContents, content, {
        creationTime: now,
        readyToUse: true,
        volumeSnapshotStatus: names.map((volumeSnapshotName) => ({ creationTime: now, readyToUse: true, volumeSnapshotName })),
      })
    }
    const { included, excluded } = volumesOf(vm)
    const done = setStatus(
      snapshot,
      {
        creationTime: now,
        phase: 'Succeeded',
        readyToUse: true,
        snapshotVolumes: {
          ...(excluded.length > 0 ? { excludedVolumes: excluded } : {}),
          ...(included.length > 0 ? { includedVolumes: included.map(({ name }) => name) } : {}),
        },
      },
      ['False', 'Operation complete'],
      ['True', 'Ready'],
    )
    unlock(done)
  }

  function remove(snapshot: VirtualMachineSnapshot): void {
    const { namespace } = snapshot.metadata
    unlock(snapshot)
    const content = objects.get(snapshotContents, namespace, contentName(snapshot))
    // A restore that goes on needs its volumes; a content may be told to stay.
    const kept = snapshot.spec?.deletionPolicy === 'Retain'
    if (content && !kept) {
      for (const backup of content.spec?.volumeBackups ?? []) {
        const taken = objects.get(volumeSnapshots, namespace, backup.volumeSnapshotName)
        if (taken) objects.remove(volumeSnapshots, taken)
      }
      objects.remove(snapshotContents, content)
      const going = objects.get(snapshotContents, namespace, content.metadata.name)
      if (going) objects.removeFinalizers(snapshotContents, going, [contentFinalizer])
    }
    objects.removeFinalizers(snapshots, snapshot, [finalizer])
  }

  return {
    name: 'snapshots',
    keysOf({ resource, object, previous, type }) {
      if (resource.plural === 'virtualmachinesnapshots') return [keyOf(object)]
      if (resource.plural === 'volumesnapshots' && type === 'DELETED') disks.forget(object.metadata.uid)
      if (
        resource.plural === 'virtualmachines' &&
        (type !== 'MODIFIED' || previous?.metadata.deletionTimestamp !== object.metadata.deletionTimestamp)
      ) {
        return indexes.snapshotsOfVm(keyOf(object)).map(keyOf)
      }
      return []
    },
    reconcile(key, reconcile) {
      let snapshot = objects.get(snapshots, ...splitKey(key))
      if (!snapshot) return
      if (snapshot.metadata.deletionTimestamp) {
        if (snapshot.metadata.finalizers?.includes(finalizer)) remove(snapshot)
        return
      }
      const { phase } = snapshot.status ?? {}
      if (phase === 'Succeeded' || phase === 'Failed') return
      if (!snapshot.metadata.finalizers?.includes(finalizer)) {
        snapshot = objects.setMetadata(snapshots, snapshot, { finalizers: [...(snapshot.metadata.finalizers ?? []), finalizer] })
      }
      const deadlineMs =
        Date.parse(snapshot.metadata.creationTimestamp) +
        (durationMs(snapshot.spec?.failureDeadline as string | undefined) ?? defaultDeadlineMs)
      const vm = objects.get(vms, snapshot.metadata.namespace, snapshot.spec?.source?.name)
      if (clock.now() >= deadlineMs) {
        const failed = withCondition(
          conditionsOf(snapshot as never),
          'Failure',
          { status: 'True', reason: 'snapshot deadline exceeded' },
          timestamp(clock),
        )
        snapshot = objects.setStatus(snapshots, snapshot, { ...snapshot.status, conditions: failed })
        setStatus(snapshot, { phase: 'Failed', readyToUse: false }, ['False', 'Operation failed'], ['False', 'Not ready'])
        unlock(snapshot)
        record(snapshot, 'Warning', 'SnapshotDeadlineExceeded', 'snapshot deadline exceeded')
        return
      }
      reconcile.requeueAfter(deadlineMs - clock.now())
      if (!vm) {
        setStatus(snapshot, { phase: 'InProgress', readyToUse: false }, ['False', 'Source does not exist'], ['False', 'Not ready'])
        return
      }
      const problem = lockProblem(snapshot, vm)
      if (problem) {
        setStatus(
          snapshot,
          { phase: 'InProgress', readyToUse: false, sourceUID: vm.metadata.uid },
          ['False', `Source not locked${problem}`],
          ['False', 'Not ready'],
        )
        reconcile.requeueAfter(delays.retryLock)
        return
      }
      if (!snapshot.status?.sourceUID) {
        snapshot = setStatus(
          snapshot,
          { phase: 'InProgress', readyToUse: false, sourceUID: vm.metadata.uid },
          ['False', 'Source not locked'],
          ['False', 'Not ready'],
        )
      }
      const locked = lock(snapshot, vm)
      snapshot = setStatus(snapshot, indicationsOf(locked), ['True', 'Source locked and operation in progress'], ['False', 'Not ready'])
      if (!objects.get(snapshotContents, snapshot.metadata.namespace, contentName(snapshot))) {
        setFrozen(locked, true)
        createContent(snapshot, locked)
        record(
          snapshot,
          'Normal',
          'SuccessfulVirtualMachineSnapshotContentCreate',
          `Successfully created VirtualMachineSnapshotContent ${contentName(snapshot)}`,
          {
            component: 'snapshot-controller',
          },
        )
      }
      snapshot = setStatus(
        snapshot,
        { virtualMachineSnapshotContentName: contentName(snapshot) },
        ['True', 'Source locked and operation in progress'],
        ['False', 'Not ready'],
      )
      if (waits.passed(`snapshot ${snapshot.metadata.uid}`, delays.snapshotVolume, reconcile)) complete(snapshot, locked)
    },
  }
}

/** Go durations of whole units: `5m`, `1h30m`, `90s`. */
export function durationMs(text: string | undefined): number | undefined {
  if (!text) return undefined
  const units: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 }
  let total = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)) total += Number(amount) * (units[unit ?? ''] ?? 0)
  return total
}
