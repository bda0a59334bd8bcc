// Delays of level-triggered controllers: "has this lasted long enough?", asked again at every reconcile.
import type { Clock } from '../clock.ts'
import type { ReconcileContext } from './controller.ts'

export type Waits = {
  /** False until `delayMs` have passed since it was first asked with this id; asks for a requeue meanwhile. */
  passed(id: string, delayMs: number, context: ReconcileContext): boolean
  forget(id: string): void
}

export function createWaits(clock: Clock): Waits {
  const dueMs = new Map<string, number>()
  return {
    passed(id, delayMs, context) {
      let due = dueMs.get(id)
      if (due === undefined) dueMs.set(id, (due = clock.now() + delayMs))
      const leftMs = due - clock.now()
      if (leftMs > 0) {
        context.requeueAfter(leftMs)
        return false
      }
      dueMs.delete(id)
      return true
    },
    forget: (id) => void dueMs.delete(id),
  }
}
