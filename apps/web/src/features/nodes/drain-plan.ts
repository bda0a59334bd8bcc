// What emptying a node means: which VMs move and where they may land, which cannot and why. Pure; the scheduler has the
// last word on where.
import { explainCondition, vmCan, type NodeRow, type VmRow } from '@virtdeck/kubevirt'

export type Move = {
  row: VmRow
  /** Where there is room for it by its memory; absent where not all VMs are visible. */
  target?: string
}
export type Blocked = {
  row: VmRow
  reason: string
  /** The same in the cluster's own words, where it has some. */
  detail?: string
  canStop: boolean
}

export type DrainPlan = {
  /** Largest first: they are the hardest to place. */
  moves: Move[]
  /** Already on their way. */
  moving: VmRow[]
  blocked: Blocked[]
  /** The nodes that would take them, with VMs' share of their memory now and then, percent; those that change most first. */
  afterwards: { node: string; nowPercent: number; afterPercent: number }[]
}

type DrainInput = {
  node: Pick<NodeRow, 'name'>
  nodes: readonly NodeRow[]
  vms: readonly VmRow[]
  /** False where VMs may be hidden from the user: then nothing is said about room. */
  allVisible: boolean
}

/** Whether a VM's guest is on a node: what has ended only remembers where it was. */
const isOn = ({ node, status }: VmRow, name: string) => node === name && !['Stopped', 'Succeeded', 'Failed'].includes(status)

export function drainPlan({ node, nodes, vms, allVisible }: DrainInput): DrainPlan {
  const plan: DrainPlan = { moves: [], moving: [], blocked: [], afterwards: [] }
  const others = nodes.filter(({ name, ready, unschedulable, schedulable }) => name !== node.name && ready && !unschedulable && schedulable)
  const usedBytes = new Map(others.map(({ name }) => [name, 0]))
  for (const { node: on, memoryBytes = 0 } of vms)
    if (on !== undefined && usedBytes.has(on)) usedBytes.set(on, (usedBytes.get(on) ?? 0) + memoryBytes)
  const before = new Map(usedBytes)

  const here = vms.filter((row) => isOn(row, node.name)).toSorted((a, b) => (b.memoryBytes ?? 0) - (a.memoryBytes ?? 0) || compare(a, b))
  for (const row of here) {
    if (row.migration) {
      plan.moving.push(row)
      continue
    }
    const can = vmCan.migrate(row)
    const canStop = vmCan.stop(row).possible
    if (!can.possible) {
      plan.blocked.push({ row, ...whyTied(row, can.reason), canStop })
      continue
    }
    if (others.length === 0) {
      plan.blocked.push({ row, reason: 'No other node takes VMs.', canStop })
      continue
    }
    if (!allVisible) {
      plan.moves.push({ row })
      continue
    }
    const needsBytes = row.memoryBytes ?? 0
    const free = ({ name, memoryBytes }: NodeRow) => memoryBytes - (usedBytes.get(name) ?? 0)
    const target = others
      .filter((other) => free(other) >= needsBytes)
      .toSorted((a, b) => free(b) - free(a) || (a.name < b.name ? -1 : 1))[0]
    if (!target) {
      const most = Math.max(...others.map(free), 0)
      plan.blocked.push({
        row,
        reason: `No other node has room for it: it needs ${gib(needsBytes)} GiB, the emptiest has ${gib(most)}.`,
        canStop,
      })
      continue
    }
    usedBytes.set(target.name, (usedBytes.get(target.name) ?? 0) + needsBytes)
    plan.moves.push({ row, target: target.name })
  }

  const percent = (bytes: number, of: number) => Math.round((100 * bytes) / Math.max(of, 1))
  plan.afterwards = others
    .filter(({ name }) => usedBytes.get(name) !== before.get(name))
    .map(({ name, memoryBytes }) => ({
      node: name,
      nowPercent: percent(before.get(name) ?? 0, memoryBytes),
      afterPercent: percent(usedBytes.get(name) ?? 0, memoryBytes),
    }))
    .toSorted((a, b) => b.afterPercent - b.nowPercent - (a.afterPercent - a.nowPercent) || (a.node < b.node ? -1 : 1))
  return plan
}

function whyTied({ notMigratable }: VmRow, reason: string): Pick<Blocked, 'reason' | 'detail'> {
  if (!notMigratable || reason !== (notMigratable.message || notMigratable.reason)) return { reason }
  const said = explainCondition({ type: 'LiveMigratable', status: 'False', reason: notMigratable.reason })
  return { reason: said, detail: reason }
}

const compare = (a: VmRow, b: VmRow) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
const gib = (bytes: number) => Number((bytes / 2 ** 30).toFixed(1))
