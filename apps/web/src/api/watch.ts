// A page's few objects, watched over the tab's socket with the user's own credential. What the server sent last stays
// on the screen while the connection is down, and is replaced by the first picture after it.
import { useCallback, useSyncExternalStore } from 'react'
import { applyWatchEvent, collectionPath } from '@virtdeck/k8s'
import type { KubeObject, ObjectRef, Resource, Status } from '@virtdeck/k8s'
import type { LiveMessage } from '@virtdeck/server/protocol'
import { live } from './live-socket.ts'
import type { LiveSocket } from './live-socket.ts'

export type WatchState<T> =
  | { status: 'loading' | 'ready'; items: readonly T[]; error?: undefined }
  | { status: 'error'; items: readonly T[]; error: Status }

type WatchTarget = { path: string; fieldSelector?: string; labelSelector?: string }

type WatchStore = {
  subscribe(listener: () => void): () => void
  state(): WatchState<KubeObject>
  /** Ends it now if nobody looks. */
  release(): void
}

/** A tab of a page that one comes back to within this time need not be loaded again. */
const LINGER_MS = 10_000

type Objects = ReadonlyMap<string, KubeObject>

export type Watched = { objects: Objects; state: WatchState<KubeObject> }

export const unwatched: Watched = { objects: new Map(), state: { status: 'loading', items: [] } }

/** What is known after a message; the same object where the message changes nothing. */
export function foldWatch(watched: Watched, id: number, message: LiveMessage): Watched {
  if (!('id' in message) || message.id !== id) return watched
  switch (message.type) {
    case 'objects':
      return ready(new Map(message.items.map((item) => [item.metadata.uid ?? '', item])))
    case 'event': {
      const objects = applyWatchEvent(watched.objects, { type: message.event, object: message.object })
      return objects === watched.objects ? watched : ready(objects)
    }
    case 'watch-state':
      // Told of the whole tab, by its socket.
      return watched
    case 'watch-error':
      // What one may see no longer is not seen any longer.
      if (message.status.code === 403) return { objects: new Map(), state: { status: 'error', items: [], error: message.status } }
      return { ...watched, state: { status: 'error', items: watched.state.items, error: message.status } }
  }
}

function ready(objects: Objects): Watched {
  return { objects, state: { status: 'ready', items: [...objects.values()] } }
}

export function createWatches(socket: Pick<LiveSocket, 'attach' | 'send'>) {
  const stores = new Map<string, WatchStore>()
  let lastId = 0

  function createStore(key: string, target: WatchTarget): WatchStore {
    const id = ++lastId
    const listeners = new Set<() => void>()
    let watched = unwatched
    let detach: (() => void) | undefined
    let linger: ReturnType<typeof setTimeout> | undefined

    function close() {
      socket.send({ type: 'watch-close', id })
      detach?.()
      detach = undefined
      if (stores.get(key) === store) stores.delete(key)
    }

    const store: WatchStore = {
      subscribe(listener) {
        clearTimeout(linger)
        listeners.add(listener)
        detach ??= socket.attach({
          opened: () => socket.send({ type: 'watch', id, ...target }),
          heard(message) {
            const next = foldWatch(watched, id, message)
            if (next === watched) return
            watched = next
            for (const wake of listeners) wake()
          },
        })
        return () => {
          listeners.delete(listener)
          if (listeners.size === 0) linger = setTimeout(close, LINGER_MS)
        }
      },
      state: () => watched.state,
      release() {
        clearTimeout(linger)
        if (listeners.size === 0 && detach) close()
      },
    }
    return store
  }

  return {
    store(target: WatchTarget): WatchStore {
      const key = JSON.stringify([target.path, target.fieldSelector, target.labelSelector])
      const store = stores.get(key) ?? createStore(key, target)
      stores.set(key, store)
      return store
    },
    /** Nothing that was read so far is shown again, and what lingers lets the socket go. */
    forget() {
      for (const store of stores.values()) store.release()
      stores.clear()
    },
  }
}

/** This tab's watches. */
export const watches = createWatches(live)

function useWatch<T>({ path, fieldSelector, labelSelector }: WatchTarget): WatchState<T> {
  const subscribe = useCallback(
    (listener: () => void) => watches.store({ path, fieldSelector, labelSelector }).subscribe(listener),
    [path, fieldSelector, labelSelector],
  )
  // The path names the resource, and the resource's descriptor carries the type.
  return useSyncExternalStore(subscribe, () => watches.store({ path, fieldSelector, labelSelector }).state()) as WatchState<T>
}

export type WatchScope = { namespace?: string; fieldSelector?: string; labelSelector?: string }

/** The objects of a resource, live. `items` keeps its last content through an error, but not through a withdrawn right. */
export function useWatchList<T>(resource: Resource<T>, { namespace, ...selectors }: WatchScope): WatchState<T> {
  return useWatch<T>({ path: collectionPath(resource, namespace), ...selectors })
}

type WatchedObject<T> =
  | { status: 'loading' | 'missing'; object?: undefined; error?: undefined }
  | { status: 'ready'; object: T; error?: undefined }
  /** `object` is what was last seen of it. */
  | { status: 'error'; object?: T; error: Status }

/** One object, live. */
export function useWatchObject<T>(resource: Resource<T>, { namespace, name }: ObjectRef): WatchedObject<T> {
  const { status, items, error } = useWatchList(resource, { namespace, fieldSelector: `metadata.name=${name}` })
  const object = items[0]
  if (status === 'error') return { status, object, error }
  if (status === 'loading') return { status }
  return object === undefined ? { status: 'missing' } : { status: 'ready', object }
}
