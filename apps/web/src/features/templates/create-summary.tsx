import type { TemplateFacts } from '@virtdeck/kubevirt'
import type { ReactNode } from 'react'
import type { DryRun } from '../../api/dry-run.ts'
import { Dash } from '../../ui/dash.tsx'
import { IconMark } from '../../ui/icon.tsx'
import { CheckIcon } from '../../ui/icons.ts'
import { Quantity } from '../../ui/quantity.tsx'
import { Spinner } from '../../ui/spinner.tsx'
import { StateGlyph } from '../../ui/state-glyph.tsx'
import type { CreateValues } from './create-values.ts'
import { diskIsScratch } from './disk-text.ts'
import { Bdi, Told } from '../../ui/bdi.tsx'
import { DETAIL_CHARACTERS } from '../../util/visible-text.ts'

const GiB = 2 ** 30

type CreateSummaryProps = {
  facts: TemplateFacts
  values: CreateValues
  /** Why nothing can be created; undefined while all is well. */
  blocked?: string
  dryRun: DryRun
  /** Switch and button. */
  children: ReactNode
}

/** What will be there, and whether anything stands in its way. It never leaves the screen. */
export function CreateSummary({ facts, values, blocked, dryRun, children }: CreateSummaryProps) {
  const { name, namespace, cpus, memoryGib, diskGib } = values
  return (
    <aside className="csum" aria-label="Summary">
      <div className="stick">
        <header>
          <h2>Summary</h2>
        </header>
        <dl className="kv">
          <dt>Name</dt>
          <dd className="mono">{name || <Dash />}</dd>
          <dt>Namespace</dt>
          <dd>{namespace || <Dash />}</dd>
          <dt>System</dt>
          <dd>{facts.osName ? <Bdi>{facts.osName}</Bdi> : <Dash />}</dd>
          <dt>Size</dt>
          <dd>
            <span>
              {cpus === undefined ? <Dash /> : <Quantity value={cpus} unit="vCPU" />},{' '}
              {memoryGib === undefined ? <Dash /> : <Quantity bytes={memoryGib * GiB} />}
            </span>
          </dd>
          <dt>Disk</dt>
          <dd>{diskGib === undefined ? <Dash /> : <Quantity bytes={diskGib * GiB} />}</dd>
        </dl>
        <div className="sec">
          <h3>Before you create</h3>
          <ul className="cons" aria-live="polite">
            {blocked !== undefined ? <Check state="error">{blocked}</Check> : <Check state="ok">You may create VMs in {namespace}</Check>}
            {facts.notReadyReason !== undefined && (
              <Check state="warning">
                <Told>{facts.notReadyReason}</Told>
              </Check>
            )}
            {diskIsScratch(facts) && <Check state="warning">Its disk lasts as long as it runs: nothing survives a restart</Check>}
            <DryRunCheck dryRun={dryRun} />
          </ul>
        </div>
        <div className="act">{children}</div>
      </div>
    </aside>
  )
}

function DryRunCheck({ dryRun }: { dryRun: DryRun }) {
  switch (dryRun.status) {
    case 'idle':
      return null
    case 'checking':
      return <Check state="busy">Asking the cluster</Check>
    case 'accepted':
      return <Check state="ok">The cluster accepted a dry run</Check>
    case 'refused':
      return (
        <Check state="error">
          The cluster refused a dry run:{' '}
          <Bdi className="mono" maxCharacters={DETAIL_CHARACTERS}>
            {dryRun.error.message ?? dryRun.error.reason ?? ''}
          </Bdi>
        </Check>
      )
  }
}

function Check({ state, children }: { state: 'ok' | 'busy' | 'warning' | 'error'; children: ReactNode }) {
  return (
    <li>
      {state === 'ok' ? (
        <IconMark icon={CheckIcon} className="c-running" />
      ) : state === 'busy' ? (
        <Spinner />
      ) : (
        <StateGlyph state={state} className={`c-${state}`} />
      )}
      <span>{children}</span>
    </li>
  )
}
