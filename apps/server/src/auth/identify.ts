import { StatusError, toStatus } from '@virtdeck/k8s'
import type { Upstream } from '../k8s/upstream.ts'
import type { Dial } from './kubeconfig.ts'

export type Identity = { name: string; groups: string[] }

/**
 * Who a credential is, in the API server's own words. Clusters before 1.28 have no SelfSubjectReview; there an access
 * review proves the credential, and a JWT's own subject is the name. Throws 401 for a credential that is not accepted.
 */
export async function identify(upstream: Upstream, dial: Dial): Promise<Identity> {
  try {
    const review = await upstream.json<{ status?: { userInfo?: { username?: string; groups?: string[] } } }>(
      dial,
      'POST',
      '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    )
    const info = review.status?.userInfo
    return { name: info?.username ?? 'unknown', groups: info?.groups ?? [] }
  } catch (error) {
    if (!(error instanceof StatusError) || ![403, 404].includes(toStatus(error).code)) throw error
  }
  await upstream.json(dial, 'POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: { verb: 'list', group: 'kubevirt.io', resource: 'virtualmachines' } },
  })
  return { name: claim(dial, 'sub') ?? 'unknown', groups: [] }
}

/** When a bearer token that is a JWT expires, milliseconds since the epoch. */
export function tokenExpiresAt(token: string): number | undefined {
  const exp = claims(token)?.exp
  return typeof exp === 'number' ? exp * 1000 : undefined
}

function claim(dial: Dial, name: string): string | undefined {
  const value = claims(dial.authorization?.replace(/^Bearer /, '') ?? '')?.[name]
  return typeof value === 'string' ? value : undefined
}

/** The claims of a JWT that the API server has accepted; their signature is its business. */
function claims(token: string): Record<string, unknown> | undefined {
  const payload = token.split('.')[1]
  if (!payload) return undefined
  try {
    const parsed: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : undefined
  } catch {
    return undefined
  }
}
