// Instance types and preferences: finding them, and what they put into a VMI.
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/instancetype/apply/vmi.go
import type { StoredMeta, VirtualMachine, VirtualMachineInstance } from '@virtdeck/k8s'
import { notFound } from '../api/status.ts'
import { apiResource } from '../api/api-resources.ts'
import { controllerRef, vms, type Objects } from './objects.ts'

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
    preferredAutoattachGraphicsDevice?: boolean
    preferredAutoattachMemBalloon?: boolean
    preferredAutoattachSerialConsole?: boolean
    preferredDiskDedicatedIoThread?: boolean
    preferredNetworkInterfaceMultiQueue?: boolean
    preferredUseVirtioTransitional?: boolean
  }
  features?: { preferredSmm?: unknown; preferredAcpi?: unknown; preferredApic?: unknown; preferredHyperv?: unknown }
  firmware?: { preferredEfi?: unknown; preferredUseEfi?: boolean; preferredUseSecureBoot?: boolean }
  machine?: { preferredMachineType?: string }
  clock?: { preferredClockOffset?: unknown; preferredTimer?: unknown }
  preferredTerminationGracePeriodSeconds?: number
}
type Found<Spec> = { kind?: string; metadata: StoredMeta; spec: Spec }

const revisions = 'controllerrevisions.apps'

const clusterKinds = new Set([
  '',
  'virtualmachineclusterinstancetype',
  'virtualmachineclusterinstancetypes',
  'virtualmachineclusterpreference',
  'virtualmachineclusterpreferences',
])

const plural = (kind: string | undefined, what: What) =>
  clusterKinds.has((kind ?? '').toLowerCase()) ? `virtualmachinecluster${what}s` : `virtualmachine${what}s`

type What = 'instancetype' | 'preference'
type Matcher = { kind?: string; name?: string; revisionName?: string; inferFromVolume?: string }
type StatusRef = { controllerRevisionRef?: { name: string }; inferFromVolume?: string; kind?: string; name?: string }

const objectName = 'instancetype.kubevirt.io/object-name'

/** Where a VM's matcher points now, whatever it pointed at when the VM was made. */
function findLive<Spec>(objects: Objects, vm: VirtualMachine, what: What): Found<Spec> | undefined {
  const matcher = vm.spec[what]
  if (!matcher?.name) return undefined
  const key = `${plural(matcher.kind, what)}.instancetype.kubevirt.io` as
    | 'virtualmachineclusterinstancetypes.instancetype.kubevirt.io'
    | 'virtualmachineinstancetypes.instancetype.kubevirt.io'
  const found = objects.get(key, key.startsWith('virtualmachinecluster') ? undefined : vm.metadata.namespace, matcher.name)
  if (!found) throw notFound(apiResource(key), matcher.name)
  return found as unknown as Found<Spec>
}

/**
 * The copy that a VM was pinned to, or else what its matcher points at.
 * https://github.com/kubevirt/kubevirt/blob/75581da/pkg/instancetype/find/revision.go
 */
function find<Spec>(objects: Objects, vm: VirtualMachine, what: What): Found<Spec> | undefined {
  const matcher = vm.spec[what] as Matcher | undefined
  if (!matcher) return undefined
  const pinned = (vm.status?.[`${what}Ref`] as StatusRef | undefined)?.controllerRevisionRef?.name
  const name = matcher.revisionName || pinned
  if (!name) return findLive(objects, vm, what)
  const revision = objects.get(revisions, vm.metadata.namespace, name)
  if (!revision) throw notFound(apiResource(revisions), name)
  const meant = matcher.revisionName || revision.metadata.labels?.[objectName] === matcher.name
  return meant ? (revision.data as Found<Spec>) : findLive(objects, vm, what)
}

export type Expansion = { instancetype: Found<InstancetypeSpec> | undefined; preference: Found<PreferenceSpec> | undefined }

/** What a VM refers to; throws NotFound as the API server words it. */
export const findInstancetype = (objects: Objects, vm: VirtualMachine) => find<InstancetypeSpec>(objects, vm, 'instancetype')
export const findPreference = (objects: Objects, vm: VirtualMachine) => find<PreferenceSpec>(objects, vm, 'preference')

/** Keeps a copy of an instance type or preference for a VM, and gives the copy's name. */
function storeRevision(objects: Objects, vm: VirtualMachine, found: Found<unknown>): string {
  const { name: object, uid, generation = 1, resourceVersion, creationTimestamp, namespace } = found.metadata
  const version = 'v1beta1'
  const name = `${vm.metadata.name}-${object}-${version}-${uid}-${generation}`
  if (objects.get(revisions, vm.metadata.namespace, name)) return name
  objects.create(revisions, {
    metadata: {
      name,
      ...(vm.metadata.namespace ? { namespace: vm.metadata.namespace } : {}),
      labels: {
        'instancetype.kubevirt.io/object-generation': String(generation),
        'instancetype.kubevirt.io/object-kind': found.kind ?? '',
        [objectName]: object,
        'instancetype.kubevirt.io/object-uid': uid,
        'instancetype.kubevirt.io/object-version': version,
      },
      ownerReferences: [controllerRef(vms, vm)],
    },
    data: {
      apiVersion: `instancetype.kubevirt.io/${version}`,
      kind: found.kind,
      metadata: { creationTimestamp, generation, name: object, ...(namespace ? { namespace } : {}), resourceVersion, uid },
      spec: found.spec,
    },
    revision: 0,
  })
  return name
}

/**
 * The references to the copies that a VM is pinned to, made where they are missing; a matcher that points elsewhere is
 * pinned anew. Throws NotFound. https://github.com/kubevirt/kubevirt/blob/75581da/pkg/instancetype/revision/store.go
 */
export function pinnedRefs(objects: Objects, vm: VirtualMachine): { instancetypeRef?: StatusRef; preferenceRef?: StatusRef } {
  const pin = (what: What): StatusRef | undefined => {
    const matcher = vm.spec[what] as Matcher | undefined
    if (!matcher) return undefined
    const before = (vm.status?.[`${what}Ref`] ?? {}) as StatusRef
    const { kind = before.kind, name = before.name, inferFromVolume = before.inferFromVolume } = matcher
    const same = kind === before.kind && name === before.name && inferFromVolume === before.inferFromVolume
    const kept = matcher.revisionName || (same ? before.controllerRevisionRef?.name : undefined)
    const found = kept ? undefined : findLive(objects, vm, what)
    if (!kept && !found) return undefined
    return {
      controllerRevisionRef: { name: kept ?? storeRevision(objects, vm, found as Found<unknown>) },
      ...(inferFromVolume ? { inferFromVolume } : {}),
      ...(kind ? { kind } : {}),
      ...(name ? { name } : {}),
    }
  }
  const [instancetypeRef, preferenceRef] = [pin('instancetype'), pin('preference')]
  return { ...(instancetypeRef ? { instancetypeRef } : {}), ...(preferenceRef ? { preferenceRef } : {}) }
}

type VmiSpec = VirtualMachineInstance['spec']
type Devices = VmiSpec['domain']['devices']
type Disk = NonNullable<Devices['disks']>[number]

function preferredDisk(disk: Disk, devices: PreferenceSpec['devices']): Disk {
  if (!disk.disk) return disk
  const bus = disk.disk.bus ?? devices?.preferredDiskBus
  const threads = bus === 'virtio' && devices?.preferredDiskDedicatedIoThread !== undefined && disk.dedicatedIOThread === undefined
  return {
    ...disk,
    ...(bus ? { disk: { ...disk.disk, bus: bus as never } } : {}),
    ...(threads ? { dedicatedIOThread: devices.preferredDiskDedicatedIoThread } : {}),
  }
}

/** What a preference says of devices as such, where the VM says nothing. */
function preferredFlags(own: Devices | undefined, devices: PreferenceSpec['devices'] = {}): Partial<Devices> {
  const wanted = {
    autoattachInputDevice: devices.preferredAutoattachInputDevice,
    autoattachGraphicsDevice: devices.preferredAutoattachGraphicsDevice,
    autoattachMemBalloon: devices.preferredAutoattachMemBalloon,
    autoattachSerialConsole: devices.preferredAutoattachSerialConsole,
    networkInterfaceMultiqueue: devices.preferredNetworkInterfaceMultiQueue,
    useVirtioTransitional: devices.preferredUseVirtioTransitional,
  }
  return Object.fromEntries(
    Object.entries(wanted).filter(([name, value]) => value !== undefined && own?.[name as keyof Devices] === undefined),
  )
}

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
        ...preferredFlags(domain.devices, devices),
        disks: domain.devices?.disks?.map((disk) => preferredDisk(disk, devices)),
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
