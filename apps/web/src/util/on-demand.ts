// Code that comes when it is wanted. React's own lazy parts show their fallback first and replace it up to 300 ms later,
// whether the code is there or not; what opens at a press must not wait for that.
import { useSyncExternalStore } from 'react'

export type OnDemand<M> = {
  /** Asks for it, as when somebody is about to need it. Asked again after a failure. */
  want(): void
  /** What has come of it. */
  state(): M | undefined
  subscribe(listener: () => void): () => void
}

export function onDemand<M>(load: () => Promise<M>): OnDemand<M> {
  const listeners = new Set<() => void>()
  let module: M | undefined
  let loading = false
  return {
    want() {
      if (module || loading) return
      loading = true
      load()
        .then(
          (loaded) => {
            module = loaded
            for (const listener of listeners) listener()
          },
          // The network is gone: whoever presses again, asks again.
          () => undefined,
        )
        .finally(() => (loading = false))
    },
    state: () => module,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** The module once it is there, for who wants it now: others do not render again when it comes. */
export function useOnDemand<M>(part: OnDemand<M>, wanted: boolean): M | undefined {
  const module = useSyncExternalStore(wanted ? part.subscribe : never, wanted ? part.state : nothing)
  return wanted ? module : undefined
}

const never = () => () => undefined
const nothing = () => undefined
