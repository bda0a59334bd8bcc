// What a person keeps in this browser, the same in all of its tabs.
import { create } from 'zustand'
import type { StoreApi, UseBoundStore } from 'zustand'
import { persist } from 'zustand/middleware'

/** A store that is kept under `name`. What another tab keeps is taken over, so that of two none undoes what the other did. */
export function createBrowserStore<T extends object>(name: string, initial: T): UseBoundStore<StoreApi<T>> {
  const store = create<T>()(persist(() => initial, { name }))
  globalThis.addEventListener?.('storage', ({ key }) => key === name && void store.persist.rehydrate())
  return store
}
