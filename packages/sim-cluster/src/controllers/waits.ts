// Delays of level-triggered controllers: "has this lasted long enough?", asked again at every reconcile.
import type { Clock } from '../clock.ts'
import type { ReconcileContext } from './controller.ts'

export type Waits = {
  /** False until `delayMs` have passed since it was first asked with this id; asks for a requeue meanwhile. */
  passed(id: string, delayMs: number, context: ReconcileContext): boolean
  forget(id: string): void
}

export function createWaits(clock: Clock): Waits {
  const askedMs = new Map<string, number>()
  return {
    passed(id, delayMs, context) {
      let since = askedMs.get(id)
      if (since === undefined) askedMs.set(id, (since = clock.now()))
      const leftMs = since + delayMs - clock.now()
      if (leftMs > 0) {
        context.requeueAfter(leftMs)
        return false
      }
      askedMs.delete(id)
      return true
    },
    forget: (id) => void askedMs.delete(id),
  }
}
