// What is below a namespace or a node of the inventory: groups of VMs by their `app` label, and the VMs themselves. Pure.
import { own } from '@virtdeck/k8s'
import { vmState, type VmRow } from '@virtdeck/kubevirt'
import { naturalKey } from '../components/fleet/order.ts'

export type Branch =
  | { kind: 'app'; app: string; rows: readonly VmRow[]; failing: number }
  | { kind: 'vm'; row: VmRow }
  /** So many VMs that are not listed: of a group, or of the place itself. */
  | { kind: 'more'; count: number; app?: string }

/** More leaves than these nobody reads: the list has them all. */
export const LEAVES = 40

const APP = 'app'
const appOf = ({ labels }: VmRow): string | undefined => own(labels, APP)

/** Groups of two or more first, then what stands alone; both by name. */
export function namespaceBranches(rows: readonly VmRow[]): Branch[] {
  const groups = new Map<string, VmRow[]>()
  const alone: VmRow[] = []
  for (const row of rows) {
    const app = appOf(row)
    if (app === undefined) alone.push(row)
    else groups.set(app, [...(groups.get(app) ?? []), row])
  }
  const grouped: Branch[] = []
  for (const [app, members] of groups) {
    if (members.length < 2) alone.push(...members)
    else grouped.push({ kind: 'app', app, rows: members, failing: members.filter((row) => vmState(row) === 'error').length })
  }
  const appKey = (branch: Branch) => naturalKey(branch.kind === 'app' ? branch.app : '')
  return [...grouped.toSorted((a, b) => (appKey(a) < appKey(b) ? -1 : 1)), ...leaves(alone)]
}

/** The VMs themselves, as many as one reads. `app`: the group that they are of. */
export function leaves(rows: readonly VmRow[], app?: string): Branch[] {
  const sorted = rows.toSorted((a, b) => (naturalKey(a.name) < naturalKey(b.name) ? -1 : 1))
  const shown = sorted.slice(0, LEAVES).map((row): Branch => ({ kind: 'vm', row }))
  if (sorted.length <= LEAVES) return shown
  return [...shown, { kind: 'more', count: sorted.length - LEAVES, ...(app !== undefined && { app }) }]
}
