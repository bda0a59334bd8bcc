// One verb on many VMs: first their names, then what comes of each, and another try for those that failed.
import { autoName, verbAccess, type VmRow } from '@virtdeck/kubevirt'
import { useEffect, useId, useRef, useState } from 'react'
import { whyDenied } from '../../api/access.ts'
import { useAccessIn } from '../../api/access-in.ts'
import { finishVmVerb } from '../../api/mutations.ts'
import { Button } from '../../ui/button.tsx'
import { Checkbox, OptionRow } from '../../ui/checkbox.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Field } from '../../ui/field.tsx'
import { NumberInput } from '../../ui/number-input.tsx'
import { Progress } from '../../ui/progress.tsx'
import { StateGlyph } from '../../ui/state-glyph.tsx'
import type { State } from '../../ui/state-glyph.tsx'
import { TextInput } from '../../ui/text-input.tsx'
import { formatCount } from '../../util/format.ts'
import { runBulk, type BulkState } from './bulk-run.ts'
import { bulkPlan, bulkWords, deletionPhrase, vmsText, type BulkVerb } from './bulk-verbs.ts'

/** So long a VM keeps its turn; what takes longer goes on, and the next begins. */
const PATIENCE_MS = 120_000
const USUAL_AT_ONCE = 5
const MOST_AT_ONCE = 20
/** More names than these nobody reads. */
const LISTED = 200

type BulkDialogProps = {
  verb: BulkVerb
  /** What is selected. Once begun, the VMs are those that were confirmed. */
  rows: readonly VmRow[]
  /** After a run with the uids of those that failed or were not begun; without a run with nothing. */
  onClose: (unfinished?: ReadonlySet<string>) => void
}

export function BulkDialog({ verb, rows, onClose }: BulkDialogProps) {
  const words = bulkWords[verb]
  const question = verbAccess(verb)
  const access = useAccessIn([...new Set(rows.map(({ namespace }) => namespace))], question)
  const { will, wont } = bulkPlan(verb, rows, (namespace) =>
    access.allowed(namespace) ? undefined : whyDenied({ ...question, namespace }),
  )
  const [atOnce, setAtOnce] = useState<number | undefined>(USUAL_AT_ONCE)
  const [stopOnFailure, setStopOnFailure] = useState(false)
  const [typed, setTyped] = useState('')
  const run = useRun(verb)
  const formId = useId()
  const cancel = useRef<HTMLButtonElement>(null)
  const typing = useRef<HTMLInputElement>(null)

  if (run.begun) return <Results verb={verb} run={run} onClose={onClose} />

  const reason = access.pending
    ? 'Asking the cluster whether you may.'
    : will.length === 0
      ? 'It is possible for none of them.'
      : atOnce === undefined || atOnce < 1 || atOnce > MOST_AT_ONCE
        ? `Choose from 1 to ${MOST_AT_ONCE} at a time.`
        : verb === 'delete' && typed !== deletionPhrase(will.length)
          ? `Type “${deletionPhrase(will.length)}” first.`
          : undefined

  return (
    <Dialog
      title={will.length > 0 ? `${words.verb} ${vmsText(will.length)}?` : `Nothing to do for ${vmsText(rows.length)}`}
      onClose={() => onClose()}
      initialFocus={verb === 'delete' ? typing : cancel}
      footer={
        <>
          <span className="grow" />
          <Button ref={cancel} onClick={() => onClose()}>
            Cancel
          </Button>
          <Button type="submit" form={formId} variant={verb === 'delete' ? 'danger' : 'primary'} disabledReason={reason}>
            {words.verb} {vmsText(will.length)}
          </Button>
        </>
      }
    >
      {will.length > 0 && <p>{words.consequence}</p>}
      <Names rows={will} label={`${words.verb} ${vmsText(will.length)}`} />
      {wont.length > 0 && (
        <details className="bulkwont" open={will.length === 0}>
          <summary>{wont.length === 1 ? '1 VM stays as it is' : `${vmsText(wont.length)} stay as they are`}</summary>
          <ul className="bulklist" aria-label="Left alone">
            {wont.slice(0, LISTED).map(({ row, reason: why }) => (
              <li key={row.uid}>
                <Name row={row} />
                <small>{why}</small>
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
          if (!reason && atOnce) void run.begin(will, { atOnce, stopOnFailure })
        }}
      >
        {verb === 'delete' && (
          <Field
            label={
              <>
                Type <span className="mono">{deletionPhrase(will.length)}</span> to confirm
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

type Run = ReturnType<typeof useRun>
type How = { atOnce: number; stopOnFailure: boolean }

/** The run of a dialog: its VMs as they were confirmed, and the state of each. */
function useRun(verb: BulkVerb) {
  const [states, setStates] = useState<ReadonlyMap<string, BulkState>>(new Map())
  const [rows, setRows] = useState<readonly VmRow[]>([])
  const [running, setRunning] = useState(false)
  const how = useRef<How>({ atOnce: USUAL_AT_ONCE, stopOnFailure: false })
  const stop = useRef<AbortController>(undefined)
  // Whoever leaves the page begins nothing more.
  useEffect(() => () => stop.current?.abort(), [])
  // A snapshot's name is chosen once: trying again never makes a second one.
  const [now] = useState(() => new Date())

  async function go(items: readonly VmRow[]) {
    const own = (stop.current = new AbortController())
    setRunning(true)
    setStates((before) => new Map([...before, ...items.map(({ uid }): [string, BulkState] => [uid, { kind: 'waiting' }])]))
    await runBulk({
      ...how.current,
      items,
      signal: own.signal,
      run: (row) => finishVmVerb(verb, row, { name: autoName(row, now), now }, PATIENCE_MS),
      onState: (row, state) => setStates((before) => new Map([...before, [row.uid, state]])),
    })
    setRunning(false)
  }

  return {
    begun: rows.length > 0,
    rows,
    states,
    running,
    begin(items: readonly VmRow[], chosen: How) {
      how.current = chosen
      setRows(items)
      return go(items)
    },
    retry: (items: readonly VmRow[]) => go(items),
    stop: () => stop.current?.abort(),
  }
}

const unfinishedKinds: ReadonlySet<BulkState['kind']> = new Set(['failed', 'left'])

function Results({ verb, run, onClose }: { verb: BulkVerb; run: Run; onClose: BulkDialogProps['onClose'] }) {
  const { rows, states, running } = run
  const words = bulkWords[verb]
  const close = useRef<HTMLButtonElement>(null)
  const stateOf = (row: VmRow): BulkState => states.get(row.uid) ?? { kind: 'waiting' }
  const count = (...kinds: BulkState['kind'][]) => rows.filter((row) => kinds.includes(stateOf(row).kind)).length
  const unfinished = rows.filter((row) => unfinishedKinds.has(stateOf(row).kind))
  const ended = count('done', 'accepted', 'failed', 'left')
  // What failed is what one looks for.
  const order: BulkState['kind'][] = ['failed', 'running', 'left', 'waiting', 'accepted', 'done']
  const sorted = rows.toSorted((a, b) => order.indexOf(stateOf(a).kind) - order.indexOf(stateOf(b).kind))
  const leave = () => onClose(new Set(unfinished.map(({ uid }) => uid)))

  return (
    <Dialog
      title={running ? `${words.verb} ${vmsText(rows.length)}` : summary()}
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
      <Progress wide label={words.doing} value={(ended / rows.length) * 100} />
      <p role="status">
        {formatCount(ended)} of {vmsText(rows.length)}
        {count('failed') > 0 && <b className="c-error">, {formatCount(count('failed'))} failed</b>}
      </p>
      <ul className="bulklist" aria-label="Results">
        {sorted.slice(0, LISTED).map((row) => (
          <Result key={row.uid} row={row} state={stateOf(row)} verb={verb} />
        ))}
        <More count={sorted.length - LISTED} />
      </ul>
    </Dialog>
  )

  function summary(): string {
    const failed = count('failed')
    if (failed === 0) return unfinished.length > 0 ? `${vmsText(unfinished.length)} not begun` : `${words.did}: ${vmsText(rows.length)}`
    return `${vmsText(failed)} failed`
  }
}

const glyphs: Record<BulkState['kind'], State> = {
  waiting: 'unknown',
  running: 'transit',
  accepted: 'transit',
  done: 'running',
  failed: 'error',
  left: 'stopped',
}

function Result({ row, state, verb }: { row: VmRow; state: BulkState; verb: BulkVerb }) {
  const { doing, did } = bulkWords[verb]
  const text: Record<BulkState['kind'], string> = {
    waiting: 'Waiting',
    running: doing,
    accepted: `${doing}: it takes longer than usual`,
    done: did,
    failed: 'Failed',
    left: 'Not begun',
  }
  const glyph = glyphs[state.kind]
  return (
    <li>
      <StateGlyph state={glyph} className={`c-${glyph}`} />
      <Name row={row} />
      <small className={state.kind === 'failed' ? 'c-error' : undefined}>
        {(state.kind === 'failed' && state.cause) || text[state.kind]}
      </small>
    </li>
  )
}

function Names({ rows, label }: { rows: readonly VmRow[]; label: string }) {
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

function Name({ row }: { row: VmRow }) {
  return (
    <span>
      <bdi>{row.name}</bdi> <span className="dim">{row.namespace}</span>
    </span>
  )
}

function More({ count }: { count: number }) {
  return count > 0 ? <li className="dim">and {formatCount(count)} more</li> : null
}
