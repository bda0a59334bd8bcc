// One verb on many objects: so many at a time, each with a result of its own, and what failed can be tried again.
import type { Outcome } from '../../api/outcome.ts'

export type BulkState = { kind: 'waiting' } | { kind: 'left' } | Outcome | { kind: 'accepted' }

type BulkOptions<T> = {
  /** One group after the other: the next begins when all of the one before have come to an end. */
  groups: readonly (readonly T[])[]
  atOnce: number
  /** Begin nothing more once one has failed; what is under way goes on. */
  stopOnFailure: boolean
  signal: AbortSignal
  /** Resolves with what came of it; a rejection's message is a failure's cause. */
  run: (item: T) => Promise<Outcome>
  onState: (item: T, state: BulkState) => void
}

/** Resolves when everything that was begun has come to an end. What was not begun is `left`. */
export async function runBulk<T>({ groups, atOnce, stopOnFailure, signal, run, onState }: BulkOptions<T>): Promise<void> {
  let failed = false
  const over = () => signal.aborted || (failed && stopOnFailure)
  for (const group of groups) {
    const waiting = [...group]
    const lane = async () => {
      while (!over()) {
        const item = waiting.shift()
        if (item === undefined) return
        onState(item, { kind: 'running' })
        const outcome = await run(item).catch((error: unknown): Outcome => ({
          kind: 'failed',
          cause: error instanceof Error ? error.message : String(error),
        }))
        if (outcome.kind === 'failed') failed = true
        // Accepted, and still under way when patience ended: the row tells the rest.
        onState(item, outcome.kind === 'running' ? { kind: 'accepted' } : outcome)
      }
    }
    await Promise.all(Array.from({ length: Math.min(atOnce, group.length) }, lane))
    for (const item of waiting) onState(item, { kind: 'left' })
  }
}
