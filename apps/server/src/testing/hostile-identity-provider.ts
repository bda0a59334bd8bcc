// An identity provider that answers what a test tells it to: for the tokens that no honest one issues.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from 'jose'

export type HostileIdentityProvider = AsyncDisposable & {
  issuer: string
  /** Claims of a good token for this nonce, and the means to make others. */
  claims(nonce?: string): JWTPayload
  sign(claims: JWTPayload, options?: { alg?: string; kid?: string; key?: CryptoKey | Uint8Array }): Promise<string>
  /** What the token endpoint answers; asked `asked` times so far. */
  answer(handler: (request: URLSearchParams) => Promise<{ code?: number; body: unknown; location?: string }>): void
  asked: number
  keysAsked: number
  /** What was revoked, as the revocation endpoint heard it. */
  revoked: URLSearchParams[]
  /** Signs with another key from now on, and names no other. Returns the key's id. */
  rotateKeys(): Promise<string>
}

export const clientId = 'virtdeck'

export async function startHostileIdentityProvider(): Promise<HostileIdentityProvider> {
  let generated = 0
  const generate = async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256')
    const kid = `k${(generated += 1)}`
    return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' } }
  }
  let current = await generate()
  let handler: Parameters<HostileIdentityProvider['answer']>[0] = async () => ({ code: 500, body: {} })
  const server = createServer((req, res) => {
    let body = ''
    req.on('data', (chunk: Buffer) => (body += chunk.toString()))
    req.on('end', () => void reply(body))
    const send = (code: number, answer: unknown, headers: Record<string, string> = {}) =>
      res
        .writeHead(code, { 'content-type': 'application/json', ...headers })
        .end(typeof answer === 'string' ? answer : JSON.stringify(answer))
    const reply = async (text: string) => {
      if (req.url === '/.well-known/openid-configuration') {
        return send(200, {
          issuer: provider.issuer,
          authorization_endpoint: `${provider.issuer}/auth`,
          token_endpoint: `${provider.issuer}/token`,
          jwks_uri: `${provider.issuer}/jwks`,
          end_session_endpoint: `${provider.issuer}/end`,
          revocation_endpoint: `${provider.issuer}/revoke`,
          id_token_signing_alg_values_supported: ['RS256'],
        })
      }
      if (req.url === '/jwks') {
        provider.keysAsked += 1
        return send(200, { keys: [current.jwk] })
      }
      if (req.url === '/revoke') {
        provider.revoked.push(new URLSearchParams(text))
        return send(200, '')
      }
      provider.asked += 1
      const { code = 200, body: answered, location } = await handler(new URLSearchParams(text))
      return send(code, answered, location ? { location } : {})
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  const provider: HostileIdentityProvider = {
    issuer: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: 0,
    keysAsked: 0,
    revoked: [],
    async rotateKeys() {
      current = await generate()
      return current.kid
    },
    claims(nonce) {
      const now = Math.floor(Date.now() / 1000)
      return {
        iss: provider.issuer,
        aud: clientId,
        sub: '42',
        preferred_username: 'ann',
        iat: now,
        exp: now + 900,
        ...(nonce ? { nonce } : {}),
      }
    },
    sign: (claims, { alg = 'RS256', kid = current.kid, key = current.privateKey } = {}) =>
      new SignJWT(claims).setProtectedHeader({ alg, kid }).sign(key),
    answer: (next) => (handler = next),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
  return provider
}
