// A guest's own time: it stands still while its virtual CPUs are paused.
import type { Clock, Timer } from '../clock.ts'

export type PausableClock = Clock & { setPaused(paused: boolean): void; stop(): void }

export function pausableClock(clock: Clock): PausableClock {
  type Waiting = { fn: () => void; dueMs: number; timer?: Timer }
  const waiting = new Set<Waiting>()
  let paused = false
  const arm = (entry: Waiting) => {
    entry.timer = clock.after(Math.max(0, entry.dueMs - clock.now()), () => {
      waiting.delete(entry)
      entry.fn()
    })
  }
  let pausedAtMs = 0
  return {
    // The wall clock of a guest goes on: KubeVirt lets the guest agent set it after an unpause.
    now: () => clock.now(),
    after(delayMs, fn) {
      const entry: Waiting = { fn, dueMs: clock.now() + delayMs }
      waiting.add(entry)
      if (!paused) arm(entry)
      return {
        cancel() {
          entry.timer?.cancel()
          waiting.delete(entry)
        },
      }
    },
    setPaused(next) {
      if (next === paused) return
      paused = next
      if (paused) {
        pausedAtMs = clock.now()
        for (const entry of waiting) entry.timer?.cancel()
      } else {
        for (const entry of waiting) {
          entry.dueMs += clock.now() - pausedAtMs
          arm(entry)
        }
      }
    },
    stop() {
      for (const entry of waiting) entry.timer?.cancel()
      waiting.clear()
    },
  }
}
