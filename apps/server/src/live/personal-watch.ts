// A page's own objects: listed and watched with the user's credential, through the same gate as every other request.
import { StatusError } from '@virtdeck/k8s'
import type { Session } from '../auth/sessions.ts'
import type { Context } from '../context.ts'
import { refusal } from '../refusal.ts'
import { startReflector } from '../inventory/reflector.ts'
import { passGate } from '../k8s/gate.ts'
import type { LiveMessage, LiveRequest } from '../protocol.ts'

export type PersonalWatch = {
  stop(): void
  /** Asks the API server whether the list is still allowed; ends the watch when that is denied twice in a row. */
  recheck(): Promise<void>
}

export type WatchOut = {
  send(message: LiveMessage): void
  /** Ends the watch for good. */
  end(error: unknown): void
  isSlow(): boolean
}

/**
 * An API server that starts refuses everybody until it has read its roles, and knows nobody's token until it has its issuer's
 * keys (reflector.ts, `disbeliefMs`): a refusal is believed when the next check hears it again.
 */
export function doubting(ask: () => Promise<unknown>, end: (error: unknown) => void): () => Promise<void> {
  let wasRefused = false
  return async () => {
    try {
      await ask()
      wasRefused = false
    } catch (error) {
      const isRefused = error instanceof StatusError && [401, 403, 404].includes(error.code)
      if (isRefused && wasRefused) end(error)
      wasRefused = isRefused
    }
  }
}

/** Throws a StatusError for a path or selector that the gate refuses. */
export function startPersonalWatch(
  { kubeconfig, upstream, sessions }: Context,
  session: Session,
  { id, path, fieldSelector, labelSelector }: LiveRequest & { type: 'watch' },
  { send, end, isSlow }: WatchOut,
): PersonalWatch {
  const selectors = { ...(fieldSelector ? { fieldSelector } : {}), ...(labelSelector ? { labelSelector } : {}) }
  const query = new URLSearchParams(selectors).toString()
  passGate('WATCH', query ? `${path}?${query}` : path)

  let isStale = false
  const reflector = startReflector({
    path,
    selectors,
    // One object is shown whole, also as YAML; of many nobody reads who wrote which field.
    ...(fieldSelector?.startsWith('metadata.name=') ? { trim: (object) => object } : {}),
    open: async (target, signal) =>
      upstream.send(await kubeconfig.dial(sessions.current(session).credential), {
        method: 'GET',
        path: target,
        headers: { accept: 'application/json' },
        signal,
      }),
    onSync: (objects) => send({ type: 'objects', id, items: [...objects.values()] }),
    onChange({ type, object }) {
      if (isSlow()) end(refusal(429, 'The connection is too slow for this watch.'))
      else send({ type: 'event', id, event: type, object })
    },
    onState(state) {
      if (state.phase === 'stale') send({ type: 'watch-state', id, state: 'stale', since: state.since })
      else if (state.phase === 'live' && isStale) send({ type: 'watch-state', id, state: 'live' })
      isStale = state.phase === 'stale'
      // Not from within the reflector's own turn: ending it there would find it not yet started.
      if (state.phase === 'refused') setImmediate(end, new StatusError(state.status))
    },
  })

  return {
    stop: () => reflector.stop(),
    recheck: doubting(
      async () =>
        upstream.json(
          await kubeconfig.dial(sessions.current(session).credential),
          'GET',
          `${path}?${new URLSearchParams({ ...selectors, limit: '1' }).toString()}`,
        ),
      end,
    ),
  }
}
