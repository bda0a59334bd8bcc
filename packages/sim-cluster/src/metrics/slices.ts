// Long work in slices: a query over a fleet must not keep the API server, which shares its thread, from answering.
import { setImmediate as turn } from 'node:timers/promises'

/** Work that yields where it may be interrupted. */
export type Steps<T> = Generator<undefined, T>

const sliceMs = 4
/** So many small things are done between two questions of whether it is time to give way. */
export const perStep = 64

/** Does something with each of many small things. */
export function* each<T>(items: Iterable<T>, act: (item: T) => void): Steps<void> {
  let done = 0
  for (const item of items) {
    act(item)
    done += 1
    if (done % perStep === 0) yield
  }
}

/** What becomes of each of many small things; of some, nothing. */
export function* mapped<T, R>(items: Iterable<T>, map: (item: T) => R | undefined): Steps<R[]> {
  const results: R[] = []
  yield* each(items, (item) => {
    const result = map(item)
    if (result !== undefined) results.push(result)
  })
  return results
}

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
