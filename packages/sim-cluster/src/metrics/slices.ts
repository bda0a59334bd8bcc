// Long work in slices: a query over a fleet must not keep the API server, which shares its thread, from answering.
import { setImmediate as turn } from 'node:timers/promises'

/** Work that yields where it may be interrupted. */
export type Steps<T> = Generator<undefined, T>

const sliceMs = 4
/** So many small things are done between two questions of whether it is time to give way. */
export const perStep = 64

/** Does the work, and lets others have their turn between slices of it. */
export async function inSlices<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const untilMs = performance.now() + sliceMs
    do {
      const step = steps.next()
      if (step.done) return step.value
    } while (performance.now() < untilMs)
    await turn()
  }
}

/** Does the work in one go. */
export function inOneGo<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}
