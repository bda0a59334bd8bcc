import { readdirSync } from 'node:fs'
import { getPriority, setPriority } from 'node:os'

/** A tenth of the share of a processor that others have. */
const nicer = 10
const nicest = 19

/**
 * Has the threads that V8 keeps beside those that run JavaScript, for collecting garbage and compiling, leave the processors to
 * these: as many as there are processors become busy at once. To be called first of all, before there are others; on Linux, where
 * a thread has a priority of its own. Threads that are started later have the main thread's.
 */
export function yieldHelperThreads(): void {
  if (process.platform !== 'linux') return
  const niceness = Math.min(nicest, getPriority() + nicer)
  try {
    for (const thread of readdirSync('/proc/self/task').map(Number)) if (thread !== process.pid) setPriority(thread, niceness)
  } catch {
    // Where a sandbox has no /proc or allows no priorities, all threads share alike: slower consoles on a busy machine, no more.
  }
}
