// Where a VM could go, and why it could not go elsewhere, as far as nodes and visible VMs tell.
import type { VirtualMachineInstance } from '@virtdeck/k8s'
import { whyNotOn, type NodeRow, type VmRow } from '@virtdeck/kubevirt'

export type MigrateTarget = {
  name: string
  /** Why the VM does not fit there; absent where it should. The scheduler has the last word. */
  reason?: string
  /** VMs' memory there now and with this one, percent of what the node may give; absent where not all VMs are visible. */
  memory?: { nowPercent: number; afterPercent: number }
  room?: 'most' | 'enough'
}

type MigrateTargetsInput = {
  row: VmRow
  vmi?: VirtualMachineInstance
  nodes: readonly NodeRow[]
  /** All VMs of the cluster, or undefined where the user may not see them all. */
  vms?: readonly VmRow[]
}

/** Fitting nodes first, those with the most room first; then the others by name. */
export function migrateTargets({ row, vmi, nodes, vms }: MigrateTargetsInput): MigrateTarget[] {
  const usedBytes = vms && memoryByNode(vms)
  const targets = nodes.map((node) => target(node, row, vmi, usedBytes?.get(node.name) ?? (usedBytes ? 0 : undefined)))
  const fitting = targets
    .filter((one) => !one.reason)
    .toSorted((a, b) => (a.memory?.afterPercent ?? 0) - (b.memory?.afterPercent ?? 0) || a.name.localeCompare(b.name))
  const others = targets.filter((one) => one.reason).toSorted((a, b) => a.name.localeCompare(b.name))
  if (fitting[0]?.memory && fitting.length > 1) fitting[0] = { ...fitting[0], room: 'most' }
  return [...fitting, ...others]
}

function target(node: NodeRow, row: VmRow, vmi: VirtualMachineInstance | undefined, usedBytes: number | undefined): MigrateTarget {
  const here = node.name === row.node
  const needsBytes = row.memoryBytes ?? 0
  const percent = (bytes: number) => Math.round((100 * bytes) / Math.max(node.memoryBytes, 1))
  const memory =
    usedBytes === undefined ? undefined : { nowPercent: percent(usedBytes), afterPercent: percent(usedBytes + (here ? 0 : needsBytes)) }
  return { name: node.name, memory, reason: here ? 'It runs here' : unfit(node, vmi, needsBytes, usedBytes) }
}

function unfit(
  node: NodeRow,
  vmi: VirtualMachineInstance | undefined,
  needsBytes: number,
  usedBytes: number | undefined,
): string | undefined {
  if (!node.ready) return 'Not ready'
  if (node.unschedulable) return 'Cordoned'
  if (!node.schedulable) return 'KubeVirt does not run VMs there'
  const problem = vmi && whyNotOn(vmi.spec, node)
  if (problem) return problem.charAt(0).toUpperCase() + problem.slice(1)
  const freeBytes = node.memoryBytes - (usedBytes ?? 0)
  if (needsBytes > freeBytes) return `Needs ${gib(needsBytes)} GiB, has ${gib(Math.max(0, freeBytes))}`
  return undefined
}

const gib = (bytes: number) => Number((bytes / 2 ** 30).toFixed(1))

function memoryByNode(vms: readonly VmRow[]): Map<string, number> {
  const bytes = new Map<string, number>()
  for (const vm of vms) if (vm.node) bytes.set(vm.node, (bytes.get(vm.node) ?? 0) + (vm.memoryBytes ?? 0))
  return bytes
}
