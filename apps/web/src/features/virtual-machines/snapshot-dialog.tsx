import { resources } from '@virtdeck/k8s'
import { nameProblem, vmCommand, type VmRow } from '@virtdeck/kubevirt'
import { useRef, useState } from 'react'
import { useWatchList, useWatchObject } from '../../api/watch.ts'
import { Button } from '../../ui/button.tsx'
import { CommandLine } from '../../ui/code-block.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Field } from '../../ui/field.tsx'
import { SnapshotIcon } from '../../ui/icons.ts'
import { TextInput } from '../../ui/text-input.tsx'
import { ErrorLine } from './error-line.tsx'
import { useDialogVerb } from './power-dialogs.tsx'
import { useVerbReason } from '../../components/vm/vm-actions.tsx'
import { snapshotName } from './snapshot-name.ts'

const formId = 'take-snapshot'

export function SnapshotDialog({ row, onClose }: { row: VmRow; onClose(): void }) {
  const [name, setName] = useState(() => snapshotName(row.name, new Date()))
  const field = useRef<HTMLInputElement>(null)
  const [leftField, setLeftField] = useState(false)
  const { items } = useWatchList(resources.virtualMachineSnapshots, { namespace: row.namespace, fieldSelector: `metadata.name=${name}` })
  const { pending, error, run } = useDialogVerb('snapshot', row, onClose)
  const reason = useVerbReason('snapshot', row)
  const problem =
    nameProblem(name) ?? (items.some((one) => one.metadata.name === name) ? 'There is a snapshot of this name already.' : undefined)

  return (
    <Dialog
      title={`Take a snapshot of ${row.name}`}
      onClose={onClose}
      initialFocus={field}
      footer={
        <>
          <CommandLine command={vmCommand('snapshot', row, { name })} />
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            form={formId}
            variant="primary"
            icon={SnapshotIcon}
            loading={pending}
            disabledReason={pending ? undefined : (reason ?? problem)}
          >
            Take snapshot
          </Button>
        </>
      }
    >
      <p>It keeps the disks and the settings of this moment, so that you can come back to it.</p>
      <Quality row={row} />
      <form
        id={formId}
        onSubmit={(event) => {
          event.preventDefault()
          if (!problem && !reason && !pending) void run({ name })
        }}
      >
        <Field label="Name" error={leftField ? problem : undefined}>
          <TextInput mono value={name} onChange={(event) => setName(event.target.value)} onBlur={() => setLeftField(true)} ref={field} />
        </Field>
      </form>
      <LeftOut row={row} />
      <ErrorLine error={error} />
    </Dialog>
  )
}

/** How good the snapshot will be: of a running guest, only its agent can bring the file systems to rest. */
function Quality({ row }: { row: VmRow }) {
  if (row.agent === undefined) return <p className="hint">The VM does not run: its disks are at rest.</p>
  return row.agent ? (
    <p className="hint">The guest agent brings the file systems to rest for a moment, so that they are consistent.</p>
  ) : (
    <p className="hint warn">The guest agent does not answer: the snapshot will look like a machine whose power was cut.</p>
  )
}

/** Volumes that KubeVirt says it cannot snapshot. */
function LeftOut({ row }: { row: VmRow }) {
  const { object: vm } = useWatchObject(resources.virtualMachines, row)
  const excluded = vm?.status?.volumeSnapshotStatuses?.filter((one) => !one.enabled) ?? []
  if (excluded.length === 0) return null
  return (
    <div className="hint">
      Left out: {excluded.map((one) => one.name).join(', ')}.
      {excluded.map(
        (one) =>
          one.reason && (
            <div key={one.name} className="mono">
              {one.reason}
            </div>
          ),
      )}
    </div>
  )
}
