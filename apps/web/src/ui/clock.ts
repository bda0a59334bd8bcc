import { createContext, use, useSyncExternalStore } from 'react'

/** What elapsed times are counted by. `now` is in ms and changes only when the listeners are told. */
export type Clock = { subscribe: (listener: () => void) => () => void; now: () => number }

const SECOND_MS = 1_000

/** The browser's own time, for what is shown outside of a session. */
const wallClock: Clock = {
  subscribe(listener) {
    const timer = setInterval(listener, SECOND_MS)
    return () => clearInterval(timer)
  },
  now: () => Math.floor(Date.now() / SECOND_MS) * SECOND_MS,
}

/** The app provides the cluster's time, which stands still while what is shown is stale. */
export const ClockContext = createContext<Clock>(wallClock)

/** What `select` makes of the time; renders again only when that changes. */
export function useClock<T extends string | number>(select: (nowMs: number) => T): T {
  const clock = use(ClockContext)
  return useSyncExternalStore(clock.subscribe, () => select(clock.now()))
}
