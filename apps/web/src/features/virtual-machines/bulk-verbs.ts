// What can be done with many VMs at once, in the order of a VM's own menu, and what is said about it.
import { own, type AccessQuestion } from '@virtdeck/k8s'
import { verbAccess, vmCan, type VmRow } from '@virtdeck/kubevirt'
import type { BulkPlan } from '../../components/fleet/bulk-dialog.tsx'
import { naturalKey } from '../../components/fleet/order.ts'
import { countText } from '../../util/format.ts'

export const bulkVerbs = ['start', 'stop', 'restart', 'pause', 'migrate', 'snapshot', 'label', 'delete'] as const
export type BulkVerb = (typeof bulkVerbs)[number]

type Words = {
  label: string
  /** On the button and in the title, before the number of VMs. */
  verb: string
  doing: string
  did: string
  consequence: string
}

export const bulkWords: Record<BulkVerb, Words> = {
  start: {
    label: 'Start…',
    verb: 'Start',
    doing: 'Starting',
    did: 'Started',
    consequence: 'They are booted on whatever nodes have room for them.',
  },
  stop: {
    label: 'Stop…',
    verb: 'Stop',
    doing: 'Stopping',
    did: 'Stopped',
    consequence:
      'The guests are asked to shut down, and switched off if they do not within their grace period. Disks stay; memory is lost. They stay off until somebody starts them.',
  },
  restart: {
    label: 'Restart…',
    verb: 'Restart',
    doing: 'Restarting',
    did: 'Restarted',
    consequence: 'The guests are shut down and booted again. Whoever uses them is cut off until then.',
  },
  pause: {
    label: 'Pause…',
    verb: 'Pause',
    doing: 'Pausing',
    did: 'Paused',
    consequence: 'Their processors stand still until somebody unpauses them; memory is kept.',
  },
  migrate: {
    label: 'Migrate…',
    verb: 'Migrate',
    doing: 'Migrating',
    did: 'Migrated',
    consequence: 'They go on running while their memory is copied to other nodes, which the scheduler chooses.',
  },
  snapshot: {
    label: 'Snapshot…',
    verb: 'Take snapshots of',
    doing: 'Taking a snapshot',
    did: 'Snapshot taken',
    consequence: 'Each gets a snapshot of its disks and settings, to which it can be brought back.',
  },
  label: {
    label: 'Label…',
    verb: 'Label',
    doing: 'Labelling',
    did: 'Labelled',
    consequence: 'Labels are what people search by and what policies choose VMs by. Nothing is restarted.',
  },
  delete: {
    label: 'Delete…',
    verb: 'Delete',
    doing: 'Deleting',
    did: 'Deleted',
    consequence: 'Those that run are stopped at once. This can’t be undone.',
  },
}

export const vmsText = (count: number) => countText(count, 'VM')

/** What has to be typed before so many VMs are deleted. */
export const deletionPhrase = (count: number) => `delete ${vmsText(count)}`

/** Which of the VMs take a verb: first what their state allows, which nobody's rights change, then the right to it. */
export function bulkPlan(verb: BulkVerb, rows: readonly VmRow[], refusal: (namespace: string) => string | undefined): BulkPlan<VmRow> {
  const plan: BulkPlan<VmRow> = { will: [], wont: [] }
  for (const row of rows) {
    const can = verb === 'label' ? canLabel(row) : vmCan[verb](row)
    const reason = can.possible ? refusal(row.namespace) : can.reason
    if (reason === undefined) plan.will.push(row)
    else plan.wont.push({ row, reason })
  }
  return plan
}

const canLabel = ({ bare }: VmRow) =>
  bare ? { possible: false as const, reason: 'It has no VirtualMachine, which would keep the label.' } : { possible: true as const }

/** The right that a verb needs, without the namespace. */
export function bulkAccess(verb: BulkVerb): AccessQuestion {
  return verb === 'label' ? { verb: 'patch', group: 'kubevirt.io', resource: 'virtualmachines' } : verbAccess(verb)
}

/**
 * Rows in groups by a label, in the order of its values: `1` before `2` before `10`. What does not have it comes last.
 * For those who stop, the other way round.
 */
export function bootGroups(rows: readonly VmRow[], label: string, reversed: boolean): VmRow[][] {
  const groups = new Map<string | undefined, VmRow[]>()
  for (const row of rows) {
    const value = own(row.labels, label)
    const group = groups.get(value)
    if (group) group.push(row)
    else groups.set(value, [row])
  }
  const ordered = [...groups]
    .toSorted(([a], [b]) =>
      a === undefined || b === undefined ? Number(a === undefined) - Number(b === undefined) : naturalKey(a) < naturalKey(b) ? -1 : 1,
    )
    .map(([, group]) => group)
  return reversed ? ordered.toReversed() : ordered
}

/** Why a verb is impossible for all of them; undefined as soon as one can. */
export function whyNone(verb: BulkVerb, rows: readonly VmRow[]): string | undefined {
  const { will, wont } = bulkPlan(verb, rows, () => undefined)
  const [first] = wont
  if (will.length > 0 || !first) return undefined
  const shared = wont.every(({ reason }) => reason === first.reason)
  return rows.length === 1 || shared ? first.reason : `None of the ${vmsText(rows.length)} can now: ${first.row.name}: ${first.reason}`
}
