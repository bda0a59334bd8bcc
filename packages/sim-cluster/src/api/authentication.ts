// Who asks: bearer tokens, in the header or, as browsers must, in a WebSocket subprotocol.
// https://github.com/kubernetes/apiserver/blob/9d86305/pkg/authentication/request/websocket/protocol.go
import type { IncomingHttpHeaders } from 'node:http'
import type { ApiServerContext, UserInfo } from './context.ts'
import { serviceAccountUser } from './service-account-tokens.ts'
import { failure } from './status.ts'

const subprotocolPrefix = 'base64url.bearer.authorization.k8s.io.'

function bearerToken(headers: IncomingHttpHeaders): string | undefined {
  const [scheme, token] = (headers.authorization ?? '').trim().split(/\s+/)
  if (scheme?.toLowerCase() === 'bearer' && token) return token
  for (const protocol of (headers['sec-websocket-protocol'] ?? '').split(',')) {
    const trimmed = protocol.trim()
    if (trimmed.startsWith(subprotocolPrefix)) {
      return Buffer.from(trimmed.slice(subprotocolPrefix.length), 'base64url').toString('utf8')
    }
  }
  return undefined
}

/** Every authenticated user is in system:authenticated. Throws 401 without a token that is known or that the issuer vouches for. */
export async function authenticate(
  headers: IncomingHttpHeaders,
  context: Pick<ApiServerContext, 'tokens' | 'oidc' | 'storage' | 'clock'>,
): Promise<UserInfo> {
  const token = bearerToken(headers)
  const user =
    token === undefined ? undefined : (context.tokens.get(token) ?? serviceAccountUser(context, token) ?? (await context.oidc?.(token)))
  if (!user) throw failure(401, 'Unauthorized', 'Unauthorized')
  return withAuthenticatedGroup(user)
}

export function withAuthenticatedGroup(user: UserInfo): UserInfo {
  if (user.groups.includes('system:authenticated')) return user
  return { ...user, groups: [...user.groups, 'system:authenticated'] }
}

/** The subprotocols of an upgrade without the token that authenticated it. */
export function withoutTokenProtocol(protocols: string | undefined): string | undefined {
  const rest = (protocols ?? '')
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => protocol && !protocol.startsWith(subprotocolPrefix))
  return rest.length > 0 ? rest.join(', ') : undefined
}
