// The plan of emptying a node beside the list: what blocks first, with a choice each; then what moves where; then the other
// nodes afterwards. Once begun, each line tells what became of it.
import { toStatus } from '@virtdeck/k8s'
import { migrationWords, verbAccess, type NodeRow, type VmRow } from '@virtdeck/kubevirt'
import { useEffect, useRef, useState } from 'react'
import { Link } from 'react-router'
import { useAccess, whyDenied } from '../../api/access.ts'
import { useAccessIn } from '../../api/access-in.ts'
import { finishVmVerb } from '../../api/mutations.ts'
import { runBulk, type BulkState } from '../../components/fleet/bulk-run.ts'
import { paths } from '../../paths.ts'
import { Banner } from '../../ui/banner.tsx'
import { Bdi, Told } from '../../ui/bdi.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { CommandLine } from '../../ui/code-block.tsx'
import { CloseIcon } from '../../ui/icons.ts'
import { Segmented } from '../../ui/segmented.tsx'
import { StateGlyph } from '../../ui/state-glyph.tsx'
import type { State } from '../../ui/state-glyph.tsx'
import { bytesText, formatCount } from '../../util/format.ts'
import { drainPlan } from './drain-plan.ts'
import { patchNodes, setCordoned } from './node-verbs.ts'
import './drain.css'

/** What KubeVirt itself does at a time, unless it is told otherwise: parallelOutboundMigrationsPerNode. */
const AT_ONCE = 2
/** A migration of a large and busy guest takes its time; what takes longer goes on, and the next begins. */
const PATIENCE_MS = 15 * 60_000

const vmsText = (count: number) => (count === 1 ? '1 VM' : `${formatCount(count)} VMs`)

type DrainPanelProps = {
  node: NodeRow
  nodes: readonly NodeRow[]
  vms: readonly VmRow[]
  /** False where the user may not see all VMs. */
  allVisible: boolean
  onClose: () => void
}

export default function DrainPanel({ node, nodes, vms, allVisible, onClose }: DrainPanelProps) {
  const plan = drainPlan({ node, nodes, vms, allVisible })
  const [stopping, setStopping] = useState<ReadonlySet<string>>(new Set())
  const run = useDrain(node)
  const cordoning = useAccess()(patchNodes)
  const stops = plan.blocked.filter(({ row, canStop }) => canStop && stopping.has(row.uid)).map(({ row }) => row)
  const namespacesOf = (rows: readonly VmRow[]) => [...new Set(rows.map(({ namespace }) => namespace))]
  const moves = plan.moves.map(({ row }) => row)
  const mayMigrate = useAccessIn(namespacesOf(moves), verbAccess('migrate'))
  const mayStop = useAccessIn(namespacesOf(stops), verbAccess('stop'))
  const panel = useRef<HTMLElement>(null)
  useEffect(() => panel.current?.focus(), [])

  const acts = moves.length + stops.length
  const forbidden =
    moves
      .filter(({ namespace }) => !mayMigrate.allowed(namespace))
      .map((row) => whyDenied({ ...verbAccess('migrate'), namespace: row.namespace }))[0] ??
    stops
      .filter(({ namespace }) => !mayStop.allowed(namespace))
      .map((row) => whyDenied({ ...verbAccess('stop'), namespace: row.namespace }))[0]
  const cordonReason = cordoning.pending ? 'Asking the cluster whether you may.' : cordoning.allowed ? undefined : cordoning.reason
  const reason =
    cordonReason ??
    (mayMigrate.pending || mayStop.pending ? 'Asking the cluster whether you may.' : undefined) ??
    forbidden ??
    (acts === 0 ? 'There is nothing that could move.' : undefined)

  return (
    <aside
      ref={panel}
      tabIndex={-1}
      className="dplan"
      aria-label={`Drain ${node.name}`}
      onKeyDown={({ key }) => key === 'Escape' && onClose()}
    >
      <header>
        <h2>
          Drain <span className="mono">{node.name}</span>
        </h2>
        <span className="grow" />
        <IconButton label="Close" icon={CloseIcon} onClick={onClose} />
      </header>
      {run.items.length > 0 ? (
        <Progress run={run} vms={vms} />
      ) : (
        <>
          <p className="sum">
            {moves.length === 0 && plan.blocked.length === 0 ? (
              <>No VM runs here.</>
            ) : (
              <>
                <b>{formatCount(moves.length)}</b> {moves.length === 1 ? 'VM moves' : 'VMs move'}
                {plan.blocked.length > 0 && (
                  <>
                    , <b className="c-error">{formatCount(plan.blocked.length)}</b> can’t
                  </>
                )}
                . {AT_ONCE} at a time; their guests go on running.
              </>
            )}
          </p>
          {!allVisible && (
            <Banner tone="info" title="Other people’s VMs may run here, too." inline>
              You see those of your namespaces only.
            </Banner>
          )}
          {plan.blocked.length > 0 && (
            <section className="grp" aria-label="Blocked">
              <h3>
                <StateGlyph state="error" className="c-error" />
                Blocked <span className="tn">{plan.blocked.length}</span>
              </h3>
              <ul className="blk">
                {plan.blocked.map(({ row, reason: why, canStop }) => (
                  <li key={row.uid}>
                    <VmLine row={row} />
                    <p>
                      <Told>{why}</Told>
                    </p>
                    {canStop && (
                      <Segmented
                        label={row.name}
                        value={stopping.has(row.uid) ? 'stop' : 'leave'}
                        onValueChange={(choice) => {
                          const next = new Set(stopping)
                          if (choice === 'stop') next.add(row.uid)
                          else next.delete(row.uid)
                          setStopping(next)
                        }}
                        options={[
                          { value: 'leave', label: 'Leave running' },
                          { value: 'stop', label: 'Stop it' },
                        ]}
                      />
                    )}
                  </li>
                ))}
              </ul>
            </section>
          )}
          {plan.moving.length > 0 && (
            <section className="grp" aria-label="On their way">
              <h3>
                <StateGlyph state="transit" className="c-transit" />
                On their way <span className="tn">{plan.moving.length}</span>
              </h3>
              <ul className="mvs">
                {plan.moving.map((row) => (
                  <MoveLine key={row.uid} row={row} target={row.migration?.targetNode} />
                ))}
              </ul>
            </section>
          )}
          {plan.moves.length > 0 && (
            <section className="grp" aria-label="Move">
              <h3>
                <StateGlyph state="stopped" className="c-transit" />
                Move <span className="tn">{plan.moves.length}</span>
              </h3>
              <ul className="mvs">
                {plan.moves.map(({ row, target }) => (
                  <MoveLine key={row.uid} row={row} target={target} />
                ))}
              </ul>
            </section>
          )}
          {plan.afterwards.length > 0 && (
            <section className="grp" aria-label="Afterwards">
              <h3>Afterwards</h3>
              <div className="aft">
                {plan.afterwards.map(({ node: name, nowPercent, afterPercent }) => (
                  <Afterwards key={name} name={name} now={nowPercent} after={afterPercent} />
                ))}
              </div>
              <p className="dim">As far as memory tells: the scheduler has the last word.</p>
            </section>
          )}
        </>
      )}
      {run.error !== undefined && (
        <Banner tone="error" title={`${node.name} could not be cordoned.`} inline>
          {toStatus(run.error).message}
        </Banner>
      )}
      <footer>
        <CommandLine
          command={`kubectl drain ${node.name} --pod-selector=kubevirt.io=virt-launcher --delete-emptydir-data --ignore-daemonsets`}
        />
        {run.items.length > 0 ? (
          run.running ? (
            <Button onClick={run.stop}>Begin no more</Button>
          ) : (
            <>
              {run.unfinished.length > 0 && (
                <Button variant="primary" onClick={() => void run.retry()}>
                  Retry failed
                </Button>
              )}
              <Button onClick={onClose}>Close</Button>
            </>
          )
        ) : (
          <>
            <Button disabledReason={node.unschedulable ? 'It is cordoned already.' : cordonReason} onClick={() => void run.cordon()}>
              Cordon only
            </Button>
            <Button variant="primary" disabledReason={reason} onClick={() => void run.begin(moves, stops)}>
              Drain {vmsText(acts)}
            </Button>
          </>
        )}
      </footer>
    </aside>
  )
}

function VmLine({ row }: { row: VmRow }) {
  return (
    <div className="row">
      <Link className="hi" to={paths.virtualMachine(row)} title={row.name}>
        <Bdi>{row.name}</Bdi>
      </Link>
      <span className="mono dim">{row.memoryBytes === undefined ? '—' : bytesText(row.memoryBytes)}</span>
    </div>
  )
}

function MoveLine({ row, target }: { row: VmRow; target?: string | undefined }) {
  return (
    <li>
      <span className="mono dim">{row.memoryBytes === undefined ? '—' : bytesText(row.memoryBytes)}</span>
      <Link className="hi" to={paths.virtualMachine(row)} title={row.name}>
        <Bdi>{row.name}</Bdi>
      </Link>
      <span className="mono">
        {target && (
          <>
            <span className="c-transit" aria-hidden="true">
              →
            </span>{' '}
            {target}
          </>
        )}
      </span>
    </li>
  )
}

function Afterwards({ name, now, after }: { name: string; now: number; after: number }) {
  const style = { '--v': `${Math.min(now, 100)}%`, '--a': `${Math.max(0, Math.min(after, 100) - now)}%` } as React.CSSProperties
  return (
    <>
      <span className="mono">{name}</span>
      <span className="meter wide two" style={style} role="img" aria-label={`Memory ${now}% now, ${after}% afterwards`} />
      <span className="mono dim">{after}%</span>
    </>
  )
}

const glyphs: Record<BulkState['kind'], State> = {
  waiting: 'unknown',
  running: 'transit',
  accepted: 'transit',
  done: 'running',
  failed: 'error',
  left: 'stopped',
}
const words: Record<BulkState['kind'], string> = {
  waiting: 'Waiting',
  running: 'Under way',
  accepted: 'Takes longer than usual',
  done: 'Gone from here',
  failed: 'Failed',
  left: 'Not begun',
}

function Progress({ run: { items, states, running }, vms }: { run: Drain; vms: readonly VmRow[] }) {
  const now = new Map(vms.map((vm) => [vm.uid, vm]))
  const count = (kind: BulkState['kind']) => items.filter(({ row }) => states.get(row.uid)?.kind === kind).length
  const ended = items.length - count('waiting') - count('running')
  return (
    <section className="grp" aria-label="Progress">
      <p role="status">
        {running ? 'Draining: ' : count('failed') + count('left') > 0 ? 'Not all of them moved: ' : 'Drained: '}
        <b>{formatCount(ended)}</b> of {vmsText(items.length)}
        {count('failed') > 0 && <b className="c-error">, {formatCount(count('failed'))} failed</b>}
      </p>
      <ul className="drainlist" aria-label="Results">
        {items.map(({ row, does }) => {
          const state = states.get(row.uid) ?? { kind: 'waiting' }
          const glyph = glyphs[state.kind]
          const migration = state.kind === 'running' ? now.get(row.uid)?.migration : undefined
          const told =
            (state.kind === 'failed' && state.cause) ||
            (migration && [migrationWords(migration.phase), migration.targetNode].filter(Boolean).join(' → ')) ||
            (state.kind === 'done' && does === 'stop' ? 'Stopped' : words[state.kind])
          return (
            <li key={row.uid}>
              <StateGlyph state={glyph} className={`c-${glyph}`} />
              <Link className="hi" to={paths.virtualMachine(row)} title={row.name}>
                <Bdi>{row.name}</Bdi>
              </Link>
              <small className={state.kind === 'failed' ? 'c-error' : 'dim'}>
                <Told>{told}</Told>
              </small>
            </li>
          )
        })}
      </ul>
    </section>
  )
}

type Item = { row: VmRow; does: 'migrate' | 'stop' }
type Drain = ReturnType<typeof useDrain>

/** The run: first the node is cordoned, so that nothing comes back, then its VMs go. */
function useDrain(node: NodeRow) {
  const [items, setItems] = useState<readonly Item[]>([])
  const [states, setStates] = useState<ReadonlyMap<string, BulkState>>(new Map())
  const [running, setRunning] = useState(false)
  const [error, setError] = useState<unknown>()
  const stop = useRef<AbortController>(undefined)
  // Whoever leaves begins nothing more; what is under way goes on in the cluster.
  useEffect(() => () => stop.current?.abort(), [])
  const unfinished = items.filter(({ row }) => ['failed', 'left'].includes(states.get(row.uid)?.kind ?? ''))

  async function cordon(): Promise<boolean> {
    setError(undefined)
    try {
      await setCordoned(node, true)
      return true
    } catch (refusal) {
      setError(refusal)
      return false
    }
  }

  async function go(all: readonly Item[]) {
    if (!(await cordon())) return
    const own = (stop.current = new AbortController())
    if (items.length === 0) setItems(all)
    setRunning(true)
    setStates((before) => new Map([...before, ...all.map(({ row }): [string, BulkState] => [row.uid, { kind: 'waiting' }])]))
    await runBulk({
      groups: [all],
      atOnce: AT_ONCE,
      stopOnFailure: false,
      signal: own.signal,
      run: ({ row, does }) => finishVmVerb(does, row, { now: new Date() }, PATIENCE_MS),
      onState: ({ row }, state) => setStates((before) => new Map([...before, [row.uid, state]])),
    })
    setRunning(false)
  }

  return {
    items,
    states,
    running,
    error,
    unfinished,
    cordon,
    begin: (moves: readonly VmRow[], stops: readonly VmRow[]) =>
      go([...stops.map((row): Item => ({ row, does: 'stop' })), ...moves.map((row): Item => ({ row, does: 'migrate' }))]),
    retry: () => go(unfinished),
    stop: () => stop.current?.abort(),
  }
}
