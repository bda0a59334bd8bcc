import { setTimeout } from 'node:timers/promises'
import { StatusError } from '@virtdeck/k8s'
import { refusal } from '../refusal.ts'
import type { Session, Sessions } from './sessions.ts'

/**
 * After how long each time a credential that the cluster refused is shown to it again, in milliseconds: together few enough
 * that who is refused for good is out 65 s later, with the minute between two questions. A kube-apiserver that starts
 * answers 401 to the tokens of an issuer until it has asked that issuer for its keys, and to those of a ServiceAccount that it
 * cannot look up yet.
 * https://github.com/kubernetes/apiserver/blob/24a394e/plugin/pkg/authenticator/token/oidc/oidc.go (initFn)
 */
export const doubtMs: readonly number[] = [500, 1_500, 3_000]

/** Whether a credential is refused each time. Any other answer, and none at all, says that it need not be the credential. */
export async function staysRefused(ask: () => Promise<unknown>, waitsMs = doubtMs, signal?: AbortSignal): Promise<boolean> {
  for (const ms of waitsMs) {
    try {
      await setTimeout(ms, undefined, { signal, ref: false })
      await ask()
      return false
    } catch (error) {
      if (!(error instanceof StatusError) || error.code !== 401) return false
    }
  }
  return true
}

/**
 * Does what shows a session's credential to the cluster: once more where that throws 401 and the cluster takes the credential
 * after all, for an API server asks who comes before it does anything. Until that is known, one waits: `doubtMs` at the most.
 * Throws what `act` throws; a 401 in plain words where the session is over or to be renewed, and a 503 where the cluster
 * says now this, now that.
 */
export async function asKnown<T>(
  sessions: Pick<Sessions, 'current' | 'rejected'>,
  session: Session,
  act: (session: Session) => Promise<T>,
): Promise<T> {
  for (let isRetry = false; ; isRetry = true) {
    try {
      return await act(sessions.current(session))
    } catch (error) {
      if (!(error instanceof StatusError) || error.code !== 401) throw error
      if (isRetry) throw unsure()
      const verdict = await sessions.rejected(session)
      if (verdict === 'over') throw refusal(401, 'The cluster does not accept your sign-in any more. Sign in again.')
      if (verdict === 'ran-out') throw refusal(401, 'Your sign-in has run out and is being renewed. Try again in a moment.')
    }
  }
}

const unsure = () =>
  refusal(503, 'The cluster does not recognise your sign-in at the moment, as while it starts. You are still signed in: try again.', {
    retryAfterSeconds: 2,
  })
