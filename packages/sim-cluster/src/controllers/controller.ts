// Level-triggered controllers: a change enqueues a key, reconcile looks at the whole state and moves it one step.
// https://github.com/kubernetes-sigs/controller-runtime/blob/release-0.19/pkg/reconcile/reconcile.go
import { apiResources, resourceKey } from '../api/api-resources.ts'
import type { Clock, Timer } from '../clock.ts'
import type { Storage, StorageEvent } from '../storage/storage.ts'

export type ReconcileContext = {
  /** Looks at this key again after a delay; an earlier request for the same key is replaced by the sooner one. */
  requeueAfter(delayMs: number): void
}

export type Controller = {
  name: string
  /** The keys (`namespace/name`, or `name`) that an event makes worth another look. */
  keysOf(event: StorageEvent): string[]
  /** Idempotent; a thrown error requeues the key after a short back-off. */
  reconcile(key: string, context: ReconcileContext): void
}

export type ControllerRunner = {
  /** True when no key waits to be reconciled now (delayed ones may). */
  idle(): boolean
  stop(): void
}

/**
 * Runs controllers over the store: what is there is looked at once, then every change. Keys are deduplicated, and
 * reconciled from the clock's queue, never re-entrantly.
 */
export function runControllers(
  controllers: Controller[],
  storage: Storage,
  clock: Clock,
  onError: (controller: string, key: string, error: unknown) => void,
): ControllerRunner {
  const delayed = new Map<string, { timer: Timer; dueMs: number }>()
  const ready = new Map<string, { controller: Controller; key: string; failures: number }>()
  let scheduled: Timer | undefined
  let stopped = false

  const enqueue = (controller: Controller, key: string, failures = 0) => {
    if (stopped) return
    ready.set(`${controller.name} ${key}`, { controller, key, failures })
    // While draining, the loop itself gets there.
    scheduled ??= clock.after(0, drain)
  }
  const enqueueAfter = (controller: Controller, key: string, delayMs: number, failures = 0) => {
    const id = `${controller.name} ${key}`
    const dueMs = clock.now() + delayMs
    const waiting = delayed.get(id)
    if (waiting && waiting.dueMs <= dueMs) return
    waiting?.timer.cancel()
    const timer = clock.after(delayMs, () => {
      delayed.delete(id)
      enqueue(controller, key, failures)
    })
    delayed.set(id, { timer, dueMs })
  }

  function drain() {
    scheduled = undefined
    // Bounded, so that sockets get their turn while a fleet settles. What is enqueued meanwhile is visited, too.
    let budget = 50
    for (const [id, { controller, key, failures }] of ready) {
      if (budget === 0) break
      budget -= 1
      ready.delete(id)
      try {
        controller.reconcile(key, { requeueAfter: (delayMs) => enqueueAfter(controller, key, delayMs) })
      } catch (error) {
        onError(controller.name, key, error)
        enqueueAfter(controller, key, Math.min(30_000, 100 * 2 ** failures), failures + 1)
      }
    }
    if (!stopped && ready.size > 0) scheduled ??= clock.after(0, drain)
  }

  const unsubscribe = storage.subscribe((event) => {
    for (const controller of controllers) {
      for (const key of controller.keysOf(event)) enqueue(controller, key)
    }
  })
  for (const resource of apiResources) {
    if (resource.virtual) continue
    for (const object of storage.list(resourceKey(resource))) {
      const event: StorageEvent = { type: 'ADDED', resource, object }
      for (const controller of controllers) {
        for (const key of controller.keysOf(event)) enqueue(controller, key)
      }
    }
  }
  return {
    idle: () => ready.size === 0,
    stop() {
      stopped = true
      unsubscribe()
      scheduled?.cancel()
      for (const { timer } of delayed.values()) timer.cancel()
    },
  }
}
