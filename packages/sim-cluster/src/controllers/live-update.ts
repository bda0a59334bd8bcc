// Changes of a running VM's template that reach its VMI: sockets, memory, placement, interfaces.
// https://github.com/kubevirt/kubevirt/blob/75581da/pkg/virt-controller/watch/vm/vm.go
// https://github.com/kubevirt/kubevirt/blob/75581da/pkg/network/controllers/vm.go
import type { VirtualMachine, VirtualMachineInstance } from '@virtdeck/k8s'
import { jsonEqual } from '../storage/json-equal.ts'
import type { ControllerContext } from './context.ts'
import { memoryHotplugProblem } from './memory-hotplug.ts'
import { conditionOf, isTrue, vmis, vms } from './objects.ts'
import { isMigrating } from './printable-status.ts'
import { formatBytes, formatCores, parseQuantity } from './quantity.ts'
import { restartRequired, startedSpecOf, templateOf } from './restart-required.ts'
import { updatesLive } from './vmi-spec.ts'

type VmiSpec = VirtualMachineInstance['spec']
type Cpu = NonNullable<VmiSpec['domain']['cpu']>
type Nic = NonNullable<VmiSpec['domain']['devices']['interfaces']>[number]
type Resources = { requests?: Record<string, string>; limits?: Record<string, string> }

/** What becomes of one change: nothing to do, a new spec for the VMI, a restart, or a try later. */
type Outcome = undefined | { spec: VmiSpec } | { restart: string } | { failure: { reason: string; message: string } }

export type LiveUpdate = {
  vmi: VirtualMachineInstance
  /** Why the VM has to be restarted. */
  restart?: string
  failure?: { reason: string; message: string }
}

const vcpusOf = ({ sockets, cores, threads }: Cpu) => (sockets || 1) * (cores || 1) * (threads || 1)

const quantityOf = (resources: unknown, kind: 'requests' | 'limits', name: 'cpu' | 'memory'): number | undefined =>
  parseQuantity((resources as Resources | undefined)?.[kind]?.[name])

/** Resources of which what is set of one resource grew. */
function grown(resources: unknown, name: 'cpu' | 'memory', more: number, floor: number, format: (value: number) => string): Resources {
  const grow = (kind: 'requests' | 'limits', least: number) => {
    const set = quantityOf(resources, kind, name)
    const now = (resources as Resources | undefined)?.[kind]
    return set === undefined ? (now ? { [kind]: now } : {}) : { [kind]: { ...now, [name]: format(Math.max(set + more, least)) } }
  }
  return { ...(resources as Resources), ...grow('requests', floor), ...grow('limits', 0) }
}

function cpuChange(vmi: VirtualMachineInstance, asked: VmiSpec): Outcome {
  const { cpu } = vmi.spec.domain
  const wanted = asked.domain.cpu
  const [sockets, current] = [wanted?.sockets ?? 0, cpu?.sockets ?? 0]
  if (!cpu || !wanted || sockets === current) return undefined
  const failure = (message: string): Outcome => ({
    failure: { reason: 'HotPlugCPUError', message: `Error encountered while handling CPU change request: ${message}` },
  })
  if (isTrue(vmi, 'HotVCPUChange')) return failure('another CPU hotplug is in progress')
  if (isMigrating(vmi)) return failure('CPU hotplug is not allowed while VMI is migrating')
  if (sockets > (cpu.maxSockets ?? 0)) return { restart: "CPU sockets updated in template spec to a value higher than what's available" }
  if (sockets < current) return { restart: 'Reduction of CPU socket count requires a restart' }
  if (asked.architecture === 'arm64') return { restart: "ARM doesn't support CPU hotplug" }
  const { domain } = vmi.spec
  // A tenth of a core for each vCPU, as everywhere where nobody asks for more.
  const more = (vcpusOf(wanted) - vcpusOf(cpu)) / 10
  const resources = grown(domain.resources, 'cpu', more, 0, formatCores)
  return { spec: { ...vmi.spec, domain: { ...domain, cpu: { ...cpu, sockets }, resources: resources as never } } }
}

function placementChange(vmi: VirtualMachineInstance, asked: VmiSpec): Outcome {
  const { nodeSelector, affinity, tolerations } = asked
  const now = { nodeSelector: vmi.spec.nodeSelector, affinity: vmi.spec.affinity }
  const moved = !jsonEqual({ nodeSelector, affinity }, now)
  const tolerated = !jsonEqual(tolerations, vmi.spec.tolerations)
  if (isMigrating(vmi) && moved) {
    return {
      failure: {
        reason: 'AffinityChangeError',
        message: 'Error encountered while handling node affinity change request: Node affinity should not be changed during VMI migration',
      },
    }
  }
  if (isMigrating(vmi) && tolerated) {
    return {
      failure: {
        reason: 'TolerationsChangeError',
        message: 'Error encountered while handling tolerations change request: tolerations should not be changed during VMI migration',
      },
    }
  }
  if (!moved && !tolerated) return undefined
  const { nodeSelector: _, affinity: __, tolerations: ___, ...rest } = vmi.spec
  return {
    spec: {
      ...rest,
      ...(nodeSelector ? { nodeSelector } : {}),
      ...(affinity ? { affinity } : {}),
      ...(tolerations ? { tolerations } : {}),
    },
  }
}

function memoryChange(vmi: VirtualMachineInstance, asked: VmiSpec): Outcome {
  const wanted = asked.domain.memory?.guest as string | undefined
  const { memory } = vmi.spec.domain
  const { guestCurrent, guestAtBoot } = (vmi.status?.memory ?? {}) as { guestCurrent?: string; guestAtBoot?: string }
  const [wantedBytes = 0, guestBytes] = [parseQuantity(wanted), parseQuantity(memory?.guest as string | undefined)]
  if (!wanted || !memory?.guest || !guestCurrent) return undefined
  if (conditionOf(vmi, 'HotMemoryChange')?.status === 'False') {
    return { restart: 'memory updated in template spec. Memory-hotplug failed and is not available for this VM configuration' }
  }
  if (wantedBytes === guestBytes) return undefined
  if (!isTrue(vmi, 'LiveMigratable')) {
    return { restart: 'memory updated in template spec. Memory-hotplug is only available for migratable VMs' }
  }
  if (!memory.maxGuest) return { restart: 'memory updated in template spec. Memory-hotplug is not available for this VM configuration' }
  const failure = (message: string): Outcome => ({
    failure: { reason: 'HotPlugMemoryError', message: `error encountered while handling memory hotplug requests: ${message}` },
  })
  if (isTrue(vmi, 'HotMemoryChange')) return failure('another memory hotplug is in progress')
  if (isMigrating(vmi)) return failure('memory hotplug is not allowed while VMI is migrating')
  const problem = memoryHotplugProblem(asked, memory.maxGuest as string)
  if (problem) return { restart: `memory hotplug not supported, ${problem}` }
  if (wantedBytes < (parseQuantity(guestAtBoot) ?? 0)) {
    return { restart: 'memory updated in template spec to a value lower than what the VM started with' }
  }
  const { domain } = vmi.spec
  const more = wantedBytes - (parseQuantity(guestCurrent) ?? 0)
  const resources = grown(domain.resources, 'memory', more, wantedBytes, formatBytes)
  return { spec: { ...vmi.spec, domain: { ...domain, memory: { ...memory, guest: wanted as never }, resources: resources as never } } }
}

/** Interfaces that came to the template, and those that it calls absent; what is detached leaves the VMI's spec. */
function withInterfaces(vmi: VirtualMachineInstance, vm: VirtualMachine): VmiSpec {
  const template = vm.spec.template.spec
  const attached = new Set((vmi.status?.interfaces ?? []).map((nic) => nic.name))
  let { networks = [] } = vmi.spec
  let nics: Nic[] = vmi.spec.domain.devices.interfaces ?? []
  for (const asked of (template?.domain.devices.interfaces ?? []) as Nic[]) {
    const existing = nics.find((nic) => nic.name === asked.name)
    const network = template?.networks?.find((candidate) => candidate.name === asked.name)
    if (!existing && network && asked.state !== 'absent' && (asked.bridge || asked.sriov)) {
      networks = [...networks, network as never]
      nics = [...nics, asked]
    } else if (existing && existing.state !== asked.state && existing.state !== 'absent') {
      nics = nics.map((nic) => (nic === existing ? withState(nic, asked.state) : nic))
    }
  }
  const kept = nics.filter((nic) => nic.state !== 'absent' || attached.has(nic.name))
  if (jsonEqual(kept, vmi.spec.domain.devices.interfaces ?? [])) return vmi.spec
  return {
    ...vmi.spec,
    domain: { ...vmi.spec.domain, devices: { ...vmi.spec.domain.devices, interfaces: kept } },
    networks: networks.filter((network) => kept.some((nic) => nic.name === network.name)),
  }
}

function withState(nic: Nic, state: string | undefined): Nic {
  const { state: _, ...rest } = nic
  return state === undefined ? rest : { ...rest, state }
}

/** The VM without the interfaces that are absent and detached. */
export function forgetDetached(
  { objects }: ControllerContext,
  vm: VirtualMachine,
  vmi: VirtualMachineInstance | undefined,
): VirtualMachine {
  const template = vm.spec.template.spec
  const held = new Set([
    ...(vmi?.spec.domain.devices.interfaces ?? []).map((nic) => nic.name),
    ...(vmi?.status?.interfaces ?? []).map((nic) => nic.name),
  ])
  const nics = (template?.domain.devices.interfaces ?? []) as Nic[]
  const kept = nics.filter((nic) => nic.state !== 'absent' || held.has(nic.name))
  if (!template || kept.length === nics.length) return vm
  const spec = {
    ...template,
    domain: { ...template.domain, devices: { ...template.domain.devices, interfaces: kept } },
    networks: template.networks?.filter((network) => kept.some((nic) => nic.name === network.name)),
  }
  return objects.setSpec(vms, vm, { ...vm.spec, template: { ...vm.spec.template, spec } })
}

/** Brings a running VMI as near to its VM as goes without a restart, one step at a time. */
export function updateLive(context: ControllerContext, vm: VirtualMachine, vmi: VirtualMachineInstance): LiveUpdate {
  const { objects } = context
  const structural = restartRequired(context, vm, vmi)
  let current = vmi
  const change = (spec: VmiSpec) => {
    if (spec !== current.spec) current = objects.setSpec(vmis, current, spec)
  }
  change(withInterfaces(current, vm))
  if (structural) return { vmi: current, restart: structural }
  if (!updatesLive(objects)) return { vmi: current }
  const asked = templateOf(objects, vm)
  let restart: string | undefined
  for (const step of [cpuChange, placementChange, memoryChange]) {
    const outcome = step(current, asked)
    if (!outcome) continue
    if ('failure' in outcome) return { vmi: current, failure: outcome.failure, ...(restart ? { restart } : {}) }
    // The later of two reasons is the one that stays.
    if ('restart' in outcome) restart = outcome.restart
    else change(outcome.spec)
  }
  return { vmi: current, ...(restart ? { restart } : {}) }
}

/** A VMI whose VM has the template again that it started with belongs to the VM's present generation. */
export function followGeneration({ objects }: ControllerContext, vm: VirtualMachine, vmi: VirtualMachineInstance): VirtualMachineInstance {
  const generation = String(vm.metadata.generation ?? 1)
  if (vmi.metadata.annotations?.['kubevirt.io/vm-generation'] === generation) return vmi
  const started = startedSpecOf(objects, vmi)
  if (!started || !jsonEqual(started.template, vm.spec.template)) return vmi
  return objects.setMetadata(vmis, vmi, {
    annotations: { ...vmi.metadata.annotations, 'kubevirt.io/vm-generation': generation },
  })
}
