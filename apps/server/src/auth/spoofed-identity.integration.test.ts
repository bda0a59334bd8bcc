// Headers in which proxies name a user: there is no mode that trusts them, whoever sends them. See docs/decisions/0004.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readConfig } from '../config.ts'
import { startBehindHostileApi, type BehindHostileApi } from '../testing/behind-hostile-api.ts'
import { openBrowser } from '../testing/browser.ts'
import { token } from '../testing/hostile-api-server.ts'
import { memorySink } from '../testing/memory-sink.ts'

let stack: BehindHostileApi
const sink = memorySink()

beforeAll(async () => {
  stack = await startBehindHostileApi({ audit: { sink }, signInAttemptsPerMinute: 1_000 })
})
afterAll(async () => stack?.[Symbol.asyncDispose]())

const names = [
  'remote-user',
  'x-remote-user',
  'x-remote-group',
  'x-remote-extra-scopes',
  'x-forwarded-user',
  'x-forwarded-email',
  'x-forwarded-groups',
  'x-forwarded-preferred-username',
  'x-forwarded-access-token',
  'x-auth-request-user',
  'x-auth-request-email',
  'x-auth-request-groups',
  'x-auth-request-access-token',
  'x-webauth-user',
  'x-authenticated-user',
  'x-goog-authenticated-user-email',
  'x-goog-iap-jwt-assertion',
  'x-ms-client-principal-name',
  'x-amzn-oidc-identity',
  'x-amzn-oidc-data',
  'cf-access-jwt-assertion',
  'x-client-cert',
  'x-forwarded-client-cert',
  'x-ssl-client-s-dn',
  'authorization',
]
const chains: Record<string, string>[] = [
  {},
  { 'x-forwarded-for': '127.0.0.1' },
  { 'x-forwarded-for': '10.0.0.1, 127.0.0.1', 'x-real-ip': '127.0.0.1' },
  { forwarded: 'for=127.0.0.1;host=localhost;proto=https;by=127.0.0.1' },
]

test('makes nobody of a header that names one, along whatever chain of proxies [A-23]', async () => {
  const { server, ann, api } = stack
  api.answer((_req, res) => void res.writeHead(200, { 'content-type': 'application/json' }).end('{}'))
  for (const name of names) {
    for (const chain of chains) {
      const headers = { ...chain, [name]: name === 'authorization' ? `Bearer ${token}` : 'system:admin' }
      const stranger = openBrowser(server.url)
      expect([name, await stranger.json('/api/session', { headers })]).toEqual([
        name,
        expect.not.objectContaining({ user: expect.anything() }),
      ])
      expect([name, (await stranger.request('/k8s/version', { headers })).status]).toEqual([name, 401])
      api.seen.splice(0)
      expect((await ann.request('/k8s/version', { headers })).status).toBe(200)
      expect([name, api.seen.map((request) => request.headers.authorization)]).toEqual([name, [`Bearer ${token}`]])
      expect(
        api.seen.flatMap((request) => Object.keys(request.headers)).filter((sent) => sent !== 'authorization' && names.includes(sent)),
      ).toEqual([])
    }
  }
  expect((await ann.session()).user?.name).toBe('ann')
})

test('refuses a name with an underscore, which the next server may read as one with a hyphen [A-23]', async () => {
  for (const name of names.filter((each) => each.includes('-'))) {
    for (const spelled of [name.replaceAll('-', '_'), name.replace('-', '_').toUpperCase()])
      expect([spelled, (await stack.ann.request('/k8s/version', { headers: { [spelled]: 'system:admin' } })).status]).toEqual([
        spelled,
        400,
      ])
  }
})

test('takes the other end of the socket for who asks, not what a header says [A-23]', async () => {
  const headers = { 'x-forwarded-for': '203.0.113.9', forwarded: 'for=203.0.113.9', 'x-real-ip': '203.0.113.9' }
  await openBrowser(stack.server.url).request('/auth/sign-in', { method: 'POST', body: { mode: 'token', token: 'a b' }, headers })
  expect(sink.text()).not.toContain('203.0.113.9')
  await using limited = await startBehindHostileApi({ signInAttemptsPerMinute: 2 })
  const codes = []
  for (let count = 0; count < 5; count += 1) {
    const response = await openBrowser(limited.server.url).request('/auth/sign-in', {
      method: 'POST',
      body: { mode: 'token', token: 'a b' },
      headers: { 'x-forwarded-for': `203.0.113.${count}` },
    })
    codes.push(response.status)
  }
  expect(codes.slice(1)).toEqual([429, 429, 429, 429])
})

test('believes its own proxy who asked, and still nobody who they are [A-23]', async () => {
  const own = memorySink()
  await using behind = await startBehindHostileApi({ audit: { sink: own }, signInAttemptsPerMinute: 2, trustedProxies: ['127.0.0.0/8'] })
  for (let count = 0; count < 5; count += 1) {
    const response = await openBrowser(behind.server.url).request('/auth/sign-in', {
      method: 'POST',
      body: { mode: 'token', token: 'a b' },
      headers: { 'x-forwarded-for': `198.51.100.1, 203.0.113.${count}`, 'x-forwarded-user': 'system:admin' },
    })
    expect(response.status).toBe(400)
  }
  await expect.poll(() => own.text()).toContain('"ip":"203.0.113.4"')
  expect(own.text()).not.toContain('198.51.100.1')
})

test('does not start in a mode that would trust such headers [A-23]', () => {
  for (const mode of ['proxy-header', 'proxy', 'header']) {
    expect(() => readConfig({ KUBECONFIG: 'x', VIRTDECK_AUTH_MODE: mode }, { webRoot: '/' })).toThrow('VIRTDECK_AUTH_MODE')
  }
})
