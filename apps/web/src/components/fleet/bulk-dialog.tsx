// One verb on many rows: first their names, then what comes of each, and another try for those that failed.
import { useEffect, useId, useRef, useState } from 'react'
import type { ReactNode } from 'react'
import type { Outcome } from '../../api/outcome.ts'
import { Bdi, Told } from '../../ui/bdi.tsx'
import { Button } from '../../ui/button.tsx'
import { Checkbox, OptionRow } from '../../ui/checkbox.tsx'
import { CommandLine } from '../../ui/code-block.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Field } from '../../ui/field.tsx'
import { NumberInput } from '../../ui/number-input.tsx'
import { Progress } from '../../ui/progress.tsx'
import { StateGlyph } from '../../ui/state-glyph.tsx'
import { TextInput } from '../../ui/text-input.tsx'
import { formatCount } from '../../util/format.ts'
import { HowToGetIt } from '../missing-right.tsx'
import './bulk.css'
import { bulkGlyphs } from './bulk-glyphs.ts'
import { runBulk, type BulkState } from './bulk-run.ts'
import type { FleetRow } from './fleet-kind.ts'

const USUAL_AT_ONCE = 5
const MOST_AT_ONCE = 20
/** More names than these nobody reads. */
const LISTED = 200

export type BulkPlan<R> = {
  will: R[]
  /** Left alone, and why. */
  wont: { row: R; reason: string }[]
}

export type BulkJob<R> = {
  /** On the button and in the title, before the objects: `Delete`, `Take snapshots of`. */
  verb: string
  /** So many objects, in words: `3 VMs`. */
  what: (count: number) => string
  doing: string
  did: string
  consequence: ReactNode
  plan: BulkPlan<R>
  /** While it is not known yet whether the user may. */
  pending: boolean
  /** It destroys something. */
  danger?: boolean
  /** Has to be typed first. */
  phrase?: ((count: number) => string) | undefined
  /** More to choose, above the button. */
  choices?: ReactNode
  /** Why it cannot begin as things are chosen. */
  problem?: string | undefined
  /** The command that does the same to one row. */
  command?: string | undefined
  /** One after the other; all of them together without. */
  groupsOf?: (rows: readonly R[]) => readonly (readonly R[])[]
  run: (row: R) => Promise<Outcome>
}

type BulkDialogProps<R extends FleetRow> = {
  /** Once begun, the rows are those that were confirmed. */
  job: BulkJob<R>
  /** After a run with the uids of those that failed or were not begun; without a run with nothing. */
  onClose: (unfinished?: ReadonlySet<string>) => void
}

export function BulkDialog<R extends FleetRow>({ job, onClose }: BulkDialogProps<R>) {
  const { verb, what, consequence, danger, phrase, choices, command } = job
  const { will, wont } = job.plan
  const [atOnce, setAtOnce] = useState<number | undefined>(USUAL_AT_ONCE)
  const [stopOnFailure, setStopOnFailure] = useState(false)
  const [typed, setTyped] = useState('')
  const run = useRun<R>()
  const formId = useId()
  const cancel = useRef<HTMLButtonElement>(null)
  const typing = useRef<HTMLInputElement>(null)

  if (run.begun) return <Results job={job} run={run} onClose={onClose} />

  const wanted = phrase?.(will.length)
  const reason = job.pending
    ? 'Asking the cluster whether you may.'
    : will.length === 0
      ? 'It is possible for none of them.'
      : (job.problem ??
        (atOnce === undefined || atOnce < 1 || atOnce > MOST_AT_ONCE
          ? `Choose from 1 to ${MOST_AT_ONCE} at a time.`
          : wanted !== undefined && typed !== wanted
            ? `Type “${wanted}” first.`
            : undefined))

  return (
    <Dialog
      title={will.length > 0 ? `${verb} ${what(will.length)}?` : `Nothing to do for ${what(wont.length)}`}
      onClose={() => onClose()}
      initialFocus={phrase ? typing : cancel}
      footer={
        will.length === 0 && !job.pending ? (
          <>
            <span className="grow" />
            <HowToGetIt reason={wont[0]?.reason} />
            <Button ref={cancel} onClick={() => onClose()}>
              Close
            </Button>
          </>
        ) : (
          <>
            {command ? <CommandLine command={command} /> : <span className="grow" />}
            <Button ref={cancel} onClick={() => onClose()}>
              Cancel
            </Button>
            <Button type="submit" form={formId} variant={danger ? 'danger' : 'primary'} disabledReason={reason}>
              {verb} {what(will.length)}
            </Button>
          </>
        )
      }
    >
      {will.length > 0 && <p>{consequence}</p>}
      <Names rows={will} label={`${verb} ${what(will.length)}`} />
      {wont.length > 0 && (
        <details className="bulkwont" open={will.length === 0}>
          <summary>{wont.length === 1 ? `${what(1)} stays as it is` : `${what(wont.length)} stay as they are`}</summary>
          <ul className="bulklist" aria-label="Left alone">
            {wont.slice(0, LISTED).map(({ row, reason: why }) => (
              <li key={row.uid}>
                <Name row={row} />
                <small>
                  <Told>{why}</Told>
                </small>
              </li>
            ))}
            <More count={wont.length - LISTED} />
          </ul>
        </details>
      )}
      <form
        id={formId}
        className="bulkform"
        onSubmit={(event) => {
          event.preventDefault()
          if (!reason && atOnce) void run.begin(job, { atOnce, stopOnFailure })
        }}
      >
        {will.length > 0 && choices}
        {wanted !== undefined && (
          <Field
            label={
              <>
                Type <span className="mono">{wanted}</span> to confirm
              </>
            }
          >
            <TextInput ref={typing} mono autoComplete="off" value={typed} onChange={({ target }) => setTyped(target.value)} />
          </Field>
        )}
        {will.length > 1 && (
          <div className="bulkhow">
            <label>
              At a time
              <NumberInput value={atOnce} min={1} max={MOST_AT_ONCE} onValueChange={setAtOnce} />
            </label>
            <OptionRow
              control={<Checkbox checked={stopOnFailure} onCheckedChange={(checked) => setStopOnFailure(checked)} />}
              label="Stop at the first failure"
            />
          </div>
        )}
      </form>
    </Dialog>
  )
}

type How = { atOnce: number; stopOnFailure: boolean }
type Run<R> = {
  begun: boolean
  rows: readonly R[]
  states: ReadonlyMap<string, BulkState>
  running: boolean
  begin: (job: BulkJob<R>, how: How) => Promise<void>
  retry: (items: readonly R[]) => Promise<void>
  stop: () => void
}

/** The run of a dialog: its rows as they were confirmed, and the state of each. */
function useRun<R extends FleetRow>(): Run<R> {
  const [states, setStates] = useState<ReadonlyMap<string, BulkState>>(new Map())
  const [rows, setRows] = useState<readonly R[]>([])
  const [running, setRunning] = useState(false)
  const begun = useRef<How & Pick<BulkJob<R>, 'run' | 'groupsOf'>>(undefined)
  const stop = useRef<AbortController>(undefined)
  // Whoever leaves the page begins nothing more.
  useEffect(() => () => stop.current?.abort(), [])

  async function go(items: readonly R[]) {
    if (!begun.current) return
    const { atOnce, stopOnFailure, run, groupsOf } = begun.current
    const own = (stop.current = new AbortController())
    setRunning(true)
    setStates((before) => new Map([...before, ...items.map(({ uid }): [string, BulkState] => [uid, { kind: 'waiting' }])]))
    await runBulk({
      atOnce,
      stopOnFailure,
      groups: groupsOf?.(items) ?? [items],
      signal: own.signal,
      run,
      onState: (row, state) => setStates((before) => new Map([...before, [row.uid, state]])),
    })
    setRunning(false)
  }

  return {
    begun: rows.length > 0,
    rows,
    states,
    running,
    begin({ plan, run, groupsOf }, how) {
      // As it was confirmed, whatever changes behind the dialog.
      begun.current = { ...how, run, groupsOf }
      setRows(plan.will)
      return go(plan.will)
    },
    retry: go,
    stop: () => stop.current?.abort(),
  }
}

const unfinishedKinds: ReadonlySet<BulkState['kind']> = new Set(['failed', 'left'])

type ResultsProps<R extends FleetRow> = BulkDialogProps<R> & { run: Run<R> }

function Results<R extends FleetRow>({ job, run, onClose }: ResultsProps<R>) {
  const { rows, states, running } = run
  const { verb, what, doing, did } = job
  const close = useRef<HTMLButtonElement>(null)
  const stateOf = (row: FleetRow): BulkState => states.get(row.uid) ?? { kind: 'waiting' }
  const count = (...kinds: BulkState['kind'][]) => rows.filter((row) => kinds.includes(stateOf(row).kind)).length
  const unfinished = rows.filter((row) => unfinishedKinds.has(stateOf(row).kind))
  const ended = count('done', 'accepted', 'unseen', 'failed', 'left')
  // What failed is what one looks for.
  const order: BulkState['kind'][] = ['failed', 'running', 'left', 'waiting', 'accepted', 'unseen', 'done']
  const sorted = rows.toSorted((a, b) => order.indexOf(stateOf(a).kind) - order.indexOf(stateOf(b).kind))
  const leave = () => onClose(new Set(unfinished.map(({ uid }) => uid)))

  return (
    <Dialog
      title={running ? `${verb} ${what(rows.length)}` : summary()}
      // A run is ended by its own button, not by a click beside the dialog.
      onClose={() => !running && leave()}
      initialFocus={close}
      footer={
        <>
          <span className="grow" />
          {running ? (
            <Button ref={close} onClick={run.stop} disabledReason={count('waiting') === 0 ? 'All of them have begun.' : undefined}>
              Begin no more
            </Button>
          ) : (
            <>
              {unfinished.length > 0 && (
                <Button variant="primary" onClick={() => void run.retry(unfinished)}>
                  {count('failed') > 0 ? 'Retry failed' : 'Go on'}
                </Button>
              )}
              <Button ref={close} onClick={leave}>
                Close
              </Button>
            </>
          )}
        </>
      }
    >
      <Progress wide label={doing} value={(ended / rows.length) * 100} />
      <p role="status">
        {formatCount(ended)} of {what(rows.length)}
        {count('failed') > 0 && <b className="c-error">, {formatCount(count('failed'))} failed</b>}
      </p>
      <ul className="bulklist" aria-label="Results">
        {sorted.slice(0, LISTED).map((row) => (
          <Result key={row.uid} row={row} state={stateOf(row)} doing={doing} did={did} />
        ))}
        <More count={sorted.length - LISTED} />
      </ul>
    </Dialog>
  )

  function summary(): string {
    const failed = count('failed')
    if (failed === 0) return unfinished.length > 0 ? `${what(unfinished.length)} not begun` : `${did}: ${what(rows.length)}`
    return `${what(failed)} failed`
  }
}

function Result({ row, state, doing, did }: { row: FleetRow; state: BulkState; doing: string; did: string }) {
  const text: Record<BulkState['kind'], string> = {
    waiting: 'Waiting',
    running: doing,
    accepted: `${doing}: it takes longer than usual`,
    unseen: `${doing}: accepted; you may not see how it ends`,
    done: did,
    failed: 'Failed',
    left: 'Not begun',
  }
  const glyph = bulkGlyphs[state.kind]
  return (
    <li>
      <StateGlyph state={glyph} className={`c-${glyph}`} />
      <Name row={row} />
      <small className={state.kind === 'failed' ? 'c-error' : undefined}>
        <Told>{(state.kind === 'failed' && state.cause) || text[state.kind]}</Told>
      </small>
    </li>
  )
}

function Names({ rows, label }: { rows: readonly FleetRow[]; label: string }) {
  if (rows.length === 0) return null
  return (
    <ul className="bulklist" aria-label={label}>
      {rows.slice(0, LISTED).map((row) => (
        <li key={row.uid}>
          <Name row={row} />
        </li>
      ))}
      <More count={rows.length - LISTED} />
    </ul>
  )
}

function Name({ row }: { row: FleetRow }) {
  return (
    <span>
      <Bdi>{row.name}</Bdi> <span className="dim">{row.namespace}</span>
    </span>
  )
}

function More({ count }: { count: number }) {
  return count > 0 ? <li className="dim">and {formatCount(count)} more</li> : null
}
