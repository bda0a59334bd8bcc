// Volumes that come to, and go from, a running VMI: disks, and claims that its memory is dumped to.
// https://github.com/kubevirt/kubevirt/blob/75581da/pkg/virt-controller/watch/vmi/volume-hotplug.go
// https://github.com/kubevirt/kubevirt/blob/75581da/pkg/virt-handler/vm.go (updateMemoryDumpInfo)
import type { PersistentVolumeClaim, VirtualMachineInstance } from '@virtdeck/k8s'
import { timestamp } from '../clock.ts'
import { behaviourOf } from './behaviour.ts'
import type { ControllerContext } from './context.ts'
import type { ReconcileContext } from './controller.ts'
import { delays, rates } from './delays.ts'
import { pvcs } from './objects.ts'
import { claimInfo } from './vmi-status.ts'
import { currentSizeOf } from './vmi-spec.ts'
import { claimNameOf, isHotplugVolume, type Volume } from './volumes.ts'

type MemoryDump = { claimName: string; targetFileName?: string; startTimestamp?: string; endTimestamp?: string }
type VolumeStatus = {
  name: string
  target: string
  hotplugVolume?: object
  memoryDumpVolume?: MemoryDump
  persistentVolumeClaimInfo?: object
  phase?: string
  reason?: string
  message?: string
}

/** `20261120-231501`, as Go formats it. */
const fileStamp = (now: string) => now.replace(/[-:]/g, '').replace('T', '-').slice(0, 15)

export type HotplugSync = {
  /** The VMI's volumeStatus, or undefined where nothing changed. */
  volumeStatus?: VolumeStatus[]
  /** Why a volume cannot be plugged in. */
  problem?: string
}

export function syncHotplug(context: ControllerContext, vmi: VirtualMachineInstance, reconcile: ReconcileContext): HotplugSync {
  const { objects, waits, random, clock } = context
  const known = (vmi.status?.volumeStatus ?? []) as unknown as VolumeStatus[]
  const hotplugged = (vmi.spec?.volumes ?? []).filter(isHotplugVolume)
  let statuses = known
  let problem: string | undefined

  const put = (status: VolumeStatus) => {
    statuses = [...statuses.filter((candidate) => candidate.name !== status.name), status]
  }

  function attach(volume: Volume, pvc: PersistentVolumeClaim, before: VolumeStatus | undefined): void {
    if (!waits.passed(`attach ${vmi.metadata.uid} ${volume.name}`, delays.attachHotplugVolume, reconcile)) {
      const dump = volume.memoryDump ? { memoryDumpVolume: { claimName: volume.memoryDump.claimName } } : {}
      if (!before) put({ name: volume.name, hotplugVolume: {}, ...dump, phase: 'Pending', target: '' })
      return
    }
    const attached = { hotplugVolume: { attachPodName: `hp-volume-${random.suffix()}` }, name: volume.name }
    const persistentVolumeClaimInfo = claimInfo(pvc)
    if (volume.memoryDump) {
      const targetFileName = `${vmi.metadata.name}-${volume.name}-${fileStamp(timestamp(clock))}.memory.dump`
      put({
        ...attached,
        memoryDumpVolume: { claimName: volume.memoryDump.claimName, startTimestamp: timestamp(clock), targetFileName },
        message: `Memory dump Volume ${volume.name} is attached, getting memory dump`,
        persistentVolumeClaimInfo,
        phase: 'MemoryDumpInProgress',
        reason: 'VolumeMountedToPod',
        target: '',
      })
      reconcile.requeueAfter(0)
      return
    }
    const taken = statuses.filter((candidate) => candidate.target.startsWith('sd')).length
    put({
      ...attached,
      message: `Successfully attach hotplugged volume ${volume.name} to VM`,
      persistentVolumeClaimInfo,
      phase: 'Ready',
      reason: 'VolumeReady',
      target: `sd${String.fromCharCode(97 + taken)}`,
    })
  }

  function dump(volume: Volume, status: VolumeStatus): void {
    const tookMs = Math.max(2_000, Math.round(currentSizeOf(vmi).memoryBytes / rates.dumpBytesPerMs))
    if (!waits.passed(`dump ${vmi.metadata.uid} ${volume.name}`, tookMs, reconcile)) return
    const memoryDumpVolume = { ...(status.memoryDumpVolume as MemoryDump), endTimestamp: timestamp(clock) }
    const failure = behaviourOf(objects, vmi, 'memory-dump')
    put(
      failure
        ? { ...status, memoryDumpVolume, phase: 'MemoryDumpFailed', message: `Memory dump to pvc ${volume.name} failed: ${failure}` }
        : {
            ...status,
            memoryDumpVolume,
            phase: 'MemoryDumpCompleted',
            message: `Memory dump to Volume ${volume.name} has completed successfully`,
            reason: 'VolumeReady',
          },
    )
  }

  for (const volume of hotplugged) {
    const claimName = claimNameOf(volume) ?? ''
    const pvc = objects.get(pvcs, vmi.metadata.namespace, claimName)
    const status = statuses.find((candidate) => candidate.name === volume.name)
    if (!pvc) problem = `Error determining volume status didn't find PVC ${claimName}`
    else if (status?.phase === 'MemoryDumpInProgress') dump(volume, status)
    else if (status?.phase === undefined || status.phase === 'Pending') attach(volume, pvc, status)
  }
  for (const status of statuses) {
    if (!status.hotplugVolume || hotplugged.some((volume) => volume.name === status.name)) continue
    if (waits.passed(`detach ${vmi.metadata.uid} ${status.name}`, delays.detachHotplugVolume, reconcile)) {
      statuses = statuses.filter((candidate) => candidate.name !== status.name)
    }
  }
  return {
    ...(statuses === known ? {} : { volumeStatus: [...statuses].sort((a, b) => (a.name < b.name ? -1 : 1)) }),
    ...(problem ? { problem } : {}),
  }
}
