// Every class of error, forced: what it says, and what it does not.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Status } from '@virtdeck/k8s'
import { startServer } from './index.ts'
import { configFor, startBehindHostileApi, type BehindHostileApi } from './testing/behind-hostile-api.ts'
import { openBrowser, type BrowserRequest } from './testing/browser.ts'
import { token, tokenOf } from './testing/hostile-api-server.ts'
import { openRaw } from './testing/raw-connection.ts'

let stack: BehindHostileApi

beforeAll(async () => {
  stack = await startBehindHostileApi({ timeouts: { headersMs: 400, requestMs: 500, upstreamMs: 300 } })
})
afterAll(async () => stack?.[Symbol.asyncDispose]())

const vm = '/k8s/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines/web-01'
const start = '/k8s/apis/subresources.kubevirt.io/v1/namespaces/team-a/virtualmachines/web-01/start'

/** No stack, no file, no address, no credential, and nothing that the request or the API server said of itself. */
const disclosing =
  /node_modules|\bat \S+ \(|\.[cm]?[jt]s\b|\/(work|home|usr|etc|tmp|app)\/|127\.0\.0\.1|localhost|:\d{4,5}\b|eyJ|virtdeck_\d+_s|ECONN|hostile-token|secret-canary/

function expectTold(status: number, body: string, id: string | null | undefined): Status {
  const told = JSON.parse(body) as Status
  expect(told).toMatchObject({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code: status })
  expect(told.message).toMatch(/\S/)
  expect(Object.keys(told).toSorted().join()).toMatch(/^apiVersion,code,(details,)?kind,message,metadata,reason,status$/)
  expect(body).not.toMatch(disclosing)
  expect(id).toMatch(/^[0-9a-f-]{36}$/)
  return told
}

const asked: [code: number, reason: string, path: string, options?: BrowserRequest][] = [
  [400, 'BadRequest', '/k8s//evil'],
  [400, 'BadRequest', `${vm}?resourceVersion=1&resourceVersion=2`],
  [400, 'BadRequest', '/k8s/%00'],
  [400, 'BadRequest', '/api/ws-ticket', { method: 'POST', rawBody: '{"target": secret-canary' }],
  [400, 'BadRequest', '/api/ws-ticket', { method: 'POST', body: { target: { secret: 'secret-canary' } } }],
  [400, 'BadRequest', vm, { method: 'PUT', rawBody: '['.repeat(1000) }],
  [400, 'BadRequest', vm, { headers: { x_y: '1' } }],
  [401, 'Unauthorized', vm, { headers: { cookie: 'x=secret-canary' } }],
  [403, 'Forbidden', vm, { method: 'DELETE', headers: { 'x-kvd-csrf': 'secret-canary' } }],
  [403, 'Forbidden', vm, { method: 'DELETE', headers: { origin: 'https://secret-canary.example' } }],
  [403, 'Forbidden', vm, { headers: { 'sec-fetch-site': 'cross-site' } }],
  [403, 'Forbidden', '/auth/sign-in', { method: 'POST', body: { mode: 'demo', user: 'secret-canary' } }],
  [404, 'NotFound', '/k8s/metrics'],
  [404, 'NotFound', '/api/inventory/secrets'],
  [404, 'NotFound', '/assets/x'],
  [405, 'MethodNotAllowed', '/k8s/api/v1/namespaces/team-a/secrets'],
  [413, 'RequestEntityTooLarge', vm, { method: 'PUT', rawBody: `"${'x'.repeat(1_100_000)}"` }],
  [415, 'UnsupportedMediaType', vm, { method: 'PUT', rawBody: 'a: 1', contentType: 'application/yaml' }],
  [415, 'UnsupportedMediaType', '/api/ws-ticket', { method: 'POST', rawBody: 'x', contentType: 'text/plain' }],
]

test.each(asked)('says %s %s without telling of itself: %s [P-18]', async (code, reason, path, options) => {
  const response = await stack.ann.request(path, options)
  expect(response.status).toBe(code)
  expect(expectTold(code, await response.text(), response.headers.get('x-request-id')).reason).toBe(reason)
})

test.each([
  [
    'a redirect',
    502,
    (res: import('node:http').ServerResponse) => void res.writeHead(302, { location: 'https://secret-canary.example' }).end(),
  ],
  [
    'a page',
    502,
    (res: import('node:http').ServerResponse) => void res.writeHead(200, { 'content-type': 'text/html' }).end('secret-canary'),
  ],
  [
    'a number that is no status',
    502,
    (res: import('node:http').ServerResponse) => void res.socket?.end('HTTP/1.1 999 secret-canary\r\nContent-Length: 0\r\n\r\n'),
  ],
  [
    'a status below all',
    502,
    (res: import('node:http').ServerResponse) => void res.socket?.end('HTTP/1.1 099 secret-canary\r\nContent-Length: 0\r\n\r\n'),
  ],
  ['no HTTP', 503, (res: import('node:http').ServerResponse) => void res.socket?.end('secret-canary\r\n\r\n')],
  ['a reset', 503, (res: import('node:http').ServerResponse) => void res.socket?.resetAndDestroy()],
  ['silence', 504, () => {}],
])('answers %s of the API server with its own words [P-18]', async (_what, code, answer) => {
  stack.api.answer((_req, res) => answer(res))
  for (const [path, options] of [[vm], [start, { method: 'PUT', body: {} }]] as [string, BrowserRequest?][]) {
    const response = await stack.ann.request(path, options)
    expect(response.status).toBe(code)
    expectTold(code, await response.text(), response.headers.get('x-request-id'))
  }
})

test('names neither address nor cause of a cluster that is down [P-18]', async () => {
  await using gone = await startBehindHostileApi()
  await using server = await startServer(configFor(gone.api))
  const ann = openBrowser(server.url)
  await ann.signIn({ mode: 'token', token })
  await gone.api[Symbol.asyncDispose]()
  for (const response of [
    await ann.request(vm),
    await openBrowser(server.url).request('/auth/sign-in', { method: 'POST', body: { mode: 'token', token: tokenOf('ben') } }),
  ]) {
    expect(response.status).toBe(503)
    expectTold(503, await response.text(), response.headers.get('x-request-id'))
  }
})

test('says the same on sockets that are no requests yet, or no longer [P-18]', async () => {
  const { port } = stack.server
  const host = `Host: 127.0.0.1:${port}\r\n`
  for (const [text, code] of [
    ['secret-canary\r\n\r\n', 400],
    [`GET / HTTP/1.1\r\n${host}X: ${'secret-canary'.repeat(3000)}\r\n\r\n`, 431],
    [`GET / HTTP/1.1\r\n${host}X-Secret-Canary: secret-canary`, 408],
    [`GET /secret-canary HTTP/1.1\r\n${host}Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n`, 400],
    [
      `GET /live HTTP/1.1\r\nHost: secret-canary.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
      421,
    ],
    [`GET / HTTP/1.1\r\nHost: secret-canary.example\r\nConnection: close\r\n\r\n`, 421],
  ] as const) {
    const [head = '', body = ''] = (await openRaw(port, text).closed).split('\r\n\r\n')
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${code} `))
    expectTold(code, body, /x-request-id: (\S+)/i.exec(head)?.[1])
  }
})
