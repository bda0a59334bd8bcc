// Single sign-on with OpenID Connect: authorization code, PKCE S256, state and nonce. What it decides is who the identity
// provider says somebody is; what they may do is the cluster's business.
import * as openid from 'openid-client'
import { StatusError } from '@virtdeck/k8s'
import { ConfigError, type OidcConfig } from '../config.ts'
import { refusal } from '../refusal.ts'
import { assertOwnName, type Impersonated } from './impersonation.ts'
import type { Credential, Shown } from './kubeconfig.ts'

export type OidcCredential = Credential & { kind: 'oidc' }

/** What has to be remembered between the way to the identity provider and back; it travels in a sealed cookie. */
export type Transaction = { state: string; nonce: string; verifier: string; returnTo: string; until: number }

export type Oidc = {
  begin(returnTo: string): Promise<{ url: URL; transaction: Transaction }>
  /** Throws a StatusError: 400 for an answer that is not the one to this transaction, 502 or 503 for a provider that fails. */
  finish(query: URLSearchParams, transaction: Transaction): Promise<{ credential: OidcCredential; groupsMissing: boolean }>
  /** Throws 401 when the provider will not renew this for good, 503 when it may later. */
  refresh(credential: OidcCredential): Promise<OidcCredential>
  /** Best effort, within the provider's time limit. */
  revoke(credential: OidcCredential): Promise<void>
  /** Where the provider's own session ends; nothing of the token is in it. */
  endSessionUrl(): string | undefined
}

const timeoutSeconds = 5
const toleranceSeconds = 30
const transactionMs = 600_000
const askAgainMs = 5_000
const keepResultMs = 30_000
const maxGroups = 1_000
const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519']

export function createOidc(config: OidcConfig, ownOrigin: string, now: () => number = () => Date.now()): Oidc {
  const redirectUri = `${ownOrigin}/auth/callback`
  const issuer = issuerUrl(config.issuer)
  const { groupsClaim = 'groups' } = config
  let discovered: Promise<openid.Configuration> | undefined
  let discoveredAt = 0
  let known: openid.Configuration | undefined

  /** A provider that fails is asked again after five seconds, not by everybody who waits for it. */
  const provider = (): Promise<openid.Configuration> => {
    if (discovered && (known || now() - discoveredAt < askAgainMs)) return discovered
    discoveredAt = now()
    discovered = discover(config, issuer).then((found) => (known = found))
    return discovered
  }

  /** After it failed, the provider is left alone for as long, whoever would ask. Throws 503 then. */
  let silentUntil = 0
  const ask = async <T>(call: (configuration: openid.Configuration) => Promise<T>): Promise<T> => {
    if (now() < silentUntil) throw silent()
    const configuration = await provider()
    return call(configuration).catch((error: unknown) => {
      if (!isOutage(error)) throw error
      silentUntil = now() + askAgainMs
      throw Object.assign(silent(), { cause: error })
    })
  }

  const credentialOf = (tokens: openid.TokenEndpointResponse & openid.TokenEndpointResponseHelpers): OidcCredential => {
    const claims = tokens.claims()
    if (!claims) throw refusal(502, 'The identity provider sent no ID token.')
    assertPlainClaims(claims, groupsClaim)
    const accessToken = !config.impersonate && config.clusterToken === 'access_token'
    const expiresAt = accessToken ? now() + (tokens.expires_in ?? 0) * 1000 : claims.exp * 1000
    return {
      kind: 'oidc',
      shown: shownOf(claims, accessToken ? tokens.access_token : tokens.id_token),
      expiresAt,
      subject: claims.sub,
      ...(tokens.refresh_token ? { refreshToken: tokens.refresh_token } : {}),
    }
  }
  const shownOf = (claims: openid.IDToken, token: string | undefined): Shown => {
    if (config.impersonate) return { impersonate: impersonatedBy(claims, config.impersonate, groupsClaim) }
    if (!token) throw refusal(502, 'The identity provider sent no token for the cluster.')
    return { token }
  }

  const renewing = new Map<string, { at: number; result: Promise<OidcCredential> }>()
  const renew = async (credential: OidcCredential): Promise<OidcCredential> => {
    if (!credential.refreshToken) throw refusal(401, 'The session cannot be renewed. Sign in again.')
    const { refreshToken } = credential
    const tokens = await ask((configuration) => openid.refreshTokenGrant(configuration, refreshToken)).catch((error: unknown) => {
      throw refreshFailure(error)
    })
    const renewed = credentialOf(tokens)
    if (renewed.subject !== credential.subject) throw refusal(401, 'The identity provider renewed somebody else’s session.')
    return { refreshToken: credential.refreshToken, ...renewed }
  }

  return {
    async begin(returnTo) {
      const [state, nonce, verifier] = [openid.randomState(), openid.randomNonce(), openid.randomPKCECodeVerifier()]
      const url = openid.buildAuthorizationUrl(await provider(), {
        redirect_uri: redirectUri,
        response_type: 'code',
        scope: config.scopes ?? 'openid profile email groups offline_access',
        // Providers give a refresh token only where it was asked for.
        ...(config.prompt ? { prompt: config.prompt } : {}),
        state,
        nonce,
        code_challenge: await openid.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      })
      return { url, transaction: { state, nonce, verifier, returnTo, until: now() + transactionMs } }
    },
    async finish(query, { state, nonce, verifier, until }) {
      if (now() > until) throw refusal(400, 'The sign-in took too long.')
      const answered = new URL(`${redirectUri}?${query.toString()}`)
      const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true }
      const exchange = (configuration: openid.Configuration) => openid.authorizationCodeGrant(configuration, answered, checks)
      const tokens = await ask(exchange).catch((error: unknown) => {
        if (error instanceof StatusError) throw error
        throw Object.assign(refusal(400, 'The identity provider’s answer was not accepted.'), { cause: error })
      })
      return { credential: credentialOf(tokens), groupsMissing: isOverage(tokens.claims(), groupsClaim) }
    },
    refresh(credential) {
      const key = credential.refreshToken ?? ''
      for (const [old, { at }] of renewing) if (now() - at > keepResultMs) renewing.delete(old)
      const started = renewing.get(key)
      if (started) return started.result
      const result = renew(credential)
      renewing.set(key, { at: now(), result })
      // A failure that may pass is not kept.
      result.catch(() => renewing.delete(key))
      return result
    },
    async revoke({ refreshToken }) {
      if (refreshToken && known?.serverMetadata().revocation_endpoint)
        await openid.tokenRevocation(known, refreshToken).catch(() => undefined)
    },
    endSessionUrl() {
      const endpoint = known?.serverMetadata().end_session_endpoint
      if (!endpoint) return undefined
      const url = new URL(endpoint)
      url.searchParams.set('client_id', config.clientId)
      url.searchParams.set('post_logout_redirect_uri', `${ownOrigin}/`)
      return url.href
    },
  }
}

function issuerUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const loopback = url?.protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname)
  if (!url || !(url.protocol === 'https:' || loopback)) throw new ConfigError(`The issuer "${text}" is not an https URL.`)
  return url
}

async function discover({ clientId, clientSecret }: OidcConfig, issuer: URL): Promise<openid.Configuration> {
  const metadata = { [openid.clockTolerance]: toleranceSeconds, ...(clientSecret ? { client_secret: clientSecret } : {}) }
  const insecure = issuer.protocol === 'http:' ? [openid.allowInsecureRequests] : []
  const found = await openid
    .discovery(issuer, clientId, metadata, clientSecret ? undefined : openid.None(), {
      execute: [...insecure, openid.enableNonRepudiationChecks],
      timeout: timeoutSeconds,
    })
    .catch((cause: unknown) => {
      throw Object.assign(refusal(503, 'The identity provider does not answer.'), { cause })
    })
  const { id_token_signing_alg_values_supported: supported } = found.serverMetadata()
  if (supported?.every((name) => !algorithms.includes(name)))
    throw refusal(502, 'The identity provider signs with no algorithm that is accepted.')
  return found
}

/** Groups and names that belong to the cluster's own machinery are never an identity provider's to give. */
function assertPlainClaims(claims: Record<string, unknown>, groupsClaim: string): void {
  const { preferred_username: name, email, sub } = claims
  for (const group of groupsOf(claims, groupsClaim)) assertOwnName(group)
  if ([name, email, sub].some((value) => typeof value === 'string' && value.startsWith('system:')))
    throw refusal(400, 'The identity provider names a user or group of the cluster’s own.')
}

/** The groups, one by one; a single one may stand for itself. Throws 400 for anything that is no such list. */
function groupsOf(claims: Record<string, unknown>, groupsClaim: string): string[] {
  const groups = claims[groupsClaim] ?? []
  const list: unknown = typeof groups === 'string' ? [groups] : groups
  if (!Array.isArray(list) || list.length > maxGroups || !list.every((group) => typeof group === 'string'))
    throw refusal(400, 'The identity provider’s list of groups cannot be read.')
  return list
}

/** A person in so many groups that the provider leaves them out and names a place to ask instead: they have none here. */
function isOverage(claims: Record<string, unknown> | undefined, groupsClaim: string): boolean {
  const { _claim_names: names, hasgroups } = claims ?? {}
  return hasgroups === true || (typeof names === 'object' && names !== null && Object.hasOwn(names, groupsClaim))
}

/** Who somebody is to the cluster, by the claims that the config names. Throws 400 for a name that cannot be taken. */
function impersonatedBy(
  claims: Record<string, unknown> & { sub: string },
  { usernameClaim = 'sub', usernamePrefix = '', groupsPrefix = '', extraClaims = {} }: NonNullable<OidcConfig['impersonate']>,
  groupsClaim: string,
): Impersonated {
  const username = claims[usernameClaim]
  assertOwnName(username)
  if (usernameClaim === 'email' && claims['email_verified'] !== true)
    throw refusal(400, 'The identity provider has not verified this e-mail address.')
  const name = usernamePrefix + username
  const groups = groupsOf(claims, groupsClaim).map((group) => groupsPrefix + group)
  for (const each of [name, ...groups]) assertOwnName(each)
  const extra = Object.entries(extraClaims).flatMap(([key, claim]): [string, string[]][] => {
    const values = [claims[claim] ?? []].flat()
    for (const value of values) assertOwnName(value)
    return values.length > 0 ? [[key, values as string[]]] : []
  })
  return { name, groups, uid: claims.sub, ...(extra.length > 0 ? { extra: Object.fromEntries(extra) } : {}) }
}

const silent = () => refusal(503, 'The identity provider does not answer.', { retryAfterSeconds: askAgainMs / 1000 })

const outages = ['OAUTH_TIMEOUT', 'OAUTH_ABORT', 'OAUTH_RESPONSE_IS_NOT_CONFORM', 'OAUTH_RESPONSE_IS_NOT_JSON']

/** No answer, none in time, or one that is not the protocol's: the provider fails, whatever was asked. */
function isOutage(error: unknown): boolean {
  if (error instanceof TypeError) return true
  if (!(error instanceof openid.ClientError)) return false
  // A body that is no JSON, and not a token within one.
  const garbage = error.code === 'OAUTH_PARSE_ERROR' && error.cause instanceof Error && error.cause.message.includes('"response" body')
  return garbage || outages.includes(error.code ?? '')
}

/** Only these two mean that the refresh token is good for nothing any more. */
function refreshFailure(error: unknown): Error {
  if (error instanceof StatusError) return error
  const fatal = error instanceof openid.ResponseBodyError && ['invalid_grant', 'invalid_client'].includes(error.error)
  const failure = fatal ? refusal(401, 'The session was ended by the identity provider.') : silent()
  return Object.assign(failure, { cause: error })
}
