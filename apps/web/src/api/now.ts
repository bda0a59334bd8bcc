// One ticking clock for the whole tab: the server's time, which stands still while what is shown is stale, so that
// elapsed times do not go on counting what nobody knows.
import { useSyncExternalStore } from 'react'
import { live } from './live-socket.ts'

const SECOND_MS = 1_000

const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined
let current = 0

function read(): number {
  const state = live.state()
  const nowMs = (state.state === 'stale' ? state.since : Date.now()) + live.clockOffsetMs()
  return nowMs - (nowMs % SECOND_MS)
}

function now(): number {
  // With nobody subscribed no timer runs: a first render reads the time itself.
  if (listeners.size === 0) current = read()
  return current
}

function tick() {
  current = read()
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) {
    current = read()
    timer = setInterval(tick, SECOND_MS)
  }
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0) clearInterval(timer)
  }
}

/** The same for what counts by it without a hook. */
export const clusterClock = { subscribe, now }

/** The cluster's time in ms, anew every `intervalMs` (at least a second). Stands still while the data is stale. */
export function useNow(intervalMs = SECOND_MS): number {
  return useSyncExternalStore(subscribe, () => now() - (now() % intervalMs))
}

/** What `select` makes of the time, re-rendering only when that changes: "6m" renders once a minute. */
export function useClock<T extends string | number | boolean | undefined>(select: (nowMs: number) => T): T {
  return useSyncExternalStore(subscribe, () => select(now()))
}

/** The browser's own time in ms, every second, also while the data is stale: for "next try in 4 s". */
export function useWallClock(): number {
  useNow()
  return useSyncExternalStore(subscribe, () => Math.floor(Date.now() / SECOND_MS) * SECOND_MS)
}
