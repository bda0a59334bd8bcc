// A sliding window over the newest changes of each resource, and the watchers that receive them as they happen.
// https://github.com/kubernetes/apiserver/blob/9d86305/pkg/storage/cacher/watch_cache.go
import { resourceKey } from '../api/api-resources.ts'
import type { Storage, StorageEvent } from './storage.ts'

export type Watcher = {
  receive(event: StorageEvent): void
}

export type WatchCache = {
  /**
   * Calls `receive` for every change of a resource after `sinceRevision`, those of the past at once. False when the
   * window no longer reaches back that far. Registration and replay happen in one turn: nothing falls in between.
   */
  watch(key: string, sinceRevision: number, watcher: Watcher): (() => void) | undefined
  /** The oldest version that a watch of this resource can start from. */
  oldestRevision(key: string): number
  /** The version of this resource's newest change, or of the start of the cache. */
  changedRevision(key: string): number
  stop(): void
}

type Window = { events: StorageEvent[]; start: number; oldestRevision: number; watchers: Set<Watcher> }

export const revisionOf = (event: StorageEvent): number => Number(event.object.metadata.resourceVersion)

export function createWatchCache(storage: Storage, { capacity = 4096 }: { capacity?: number } = {}): WatchCache {
  const windows = new Map<string, Window>()
  const startRevision = storage.revision()

  const window = (key: string) => {
    let found = windows.get(key)
    if (!found) windows.set(key, (found = { events: [], start: 0, oldestRevision: startRevision, watchers: new Set() }))
    return found
  }

  const unsubscribe = storage.subscribe((event) => {
    const kept = window(resourceKey(event.resource))
    kept.events.push(event)
    if (kept.events.length - kept.start > capacity) {
      // Within bounds: more than `capacity` events lie after `start`.
      kept.oldestRevision = revisionOf(kept.events[kept.start]!)
      kept.start += 1
      // Forgotten events leave in batches, so that forgetting costs nothing on average.
      if (kept.start > capacity) {
        kept.events = kept.events.slice(kept.start)
        kept.start = 0
      }
    }
    for (const watcher of kept.watchers) watcher.receive(event)
  })

  return {
    watch(key, sinceRevision, watcher) {
      const found = window(key)
      if (sinceRevision < found.oldestRevision) return undefined
      for (let index = found.start; index < found.events.length; index += 1) {
        const event = found.events[index]
        if (event && revisionOf(event) > sinceRevision) watcher.receive(event)
      }
      found.watchers.add(watcher)
      return () => void found.watchers.delete(watcher)
    },
    oldestRevision: (key) => window(key).oldestRevision,
    changedRevision(key) {
      const newest = window(key).events.at(-1)
      return newest ? revisionOf(newest) : startRevision
    },
    stop() {
      unsubscribe()
      windows.clear()
    },
  }
}
