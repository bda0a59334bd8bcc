// Bearer tokens of an identity provider, as an API server with an AuthenticationConfiguration takes them.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { oidcAuthenticator } from './oidc-authenticator.ts'

let issuer: string
let key: CryptoKey
let otherKey: CryptoKey
const server = createServer((req, res) => {
  void answer(req.url ?? '').then((body) => res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body)))
})
let publicKey: CryptoKey

async function answer(path: string): Promise<unknown> {
  if (path === '/.well-known/openid-configuration') return { issuer, jwks_uri: `${issuer}/jwks` }
  return { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'RS256' }] }
}

beforeAll(async () => {
  ;({ privateKey: key, publicKey } = await generateKeyPair('RS256'))
  otherKey = (await generateKeyPair('RS256')).privateKey
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => void server.close())

const good = () => ({
  iss: issuer,
  aud: 'virtdeck',
  sub: '1',
  preferred_username: 'ann',
  groups: ['team-a'],
  exp: Math.floor(Date.now() / 1000) + 60,
})
const signed = (claims: JWTPayload, by = key) => new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'k1' }).sign(by)
const who = async (token: string) => oidcAuthenticator({ issuer, audience: 'virtdeck' })(token)

test('knows the bearer of an ID token by the mapped claims [A-08]', async () => {
  expect(await who(await signed(good()))).toEqual({ username: 'ann', groups: ['team-a'] })
  expect(await who(await signed({ ...good(), aud: ['other', 'virtdeck'], groups: 'team-b' }))).toEqual({
    username: 'ann',
    groups: ['team-b'],
  })
  expect(await who(await signed({ ...good(), groups: undefined }))).toEqual({ username: 'ann', groups: [] })
})

test('knows nobody by another issuer’s, another audience’s, an expired, an unsigned or a forged token [A-08]', async () => {
  const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(good())).toString('base64url')}.`
  for (const token of [
    await signed({ ...good(), iss: 'https://evil.example' }),
    await signed({ ...good(), aud: 'other' }),
    await signed({ ...good(), exp: 1 }),
    await signed({ ...good(), preferred_username: undefined }),
    await signed({ ...good(), preferred_username: ['ann'] }),
    await signed({ ...good(), groups: [{}] }),
    await signed(good(), otherKey),
    unsigned,
    'x',
    '',
  ]) {
    expect(await who(token)).toBeUndefined()
  }
})
