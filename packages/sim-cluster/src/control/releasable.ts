import type { Storage } from '../storage/storage.ts'

/** The same store for listeners that are let go of together. */
export function releasable(storage: Storage): { storage: Storage; release(): void } {
  const owned: (() => void)[] = []
  return {
    storage: {
      ...storage,
      subscribe(listener) {
        const unsubscribe = storage.subscribe(listener)
        owned.push(unsubscribe)
        return unsubscribe
      },
    },
    release() {
      for (const unsubscribe of owned) unsubscribe()
    },
  }
}
