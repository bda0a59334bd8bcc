// From a VM's template to the VMI that virt-controller creates, with what the VMI mutating webhook fills in.
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/defaults/defaults.go
import type { VirtualMachine, VirtualMachineInstance } from '@virtdeck/k8s'
import { applyInstancetype, findInstancetype, findPreference } from './instancetypes.ts'
import { memoryHotplugProblem } from './memory-hotplug.ts'
import type { Objects } from './objects.ts'
import { formatBytes, parseQuantity } from './quantity.ts'

type VmiSpec = VirtualMachineInstance['spec']

/** How many times its sockets and memory a VMI may grow to where nothing says otherwise. */
const maxHotplugRatio = 4
const mostVcpus = 512

export const kubeVirtCr = (objects: Objects) => objects.list('kubevirts.kubevirt.io')[0]

/** Whether changes of a running VM's template reach its VMI where they can. */
export const updatesLive = (objects: Objects): boolean =>
  (kubeVirtCr(objects)?.spec.configuration?.vmRolloutStrategy ?? 'LiveUpdate') === 'LiveUpdate'

/** The VMI's spec that a VM asks for now. Throws NotFound for a missing instance type or preference. */
export function vmiSpecOf(objects: Objects, vm: VirtualMachine): VmiSpec {
  const template = vm.spec.template.spec as VmiSpec
  const expanded = applyInstancetype(template, { instancetype: findInstancetype(objects, vm), preference: findPreference(objects, vm) })
  return defaulted(objects, expanded)
}

/** Room for sockets and memory that may be plugged in later. */
function withHotplugLimits(spec: VmiSpec): VmiSpec {
  const { cpu = {}, memory } = spec.domain
  const { sockets = 0, cores = 0, threads = 0 } = cpu
  const ample = sockets * maxHotplugRatio
  const maxSockets =
    cpu.maxSockets || (ample * cores * threads > mostVcpus ? Math.max(Math.floor(mostVcpus / (cores * threads)), sockets) : ample)
  const guestBytes = parseQuantity(memory?.guest as string | undefined)
  const ampleGuest = guestBytes === undefined ? undefined : formatBytes(guestBytes * maxHotplugRatio)
  const maxGuest = memory?.maxGuest ?? (memoryHotplugProblem(spec, ampleGuest) ? undefined : ampleGuest)
  return {
    ...spec,
    domain: {
      ...spec.domain,
      cpu: { ...cpu, ...(maxSockets ? { maxSockets } : {}) },
      ...(memory ? { memory: { ...memory, ...(maxGuest ? { maxGuest: maxGuest as never } : {}) } } : {}),
    },
  }
}

export function defaulted(objects: Objects, spec: VmiSpec): VmiSpec {
  const complete = withDefaults(objects, spec)
  return updatesLive(objects) && complete.architecture !== 'arm64' ? withHotplugLimits(complete) : complete
}

function withDefaults(objects: Objects, spec: VmiSpec): VmiSpec {
  const { domain } = spec
  const cpu = domain.cpu ?? {}
  const memory = domain.memory?.guest ?? (domain.resources?.requests as Record<string, string> | undefined)?.memory
  const evictionStrategy = spec.evictionStrategy ?? kubeVirtCr(objects)?.spec.configuration?.evictionStrategy ?? 'None'
  const withPullPolicy = (volume: NonNullable<VmiSpec['volumes']>[number]) =>
    volume.containerDisk && !volume.containerDisk.imagePullPolicy
      ? {
          ...volume,
          containerDisk: {
            ...volume.containerDisk,
            imagePullPolicy: volume.containerDisk.image?.endsWith(':latest') ? 'Always' : 'IfNotPresent',
          },
        }
      : volume
  return {
    ...spec,
    architecture: spec.architecture ?? 'amd64',
    domain: {
      ...domain,
      cpu: {
        ...(cpu.cores || cpu.sockets || cpu.threads ? {} : { cores: 1, sockets: 1, threads: 1 }),
        ...cpu,
        model: cpu.model ?? 'host-model',
      },
      devices: {
        ...domain.devices,
        disks: domain.devices?.disks?.map((disk) =>
          disk.disk && !disk.disk.bus
            ? { ...disk, disk: { ...disk.disk, bus: 'virtio' } }
            : disk.disk || disk.cdrom || disk.lun
              ? disk
              : { ...disk, disk: { bus: 'virtio' } },
        ),
      },
      features: { ...domain.features, acpi: domain.features?.acpi ?? { enabled: true } },
      machine: domain.machine?.type ? domain.machine : { type: 'q35' },
      ...(memory ? { memory: { ...domain.memory, guest: memory as never } } : {}),
      resources: domain.resources ?? {},
    },
    evictionStrategy,
    ...(spec.volumes ? { volumes: spec.volumes.map(withPullPolicy) } : {}),
  } as VmiSpec
}

function cpusOf(spec: VmiSpec): number {
  const cpu = spec.domain.cpu ?? {}
  return (cpu.sockets ?? 1) * (cpu.cores ?? 1) * (cpu.threads ?? 1)
}

export function memoryBytesOf(spec: VmiSpec): number {
  const { memory, resources } = spec.domain
  const asked = (memory?.guest ?? (resources?.requests as Record<string, string> | undefined)?.memory ?? '') as string
  return Math.max(0, parseQuantity(asked) ?? 0)
}

/** A CPU's topology as it is reported in the VMI's status. */
export function topologyOf(cpu: VmiSpec['domain']['cpu']) {
  const { cores, sockets, threads } = cpu ?? {}
  return { ...(cores ? { cores } : {}), ...(sockets ? { sockets } : {}), ...(threads ? { threads } : {}) }
}

/** What the guest has now, where more was asked for and a migration brings it. */
export function currentSizeOf({ spec, status }: VirtualMachineInstance): { cpus: number; memoryBytes: number } {
  const { sockets, cores, threads } = status?.currentCPUTopology ?? {}
  const guest = (status?.memory as { guestCurrent?: string } | undefined)?.guestCurrent
  return {
    cpus: status?.currentCPUTopology ? (sockets ?? 1) * (cores ?? 1) * (threads ?? 1) : cpusOf(spec),
    memoryBytes: parseQuantity(guest) ?? memoryBytesOf(spec),
  }
}

/** What virt-launcher itself needs beside the guest's memory. */
const overheadBytes = (spec: VmiSpec) => 259 * 2 ** 20 + cpusOf(spec) * 8 * 2 ** 20 + Math.ceil(memoryBytesOf(spec) / 512)

/**
 * What a launcher pod requests: a tenth of a core per vCPU unless asked otherwise, memory with overhead.
 * https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-controller/services/renderresources.go
 */
export function podRequestsOf(spec: VmiSpec): { cores: number; memoryBytes: number } {
  const asked = spec.domain.resources?.requests as Record<string, string> | undefined
  const cores = spec.domain.cpu?.dedicatedCpuPlacement ? cpusOf(spec) : (parseQuantity(asked?.cpu) ?? cpusOf(spec) / 10)
  const memory = parseQuantity(asked?.memory) ?? memoryBytesOf(spec)
  return { cores, memoryBytes: Math.ceil((memory + overheadBytes(spec)) / 2 ** 20) * 2 ** 20 }
}
