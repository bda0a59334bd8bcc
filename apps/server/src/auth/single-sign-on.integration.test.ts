// Single sign-on: through a real OpenID provider into the simulated cluster, and what a hostile provider or page gets.
import { generateKeyPair, type JWTPayload } from 'jose'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startIdentityProvider, type IdentityProvider } from '../../../../dev/identity-provider.ts'
import { startStack, type Stack } from '../../../../dev/stack.ts'
import { startServer, type RunningServer } from '../index.ts'
import type { Session, SignedOut } from '../protocol.ts'
import { configFor } from '../testing/behind-hostile-api.ts'
import { message, openBrowser, type Browser } from '../testing/browser.ts'
import { startHostileApiServer, type HostileApiServer } from '../testing/hostile-api-server.ts'
import { clientId, startHostileIdentityProvider, type HostileIdentityProvider } from '../testing/hostile-identity-provider.ts'
import { beginSignIn, locationOf, passProvider, pathOf, signInAs, signInWith } from '../testing/sign-in-journey.ts'

let provider: IdentityProvider
let stack: Stack
let api: HostileApiServer
let hostile: HostileIdentityProvider
let server: RunningServer

beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  provider = await startIdentityProvider({ people: ['operator', 'user'].map((name) => ({ name, description: '' })) })
  stack = await startStack({
    scenario: 'small',
    oidc: { issuer: provider.issuer, audience: provider.clientId },
    server: { oidc: { issuer: provider.issuer, clientId: provider.clientId, clientSecret: provider.clientSecret } },
  })
  provider.serve(stack.url)
  api = await startHostileApiServer()
  hostile = await startHostileIdentityProvider()
  server = await startServer(
    configFor(api, {
      // With demo users, there are more attempts to sign in.
      demoUsers: [{ name: 'ann', description: '', token: 'x' }],
      oidc: { issuer: hostile.issuer, clientId, clientSecret: 'secret' },
    }),
  )
})
afterAll(async () => {
  vi.useRealTimers()
  for (const each of [stack, provider, server, hostile, api]) await each?.[Symbol.asyncDispose]()
})

/** What the clocks of this process say, but not its timers. */
const passTime = (ms: number) => vi.setSystemTime(Date.now() + ms)

const signInAtHostile = (
  browser: Browser,
  token: (claims: JWTPayload) => Promise<unknown> = (claims) => hostile.sign(claims),
  more: Record<string, unknown> = {},
) => signInWith(hostile, browser, token, more)

test('signs in through the identity provider with the cluster’s own rights, and leads back to where one was', async () => {
  const browser = openBrowser(stack.url)
  expect((await browser.session()).signIn).toContainEqual({ mode: 'oidc' })
  const answer = await signInAs(browser, 'operator', '/virtual-machines/team-a/web-01')
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/virtual-machines/team-a/web-01'])
  expect(await browser.session()).toMatchObject({ user: { name: 'operator' }, renewBefore: expect.any(Number) })
  expect((await browser.snapshot('virtualmachines')).access).toEqual({ scope: 'cluster' })
  const other = openBrowser(stack.url)
  await signInAs(other, 'user')
  expect((await other.snapshot('virtualmachines')).access).toEqual({ scope: 'namespaces', namespaces: ['team-b'] })
})

test('asks with PKCE S256, a state and a nonce of its own each time, kept in a cookie that only it can read [A-03] [A-06]', async () => {
  const states = new Set<string>()
  for (let count = 0; count < 50; count += 1) {
    const response = await openBrowser(stack.url).navigate('/auth/login')
    const { searchParams } = locationOf(response)
    expect(searchParams.get('code_challenge_method')).toBe('S256')
    expect(searchParams.get('redirect_uri')).toBe(`${stack.url}/auth/callback`)
    for (const name of ['state', 'nonce', 'code_challenge']) {
      const value = searchParams.get(name) ?? ''
      expect(Buffer.from(value, 'base64url').length).toBeGreaterThanOrEqual(32)
      states.add(value)
    }
    const cookie = response.headers.getSetCookie().find((line) => line.includes('_tx_')) ?? ''
    expect(cookie).toMatch(/; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600$/)
    expect(cookie).not.toContain(searchParams.get('nonce'))
  }
  expect(states.size).toBe(150)
  const verifier = new URLSearchParams()
  await signInAtHostile(openBrowser(server.url))
  hostile.answer(async (request) => {
    for (const [name, value] of request) verifier.set(name, value)
    return { code: 400, body: { error: 'invalid_grant' } }
  })
  const browser = openBrowser(server.url)
  const { searchParams } = await beginSignIn(browser)
  await browser.request(`/auth/callback?code=c&state=${searchParams.get('state')}`)
  expect(verifier.get('code_verifier')).toMatch(/^[\w-]{43}$/)
})

test('takes an answer once, in the browser that asked, and in no other form [A-03] [A-05] [A-16]', async () => {
  const [attacker, victim] = [openBrowser(stack.url), openBrowser(stack.url)]
  const back = await passProvider(await beginSignIn(attacker), 'operator')
  const refused = async (browser: Browser, path: string) => {
    const response = await browser.request(path)
    expect([response.status, pathOf(locationOf(response))]).toEqual([400, '/sign-in?error=refused'])
    expect(
      response.headers.getSetCookie().filter((line) => /_s\d=./.test(line) && !line.includes('_s0=;') && !line.includes('_s1=;')),
    ).toEqual([])
  }
  await refused(victim, pathOf(back))
  const state = back.searchParams.get('state') ?? ''
  for (const query of [
    '',
    `?code=x&state=${state.slice(0, -1)}`,
    `?code=x&state=${state}x`,
    `?code=x&state=${state}&state=${state}`,
    `?code=x&code=y&state=${state}`,
  ]) {
    await refused(attacker, `/auth/callback${query}`)
  }
  expect(await victim.session()).not.toHaveProperty('user')

  const again = openBrowser(stack.url)
  const way = await passProvider(await beginSignIn(again, '//evil.example'), 'operator')
  const kept = again.cookie()
  expect((await again.request(pathOf(way))).headers.get('location')).toBe('/')
  expect(again.cookie()).not.toContain('_tx_')
  const replayed = await fetch(stack.url + pathOf(way), { headers: { cookie: kept }, redirect: 'manual' })
  expect([replayed.status, pathOf(locationOf(replayed))]).toEqual([400, '/sign-in?error=refused'])
})

test('keeps three unfinished sign-ins at most, and starts none for another site’s page', async () => {
  const browser = openBrowser(stack.url)
  for (let count = 0; count < 5; count += 1) await beginSignIn(browser)
  expect(browser.cookie().match(/_tx_/g)).toHaveLength(3)
  expect((await browser.navigate('/auth/login', { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
  expect((await browser.navigate('/auth/login', { 'sec-fetch-mode': 'cors' })).status).toBe(403)
})

test('takes no ID token but the one it asked for, signed by the provider, for this client, now [A-04] [A-08]', async () => {
  const other = await generateKeyPair('RS256')
  const now = Math.floor(Date.now() / 1000)
  const unsigned = (claims: JWTPayload) =>
    `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.`
  const bad: Record<string, (claims: JWTPayload) => Promise<unknown>> = {
    'another nonce': (claims) => hostile.sign({ ...claims, nonce: 'another' }),
    'no nonce': (claims) => hostile.sign({ ...claims, nonce: undefined }),
    'another issuer': (claims) => hostile.sign({ ...claims, iss: 'https://evil.example' }),
    'another audience': (claims) => hostile.sign({ ...claims, aud: 'other' }),
    'many audiences, authorized for another': (claims) => hostile.sign({ ...claims, aud: [clientId, 'other'], azp: 'other' }),
    expired: (claims) => hostile.sign({ ...claims, exp: now - 60 }),
    'not yet valid': (claims) => hostile.sign({ ...claims, nbf: now + 600 }),
    'no subject': (claims) => hostile.sign({ ...claims, sub: undefined }),
    'another key': (claims) => hostile.sign(claims, { key: other.privateKey }),
    'an unknown key': (claims) => hostile.sign(claims, { kid: 'k2' }),
    'a shared secret': (claims) => hostile.sign(claims, { alg: 'HS256', key: new TextEncoder().encode('secret'.repeat(8)) }),
    unsigned: async (claims) => unsigned(claims),
    'no token': async () => undefined,
    'not a token': async () => 'x.y.z',
    'a mebibyte': async () => 'x'.repeat(1024 * 1024),
  }
  for (const [what, token] of Object.entries(bad)) {
    const browser = openBrowser(server.url)
    const { pathname, search } = await signInAtHostile(browser, token)
    expect([what, pathname + search]).toEqual([what, '/sign-in?error=refused'])
    expect([what, await browser.session()]).toEqual([what, expect.not.objectContaining({ user: expect.anything() })])
  }
  expect((await signInAtHostile(openBrowser(server.url))).pathname).toBe('/')
  expect((await signInAtHostile(openBrowser(server.url), (claims) => hostile.sign({ ...claims, exp: now - 10 }))).pathname).toBe('/')
})

test('takes no group or name of the cluster’s own from an identity provider, and no list that is none [A-09]', async () => {
  for (const claims of [
    { groups: ['team-a', 'system:masters'] },
    { groups: 'system:masters' },
    { groups: { a: 1 } },
    { groups: [1] },
    { groups: ['x'.repeat(300)] },
    { groups: Array.from({ length: 100_000 }, () => 'g') },
    { preferred_username: 'system:admin' },
    { sub: 'system:admin' },
    { email: 'system:admin' },
  ]) {
    const { search } = await signInAtHostile(openBrowser(server.url), (good) => hostile.sign({ ...good, ...claims }))
    expect(search).toBe('?error=refused')
  }
  const large = Array.from({ length: 330 }, (_, index) => `group-${index}-${Math.sin(index)}`)
  expect((await signInAtHostile(openBrowser(server.url), (good) => hostile.sign({ ...good, groups: large }))).search).toBe('?error=groups')
})

test('follows no redirect of the token endpoint, and says when the provider fails [P-04] [A-26]', async () => {
  for (const { led, ...answer } of [
    { code: 302, body: '', location: 'https://evil.example/token', led: [503, '?error=provider'] },
    { code: 500, body: {}, led: [503, '?error=provider'] },
    { code: 200, body: '<html>', led: [503, '?error=provider'] },
    { code: 400, body: { error: 'invalid_grant', error_description: 'canary' }, led: [400, '?error=refused'] },
  ]) {
    const browser = openBrowser(server.url)
    const { searchParams } = await beginSignIn(browser)
    hostile.answer(async () => answer)
    const response = await browser.request(`/auth/callback?code=c&state=${searchParams.get('state')}`)
    expect([response.status, locationOf(response).search]).toEqual(led)
    expect(await response.text()).not.toContain('canary')
    passTime(5_001)
  }
  await using dead = await startServer(configFor(api, { oidc: { issuer: 'http://127.0.0.1:1', clientId } }))
  const browser = openBrowser(dead.url)
  expect(pathOf(locationOf(await browser.navigate('/auth/login')))).toBe('/sign-in?error=provider')
})

test('renews a session once for all who ask at the same time, and keeps it while the provider fails [A-13] [A-26]', async () => {
  const browser = openBrowser(server.url)
  await signInAtHostile(browser)
  const before = await browser.session()
  const refresh = () => browser.request('/auth/refresh', { method: 'POST' })
  hostile.answer(async () => ({ code: 503, body: {} }))
  expect((await refresh()).status).toBe(503)
  expect((await browser.session()).user).toEqual(before.user)
  passTime(5_001)

  hostile.asked = 0
  hostile.answer(async (request) => {
    const claims = hostile.claims()
    return {
      body: {
        access_token: 'a2',
        token_type: 'bearer',
        refresh_token: `${request.get('refresh_token')}2`,
        id_token: await hostile.sign({ ...claims, exp: (claims.exp ?? 0) + 60 }),
      },
    }
  })
  const answers = await Promise.all(Array.from({ length: 6 }, refresh))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200])
  expect(hostile.asked).toBe(1)
  expect((await browser.session()).renewBefore).toBeGreaterThan(before.renewBefore ?? Infinity)
  expect((await browser.session()).csrf).toBe(before.csrf)

  hostile.answer(async () => ({
    body: { access_token: 'a', token_type: 'bearer', id_token: await hostile.sign({ ...hostile.claims(), sub: 'another' }) },
  }))
  expect((await refresh()).status).toBe(401)
  expect(await browser.session()).not.toHaveProperty('user')
})

test('ends the session when the provider will not renew it for good', async () => {
  const browser = openBrowser(server.url)
  await signInAtHostile(browser)
  await browser.session()
  hostile.answer(async () => ({ code: 400, body: { error: 'invalid_grant' } }))
  expect((await browser.request('/auth/refresh', { method: 'POST', headers: { 'x-kvd-csrf': 'x' } })).status).toBe(403)
  expect((await browser.request('/auth/refresh', { method: 'POST' })).status).toBe(401)
  expect(await browser.session()).not.toHaveProperty('user')
})

test('signs out at the provider as well, with no token in any URL, and ends open sockets [A-17]', async () => {
  const browser = openBrowser(stack.url)
  await signInAs(browser, 'operator')
  await browser.session()
  const renewed = (await (await browser.request('/auth/refresh', { method: 'POST' })).json()) as Session
  expect(renewed.user?.name).toBe('operator')
  using live = await browser.live()
  await live.until(message('heartbeat'))
  const { leaveTo = '' } = (await (await browser.request('/auth/sign-out', { method: 'POST' })).json()) as SignedOut
  const { origin, searchParams } = new URL(leaveTo)
  expect([origin, [...searchParams.keys()]]).toEqual([provider.issuer, ['client_id', 'post_logout_redirect_uri']])
  expect(await live.closed).toBe(4401)
  expect(await browser.session()).not.toHaveProperty('user')
  expect(browser.cookie()).toBe('')
})
