import { toStatus, type VirtualMachine, type VirtualMachineRestore } from '@virtdeck/k8s'
import { verbAccess, type VmRow } from '@virtdeck/kubevirt'
import { useState } from 'react'
import { useSearchParams } from 'react-router'
import { useAccess } from '../../api/access.ts'
import { restoreProgress } from '../../api/restore-steps.ts'
import { restorePlans, useRestoreRefusal } from '../../api/restores.ts'
import { sendVmVerb } from '../../api/mutations.ts'
import { toast } from '../../stores/toasts.ts'
import { Banner } from '../../ui/banner.tsx'
import { Button } from '../../ui/button.tsx'
import { Elapsed } from '../../ui/elapsed.tsx'
import { IconMark } from '../../ui/icon.tsx'
import { CheckIcon } from '../../ui/icons.ts'
import { Panel } from '../../ui/panel.tsx'
import { StateGlyph } from '../../ui/state-glyph.tsx'

type RestorePanelProps = { row: VmRow; vm: VirtualMachine; restores: readonly VirtualMachineRestore[] }

/** The restore under way, or one of this tab that has just failed. */
export function RestorePanel({ row, vm, restores }: RestorePanelProps) {
  const newest = restores.toSorted((a, b) => b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp))[0]
  // One that fails while it is looked at goes on telling why.
  const [followed, setFollowed] = useState<string>()
  if (!newest) return null
  const working = restoreProgress(newest, vm).outcome === 'working'
  if (working && followed !== newest.metadata.uid) setFollowed(newest.metadata.uid)
  return working || followed === newest.metadata.uid ? <RestoreSteps key={newest.metadata.uid} row={row} vm={vm} restore={newest} /> : null
}

const glyphs = { now: 'transit', todo: 'unknown', failed: 'error' } as const

function RestoreSteps({ row, vm, restore }: { row: VmRow; vm: VirtualMachine; restore: VirtualMachineRestore }) {
  const refusal = useRestoreRefusal(restore.metadata.uid)
  const { steps, outcome, due } = restoreProgress(restore, vm)
  const snapshot = restore.spec.virtualMachineSnapshotName
  const titles = { working: `Restoring ${snapshot}`, done: `Restored ${snapshot}`, failed: `${snapshot} could not be restored` }
  return (
    <Panel title={titles[outcome]} actions={<Elapsed since={Date.parse(restore.metadata.creationTimestamp) / 1000} className="mono" />}>
      <ol className="upsteps">
        {steps.map((step) => (
          <li key={step.id} className={step.state} aria-current={step.state === 'now' ? 'step' : undefined}>
            {step.state === 'done' ? (
              <IconMark icon={CheckIcon} className="c-running" />
            ) : (
              <StateGlyph state={glyphs[step.state]} className={`c-${glyphs[step.state]}`} />
            )}
            <div>
              <p>
                {step.label} {step.detail && <span className="mono dim">{step.detail}</span>}
              </p>
            </div>
          </li>
        ))}
      </ol>
      {due && !restorePlans.isOurs(restore.metadata.uid) && <Continue row={row} due={due} />}
      {refusal && (
        <Banner tone="error" title="The next step was refused." inline>
          {refusal.message}
        </Banner>
      )}
    </Panel>
  )
}

/** Begun elsewhere, and its tab may be gone: whoever may can carry it on. */
function Continue({ row, due }: { row: VmRow; due: 'stop' | 'start' }) {
  const [pending, setPending] = useState(false)
  const [, setParameters] = useSearchParams()
  const access = useAccess(row.namespace)(verbAccess(due))

  async function start() {
    setPending(true)
    try {
      await sendVmVerb('start', row)
    } catch (error) {
      toast.failed(`start ${row.uid}`, `Could not start ${row.name}`, toStatus(error).message)
    } finally {
      setPending(false)
    }
  }

  return (
    <div className="pad">
      <Button
        loading={pending}
        disabledReason={access.allowed === false ? access.reason : undefined}
        // A stop interrupts, so it asks: the page has the dialog.
        onClick={() => (due === 'stop' ? setParameters({ do: 'stop' }) : void start())}
      >
        {due === 'stop' ? 'Stop…' : 'Start VM'}
      </Button>
    </div>
  )
}
