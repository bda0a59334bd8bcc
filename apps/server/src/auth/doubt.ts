import { setTimeout } from 'node:timers/promises'
import { StatusError } from '@virtdeck/k8s'

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
