// A fleet's rows, live: one HTTP snapshot, which the socket continues. Rows are shared, immutable objects; a change
// replaces one of them and wakes the components that show it, and no others.
import { useCallback, useEffect, useState, useSyncExternalStore } from 'react'
import { toStatus } from '@virtdeck/k8s'
import { addToSum, digestOf, emptySum, rowText, sumOfText } from '@virtdeck/kubevirt'
import type { ObjectRef, Status } from '@virtdeck/k8s'
import type { Fleet, FleetRows, VmRow } from '@virtdeck/kubevirt'
import type { Access, LiveMessage } from '@virtdeck/server/protocol'
import { inSlices } from './breathe.ts'
import { expectRows } from './early.ts'
import { live } from './live-socket.ts'
import type { LiveSocket } from './live-socket.ts'
import { createRows } from './rows.ts'
import { fetchSnapshot } from './snapshot.ts'
import type { SnapshotParts } from './snapshot.ts'

export type FleetState<R> = {
  status: 'loading' | 'ready' | 'error'
  /** A new array whenever a row changed. Order: as the server sent them, later ones at the end. */
  rows: readonly R[]
  /** Grows with every change of `rows`. */
  version: number
  /** Undefined until the first snapshot. */
  access?: Access
  /** Why there is nothing to show. With rows on the screen a failure shows as staleness instead. */
  error?: Status
}

type FirstWork<R> = (rows: readonly R[]) => Promise<void>

export type FleetStore<R> = {
  subscribe(listener: () => void): () => void
  subscribeRow(ref: ObjectRef, listener: () => void): () => void
  state(): FleetState<R>
  row(ref: ObjectRef): R | undefined
  /** Has the rows of the first picture worked on before anybody is told of them. Whoever does it lets others have their turn. */
  beforeReady(work: FirstWork<R>): () => void
  /** Fetches the snapshot again now, as after an error. */
  retry(): void
  /** Drops everything; with `resume` it is fetched again for whoever is looking. */
  forget(resume: boolean): void
}

const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 30_000

export function createFleetStore<F extends Fleet>(
  fleet: F,
  socket: Pick<LiveSocket, 'attach' | 'send' | 'behind'>,
  fetchParts: (fleet: F, signal: AbortSignal, fresh: boolean) => Promise<SnapshotParts<F>>,
): FleetStore<FleetRows[F]> {
  type Row = FleetRows[F]
  const rows = createRows<Row>()
  const listeners = new Set<() => void>()
  const firstWorks = new Set<FirstWork<Row>>()
  let state: FleetState<Row> = { status: 'loading', rows: rows.all(), version: 0 }
  let position: { epoch: string; seq: number } | undefined
  let detach: (() => void) | undefined
  let fetching: AbortController | undefined
  let retryTimer: ReturnType<typeof setTimeout> | undefined
  let failures = 0
  /** When the rows on the screen were last known to be true (browser's clock), while they cannot be read again. */
  let trueUntil: number | undefined

  function publish(next: Partial<FleetState<Row>>) {
    state = { ...state, ...next }
    for (const listener of listeners) listener()
  }

  async function load() {
    fetching?.abort()
    clearTimeout(retryTimer)
    const own = (fetching = new AbortController())
    // Deltas of a picture that is about to be replaced would leave gaps.
    position = undefined
    trueUntil ??= Date.now()
    try {
      const { epoch, seq, access, blocks } = await fetchParts(fleet, own.signal, state.status === 'ready')
      const picture = rows.picture()
      for await (const block of blocks) {
        if (own.signal.aborted) return
        picture.add(block)
      }
      if (own.signal.aborted) return
      picture.show()
      if (state.status !== 'ready') await Promise.all([...firstWorks].map((work) => work(rows.all())))
      if (own.signal.aborted) return
      failures = 0
      trueUntil = undefined
      position = { epoch, seq }
      publish({ status: 'ready', access, error: undefined, ...(rows.all() !== state.rows && view()) })
      socket.behind(fleet, undefined)
      socket.send({ type: 'fleet', fleet, ...position })
    } catch (error) {
      if (own.signal.aborted) return
      retryTimer = setTimeout(load, Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures++))
      if (state.status === 'ready') socket.behind(fleet, trueUntil)
      else publish({ status: 'error', error: toStatus(error) })
    } finally {
      if (fetching === own) fetching = undefined
    }
  }

  function view(): Pick<FleetState<Row>, 'rows' | 'version'> {
    return { rows: rows.all(), version: state.version + 1 }
  }

  /** Rows that are not what the server says they are can only be read again; that they were is for the server to know. */
  async function check({ epoch, seq, digest }: LiveMessage & { type: 'digest' }) {
    if (epoch !== position?.epoch || seq !== position.seq) return
    const slices = inSlices()
    let sum = emptySum
    for (const row of rows.all()) {
      sum = addToSum(sum, sumOfText(rowText(row)))
      await slices.pause()
    }
    if (digestOf(sum) === digest || epoch !== position?.epoch) return
    socket.send({ type: 'mismatch', fleet, epoch, seq })
    void load()
  }

  function heard(message: LiveMessage) {
    if (message.type === 'reset' && message.fleet === fleet) void load()
    if (message.type === 'digest' && message.fleet === fleet) void check(message)
    if (message.type !== 'delta' || message.fleet !== fleet || !position) return
    if (message.epoch === position.epoch && message.seq <= position.seq) return
    if (message.epoch !== position.epoch || message.seq !== position.seq + 1) return void load()
    position.seq = message.seq
    // The message is of this fleet, and so are its rows.
    if (rows.apply(message.upsert as Row[], message.remove)) publish(view())
  }

  function start() {
    if (detach) return
    detach = socket.attach({
      opened() {
        if (position) socket.send({ type: 'fleet', fleet, ...position })
        else if (!fetching) void load()
      },
      heard,
      hidden() {
        if (position) socket.send({ type: 'fleet-close', fleet })
      },
    })
    if (!fetching && !position) void load()
  }

  return {
    subscribe(listener) {
      start()
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    subscribeRow(ref, listener) {
      start()
      return rows.subscribe(ref, listener)
    },
    state: () => state,
    row: (ref) => rows.get(ref),
    beforeReady(work) {
      const own: FirstWork<Row> = (all) => work(all)
      firstWorks.add(own)
      return () => firstWorks.delete(own)
    },
    retry: () => void load(),
    forget(resume) {
      fetching?.abort()
      fetching = undefined
      clearTimeout(retryTimer)
      detach?.()
      detach = undefined
      position = undefined
      failures = 0
      trueUntil = undefined
      socket.behind(fleet, undefined)
      rows.replace([])
      publish({ status: 'loading', access: undefined, error: undefined, ...view() })
      if (resume && (listeners.size > 0 || rows.watched())) start()
    },
  }
}

function open<F extends Fleet>(fleet: F) {
  return createFleetStore(fleet, live, fetchSnapshot)
}

/** This tab's fleets. One is fetched when it is first shown, and then followed until the session ends. */
export const fleets: { [F in Fleet]: FleetStore<FleetRows[F]> } = {
  virtualmachines: open('virtualmachines'),
  nodes: open('nodes'),
  virtualmachineinstancemigrations: open('virtualmachineinstancemigrations'),
  virtualmachinesnapshots: open('virtualmachinesnapshots'),
  persistentvolumeclaims: open('persistentvolumeclaims'),
  vmtemplates: open('vmtemplates'),
}

export function forgetFleets(resume: boolean) {
  expectRows(resume)
  for (const store of Object.values(fleets)) store.forget(resume)
}

/**
 * All rows of a fleet that the user may see. Renders again with every change, or with `everyMs` at once and then at most
 * so often: for what is made of all rows, an order or a count. A row that shows itself uses useFleetRow. `before`: what
 * is made of the first rows along with them, so that both are shown at once.
 */
export function useFleet<F extends Fleet>(fleet: F, everyMs = 0, before?: FirstWork<FleetRows[F]>): FleetState<FleetRows[F]> {
  const store: FleetStore<FleetRows[F]> = fleets[fleet]
  useEffect(() => before && store.beforeReady(before), [store, before])
  const [source] = useState(() => (everyMs > 0 ? throttled(store, everyMs) : store))
  return useSyncExternalStore(source.subscribe, source.state)
}

/** The rows of a fleet for who may need them later: it is not asked for before they are wanted. */
export function useRowsWhen<F extends Fleet>(fleet: F, wanted: boolean): readonly FleetRows[F][] {
  const store: FleetStore<FleetRows[F]> = fleets[fleet]
  return useSyncExternalStore(wanted ? store.subscribe : neverTold, () => store.state().rows)
}

const neverTold = () => () => undefined

/** A store that tells of rows at once and then at most every so often; of any other change at once. */
export function throttled<R>(store: FleetStore<R>, everyMs: number): Pick<FleetStore<R>, 'subscribe' | 'state'> {
  let shown = store.state()
  return {
    subscribe(listener) {
      let timer: ReturnType<typeof setTimeout> | undefined
      function show() {
        if (store.state() === shown) return
        shown = store.state()
        timer = setTimeout(ripe, everyMs)
        listener()
      }
      function ripe() {
        timer = undefined
        show()
      }
      const unsubscribe = store.subscribe(() => {
        // What is a state of its own is shown at once: only rows can wait.
        if (timer === undefined || store.state().status !== shown.status) {
          clearTimeout(timer)
          show()
        }
      })
      show()
      return () => {
        clearTimeout(timer)
        unsubscribe()
      }
    },
    state: () => shown,
  }
}

/** Whether a fleet is there, without its rows: renders when that changes, not when a row does. */
export function useFleetStatus(fleet: Fleet): Pick<FleetState<unknown>, 'status' | 'access' | 'error'> {
  const store = fleets[fleet]
  const status = useSyncExternalStore(store.subscribe, () => store.state().status)
  const access = useSyncExternalStore(store.subscribe, () => store.state().access)
  const error = useSyncExternalStore(store.subscribe, () => store.state().error)
  return { status, access, error }
}

/** One row, by name; undefined while the fleet loads and once the object is gone. */
export function useFleetRow<F extends Fleet>(fleet: F, { namespace, name }: ObjectRef): FleetRows[F] | undefined {
  const store: FleetStore<FleetRows[F]> = fleets[fleet]
  const subscribe = useCallback((listener: () => void) => store.subscribeRow({ namespace, name }, listener), [store, namespace, name])
  return useSyncExternalStore(subscribe, () => store.row({ namespace, name }))
}

export function useVmRow(ref: Required<ObjectRef>): VmRow | undefined {
  return useFleetRow('virtualmachines', ref)
}
