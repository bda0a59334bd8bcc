// Stop, force stop, restart, cancel migration: what each of them costs, before it happens.
import { toStatus, type Status } from '@virtdeck/k8s'
import { vmCommand, type RequestVerb, type VmRequestOptions, type VmRow } from '@virtdeck/kubevirt'
import { useState, type ReactNode } from 'react'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { sendVerb } from '../../components/vm/run-verb.ts'
import { useVerbReason } from '../../components/vm/vm-actions.tsx'

type PowerVerb = 'stop' | 'forceStop' | 'restart' | 'cancelMigration'

const titles: Record<PowerVerb, (name: string) => string> = {
  stop: (name) => `Stop ${name}?`,
  forceStop: (name) => `Force-stop ${name}?`,
  restart: (name) => `Restart ${name}?`,
  cancelMigration: (name) => `Cancel the migration of ${name}?`,
}

const buttons: Record<PowerVerb, string> = {
  stop: 'Stop VM',
  forceStop: 'Force-stop VM',
  restart: 'Restart VM',
  cancelMigration: 'Cancel migration',
}

export function PowerDialog({ verb, row, onClose }: { verb: PowerVerb; row: VmRow; onClose(): void }) {
  const { pending, error, run } = useDialogVerb(verb, row, onClose)
  const reason = useVerbReason(verb, row)
  return (
    <ConfirmDialog
      title={titles[verb](row.name)}
      verb={buttons[verb]}
      danger={verb === 'forceStop'}
      command={vmCommand(verb, row)}
      disabledReason={pending ? undefined : reason}
      pending={pending}
      error={error}
      onConfirm={() => run()}
      onClose={onClose}
    >
      <Consequence verb={verb} row={row} />
    </ConfirmDialog>
  )
}

/** Runs a verb from a dialog: its refusal is shown there, its success closes it; a toast follows it from there. */
export function useDialogVerb(verb: RequestVerb, row: VmRow, onClose: () => void) {
  const [pending, setPending] = useState(false)
  const [error, setError] = useState<Status>()

  async function run(options?: VmRequestOptions) {
    setPending(true)
    setError(undefined)
    try {
      await sendVerb(verb, row, options)
      onClose()
    } catch (refusal) {
      setError(toStatus(refusal))
    } finally {
      setPending(false)
    }
  }

  return { pending, error, run }
}

function Consequence({ verb, row }: { verb: PowerVerb; row: VmRow }): ReactNode {
  const node = row.node && <span className="mono hi">{row.node}</span>
  switch (verb) {
    case 'stop':
      return (
        <>
          <p>The guest is asked to shut down, and switched off if it does not within its grace period.</p>
          <Loses row={row} />
          {row.runStrategy && !['Halted', 'Manual'].includes(row.runStrategy) && (
            <p className="hint">
              Its run strategy changes from <span className="mono">{row.runStrategy}</span> to <span className="mono">Halted</span>: it
              stays off until somebody starts it.
            </p>
          )}
        </>
      )
    case 'forceStop':
      return (
        <>
          <p>
            The power is cut <b>at once</b>. What the guest has not written to its disks yet is lost, and its file systems may need a
            repair.
          </p>
          <Loses row={row} />
        </>
      )
    case 'restart':
      return (
        <>
          <p>
            The guest is shut down and booted again{row.restartRequired ? ', which applies the changes that are waiting for it' : ''}.
            Whoever uses it is cut off until then.
          </p>
          <Loses row={row} again />
        </>
      )
    case 'cancelMigration':
      return (
        <p>
          It goes on running{node ? <> on {node}</> : ' where it is'}, undisturbed.{' '}
          {row.migration?.targetNode && (
            <>
              What has been copied to <span className="mono hi">{row.migration.targetNode}</span> is dropped.
            </>
          )}
        </p>
      )
  }
}

/** What a VM gives up when it goes off: memory, place, address. */
function Loses({ row, again = false }: { row: VmRow; again?: boolean }) {
  const address = row.ips?.[0]
  return (
    <p>
      Its disks stay; its memory is lost.{' '}
      {row.node && (
        <>
          {again ? 'It may come back on another node than' : 'It gives up its place on'} <span className="mono hi">{row.node}</span>
          {address && (
            <>
              , and its address <span className="mono hi">{address}</span> may change
            </>
          )}
          .
        </>
      )}
    </p>
  )
}
