// What is asked of the cluster before the server listens, so that what cannot work is said to whoever starts it.
import { accessReview, StatusError, type AccessQuestion, type SelfSubjectAccessReview } from '@virtdeck/k8s'
import { ConfigError } from '../config.ts'
import type { Upstream } from '../k8s/upstream.ts'
import type { Logger } from '../logger.ts'
import type { Kubeconfig } from './kubeconfig.ts'

/** One request as the kubeconfig's own user. Throws ConfigError with the reason in a sentence. */
export async function assertReachable(kubeconfig: Kubeconfig, upstream: Upstream): Promise<void> {
  const dial = await kubeconfig.dial({ kind: 'kubeconfig', context: kubeconfig.context }).catch((cause: unknown) => {
    throw new ConfigError(`The credential of the kubeconfig's context "${kubeconfig.context}" cannot be obtained.`, { cause })
  })
  try {
    await upstream.json(dial, 'GET', '/version')
  } catch (cause) {
    const code = cause instanceof StatusError ? cause.code : 0
    // Whoever answers 403 is there; what its users may do is theirs to find out.
    if (code === 403) return
    const detail = cause instanceof Error && cause.cause instanceof Error ? ` (${cause.cause.message})` : ''
    throw new ConfigError(
      code === 401
        ? `The cluster at ${dial.url} does not accept the user of the kubeconfig's context "${kubeconfig.context}".`
        : `The cluster at ${dial.url} cannot be reached${detail}.`,
      { cause },
    )
  }
}

/** What the virtdeck-impersonator ClusterRole grants. */
const questions: AccessQuestion[] = [
  { verb: 'impersonate', group: '', resource: 'users' },
  { verb: 'impersonate', group: '', resource: 'groups' },
  { verb: 'impersonate', group: 'authentication.k8s.io', resource: 'uids' },
]

/**
 * In `oidc-impersonate`, the server's own account must be allowed to. Throws ConfigError when the cluster says that it is
 * not; a cluster that does not answer says nothing yet.
 */
export async function assertMayImpersonate(kubeconfig: Kubeconfig, upstream: Upstream, log: Logger): Promise<void> {
  const ask = async (question: AccessQuestion) => {
    const dial = await kubeconfig.dial({ kind: 'kubeconfig', context: kubeconfig.inventoryContext })
    const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
    const review = await upstream.json<SelfSubjectAccessReview>(dial, 'POST', path, accessReview(question))
    return review.status?.allowed === true
  }
  let allowed: boolean[]
  try {
    allowed = await Promise.all(questions.map(ask))
  } catch (error) {
    log.warn({ err: error }, 'the cluster could not be asked whether virtdeck may impersonate')
    return
  }
  const missing = questions.filter((_, index) => !allowed[index]).map(({ resource }) => resource)
  if (missing.length > 0) {
    throw new ConfigError(
      `auth.mode: oidc-impersonate needs the right to impersonate ${missing.join(', ')}, which the account of the context ` +
        `"${kubeconfig.inventoryContext}" lacks: bind it to the ClusterRole of deploy/impersonation.yaml`,
    )
  }
}
