// A verb on many VMs, with what can be chosen about it: the order of booting, labels, the fate of disks.
import { autoName, type Fate, type VmRow } from '@virtdeck/kubevirt'
import { useState } from 'react'
import type { ReactNode } from 'react'
import { whyDenied } from '../../api/access.ts'
import { useAccessIn } from '../../api/access-in.ts'
import { finishVmVerb } from '../../api/mutations.ts'
import type { Outcome } from '../../api/outcome.ts'
import { BulkDialog, type BulkJob, type BulkPlan } from '../../components/fleet/bulk-dialog.tsx'
import { useLabelChoice } from '../../components/fleet/label-choice.tsx'
import { labelNames } from '../../components/fleet/suggest.ts'
import { Field } from '../../ui/field.tsx'
import { Select } from '../../ui/select.tsx'
import { createDeletions, labelVm } from './bulk-requests.ts'
import { DiskFates, disksOf, isShared, useDisksOf } from './bulk-disks.tsx'
import { bootGroups, bulkAccess, bulkPlan, bulkWords, deletionPhrase, vmsText, type BulkVerb } from './bulk-verbs.ts'

/** So long a VM keeps its turn; what takes longer goes on, and the next begins. */
const PATIENCE_MS = 120_000

type VmBulkProps = {
  verb: BulkVerb
  /** What is selected. */
  rows: readonly VmRow[]
  /** After a run with the uids of those that failed or were not begun; without a run with nothing. */
  onClose: (unfinished?: ReadonlySet<string>) => void
}

/** The same of every verb: who is meant, what it says, and what of it is still to be chosen. */
type Part = Pick<BulkJob<VmRow>, 'choices' | 'problem' | 'groupsOf' | 'run' | 'danger' | 'phrase'>
type PartProps = { verb: BulkVerb; plan: BulkPlan<VmRow>; children: (part: Part) => ReactNode }

export function VmBulkDialog({ verb, rows, onClose }: VmBulkProps) {
  const words = bulkWords[verb]
  const question = bulkAccess(verb)
  const access = useAccessIn([...new Set(rows.map(({ namespace }) => namespace))], question)
  const plan = bulkPlan(verb, rows, (namespace) => (access.allowed(namespace) ? undefined : whyDenied({ ...question, namespace })))
  const Chosen = verb === 'label' ? Labelling : verb === 'delete' ? Deleting : verb === 'start' || verb === 'stop' ? Ordered : Plain
  return (
    <Chosen verb={verb} plan={plan}>
      {(part) => <BulkDialog job={{ ...words, what: vmsText, plan, pending: access.pending, ...part }} onClose={onClose} />}
    </Chosen>
  )
}

function useSending(verb: Exclude<BulkVerb, 'label'>): (row: VmRow) => Promise<Outcome> {
  // A snapshot's name is chosen once: trying again never makes a second one.
  const [now] = useState(() => new Date())
  return (row) => finishVmVerb(verb, row, { name: autoName(row, now), now }, PATIENCE_MS)
}

function Plain({ verb, children }: PartProps) {
  const run = useSending(verb === 'label' ? 'start' : verb)
  return children({ run })
}

/** Starting and stopping: all at once, or group by group. */
function Ordered({ verb, plan, children }: PartProps) {
  const stops = verb === 'stop'
  const run = useSending(stops ? 'stop' : 'start')
  const [label, setLabel] = useState('')
  const known = labelNames(plan.will, ({ labels }) => labels)
  const groups = label ? bootGroups(plan.will, label, stops) : []
  const choices = plan.will.length > 1 && known.size > 0 && (
    <>
      <Field
        label={stops ? 'Stop in groups by label' : 'Boot in groups by label'}
        hint={
          groups.length > 0
            ? `${groups.map((group) => group.map(({ name }) => name).join(', ')).join(' → ')}`
            : `In the order of its values${stops ? ', from the last to the first' : ''}: the next group waits until all of the one before ${stops ? 'are off' : 'run'}.`
        }
        optional
      >
        <Select
          value={label}
          onValueChange={setLabel}
          placeholder="All at once"
          options={[...known.keys()].toSorted().map((name) => ({ value: name, label: name }))}
        />
      </Field>
    </>
  )
  return children({ run, choices, ...(label && { groupsOf: (rows: readonly VmRow[]) => bootGroups(rows, label, stops) }) })
}

function Labelling({ plan, children }: PartProps) {
  const { choices, problem, key, value } = useLabelChoice((name) => {
    const having = plan.will.filter(({ labels }) => labels && Object.hasOwn(labels, name)).length
    return having > 0 ? `${vmsText(having)} of them ${having === 1 ? 'has' : 'have'} it.` : undefined
  })
  return children({ choices, problem, run: (row) => labelVm(row, key, value) })
}

function Deleting({ plan, children }: PartProps) {
  const send = useSending('delete')
  const [deleteVmAnd] = useState(() => createDeletions(PATIENCE_MS))
  const [fates, setFates] = useState<ReadonlyMap<string, Fate>>(new Map())
  const disks = useDisksOf(plan.will)
  return children({
    danger: true,
    phrase: deletionPhrase,
    choices: <DiskFates disks={disks} fates={fates} onChange={setFates} />,
    problem: disks.status === 'loading' ? 'Looking for their disks.' : undefined,
    run: (row) => {
      const own = disksOf(row, disks.rows)
      // What others use would go with its owner if nobody let go of it first.
      const byItself = own.every((disk) => !fates.has(disk.uid) && !isShared(disk))
      return byItself ? send(row) : deleteVmAnd(row, own, (disk) => fates.get(disk.uid))
    },
  })
}
