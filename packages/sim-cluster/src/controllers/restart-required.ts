// RestartRequired: what of the template changed since the VMI started, and cannot come live.
// https://github.com/kubevirt/kubevirt/blob/75581da/pkg/virt-controller/watch/vm/vm.go (syncRestartRequired)
import type { VirtualMachine, VirtualMachineInstance } from '@virtdeck/k8s'
import { ApiError } from '../api/status.ts'
import { jsonEqual } from '../storage/json-equal.ts'
import type { ControllerContext } from './context.ts'
import { applyInstancetype, findInstancetype, findPreference } from './instancetypes.ts'
import type { Objects } from './objects.ts'
import { updatesLive, vmiSpecOf } from './vmi-spec.ts'
import { isHotplugVolume } from './volumes.ts'

type VmiSpec = VirtualMachineInstance['spec']
type Nic = NonNullable<VmiSpec['domain']['devices']['interfaces']>[number]

const byName = <T extends { name: string }>(list: readonly T[] | undefined): Map<string, T> =>
  new Map((list ?? []).map((item) => [item.name, item]))

/** Whether volumes changed only by what can be plugged in and out. */
function volumesChangeLive(before: VmiSpec, now: VmiSpec): boolean {
  const old = byName(before.volumes)
  for (const volume of now.volumes ?? []) {
    if (!isHotplugVolume(volume) && !jsonEqual(old.get(volume.name), volume)) return false
    old.delete(volume.name)
  }
  return [...old.values()].every(isHotplugVolume)
}

function disksChangeLive(before: VmiSpec, now: VmiSpec): boolean {
  const [oldVolumes, volumes] = [byName(before.volumes), byName(now.volumes)]
  const old = byName(before.domain.devices.disks)
  for (const disk of now.domain.devices.disks ?? []) {
    if (!isHotplugVolume(volumes.get(disk.name)) && !jsonEqual(old.get(disk.name), disk)) return false
    old.delete(disk.name)
  }
  return [...old.values()].every((disk) => !disk.cdrom && (!oldVolumes.has(disk.name) || isHotplugVolume(oldVolumes.get(disk.name))))
}

/**
 * Whether the VMI's interfaces and networks are all still asked for, but for their state; new ones are plugged in.
 * https://github.com/kubevirt/kubevirt/blob/75581da/pkg/network/vmliveupdate/restart.go
 */
function networkChangesLive(vmi: VmiSpec, now: VmiSpec): boolean {
  const nics = byName(now.domain.devices.interfaces)
  const networks = byName(now.networks)
  const stateless = (nic: Nic | undefined) => nic && { ...nic, state: undefined }
  return (
    (vmi.domain.devices.interfaces ?? []).every((nic) => jsonEqual(stateless(nics.get(nic.name)), stateless(nic))) &&
    (vmi.networks ?? []).every((network) => jsonEqual(networks.get(network.name), network))
  )
}

/** What of a template spec reaches its guest without a restart, taken over from what is asked for now. */
function withLiveChanges(objects: Objects, before: VmiSpec, now: VmiSpec, vmi: VmiSpec): VmiSpec {
  const { domain } = before
  const { devices } = domain
  const live = updatesLive(objects)
  const networks = networkChangesLive(vmi, now)
  return {
    ...before,
    ...(volumesChangeLive(before, now) ? { volumes: now.volumes } : {}),
    ...(networks ? { networks: now.networks } : {}),
    ...(live ? { nodeSelector: now.nodeSelector, affinity: now.affinity, tolerations: now.tolerations } : {}),
    domain: {
      ...domain,
      ...(live && domain.cpu && now.domain.cpu ? { cpu: { ...domain.cpu, sockets: now.domain.cpu.sockets } } : {}),
      ...(live && now.domain.memory?.guest ? { memory: { ...domain.memory, guest: now.domain.memory.guest } } : {}),
      devices: {
        ...devices,
        ...(disksChangeLive(before, now) ? { disks: now.domain.devices.disks } : {}),
        ...(networks ? { interfaces: now.domain.devices.interfaces } : {}),
      },
    },
  } as VmiSpec
}

/** The condition's message, or undefined when nothing of the change has to wait for a restart. */
export function restartRequired({ objects }: ControllerContext, vm: VirtualMachine, vmi: VirtualMachineInstance): string | undefined {
  const started = startedSpecOf(objects, vmi)
  if (isUnchanged(started, vm, vmi)) return undefined
  try {
    // A VMI that was seeded has no revision: what the VM would start now is compared with what runs.
    const [before, now] = started
      ? [templateOf(objects, { ...vm, spec: started, status: {} }), templateOf(objects, vm)]
      : [withoutLimits({ ...vmi.spec, startStrategy: undefined } as VmiSpec), withoutLimits(vmiSpecOf(objects, vm))]
    const live = withLiveChanges(objects, before, now, vmi.spec)
    return jsonEqual(live, now) ? undefined : 'a non-live-updatable field was changed in the template spec'
  } catch (error) {
    // What an instance type was before it was deleted, nobody knows.
    if (error instanceof ApiError) return undefined
    throw error
  }
}

function isUnchanged(started: VirtualMachine['spec'] | undefined, vm: VirtualMachine, vmi: VirtualMachineInstance): boolean {
  if (!started) return vmi.metadata.annotations?.['kubevirt.io/vm-generation'] === String(vm.metadata.generation ?? 1)
  const { template, instancetype, preference } = vm.spec
  return jsonEqual(
    { template, instancetype, preference },
    { template: started.template, instancetype: started.instancetype, preference: started.preference },
  )
}

/** The VM's spec as it was when its VMI started. */
export function startedSpecOf(objects: Objects, vmi: VirtualMachineInstance): VirtualMachine['spec'] | undefined {
  const revision = objects.get('controllerrevisions.apps', vmi.metadata.namespace, vmi.status?.virtualMachineRevisionName)
  return (revision?.data as { spec: VirtualMachine['spec'] } | undefined)?.spec
}

/** A VM's template with its instance type and preference applied. */
export function templateOf(objects: Objects, vm: VirtualMachine): VmiSpec {
  return applyInstancetype(vm.spec.template.spec as VmiSpec, {
    instancetype: findInstancetype(objects, vm),
    preference: findPreference(objects, vm),
  })
}

/** Limits follow from what they limit. */
function withoutLimits(spec: VmiSpec): VmiSpec {
  const { cpu, memory } = spec.domain
  return {
    ...spec,
    domain: {
      ...spec.domain,
      ...(cpu ? { cpu: { ...cpu, maxSockets: undefined } } : {}),
      ...(memory ? { memory: { ...memory, maxGuest: undefined } } : {}),
    },
  } as VmiSpec
}
