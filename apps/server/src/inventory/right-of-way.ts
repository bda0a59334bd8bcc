// Consoles have the right of way: while bytes go through one, whoever reads lists in the inventory's thread rests as long as
// it worked. Two busy threads leave a third none of two cores before the kernel's next tick, which is up to 4 ms away.
import { performance } from 'node:perf_hooks'

/** Memory that both threads see: when bytes last went through a console, in milliseconds since the epoch. */
export type RightOfWay = SharedArrayBuffer

/** How long a console is busy after its last bytes: a screen that stands still does not keep lists waiting. */
const busyMs = 100
/** How long the thread works before it rests. */
const workMs = 1
/** A large page is parsed at once, however long that takes; live changes do not wait longer than this for it. */
const maxRestMs = 8

export const createRightOfWay = (): RightOfWay => new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT)

/** For the main thread: to be called whenever bytes go through a console. */
export function takeRightOfWay(way: RightOfWay): () => void {
  const usedAt = new Float64Array(way)
  return () => void (usedAt[0] = Date.now())
}

/** The thread's own time, so that tests own it. */
export type ThreadTime = {
  /** Milliseconds since the epoch. */
  now(): number
  /** Milliseconds that the thread did not wait for anything to happen. */
  activeMs(): number
  rest(ms: number): void
}

/** For the thread that reads: to be called between two pieces of a list. */
export function createGivingWay(way: RightOfWay, { now, activeMs, rest }: ThreadTime = threadTime()): () => void {
  const usedAt = new Float64Array(way)
  let restedAt = activeMs()
  return () => {
    if (now() - (usedAt[0] ?? 0) > busyMs) return
    const workedMs = activeMs() - restedAt
    if (workedMs < workMs) return
    rest(Math.min(workedMs, maxRestMs))
    restedAt = activeMs()
  }
}

function threadTime(): ThreadTime {
  const never = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  return {
    now: Date.now,
    activeMs: () => performance.eventLoopUtilization().active,
    rest: (ms) => void Atomics.wait(never, 0, 0, ms),
  }
}
