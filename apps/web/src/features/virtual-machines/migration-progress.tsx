import type { VirtualMachineInstance, VirtualMachineInstanceMigration } from '@virtdeck/k8s'
import type { VmRow } from '@virtdeck/kubevirt'
import { useRef, type ReactNode } from 'react'
import { useNow } from '../../api/now.ts'
import { Banner } from '../../ui/banner.tsx'
import { Button } from '../../ui/button.tsx'
import { CommandLine } from '../../ui/code-block.tsx'
import { Dash } from '../../ui/dash.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { IconMark } from '../../ui/icon.tsx'
import { CheckIcon } from '../../ui/icons.ts'
import { Progress } from '../../ui/progress.tsx'
import { StateGlyph } from '../../ui/state-glyph.tsx'
import { formatBytes, formatElapsed } from '../../util/format.ts'
import { ErrorLine } from './error-line.tsx'
import { migrationProgress, type MigrationStep } from './migration-steps.ts'
import { useDialogVerb } from './power-dialogs.tsx'
import { useVerbReason } from '../../components/vm/vm-actions.tsx'
import { Bdi } from '../../ui/bdi.tsx'
import { DETAIL_CHARACTERS } from '../../util/visible-text.ts'

type Props = {
  row: VmRow
  migration: VirtualMachineInstanceMigration
  vmi: VirtualMachineInstance | undefined
  onClose(): void
  onAgain(): void
}

/** Follows one migration to its end; closing does not stop it. */
export function MigrationProgressDialog({ row, migration, vmi, onClose, onAgain }: Props) {
  const progress = migrationProgress(migration, vmi)
  const { pending, error, run } = useDialogVerb(
    'cancelMigration',
    { ...row, migration: { name: migration.metadata.name, phase: migration.status?.phase ?? 'Pending' } },
    // Its object is gone soon; the toast and the row tell the rest.
    onClose,
  )
  const { outcome, sourceNode, targetNode, failureReason } = progress
  const close = useRef<HTMLButtonElement>(null)
  const reason = useVerbReason('cancelMigration', row)
  const target = targetNode ?? 'another node'
  const titles = {
    moving: `${row.name} is moving to ${target}`,
    cancelling: `Cancelling the migration of ${row.name}`,
    succeeded: `${row.name} runs on ${target}`,
    failed: `${row.name} did not move`,
  }

  return (
    <Dialog
      title={titles[outcome]}
      wide
      onClose={onClose}
      initialFocus={close}
      footer={
        <>
          <CommandLine command={`kubectl get vmim ${migration.metadata.name} -n ${row.namespace} -w`} />
          {outcome === 'failed' && <Button onClick={onAgain}>Choose another target</Button>}
          {(outcome === 'moving' || outcome === 'cancelling') && (
            <Button
              className="dangerlite"
              loading={pending || outcome === 'cancelling'}
              disabledReason={pending || outcome === 'cancelling' ? undefined : reason}
              onClick={() => run()}
            >
              Cancel migration
            </Button>
          )}
          <Button ref={close} onClick={onClose}>
            Close
          </Button>
        </>
      }
    >
      <div className="mroute">
        <div>
          <span className="dim">From</span>
          <b className="mono">{sourceNode ?? <Dash />}</b>
        </div>
        <div className="mline">
          <Progress value={progress.percent} label="Steps done" wide />
        </div>
        <div>
          <span className="dim">To</span>
          <b className="mono">{targetNode ?? <Dash />}</b>
        </div>
      </div>
      <ol className="steps" aria-label="Steps">
        {progress.steps.map((step) => (
          <Step key={step.id} step={step} />
        ))}
      </ol>
      <div className="panel">
        <div className="usagegrid three">
          <Figure label="Elapsed">
            <ElapsedBetween from={progress.startedAt} to={progress.endedAt} />
          </Figure>
          <Figure label="Memory to copy">
            <Memory bytes={row.memoryBytes} />
          </Figure>
          <Figure label="Phase">{migration.status?.phase ?? 'Pending'}</Figure>
        </div>
      </div>
      {failureReason && (
        <Banner tone="error" title="It stays where it was." inline>
          <Bdi className="mono" maxCharacters={DETAIL_CHARACTERS}>
            {failureReason}
          </Bdi>
        </Banner>
      )}
      {outcome === 'moving' && (
        <p className="hint">Closing this does not stop the migration. Cancelling it leaves the VM where it is, running.</p>
      )}
      <ErrorLine error={error} />
    </Dialog>
  )
}

const shapes = { now: 'transit', todo: 'unknown', failed: 'error' } as const

function Step({ step }: { step: MigrationStep }) {
  const now = useNow(1000)
  const took = step.tookSeconds ?? (step.since === undefined ? undefined : Math.max(0, now / 1000 - step.since))
  return (
    <li className={step.state}>
      {step.state === 'done' ? <IconMark icon={CheckIcon} /> : <StateGlyph state={shapes[step.state]} />}
      {step.label}
      {took !== undefined && <time>{formatElapsed(took)}</time>}
    </li>
  )
}

function ElapsedBetween({ from, to }: { from: number; to: number | undefined }) {
  const now = useNow(1000)
  return <>{formatElapsed(Math.max(0, (to ?? now / 1000) - from))}</>
}

function Memory({ bytes }: { bytes: number | undefined }) {
  if (bytes === undefined) return <Dash />
  const { value, unit } = formatBytes(bytes)
  return (
    <>
      {value} <i>{unit}</i>
    </>
  )
}

function Figure({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <div className="lab">{label}</div>
      <div className="val">{children}</div>
    </div>
  )
}
