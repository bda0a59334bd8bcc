// Drains that this tab carries out. They go on when their panel is closed, and end with the tab or the session: what is
// under way then goes on in the cluster.
import type { NodeRow, VmRow } from '@virtdeck/kubevirt'
import { create } from 'zustand'
import { finishVmVerb } from '../../api/mutations.ts'
import { sessionSignal } from '../../api/session-signal.ts'
import { runBulk, type BulkState } from '../../components/fleet/bulk-run.ts'
import { toast } from '../../stores/toasts.ts'
import { countText, formatCount } from '../../util/format.ts'
import { drainCounts } from './drain-counts.ts'
import { setCordoned } from './node-verbs.ts'

/** What KubeVirt itself does at a time, unless it is told otherwise: parallelOutboundMigrationsPerNode. */
export const AT_ONCE = 2
/** A migration of a large and busy guest takes its time; what takes longer goes on, and the next begins. */
const PATIENCE_MS = 15 * 60_000

export type DrainItem = { row: VmRow; does: 'migrate' | 'stop' }

export type Drain = {
  items: readonly DrainItem[]
  states: ReadonlyMap<string, BulkState>
  running: boolean
  /** Seconds since the epoch. */
  since: number
  /** Begins no more; what is under way goes on. */
  stop: () => void
}

type Node = Pick<NodeRow, 'name'>

/** By the node's name. */
export type Drains = Readonly<Record<string, Drain | undefined>>

/** Those that ended stay until somebody has seen their results. */
export const useDrains = create<Drains>(() => ({}))

const nothingToStop = () => {}

function patch(name: string, change: (drain: Drain) => Partial<Drain>) {
  useDrains.setState((drains) => {
    const drain = drains[name]
    return drain ? { [name]: { ...drain, ...change(drain) } } : drains
  })
}

/**
 * Cordons the node, so that nothing comes back, and sends its VMs away, unless it is being drained already. Throws a
 * StatusError where it may not be cordoned.
 */
export async function beginDrain(node: Node, items: readonly DrainItem[]): Promise<void> {
  const since = Math.floor(Date.now() / 1000)
  await cordonedOnce(node, () => void go(node, { items, states: new Map(), running: true, since, stop: nothingToStop }, items))
}

/** Those that failed and those that were not begun, again. */
export async function retryDrain(node: Node): Promise<void> {
  const drain = useDrains.getState()[node.name]
  if (drain) await cordonedOnce(node, () => void go(node, drain, unfinishedOf(drain)))
}

/** Nodes that are to be drained and whose cordon is under way. */
const cordoning = new Set<string>()

/** However often it is asked for while the cluster takes its time, and unless the session ends meanwhile. */
async function cordonedOnce(node: Node, then: () => void): Promise<void> {
  if (cordoning.has(node.name) || useDrains.getState()[node.name]?.running) return
  const session = sessionSignal()
  cordoning.add(node.name)
  try {
    await setCordoned(node, true)
  } finally {
    cordoning.delete(node.name)
  }
  if (!session.aborted) then()
}

/** Once it has ended and its results were read. */
export function forgetDrain({ name }: Node): void {
  if (!useDrains.getState()[name]?.running) useDrains.setState({ [name]: undefined })
}

export function unfinishedOf({ items, states }: Drain): DrainItem[] {
  return items.filter(({ row }) => ['failed', 'left'].includes(states.get(row.uid)?.kind ?? ''))
}

async function go({ name }: Node, drain: Drain, items: readonly DrainItem[]): Promise<void> {
  const session = sessionSignal()
  const stop = new AbortController()
  const ended = new AbortController()
  // Leaving the page ends what only this tab goes on with: the browser asks first.
  addEventListener('beforeunload', (event) => event.preventDefault(), { signal: ended.signal })
  session.addEventListener(
    'abort',
    () => {
      stop.abort()
      useDrains.setState({ [name]: undefined })
    },
    { signal: ended.signal },
  )
  // Also where its results were put away while the node was being cordoned.
  useDrains.setState({ [name]: { ...drain, running: true, stop: () => stop.abort() } })
  const told = (row: VmRow, state: BulkState) => patch(name, ({ states }) => ({ states: new Map([...states, [row.uid, state]]) }))
  for (const { row } of items) told(row, { kind: 'waiting' })
  await runBulk({
    groups: [items],
    atOnce: AT_ONCE,
    stopOnFailure: false,
    signal: stop.signal,
    run: ({ row, does }) => finishVmVerb(does, row, { now: new Date() }, PATIENCE_MS),
    onState: ({ row }, state) => told(row, state),
  })
  ended.abort()
  patch(name, () => ({ running: false, stop: nothingToStop }))
  if (!session.aborted) sayHowItEnded(name)
}

function sayHowItEnded(name: string) {
  const drain = useDrains.getState()[name]
  if (!drain) return
  const { total, failed, left } = drainCounts(drain)
  const stay = failed + left
  if (stay === 0) return toast.done(`drain ${name}`, `Drained ${name}`)
  const cause = [...drain.states.values()].find((state) => state.kind === 'failed' && state.cause !== undefined)
  toast.failed(
    `drain ${name}`,
    `${formatCount(stay)} of ${countText(total, 'VM')} did not leave ${name}`,
    cause?.kind === 'failed' ? cause.cause : undefined,
  )
}
