import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { routes } from './k8s/routes.ts'
import { startBehindHostileApi, type BehindHostileApi } from './testing/behind-hostile-api.ts'
import { atFullSize } from './testing/property-runs.ts'
import { sendRaw } from './testing/raw-connection.ts'

let stack: BehindHostileApi

beforeAll(async () => {
  stack = await startBehindHostileApi()
})
afterAll(async () => stack?.[Symbol.asyncDispose]())

const consoles = routes.filter(({ method }) => method === 'CONNECT').map(({ template }) => filled(template))
function filled(template: string): string {
  return `/k8s${template.replace(':namespace', 'team-a').replace(':name', 'web-01')}`
}
const known = [
  ...new Set(routes.map(({ template }) => filled(template))),
  '/',
  '/healthz',
  '/readyz',
  '/api/session',
  '/api/ws-ticket',
  '/api/csp-report',
  '/api/inventory/virtualmachines',
  '/auth/sign-in',
  '/auth/sign-out',
  '/auth/login',
  '/auth/callback',
  '/auth/refresh',
  '/live',
  '/live/',
  '/live?x=1',
  '//live',
  '/LIVE',
  '/live%00',
  '/assets/x',
]
const segments = [
  'live',
  'k8s',
  'api',
  'apis',
  'v1',
  'subresources.kubevirt.io',
  'namespaces',
  'a',
  'virtualmachineinstances',
  'vnc',
  'console',
  '..',
  '',
]
const random = () =>
  `/${Array.from({ length: 1 + Math.floor(Math.random() * 8) }, () =>
    Math.random() < 0.7 ? (segments[Math.floor(Math.random() * segments.length)] ?? '') : randomBytes(4).toString('base64url'),
  ).join('/')}`

const handshake = {
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
}

function knock(path: string, { method = 'GET', anonymous = false, headers = {} as Record<string, string> } = {}): Promise<string> {
  const { ann, server } = stack
  const own = {
    Host: `127.0.0.1:${server.port}`,
    Origin: server.url,
    ...(anonymous ? {} : { Cookie: ann.cookie() }),
    ...handshake,
    ...headers,
  }
  const lines = Object.entries(own).map(([name, value]) => `${name}: ${value}`)
  return sendRaw(server.port, [`${method} ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n'))
}

/** All of them, some at a time: each answer comes with the end of its connection. */
async function refusals(paths: readonly string[], options?: Parameters<typeof knock>[1]): Promise<Set<string>> {
  const codes = new Set<string>()
  const left = [...paths]
  const lane = async () => {
    for (let path = left.pop(); path !== undefined; path = left.pop()) {
      const answer = await knock(path, options)
      codes.add(answer.slice(0, 12))
      expect([path, answer.includes('"kind":"Status"')]).toEqual([path, true])
    }
  }
  await Promise.all(Array.from({ length: 16 }, lane))
  return codes
}
const refused = /^HTTP\/1.1 (400|401|403|404|405|421)$/

test('switches protocols nowhere without a ticket, whatever the path, and hangs up [W-01]', async () => {
  const paths = [...known, ...Array.from({ length: atFullSize ? 10_000 : 1_000 }, random)]
  for (const code of await refusals(paths, {
    headers: { 'Sec-WebSocket-Protocol': 'virtdeck.v1, plain.kubevirt.io, virtdeck.ticket.x' },
  })) {
    expect(code).toMatch(refused)
  }
  for (const code of await refusals(known, { anonymous: true })) expect(code).toMatch(refused)
  expect(stack.api.seen.filter(({ method }) => method === 'UPGRADE')).toEqual([])
})

test('gives tickets for the live socket and the two consoles, and for nothing else [W-01]', async () => {
  const { ann } = stack
  const given: string[] = []
  // A hundred tickets at once is what one session gets.
  for (const path of known.filter((one) => !consoles.includes(one)).slice(0, 90)) {
    if ((await ann.request('/api/ws-ticket', { method: 'POST', body: { target: path } })).status === 200) given.push(path)
  }
  expect(given.filter((path) => path !== '/live')).toEqual([])
  expect(consoles).toHaveLength(2)
  for (const path of [...consoles, '/live']) {
    expect((await ann.request('/api/ws-ticket', { method: 'POST', body: { target: path } })).status).toBe(200)
  }
})

test('upgrades to nothing but a WebSocket, by nothing but a GET [W-01]', async () => {
  const paths = ['/live', ...consoles, '/k8s/version', '/healthz', '/']
  for (const headers of [
    { Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABkAAQAAP__', Connection: 'Upgrade, HTTP2-Settings' },
    { Upgrade: 'TLS/1.0' },
    { Upgrade: 'websocket, h2c' },
    { 'Sec-WebSocket-Version': '8' },
    { 'Sec-WebSocket-Key': 'short' },
  ] as Record<string, string>[]) {
    expect(await refusals(paths, { headers })).toEqual(new Set(['HTTP/1.1 400']))
  }
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH']) {
    for (const path of paths) expect(await knock(path, { method, headers: { 'Content-Length': '0' } })).toMatch(/^HTTP\/1.1 400 /)
  }
  expect(stack.api.seen.filter(({ method }) => method === 'UPGRADE')).toEqual([])
})
