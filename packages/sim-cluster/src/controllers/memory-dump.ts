// A VM's memory dump request: the claim is mounted, the memory written to it, the claim let go.
// https://github.com/kubevirt/kubevirt/blob/75581da/pkg/storage/memorydump/memorydump.go
import type { VirtualMachine, VirtualMachineInstance } from '@virtdeck/k8s'
import type { ControllerContext } from './context.ts'
import { pvcs, vmis, vms } from './objects.ts'

export type MemoryDumpRequest = {
  claimName: string
  phase: 'Associating' | 'InProgress' | 'Unmounting' | 'Completed' | 'Dissociating' | 'Failed'
  remove?: boolean
  startTimestamp?: string
  endTimestamp?: string
  fileName?: string
  message?: string
}
type VolumeStatus = {
  name: string
  phase?: string
  message?: string
  memoryDumpVolume?: { startTimestamp?: string; endTimestamp?: string; targetFileName?: string }
}
type WithVolumes = { volumes?: { name: string }[] }

export const memoryDumpRequestOf = (vm: VirtualMachine): MemoryDumpRequest | undefined =>
  vm.status?.memoryDumpRequest as MemoryDumpRequest | undefined

const annotation = 'kubevirt.io/memory-dump'

const withVolume = <T extends WithVolumes>(spec: T, claimName: string): T =>
  hasVolume(spec, claimName)
    ? spec
    : { ...spec, volumes: [...(spec.volumes ?? []), { name: claimName, memoryDump: { claimName, hotpluggable: true } }] }

const withoutVolume = <T extends WithVolumes>(spec: T, claimName: string): T =>
  hasVolume(spec, claimName) ? { ...spec, volumes: spec.volumes?.filter((volume) => volume.name !== claimName) } : spec

const hasVolume = (spec: WithVolumes | undefined, claimName: string): boolean =>
  spec?.volumes?.some((volume) => volume.name === claimName) ?? false

/** A VMI's spec without the claim of a dump that is over: it is mounted only to be written. */
export function withoutCompletedDump<T extends WithVolumes>(spec: T, vm: VirtualMachine): T {
  const request = memoryDumpRequestOf(vm)
  const over = request && request.phase !== 'Associating' && request.phase !== 'InProgress'
  return over ? withoutVolume(spec, request.claimName) : spec
}

/** Moves the request of a VM one step; gives the VM as it is then. */
export function syncMemoryDump(
  { objects }: ControllerContext,
  vm: VirtualMachine,
  vmi: VirtualMachineInstance | undefined,
): VirtualMachine {
  const request = memoryDumpRequestOf(vm)
  if (!request) return vm
  const { claimName } = request
  const running = vmi?.status?.phase === 'Running' && !vmi.metadata.deletionTimestamp ? vmi : undefined
  const status = (vmi?.status?.volumeStatus as VolumeStatus[] | undefined)?.find((candidate) => candidate.name === claimName)
  const template = vm.spec.template.spec

  const changeVmi = (change: typeof withVolume) => {
    if (!vmi) return
    const spec = change(vmi.spec as WithVolumes, claimName)
    if (spec !== vmi.spec) objects.setSpec(vmis, vmi, spec)
  }
  const changeVm = (change: typeof withVolume): VirtualMachine => {
    const spec = template && change(template as WithVolumes, claimName)
    return spec && spec !== template ? objects.setSpec(vms, vm, { ...vm.spec, template: { ...vm.spec.template, spec } }) : vm
  }
  const next = (from: VirtualMachine, to: MemoryDumpRequest | undefined): VirtualMachine => {
    const { memoryDumpRequest: _, ...rest } = from.status ?? {}
    return objects.setStatus(vms, from, { ...rest, ...(to ? { memoryDumpRequest: to } : {}) })
  }
  const annotate = (value: string | undefined) => {
    const pvc = objects.get(pvcs, vm.metadata.namespace, claimName)
    if (pvc && value) objects.setMetadata(pvcs, pvc, { annotations: { ...pvc.metadata.annotations, [annotation]: value } })
  }

  switch (request.phase) {
    case 'Associating': {
      if (!running) return vm
      changeVmi(withVolume)
      return next(changeVm(withVolume), { ...request, phase: 'InProgress' })
    }
    case 'InProgress': {
      const dump = status?.memoryDumpVolume
      if (!dump) return vm
      const { startTimestamp, endTimestamp, targetFileName } = dump
      const begun = { ...request, ...(startTimestamp ? { startTimestamp } : {}) }
      const ended = endTimestamp ? { endTimestamp } : {}
      if (status.phase === 'MemoryDumpCompleted') {
        return next(vm, { ...begun, ...ended, phase: 'Unmounting', ...(targetFileName ? { fileName: targetFileName } : {}) })
      }
      if (status.phase === 'MemoryDumpFailed') {
        return next(vm, { ...begun, ...ended, phase: 'Failed', ...(status.message ? { message: status.message } : {}) })
      }
      return next(vm, begun)
    }
    case 'Unmounting':
      annotate(request.fileName)
      changeVmi(withoutVolume)
      return status ? vm : next(vm, { ...request, phase: 'Completed' })
    case 'Failed':
      annotate('Memory dump failed')
      changeVmi(withoutVolume)
      return vm
    case 'Dissociating': {
      changeVmi(withoutVolume)
      const without = changeVm(withoutVolume)
      return status ? without : next(without, undefined)
    }
    case 'Completed':
      return vm
  }
}
