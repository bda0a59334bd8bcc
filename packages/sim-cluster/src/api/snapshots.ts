// Consistent paging: the pages of one list all show the moment at which its first page was read.
import type { Clock } from '../clock.ts'
import type { Storage, StoredObject } from '../storage/storage.ts'
import type { WatchCache } from '../storage/watch-cache.ts'

export type Snapshots = {
  /** Holds what a list shows now, so that later pages can show the same. */
  keep(key: string, namespace: string | undefined): void
  /** The list as it was at a version, or undefined when that is no longer known. */
  at(key: string, namespace: string | undefined, revision: number): readonly StoredObject[] | undefined
}

// etcd's history is compacted every five minutes.
// https://github.com/kubernetes/apiserver/blob/9d86305/pkg/storage/storagebackend/config.go
const keptMs = 5 * 60_000
const keptLists = 64

export function createSnapshots(storage: Storage, watchCache: WatchCache, clock: Clock): Snapshots {
  const kept = new Map<string, { objects: readonly StoredObject[]; keptAtMs: number }>()
  const id = (key: string, namespace: string | undefined, revision: number) => `${key} ${namespace ?? ''} ${revision}`

  return {
    keep(key, namespace) {
      kept.set(id(key, namespace, storage.revision()), { objects: storage.list(key, namespace), keptAtMs: clock.now() })
      for (const [oldest, { keptAtMs }] of kept) {
        if (kept.size <= keptLists && clock.now() - keptAtMs <= keptMs) break
        kept.delete(oldest)
      }
    },
    at(key, namespace, revision) {
      const found = kept.get(id(key, namespace, revision))
      if (found && clock.now() - found.keptAtMs <= keptMs) return found.objects
      const unchanged = revision >= watchCache.changedRevision(key) && revision <= storage.revision()
      return unchanged ? storage.list(key, namespace) : undefined
    },
  }
}
