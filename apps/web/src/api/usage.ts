// What VMs use, beside their rows: asked for again and again while somebody looks, as it cannot be watched. A new
// measurement is told to all who show one; each renders again only where its own figure is another.
import { StatusError, statusOfResponse, toStatus } from '@virtdeck/k8s'
import type { ObjectRef } from '@virtdeck/k8s'
import type { UsageHead, UsageLine } from '@virtdeck/server/protocol'
import { inSlices } from './breathe.ts'
import { apiFetch } from './client.ts'
import { live } from './live-socket.ts'
import { linesOf } from './snapshot.ts'

export type VmUse = { cpuMillicores?: number; memoryBytes?: number }

/** `at`: when it was measured, ms by the browser's clock. `problem`: why there is nothing, or nothing newer. */
export type UsageState = { at?: number; problem?: string }

type UsageStore = {
  /** Asks for measurements while anybody is subscribed and the tab is in sight. */
  subscribe(listener: () => void): () => void
  of(ref: ObjectRef): VmUse | undefined
  state(): UsageState
  /** Grows with every measurement. */
  version(): number
  forget(): void
}

type Parts = { head: UsageHead; lines: AsyncIterable<UsageLine> | Iterable<UsageLine> }

type Surroundings = {
  fetchUsage: (signal: AbortSignal) => Promise<Parts>
  /** What to add to the browser's clock to get the server's, ms. */
  clockOffsetMs: () => number
  /** Whether anybody can see the tab, and who wants to know when they can. */
  visible: () => boolean
  onVisible: (listener: () => void) => () => void
}

/** What is older says nothing of now. */
const KEPT_MS = 5 * 60_000
const RETRY_MS = 30_000
/** Tabs do not all ask in the same moment. */
const SPREAD_MS = 2_000
/** The rows come first. */
const FIRST_MS = 250
const MEBIBYTE = 2 ** 20

export function createUsageStore({ fetchUsage, clockOffsetMs, visible, onVisible }: Surroundings): UsageStore {
  const listeners = new Set<() => void>()
  let known: ReadonlyMap<string, VmUse> = new Map()
  let state: UsageState = {}
  let version = 0
  let dueAt = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let asking: AbortController | undefined
  let stopLooking: (() => void) | undefined

  function publish(next: ReadonlyMap<string, VmUse>, nextState: UsageState) {
    known = next
    state = nextState
    version += 1
    for (const listener of listeners) listener()
  }

  async function ask() {
    const own = (asking = new AbortController())
    try {
      const { head, lines } = await fetchUsage(own.signal)
      const next = await table(lines)
      if (own.signal.aborted) return
      dueAt = head.askedAt - clockOffsetMs() + head.everyMs + Math.random() * SPREAD_MS
      publish(next, {
        ...(head.at === undefined ? {} : { at: head.at - clockOffsetMs() }),
        ...(head.problem ? { problem: head.problem } : {}),
      })
    } catch (error) {
      if (own.signal.aborted) return
      dueAt = Date.now() + RETRY_MS
      const { at = 0 } = state
      const problem = toStatus(error).message
      // What was measured stays for a while, and says how old it is.
      if (Date.now() - at < KEPT_MS) publish(known, { at, problem })
      else publish(new Map(), { problem })
    } finally {
      if (asking === own) asking = undefined
    }
    schedule()
  }

  function schedule() {
    clearTimeout(timer)
    if (listeners.size === 0 || asking || !visible()) return
    if (known.size > 0 && Date.now() - (state.at ?? 0) > KEPT_MS) publish(new Map(), {})
    timer = setTimeout(() => void ask(), Math.max(known.size === 0 ? FIRST_MS : 0, dueAt - Date.now()))
  }

  return {
    subscribe(listener) {
      listeners.add(listener)
      if (!stopLooking) {
        stopLooking = onVisible(schedule)
        schedule()
      }
      return () => {
        listeners.delete(listener)
        if (listeners.size > 0) return
        clearTimeout(timer)
        stopLooking?.()
        stopLooking = undefined
      }
    },
    of: ({ namespace, name }) => known.get(`${namespace ?? ''}/${name}`),
    state: () => state,
    version: () => version,
    forget() {
      asking?.abort()
      asking = undefined
      dueAt = 0
      publish(new Map(), {})
      schedule()
    },
  }
}

async function table(lines: Parts['lines']): Promise<Map<string, VmUse>> {
  const slices = inSlices()
  const all = new Map<string, VmUse>()
  for await (const [namespace, names, cpu, memory] of lines) {
    for (const [at, name] of names.split(' ').entries()) {
      all.set(`${namespace}/${name}`, measuredOf(cpu[at], memory[at]))
      if (at % 500 === 499) await slices.pause()
    }
    await slices.pause()
  }
  return all
}

function measuredOf(cpuMillicores = -1, memoryMebibytes = -1): VmUse {
  return {
    ...(cpuMillicores < 0 ? {} : { cpuMillicores }),
    ...(memoryMebibytes < 0 ? {} : { memoryBytes: memoryMebibytes * MEBIBYTE }),
  }
}

async function fetchUsage(signal: AbortSignal): Promise<Parts> {
  const response = await apiFetch('/api/usage', { method: 'GET', headers: { accept: 'application/json' }, signal })
  if (!response.ok) throw new StatusError(statusOfResponse(response.status, await response.text()))
  const lines = linesOf(response)
  const head = await lines.next()
  if (head.done) throw new TypeError('usage begins with its head')
  return { head: JSON.parse(head.value) as UsageHead, lines: parsed(lines) }
}

async function* parsed(lines: AsyncIterable<string>): AsyncGenerator<UsageLine> {
  for await (const line of lines) yield JSON.parse(line) as UsageLine
}

/** This tab's. Nobody subscribes where no Prometheus is configured, and so nothing is asked. */
export const usage = createUsageStore({
  fetchUsage,
  clockOffsetMs: live.clockOffsetMs,
  visible: () => document.visibilityState === 'visible',
  onVisible(listener) {
    document.addEventListener('visibilitychange', listener)
    return () => document.removeEventListener('visibilitychange', listener)
  },
})
