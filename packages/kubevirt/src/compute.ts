// How much CPU and memory a VM has.
import { parseQuantity, type VirtualMachine, type VirtualMachineInstance } from '@virtdeck/k8s'

export type Domain = NonNullable<NonNullable<VirtualMachine['spec']['template']['spec']>['domain']>

type Topology = { sockets?: number; cores?: number; threads?: number }

/**
 * vCPUs of a domain: sockets x cores x threads, what is not set being 1; without a topology, the CPU limit or request
 * rounded up, as virt-launcher does.
 * https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-launcher/virtwrap/converter/vcpu/vcpu.go
 */
export function domainCpus(domain: Domain | undefined): number | undefined {
  if (!domain) return undefined
  const { cpu, resources } = domain
  if (cpu?.sockets || cpu?.cores || cpu?.threads) return topologyCpus(cpu)
  const cores = parseQuantity(resources?.limits?.['cpu']) ?? parseQuantity(resources?.requests?.['cpu'])
  return cores === undefined ? 1 : Math.max(1, Math.ceil(cores))
}

function topologyCpus({ sockets, cores, threads }: Topology): number {
  return (sockets || 1) * (cores || 1) * (threads || 1)
}

/** Bytes that the guest sees; where only a request or a limit is set, KubeVirt takes that. */
export function domainMemoryBytes(domain: Domain | undefined): number | undefined {
  return (
    parseQuantity(domain?.memory?.guest) ??
    parseQuantity(domain?.resources?.requests?.['memory']) ??
    parseQuantity(domain?.resources?.limits?.['memory'])
  )
}

/** What it has now, or would have: a VMI's domain is resolved, a VM's lacks what its instance type says. */
export function vmCompute(
  vm: VirtualMachine | undefined,
  vmi: VirtualMachineInstance | undefined,
): { cpus?: number; memoryBytes?: number } {
  const domain = vmi?.spec.domain ?? (vm?.spec.instancetype ? undefined : vm?.spec.template.spec?.domain)
  const plugged = vmi?.status?.currentCPUTopology
  const cpus = plugged && (plugged.sockets || plugged.cores || plugged.threads) ? topologyCpus(plugged) : domainCpus(domain)
  const memoryBytes = parseQuantity(vmi?.status?.memory?.guestCurrent) ?? domainMemoryBytes(domain)
  return { ...(cpus !== undefined && { cpus }), ...(memoryBytes !== undefined && { memoryBytes }) }
}
