// Waiting for an object to become what a plan of several steps needs: on its watch, not by asking again.
import { collectionPath, failure, StatusError } from '@virtdeck/k8s'
import type { ObjectRef, Resource } from '@virtdeck/k8s'
import { watches } from './watch.ts'

/** Resolves with what `check` returns once that is not undefined; rejects with what it throws, or when time is up. */
export function waitForObject<T, R>(
  resource: Resource<T>,
  ref: ObjectRef,
  check: (object: T) => R | undefined,
  timeoutMs: number,
): Promise<R> {
  const store = watches.store({ path: collectionPath(resource, ref.namespace), fieldSelector: `metadata.name=${ref.name}` })
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      unsubscribe()
      clearTimeout(timer)
      act()
    }
    const look = () => {
      const { status, items, error } = store.state()
      if (status === 'error') return settle(() => reject(new StatusError(error)))
      const object = items[0] as T | undefined
      if (object === undefined) return
      try {
        const result = check(object)
        if (result !== undefined) settle(() => resolve(result))
      } catch (refusal) {
        settle(() => reject(refusal))
      }
    }
    const timer = setTimeout(
      () => settle(() => reject(new StatusError(failure(504, `${ref.name} did not become ready in time.`)))),
      timeoutMs,
    )
    const unsubscribe = store.subscribe(look)
    look()
  })
}
