// What the VMs on each node take of it, as far as one may see them.
import { own } from '@virtdeck/k8s'
import type { NodeRow, VmRow } from '@virtdeck/kubevirt'
import type { State } from '../../ui/state-glyph.tsx'

export type NodeLoad = NodeRow & {
  state: State
  word: string
  vms: number
  cpusUsed: number
  memoryUsedBytes: number
  /** Each VM's own part, largest first; beyond the strip's room the smallest are one. */
  cpuParts: readonly number[]
  memoryParts: readonly number[]
  /** While its VMs are sent away: by this tab, which knows how many they were, or by anybody. */
  draining?: Draining
}

/** `ended` of `total` have come to their end; `since` is seconds since the epoch. */
export type Draining = { ended?: number; total?: number; since?: number }

/** What makes a strip of so many VMs unreadable is drawn as one. */
const PARTS = 40

/** One load per node, in the nodes' order. A VM counts where its VMI runs, so while it migrates on its source. */
export function nodeLoads(
  nodes: readonly NodeRow[],
  vms: readonly VmRow[],
  drains: Readonly<Record<string, Draining | undefined>> = {},
): NodeLoad[] {
  const byNode = new Map<string, VmRow[]>()
  for (const vm of vms) {
    if (vm.node === undefined) continue
    const there = byNode.get(vm.node)
    if (there) there.push(vm)
    else byNode.set(vm.node, [vm])
  }
  return nodes.map((node) => {
    const there = byNode.get(node.name) ?? []
    const cpuParts = there.map(({ cpus = 0 }) => cpus)
    const memoryParts = there.map(({ memoryBytes = 0 }) => memoryBytes)
    // A cordoned node that VMs are leaving is being emptied, whoever does it.
    const leaving = node.unschedulable && there.some(({ migration }) => migration !== undefined)
    const draining = own(drains, node.name) ?? (leaving ? {} : undefined)
    return {
      ...node,
      ...nodeState(node),
      ...(draining && node.ready && { state: 'transit', word: 'Draining', draining }),
      vms: there.length,
      cpusUsed: sum(cpuParts),
      memoryUsedBytes: sum(memoryParts),
      cpuParts: largest(cpuParts),
      memoryParts: largest(memoryParts),
    }
  })
}

/** Shape and word: what keeps VMs away comes before what is well. */
function nodeState({ ready, unschedulable, schedulable }: NodeRow): { state: State; word: string } {
  if (!ready) return { state: 'error', word: 'Not ready' }
  if (unschedulable) return { state: 'stopped', word: 'Cordoned' }
  return schedulable ? { state: 'running', word: 'Ready' } : { state: 'warning', word: 'Takes no VMs' }
}

const attention: Partial<Record<State, number>> = { error: 0, warning: 1, transit: 2, stopped: 3 }

/** What one must look at first, and then the fullest. */
export const byAttention = ({ state, memoryBytes, memoryUsedBytes }: NodeLoad): number =>
  (attention[state] ?? 4) - Math.min(0.99, memoryBytes > 0 ? memoryUsedBytes / memoryBytes / 100 : 0)

function largest(parts: number[]): number[] {
  const sorted = parts.filter((part) => part > 0).toSorted((a, b) => b - a)
  return sorted.length <= PARTS ? sorted : [...sorted.slice(0, PARTS - 1), sum(sorted.slice(PARTS - 1))]
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

/** Undefined where there is nothing to have a share of. */
export const share = (used: number, total: number): number | undefined => (total > 0 ? used / total : undefined)
