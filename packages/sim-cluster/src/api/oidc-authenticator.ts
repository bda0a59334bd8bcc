// ID tokens as bearer tokens, as an AuthenticationConfiguration with one jwt authenticator has it: issuer, audience and
// claim mappings without prefixes. https://github.com/kubernetes/apiserver/blob/9d86305/plugin/pkg/authenticator/token/oidc/oidc.go
import { createRemoteJWKSet, decodeJwt, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose'
import type { TokenAuthenticator, UserInfo } from './context.ts'

export type OidcOptions = {
  /** Plain http is taken on the loopback interface; a real API server wants https. */
  issuer: string
  audience: string
  /** `preferred_username` unless told otherwise. */
  usernameClaim?: string
  /** `groups` unless told otherwise. */
  groupsClaim?: string
}

/** Undefined for whatever is not a valid token of this issuer: kube-apiserver says no more than 401, either. */
export function oidcAuthenticator({
  issuer,
  audience,
  usernameClaim = 'preferred_username',
  groupsClaim = 'groups',
}: OidcOptions): TokenAuthenticator {
  let keys: Promise<JWTVerifyGetKey> | undefined
  return async (token) => {
    if (issuerOf(token) !== issuer) return undefined
    try {
      keys ??= discoverKeys(issuer).catch((error: unknown) => {
        keys = undefined
        throw error
      })
      const { payload } = await jwtVerify(token, await keys, { issuer, audience, requiredClaims: ['exp', 'sub', usernameClaim] })
      return userOf(payload, usernameClaim, groupsClaim)
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof DiscoveryError) return undefined
      throw error
    }
  }
}

class DiscoveryError extends Error {}

async function discoverKeys(issuer: string): Promise<JWTVerifyGetKey> {
  const found = await fetch(`${issuer}/.well-known/openid-configuration`)
    .then((response) => response.json() as Promise<{ issuer?: string; jwks_uri?: string }>)
    .catch((cause: unknown) => {
      throw new DiscoveryError('the issuer cannot be discovered', { cause })
    })
  if (found.issuer !== issuer || !found.jwks_uri) throw new DiscoveryError('the issuer calls itself otherwise')
  return createRemoteJWKSet(new URL(found.jwks_uri))
}

function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss
  } catch {
    return undefined
  }
}

function userOf(payload: JWTPayload, usernameClaim: string, groupsClaim: string): UserInfo | undefined {
  const username = payload[usernameClaim]
  const groups = payload[groupsClaim] ?? []
  if (typeof username !== 'string' || username === '') return undefined
  if (typeof groups !== 'string' && !(Array.isArray(groups) && groups.every((group) => typeof group === 'string'))) return undefined
  return { username, groups: [groups].flat() }
}
