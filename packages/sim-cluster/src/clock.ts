// Time as the simulated cluster sees it. Nothing else in this package calls Date.now() or setTimeout.

export type Timer = { cancel(): void }

export type Clock = {
  /** Milliseconds since the epoch. */
  now(): number
  /** Runs `fn` once, `delayMs` from now. */
  after(delayMs: number, fn: () => void): Timer
}

/** RFC 3339 in whole seconds, as metav1.Time is written. */
export function timestamp(clock: Clock): string {
  return new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z')
}

/** RFC 3339 in microseconds, as metav1.MicroTime is written. */
export function microTimestamp(clock: Clock): string {
  return new Date(clock.now()).toISOString().replace(/Z$/, '000Z')
}

/** Real time, optionally faster: with `speed` 10, a delay of 10 s takes one second. */
export function realClock({ speed = 1 }: { speed?: number } = {}): Clock & { stop(): void } {
  const live = new Set<NodeJS.Timeout>()
  return {
    now: () => Date.now(),
    after(delayMs, fn) {
      const handle = setTimeout(() => {
        live.delete(handle)
        fn()
      }, delayMs / speed)
      live.add(handle)
      return {
        cancel() {
          clearTimeout(handle)
          live.delete(handle)
        },
      }
    },
    stop() {
      for (const handle of live) clearTimeout(handle)
      live.clear()
    },
  }
}

/** Time that moves only when it is told to. */
export function manualClock(startMs = Date.parse('2026-11-20T10:00:00Z')): Clock & {
  /** Moves time forward and runs what falls due, in order. */
  advance(ms: number): void
  /** The delay until the next timer, or undefined when none is set. */
  nextMs(): number | undefined
} {
  let nowMs = startMs
  let order = 0
  const timers = new Map<number, { dueMs: number; fn: () => void }>()
  const next = () => {
    let found: [number, { dueMs: number; fn: () => void }] | undefined
    for (const entry of timers) {
      if (!found || entry[1].dueMs < found[1].dueMs) found = entry
    }
    return found
  }
  return {
    now: () => nowMs,
    after(delayMs, fn) {
      const id = order++
      timers.set(id, { dueMs: nowMs + Math.max(0, delayMs), fn })
      return { cancel: () => void timers.delete(id) }
    },
    advance(ms) {
      const untilMs = nowMs + ms
      for (let due = next(); due && due[1].dueMs <= untilMs; due = next()) {
        timers.delete(due[0])
        nowMs = Math.max(nowMs, due[1].dueMs)
        due[1].fn()
      }
      nowMs = untilMs
    },
    nextMs() {
      const due = next()
      return due && Math.max(0, due[1].dueMs - nowMs)
    },
  }
}
