// What emptying a node means: which VMs move and where they may land, which cannot and why. Pure; the scheduler has the
// last word on where.
import type { PodDisruptionBudget, VirtualMachineInstance } from '@virtdeck/k8s'
import { budgetsOf, explainCondition, vmCan, whyNotOn, type NodeRow, type VmRow } from '@virtdeck/kubevirt'
import { countText } from '../../util/format.ts'

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
  /** The PodDisruptionBudgets that ask for its pod to stay. Nothing that moves goes against one: its guest goes on. */
  budgets: readonly Budget[]
}

/** `allows`: how many of its pods may go now. */
type Budget = { namespace: string; name: string; allows: number }

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
  /** The VMIs on the node, and the PodDisruptionBudgets of their namespaces, as far as the user may read them. */
  vmis?: readonly VirtualMachineInstance[]
  budgets?: readonly PodDisruptionBudget[]
}

/** Whether a VM's guest is on a node: what has ended only remembers where it was. */
const isOn = ({ node, status }: VmRow, name: string) => node === name && !['Stopped', 'Succeeded', 'Failed'].includes(status)

export function drainPlan({ node, nodes, vms, allVisible, vmis = [], budgets = [] }: DrainInput): DrainPlan {
  const plan: DrainPlan = { moves: [], moving: [], blocked: [], afterwards: [] }
  const others = nodes.filter(({ name, ready, unschedulable, schedulable }) => name !== node.name && ready && !unschedulable && schedulable)
  const usedBytes = new Map(others.map(({ name }) => [name, 0]))
  for (const { node: on, memoryBytes = 0 } of vms)
    if (on !== undefined && usedBytes.has(on)) usedBytes.set(on, (usedBytes.get(on) ?? 0) + memoryBytes)
  const before = new Map(usedBytes)
  const vmiOf = new Map(vmis.map((vmi) => [keyOf(vmi.metadata), vmi]))

  for (const row of vmsOn(node, vms)) {
    if (row.migration) {
      plan.moving.push(row)
      continue
    }
    const vmi = vmiOf.get(keyOf(row))
    const stays = (why: Pick<Blocked, 'reason' | 'detail'>) =>
      plan.blocked.push({ row, ...why, canStop: vmCan.stop(row).possible, budgets: vmi ? budgetsOf(vmi, budgets).map(budgetFacts) : [] })
    const can = vmCan.migrate(row)
    if (!can.possible) {
      stays(whyTied(row, can.reason))
      continue
    }
    const fitting = others.filter((other) => !vmi || whyNotOn(vmi.spec, other) === undefined)
    if (fitting.length === 0) {
      stays({ reason: whyNowhere(others, vmi) })
      continue
    }
    if (!allVisible) {
      plan.moves.push({ row })
      continue
    }
    const needsBytes = row.memoryBytes ?? 0
    const free = ({ name, memoryBytes }: NodeRow) => memoryBytes - (usedBytes.get(name) ?? 0)
    const target = fitting
      .filter((other) => free(other) >= needsBytes)
      .toSorted((a, b) => free(b) - free(a) || (a.name < b.name ? -1 : 1))[0]
    if (!target) {
      const none = fitting.length === others.length ? 'No other node has room for it' : 'No node that it may run on has room for it'
      stays({ reason: `${none}: it needs ${gib(needsBytes)} GiB, the emptiest has ${gib(Math.max(...fitting.map(free), 0))}.` })
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

/** The VMs whose guests run on a node, the largest first. */
export function vmsOn({ name }: Pick<NodeRow, 'name'>, vms: readonly VmRow[]): VmRow[] {
  return vms.filter((row) => isOn(row, name)).toSorted((a, b) => (b.memoryBytes ?? 0) - (a.memoryBytes ?? 0) || compare(a, b))
}

/** More nodes than these are not named. */
const NAMED = 3

/** `None of the other 3 nodes will do: lacks label disk=nvme (b, c); has taint gpu:NoSchedule (d).` */
function whyNowhere(others: readonly NodeRow[], vmi: VirtualMachineInstance | undefined): string {
  if (!vmi || others.length === 0) return 'No other node takes VMs.'
  const namesOf = new Map<string, string[]>()
  for (const other of others) {
    const problem = whyNotOn(vmi.spec, other) ?? ''
    namesOf.set(problem, [...(namesOf.get(problem) ?? []), other.name])
  }
  const told = [...namesOf].map(([problem, names]) => {
    const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : ''
    return `${problem} (${names.slice(0, NAMED).join(', ')}${more})`
  })
  return `${others.length === 1 ? 'The other node won’t do' : `None of the other ${others.length} nodes will do`}: ${told.join('; ')}.`
}

const budgetFacts = ({ metadata: { namespace = '', name }, status }: PodDisruptionBudget): Budget => ({
  namespace,
  name,
  allows: status?.disruptionsAllowed ?? 0,
})

/**
 * What stopping VMs would go against, by their uids: the cluster lets it happen, for a budget only forbids evictions, but
 * somebody has asked for it not to. A budget that lets none go is told before anything is chosen.
 */
export function budgetWarnings(blocked: readonly Blocked[], stopping: ReadonlySet<string>): ReadonlyMap<string, string> {
  const chosen = new Map<string, number>()
  for (const { row, budgets } of blocked)
    if (stopping.has(row.uid)) for (const budget of budgets) chosen.set(keyOf(budget), (chosen.get(keyOf(budget)) ?? 0) + 1)
  return new Map(
    blocked.flatMap(({ row, budgets, canStop }) => {
      const told = (budget: Budget): string[] => {
        const stops = chosen.get(keyOf(budget)) ?? 0
        const which = `PodDisruptionBudget ${budget.name}`
        if (budget.allows === 0) return [`${which} lets none of its pods go now: to stop this VM goes against it.`]
        const goesAgainst = stopping.has(row.uid) && stops > budget.allows
        return goesAgainst
          ? [`${which} lets ${budget.allows} of its pods go now, and ${countText(stops, 'VM')} of it are to be stopped.`]
          : []
      }
      const warning = canStop ? budgets.flatMap(told).join(' ') : ''
      return warning ? [[row.uid, warning]] : []
    }),
  )
}

function whyTied({ notMigratable }: VmRow, reason: string): Pick<Blocked, 'reason' | 'detail'> {
  if (!notMigratable || reason !== (notMigratable.message || notMigratable.reason)) return { reason }
  const said = explainCondition({ type: 'LiveMigratable', status: 'False', reason: notMigratable.reason })
  return { reason: said, detail: reason }
}

const keyOf = ({ namespace, name }: { namespace?: string; name: string }) => `${namespace}/${name}`
const compare = (a: VmRow, b: VmRow) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
const gib = (bytes: number) => Number((bytes / 2 ** 30).toFixed(1))
