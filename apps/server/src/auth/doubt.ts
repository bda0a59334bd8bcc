import { setTimeout } from 'node:timers/promises'
import { StatusError } from '@virtdeck/k8s'

/**
 * When a credential that the cluster refused is shown to it again, one after the other, in milliseconds. A kube-apiserver
 * that starts answers 401 to the tokens of an issuer until it has that issuer's keys, for which it asks every 10 s; and to
 * those of a ServiceAccount that it cannot look up.
 * https://github.com/kubernetes/apiserver/blob/release-1.32/plugin/pkg/authenticator/token/oidc/oidc.go
 */
export const doubtMs: readonly number[] = [1_000, 3_000, 8_000]

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
