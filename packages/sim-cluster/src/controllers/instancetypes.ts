// Instance types and preferences: finding them, and what they put into a VMI.
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/instancetype/apply/vmi.go
import type { VirtualMachine, VirtualMachineInstance } from '@virtdeck/k8s'
import { notFound } from '../api/status.ts'
import { apiResource } from '../api/api-resources.ts'
import type { Objects } from './objects.ts'

type InstancetypeSpec = {
  cpu: {
    guest: number
    maxSockets?: number
    model?: string
    dedicatedCPUPlacement?: boolean
    isolateEmulatorThread?: boolean
    numa?: unknown
  }
  memory: { guest: string; hugepages?: unknown; overcommitPercent?: number; maxGuest?: string }
  ioThreadsPolicy?: string
  annotations?: Record<string, string>
  gpus?: unknown
  hostDevices?: unknown
}
type PreferenceSpec = {
  annotations?: Record<string, string>
  cpu?: { preferredCPUTopology?: string }
  devices?: {
    preferredDiskBus?: string
    preferredInterfaceModel?: string
    preferredRng?: unknown
    preferredTPM?: unknown
    preferredInputBus?: string
    preferredInputType?: string
    preferredAutoattachInputDevice?: boolean
  }
  features?: { preferredSmm?: unknown; preferredAcpi?: unknown; preferredApic?: unknown; preferredHyperv?: unknown }
  firmware?: { preferredEfi?: unknown; preferredUseEfi?: boolean; preferredUseSecureBoot?: boolean }
  machine?: { preferredMachineType?: string }
  clock?: { preferredClockOffset?: unknown; preferredTimer?: unknown }
  preferredTerminationGracePeriodSeconds?: number
}
type Found<Spec> = { metadata: { name: string; uid: string; generation?: number }; spec: Spec }

const clusterKinds = new Set([
  '',
  'virtualmachineclusterinstancetype',
  'virtualmachineclusterinstancetypes',
  'virtualmachineclusterpreference',
  'virtualmachineclusterpreferences',
])

const plural = (kind: string | undefined, what: 'instancetype' | 'preference') =>
  clusterKinds.has((kind ?? '').toLowerCase()) ? `virtualmachinecluster${what}s` : `virtualmachine${what}s`

function find<Spec>(objects: Objects, vm: VirtualMachine, what: 'instancetype' | 'preference'): Found<Spec> | undefined {
  const matcher = vm.spec[what]
  if (!matcher?.name) return undefined
  const key = `${plural(matcher.kind, what)}.instancetype.kubevirt.io` as
    | 'virtualmachineclusterinstancetypes.instancetype.kubevirt.io'
    | 'virtualmachineinstancetypes.instancetype.kubevirt.io'
  const found = objects.get(key, key.startsWith('virtualmachinecluster') ? undefined : vm.metadata.namespace, matcher.name)
  if (!found) throw notFound(apiResource(key), matcher.name)
  return found as unknown as Found<Spec>
}

export type Expansion = { instancetype: Found<InstancetypeSpec> | undefined; preference: Found<PreferenceSpec> | undefined }

/** What a VM refers to; throws NotFound as the API server words it. */
export const findInstancetype = (objects: Objects, vm: VirtualMachine) => find<InstancetypeSpec>(objects, vm, 'instancetype')
export const findPreference = (objects: Objects, vm: VirtualMachine) => find<PreferenceSpec>(objects, vm, 'preference')

/** The ControllerRevision that pins an instance type or preference for a VM. */
export const revisionName = (vm: VirtualMachine, found: Found<unknown>): string =>
  `${vm.metadata.name}-${found.metadata.name}-v1beta1-${found.metadata.uid}-${found.metadata.generation ?? 1}`

type VmiSpec = VirtualMachineInstance['spec']

/** Puts instance type and preference into a VMI's spec; preferences only where the VM left the choice. */
export function applyInstancetype(spec: VmiSpec, { instancetype, preference }: Expansion): VmiSpec {
  let domain = { ...spec.domain }
  if (instancetype) {
    const { cpu, memory } = instancetype.spec
    const topology = preference?.spec.cpu?.preferredCPUTopology ?? 'sockets'
    const by = topology.toLowerCase().includes('core') ? 'cores' : topology.toLowerCase().includes('thread') ? 'threads' : 'sockets'
    domain = {
      ...domain,
      cpu: {
        ...domain.cpu,
        cores: 1,
        sockets: 1,
        threads: 1,
        [by]: cpu.guest,
        ...(cpu.maxSockets ? { maxSockets: cpu.maxSockets } : {}),
        ...(cpu.model ? { model: cpu.model } : {}),
        ...(cpu.dedicatedCPUPlacement ? { dedicatedCpuPlacement: true } : {}),
        ...(cpu.isolateEmulatorThread ? { isolateEmulatorThread: true } : {}),
        ...(cpu.numa ? { numa: cpu.numa } : {}),
      },
      memory: { ...domain.memory, guest: memory.guest as never, ...(memory.hugepages ? { hugepages: memory.hugepages } : {}) },
      ...(instancetype.spec.ioThreadsPolicy ? { ioThreadsPolicy: instancetype.spec.ioThreadsPolicy } : {}),
    }
  }
  const preferred = preference?.spec
  if (preferred) {
    const { devices, features, firmware, machine, clock } = preferred
    domain = {
      ...domain,
      devices: {
        ...domain.devices,
        disks: domain.devices?.disks?.map((disk) =>
          disk.disk && !disk.disk.bus && devices?.preferredDiskBus
            ? { ...disk, disk: { ...disk.disk, bus: devices.preferredDiskBus } }
            : disk,
        ),
        interfaces: domain.devices?.interfaces?.map((nic) =>
          !nic.model && devices?.preferredInterfaceModel ? { ...nic, model: devices.preferredInterfaceModel } : nic,
        ),
        ...(devices?.preferredRng && !domain.devices?.rng ? { rng: devices.preferredRng } : {}),
        ...(devices?.preferredTPM && !domain.devices?.tpm ? { tpm: devices.preferredTPM } : {}),
      },
      features: {
        ...domain.features,
        ...(features?.preferredAcpi && !domain.features?.acpi ? { acpi: features.preferredAcpi } : {}),
        ...(features?.preferredApic && !domain.features?.apic ? { apic: features.preferredApic } : {}),
        ...(features?.preferredHyperv && !domain.features?.hyperv ? { hyperv: features.preferredHyperv } : {}),
        ...(features?.preferredSmm && !domain.features?.smm ? { smm: features.preferredSmm } : {}),
      },
      ...(firmware?.preferredEfi && !domain.firmware?.bootloader
        ? { firmware: { ...domain.firmware, bootloader: { efi: firmware.preferredEfi } } }
        : {}),
      ...(machine?.preferredMachineType && !domain.machine?.type ? { machine: { type: machine.preferredMachineType } } : {}),
      ...(clock && !domain.clock ? { clock: { ...(clock.preferredClockOffset as object), timer: clock.preferredTimer as never } } : {}),
    }
  }
  return {
    ...spec,
    domain,
    ...(preferred?.preferredTerminationGracePeriodSeconds !== undefined && spec.terminationGracePeriodSeconds === undefined
      ? { terminationGracePeriodSeconds: preferred.preferredTerminationGracePeriodSeconds }
      : {}),
  }
}
