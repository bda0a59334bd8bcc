// Several watches of one resource as one list: the volumes of a VM, the events of the objects of a page.
import { useMemo, useSyncExternalStore } from 'react'
import { collectionPath } from '@virtdeck/k8s'
import type { KubeObject, Resource } from '@virtdeck/k8s'
import { watches, type WatchScope, type WatchState } from './watch.ts'

/** The objects of all scopes, each once. Ready when every watch has answered; the first refusal is the error. */
export function useWatchMany<T>(resource: Resource<T>, scopes: readonly WatchScope[]): WatchState<T> {
  const targets = scopes.map(({ namespace, ...selectors }) => ({ path: collectionPath(resource, namespace), ...selectors }))
  const key = JSON.stringify(targets)
  const combined = useMemo(() => combine(JSON.parse(key) as typeof targets), [key])
  // The path names the resource, and the resource's descriptor carries the type.
  return useSyncExternalStore(combined.subscribe, combined.state) as WatchState<T>
}

type Target = Parameters<typeof watches.store>[0]

function combine(targets: readonly Target[]) {
  let seen: readonly WatchState<KubeObject>[] = []
  let merged = mergeWatches(seen)
  return {
    subscribe(listener: () => void) {
      const unsubscribes = targets.map((target) => watches.store(target).subscribe(listener))
      return () => unsubscribes.forEach((unsubscribe) => unsubscribe())
    },
    state() {
      const states = targets.map((target) => watches.store(target).state())
      if (states.length !== seen.length || states.some((state, index) => state !== seen[index])) {
        seen = states
        merged = mergeWatches(states)
      }
      return merged
    },
  }
}

function mergeWatches(states: readonly WatchState<KubeObject>[]): WatchState<KubeObject> {
  const items = [...new Map(states.flatMap((state) => state.items).map((item) => [item.metadata.uid, item])).values()]
  const failed = states.find((state) => state.status === 'error')
  if (failed) return { status: 'error', items, error: failed.error }
  return { status: states.some((state) => state.status === 'loading') ? 'loading' : 'ready', items }
}
