// What an identity provider may do: exchange its keys, fall silent, be asked by many tabs and replicas, and hand out odd tokens.
import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:net'
import { deflateRawSync } from 'node:zlib'
import { generateKeyPair, SignJWT, type JWTPayload } from 'jose'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startIdentityProvider } from '../../../../dev/identity-provider.ts'
import { startServer, type RunningServer, type ServerConfig } from '../index.ts'
import type { Session } from '../protocol.ts'
import { startBalancer } from '../testing/balancer.ts'
import { configFor } from '../testing/behind-hostile-api.ts'
import { openBrowser, type Browser } from '../testing/browser.ts'
import { startHostileApiServer, type HostileApiServer } from '../testing/hostile-api-server.ts'
import { clientId, startHostileIdentityProvider, type HostileIdentityProvider } from '../testing/hostile-identity-provider.ts'
import { memorySink } from '../testing/memory-sink.ts'
import { beginSignIn, locationOf, passProvider, pathOf, signInAs, signInWith } from '../testing/sign-in-journey.ts'
import { createOidc } from './oidc.ts'

let api: HostileApiServer
let hostile: HostileIdentityProvider
let server: RunningServer
const sink = memorySink()

const start = (overrides: Partial<ServerConfig> = {}) =>
  startServer(
    configFor(api, {
      signInAttemptsPerMinute: 10_000,
      oidc: { issuer: hostile.issuer, clientId, clientSecret: 'secret' },
      audit: { sink },
      ...overrides,
    }),
  )

beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  api = await startHostileApiServer()
  hostile = await startHostileIdentityProvider()
  server = await start()
})
afterAll(async () => {
  vi.useRealTimers()
  for (const each of [server, hostile, api]) await each?.[Symbol.asyncDispose]()
})

/** What the clocks of this process say, but not its timers. */
const passTime = (ms: number) => vi.setSystemTime(Date.now() + ms)
const signIn = (browser: Browser, token: (claims: JWTPayload) => Promise<unknown> = (claims) => hostile.sign(claims)) =>
  signInWith(hostile, browser, token).then(({ pathname, search }) => pathname + search)
const refresh = (browser: Browser) => browser.request('/auth/refresh', { method: 'POST' })

/** Renews every token that it is asked to, for a minute longer each time. */
function renewing() {
  let minutes = 0
  hostile.answer(async () => {
    const claims = hostile.claims()
    minutes += 1
    return {
      body: {
        access_token: 'a',
        token_type: 'bearer',
        refresh_token: randomUUID(),
        id_token: await hostile.sign({ ...claims, exp: (claims.exp ?? 0) + minutes * 60 }),
      },
    }
  })
}

test('draws a state of 256 bits for each sign-in, and never the same one [A-03]', async () => {
  const oidc = createOidc({ issuer: hostile.issuer, clientId }, 'http://127.0.0.1:1')
  const drawn = new Set<string>()
  for (let count = 0; count < 10_000; count += 1) {
    const { transaction } = await oidc.begin('/')
    for (const value of [transaction.state, transaction.nonce, transaction.verifier]) {
      if (Buffer.from(value, 'base64url').length < 32) throw new Error(`${value} is short`)
      drawn.add(value)
    }
  }
  expect(drawn.size).toBe(30_000)
})

test('takes no answer after ten minutes [A-03]', async () => {
  const browser = openBrowser(server.url)
  const { searchParams } = await beginSignIn(browser)
  hostile.asked = 0
  passTime(600_001)
  const response = await browser.request(`/auth/callback?code=c&state=${searchParams.get('state')}`)
  expect([response.status, hostile.asked]).toEqual([400, 0])
})

test('records who failed to sign in as somebody with another nonce [A-04]', async () => {
  const before = sink.records().length
  expect(await signIn(openBrowser(server.url), (claims) => hostile.sign({ ...claims, nonce: 'stolen' }))).toBe('/sign-in?error=refused')
  expect(sink.records().slice(before)).toMatchObject([
    { event: 'auth.sign-in', phase: 'start', actor: { kind: 'anonymous' } },
    { event: 'auth.sign-in', phase: 'outcome', actor: { kind: 'anonymous' }, result: { status: 400, reason: 'AnswerRefused' } },
  ])
})

test('has its code redeemed by nobody who lacks the verifier [A-06]', async () => {
  await using provider = await startIdentityProvider({ people: [{ name: 'ann', description: '' }] })
  await using own = await start({
    oidc: { issuer: provider.issuer, clientId: provider.clientId, clientSecret: provider.clientSecret },
  })
  provider.serve(own.url)
  const back = await passProvider(await beginSignIn(openBrowser(own.url)), 'ann')
  const redeem = (verifier: Record<string, string>) =>
    fetch(`${provider.issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${provider.clientId}:${provider.clientSecret}`).toString('base64')}` },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: back.searchParams.get('code') ?? '',
        redirect_uri: `${own.url}/auth/callback`,
        ...verifier,
      }),
    }).then(async (response) => [response.status, ((await response.json()) as { error?: string }).error])
  for (const verifier of [{ code_verifier: '' }, { code_verifier: 'x'.repeat(43) }])
    expect(await redeem(verifier)).toEqual([400, 'invalid_grant'])
})

test('learns the provider’s new keys, and asks for them once, however many tokens name a key that there is not [A-08]', async () => {
  expect(await signIn(openBrowser(server.url))).toBe('/')
  passTime(61_000)
  await hostile.rotateKeys()
  hostile.keysAsked = 0
  expect(await signIn(openBrowser(server.url))).toBe('/')
  expect(hostile.keysAsked).toBe(1)
  const { privateKey } = await generateKeyPair('RS256')
  for (let count = 0; count < 30; count += 1) {
    expect(await signIn(openBrowser(server.url), (claims) => hostile.sign(claims, { kid: `forged-${count}`, key: privateKey }))).toBe(
      '/sign-in?error=refused',
    )
    passTime(1_000)
  }
  expect(hostile.keysAsked).toBe(1)
})

test('says that the provider left somebody’s groups out, where it points elsewhere for them [A-09]', async () => {
  for (const claims of [
    { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: 'https://graph.example/groups' } } },
    { hasgroups: true },
  ]) {
    const browser = openBrowser(server.url)
    expect(await signIn(browser, (good) => hostile.sign({ ...good, ...claims }))).toBe('/')
    expect((await browser.session()).user).toMatchObject({ name: 'ann', groupsMissing: true })
  }
  const browser = openBrowser(server.url)
  await signIn(browser)
  expect((await browser.session()).user).not.toHaveProperty('groupsMissing')
})

/** The least of what something costs this process, which is server and provider, ms of CPU: others may use the machine, too. */
async function leastCpuMs(run: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let count = 0; count < 9; count += 1) {
    const before = process.cpuUsage()
    await run()
    const { user, system } = process.cpuUsage(before)
    times.push((user + system) / 1000)
  }
  return Math.min(...times)
}

test('takes little longer and little room to refuse a token that is made to burst [A-10]', async () => {
  const { privateKey } = await generateKeyPair('RS256')
  const base64url = (value: string | Buffer) => Buffer.from(value).toString('base64url')
  const zeros = deflateRawSync(Buffer.alloc(64 * 1024 * 1024))
  const bombs: Record<string, (claims: JWTPayload) => Promise<string>> = {
    'a mebibyte of claims': (claims) => hostile.sign({ ...claims, nonce: 'x', padding: 'x'.repeat(1024 * 1024) }),
    'a compressed and encrypted token': async () =>
      ['{"alg":"dir","enc":"A256GCM","zip":"DEF"}', '', 'iviviviviviv', zeros, 'tagtagtagtagtagt'].map(base64url).join('.'),
    'deep claims': (claims) =>
      new SignJWT({ ...claims, nonce: 'x' })
        .setProtectedHeader({ alg: 'RS256', kid: 'k9' })
        .sign(privateKey)
        .then((token) => {
          const [header = '', , signature = ''] = token.split('.')
          return [header, base64url(`${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`), signature].join('.')
        }),
  }
  const refused = async (token: (claims: JWTPayload) => Promise<unknown>) =>
    expect(await signIn(openBrowser(server.url), token)).toBe('/sign-in?error=refused')
  const plain = await leastCpuMs(() => refused((claims) => hostile.sign({ ...claims, nonce: 'x' })))
  for (const [name, make] of Object.entries(bombs)) {
    const made = await make(hostile.claims('x'))
    await refused(async () => made)
    const before = process.memoryUsage.rss()
    const bomb = await leastCpuMs(() => refused(async () => made))
    // Two mebibytes of text go through a socket and a decoder; what they would burst into is 64.
    expect([name, bomb / plain]).toEqual([name, expect.toSatisfy((ratio: number) => ratio < 25)])
    expect([name, process.memoryUsage.rss() - before]).toEqual([name, expect.toSatisfy((bytes: number) => bytes < 48 * 1024 * 1024)])
  }
  // A pasted one does not even get as far as the cluster.
  api.asked.splice(0)
  const pasted = await openBrowser(server.url).request('/auth/sign-in', {
    method: 'POST',
    body: { mode: 'token', token: 'x'.repeat(1024 * 1024) },
  })
  expect(pasted.status).toBe(413)
  expect(api.asked.filter(({ path }) => path.includes('selfsubject'))).toEqual([])
})

test('keeps one family of tokens alive over 200 renewals of six tabs before three replicas, of which one renews at a time [A-13]', async () => {
  await using provider = await startIdentityProvider({ people: [{ name: 'ann', description: '' }] })
  await using balancer = await startBalancer()
  const replica = () =>
    start({
      publicOrigin: balancer.url,
      sessionKeys: keys,
      oidc: { issuer: provider.issuer, clientId: provider.clientId, clientSecret: provider.clientSecret },
    })
  const keys = [`k1:${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64')}`]
  await using first = await replica()
  await using second = await replica()
  await using third = await replica()
  balancer.serve([first, second, third].map(({ port }) => port))
  provider.serve(balancer.url)

  const browser = openBrowser(balancer.url)
  expect((await signInAs(browser, 'ann')).headers.get('location')).toBe('/')
  let { renewBefore = 0 } = await browser.session()
  for (let round = 0; round < 200; round += 1) {
    passTime(5_000)
    // As apps/web/src/api/session.ts does it: under a lock that all tabs share, who finds the session renewed leaves it.
    let lock = Promise.resolve()
    const tabs = Array.from({ length: 6 }, () => {
      const turn = lock.then(async () => {
        const now = await browser.session()
        if (now.renewBefore !== renewBefore) return 'was renewed'
        const answer = await refresh(browser)
        return answer.status
      })
      lock = turn.then(() => undefined)
      return turn
    })
    expect([round, await Promise.all(tabs)]).toEqual([round, [200, ...Array.from({ length: 5 }, () => 'was renewed')]])
    const next = (await browser.session()).renewBefore ?? 0
    expect(next).toBeGreaterThan(renewBefore)
    renewBefore = next
  }
}, 120_000)

test('asks the provider once on each replica for tabs that do not wait for each other [A-13]', async () => {
  await using balancer = await startBalancer()
  const keys = [`k1:${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64')}`]
  await using first = await start({ publicOrigin: balancer.url, sessionKeys: keys })
  await using second = await start({ publicOrigin: balancer.url, sessionKeys: keys })
  await using third = await start({ publicOrigin: balancer.url, sessionKeys: keys })
  balancer.serve([first, second, third].map(({ port }) => port))
  const browser = openBrowser(balancer.url)
  expect(await signIn(browser)).toBe('/')
  await browser.session()
  renewing()
  for (let round = 0; round < 20; round += 1) {
    hostile.asked = 0
    passTime(31_000)
    const answers = await Promise.all(Array.from({ length: 18 }, () => refresh(browser)))
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 18 }, () => 200))
    expect(hostile.asked).toBeLessThanOrEqual(3)
  }
})

test('has the provider revoke the refresh token on sign-out, and puts it in no address [A-17]', async () => {
  const browser = openBrowser(server.url)
  const refreshToken = randomUUID()
  await signInWith(hostile, browser, (claims) => hostile.sign(claims), { refresh_token: refreshToken })
  await browser.session()
  hostile.revoked.splice(0)
  const answer = await (await browser.request('/auth/sign-out', { method: 'POST' })).text()
  await expect.poll(() => hostile.revoked.map((request) => request.get('token'))).toEqual([refreshToken])
  expect(answer).not.toContain(refreshToken)
})

test('goes on with sessions while the provider is silent, until their token ends, and asks it every five seconds at most [A-26]', async () => {
  const browser = openBrowser(server.url)
  await signIn(browser)
  const { renewBefore = 0 } = await browser.session()
  for (const answer of [
    { code: 500, body: {} },
    { code: 200, body: '<html>' },
    { code: 429, body: {} },
  ]) {
    hostile.answer(async () => answer)
    hostile.asked = 0
    for (let second = 0; second < 15; second += 1) {
      const refused = await refresh(browser)
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5'])
      expect(((await refused.json()) as { message: string }).message).toBe('The identity provider does not answer.')
      passTime(1_000)
    }
    expect(hostile.asked).toBeLessThanOrEqual(4)
    passTime(5_001)
  }
  expect(await browser.session()).toMatchObject({ user: { name: 'ann' }, renewBefore })
  api.answer((_req, res) => void res.writeHead(200, { 'content-type': 'application/json' }).end('{}'))
  expect((await browser.request('/k8s/version')).status).toBe(200)

  for (const error of ['temporarily_unavailable', 'server_error', 'invalid_request']) {
    hostile.answer(async () => ({ code: 400, body: { error } }))
    expect([error, (await refresh(browser)).status]).toEqual([error, 503])
    passTime(5_001)
  }
  expect(await browser.session()).toMatchObject({ user: { name: 'ann' } })
  renewing()
  expect((await refresh(browser)).status).toBe(200)
  for (const error of ['invalid_grant', 'invalid_client']) {
    const other = openBrowser(server.url)
    await signIn(other)
    await other.session()
    hostile.answer(async () => ({ code: 400, body: { error } }))
    expect([error, (await refresh(other)).status]).toEqual([error, 401])
    expect(await other.session()).not.toHaveProperty('user')
  }
})

test('waits five seconds for a provider that hangs, and says so [A-26]', async () => {
  const browser = openBrowser(server.url)
  await signIn(browser)
  await browser.session()
  hostile.answer(() => new Promise(() => {}))
  const [signingIn, renewal] = [openBrowser(server.url), refresh(browser)]
  const { searchParams } = await beginSignIn(signingIn)
  const response = await signingIn.request(`/auth/callback?code=c&state=${searchParams.get('state')}`)
  expect([response.status, locationOf(response).search]).toEqual([503, '?error=provider'])
  expect((await renewal).status).toBe(503)
  passTime(5_001)
})

test.each([
  ['ten minutes fast', 600, '/sign-in?error=refused'],
  ['ten minutes slow', -600 - 900, '/sign-in?error=refused'],
  ['twenty seconds fast', 20, '/'],
])('takes a token of a provider whose clock is %s as it should [A-26]', async (_, seconds, led) => {
  const shift = (claims: JWTPayload) => ({
    ...claims,
    iat: (claims.iat ?? 0) + seconds,
    nbf: (claims.iat ?? 0) + seconds,
    exp: (claims.exp ?? 0) + seconds,
  })
  expect(await signIn(openBrowser(server.url), (claims) => hostile.sign(shift(claims)))).toBe(led)
})

test('finds a provider that was not there at the start, without asking it over and over [A-26]', async () => {
  let connections = 0
  const silent: Server = createServer((socket) => {
    connections += 1
    socket.destroy()
  })
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as { port: number }
  await using own = await start({ oidc: { issuer: `http://127.0.0.1:${port}`, clientId, clientSecret: 'secret' } })
  const browser = openBrowser(own.url)
  const attempts = 20
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const response = await browser.navigate('/auth/login')
    expect([response.status, pathOf(locationOf(response))]).toEqual([503, '/sign-in?error=provider'])
    passTime(1_000)
  }
  expect(connections).toBeLessThanOrEqual(attempts / 5 + 1)
  await new Promise((resolve) => silent.close(resolve))
  const provider = await startIdentityProvider({ people: [{ name: 'ann', description: '' }], port })
  provider.serve(own.url)
  passTime(5_001)
  expect((await browser.navigate('/auth/login')).status).toBe(302)
  await provider[Symbol.asyncDispose]()
})

test('renews for whoever the token was issued to, and for nobody else [A-26]', async () => {
  const browser = openBrowser(server.url)
  await signIn(browser)
  await browser.session()
  renewing()
  const renewed = (await (await refresh(browser)).json()) as Session
  expect(renewed.user?.name).toBe('ann')
  hostile.answer(async () => ({
    body: { access_token: 'a', token_type: 'bearer', id_token: await hostile.sign({ ...hostile.claims(), sub: 'another' }) },
  }))
  passTime(31_000)
  expect((await refresh(browser)).status).toBe(401)
})
