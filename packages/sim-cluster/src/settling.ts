// Waiting for the controllers to come to rest.
import type { Clock, Timer } from './clock.ts'

/** Longer waits than this (back-offs, heartbeats, expiry) are part of a settled cluster. */
const restlessDelayMs = 19_000
/** Some scenarios never rest: a crash loop goes on. */
const limitMs = 10 * 60_000

type ManualClock = Clock & { advance(ms: number): void; nextMs(): number | undefined }

export type SettlingClock = Clock & {
  /** Resolves once no short delay is running: at once by moving a manual clock, else by waiting for a real one. */
  settle(): Promise<void>
}

/** The clock that controllers are given; what else uses time (watches, consoles) does not keep the cluster from settling. */
export function settlingClock(clock: Clock): SettlingClock {
  let restless = 0
  let waiting: (() => void)[] = []
  const rest = () => {
    restless -= 1
    if (restless > 0) return
    const settled = waiting
    waiting = []
    for (const resolve of settled) resolve()
  }
  return {
    now: () => clock.now(),
    after(delayMs, fn): Timer {
      if (delayMs > restlessDelayMs) return clock.after(delayMs, fn)
      restless += 1
      let live = true
      const end = () => {
        if (!live) return
        live = false
        rest()
      }
      const timer = clock.after(delayMs, () => {
        // What the timer starts is counted before it ends.
        try {
          fn()
        } finally {
          end()
        }
      })
      return {
        cancel() {
          timer.cancel()
          end()
        },
      }
    },
    async settle() {
      if (isManual(clock)) {
        const untilMs = clock.now() + limitMs
        while (restless > 0 && clock.now() < untilMs) clock.advance(clock.nextMs() ?? 0)
        return
      }
      if (restless === 0) return
      await new Promise<void>((resolve) => {
        const limit = clock.after(limitMs, resolve)
        waiting.push(() => {
          limit.cancel()
          resolve()
        })
      })
    },
  }
}

function isManual(clock: Clock): clock is ManualClock {
  return 'advance' in clock && 'nextMs' in clock
}
