import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { RunningServer } from '../index.ts'
import { startBehindHostileApi, type BehindHostileApi } from '../testing/behind-hostile-api.ts'
import { openBrowser, outcome, type Browser } from '../testing/browser.ts'
import { token, type HostileApiServer } from '../testing/hostile-api-server.ts'

let stack: BehindHostileApi
let api: HostileApiServer
let server: RunningServer
let ann: Browser
const guests = new WebSocketServer({ noServer: true, handleProtocols: () => 'plain.kubevirt.io' })

const vmi = '/apis/subresources.kubevirt.io/v1/namespaces/team-a/virtualmachineinstances/web-01'

beforeAll(async () => {
  stack = await startBehindHostileApi()
  ;({ api, server, ann } = stack)
})
afterAll(async () => stack?.[Symbol.asyncDispose]())
beforeEach(() => {
  api.seen.splice(0)
  api.upgrade((req, socket, head) =>
    guests.handleUpgrade(req, socket, head, (ws) => ws.on('message', (data) => ws.send(data, { binary: true }))),
  )
})

const refuseWith = (code: number, body: string, type = 'application/json', more = '') =>
  api.upgrade((_req: IncomingMessage, socket: Duplex) =>
    socket.end(`HTTP/1.1 ${code} No\r\nContent-Type: ${type}\r\n${more}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`),
  )
const status = (code: number, message: string) =>
  JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code })

test('carries bytes both ways unaltered, in whatever sizes [W-19]', async () => {
  const ws = await ann.console(`${vmi}/vnc`)
  await once(ws, 'open')
  expect(ws.protocol).toBe('plain.kubevirt.io')
  const sent = createHash('sha256')
  const received = createHash('sha256')
  const sizes = [0, 1, 125, 126, 65_535, 65_536, 900_000, ...Array.from({ length: 200 }, (_, index) => index * 7)]
  const total = sizes.reduce((sum, size) => sum + size, 0)
  let count = 0
  const echoed = new Promise<void>((resolve) => {
    ws.on('message', (data: Buffer) => {
      received.update(data)
      count += data.length
      if (count === total) resolve()
    })
  })
  for (const size of sizes) {
    const bytes = randomBytes(size)
    sent.update(bytes)
    ws.send(bytes)
  }
  await echoed
  expect(received.digest('hex')).toBe(sent.digest('hex'))
  ws.close(1000)
  expect(await outcome(ws)).toMatchObject({ closed: 1000 })
})

test('opens VNC as the user, and leaves a session in use alone unless it is to be taken over [W-14]', async () => {
  for (const [asked, sent] of [
    [`${vmi}/vnc`, `${vmi}/vnc?preserveSession=true`],
    [`${vmi}/vnc?preserveSession=true`, `${vmi}/vnc?preserveSession=true`],
    [`${vmi}/vnc?preserveSession=false`, `${vmi}/vnc?preserveSession=false`],
    [`${vmi}/console`, `${vmi}/console`],
  ] as const) {
    api.seen.splice(0)
    const ws = await ann.console(asked)
    await once(ws, 'open')
    ws.terminate()
    expect(api.seen[0]).toMatchObject({ path: sent, headers: { authorization: `Bearer ${token}` } })
  }
})

test('takes no credential from a subprotocol, and no other protocol [P-09] [W-05]', async () => {
  const smuggled = 'base64url.bearer.authorization.k8s.io.ZXZpbA'
  const ws = await ann.console(`${vmi}/vnc`, [smuggled, 'plain.kubevirt.io'])
  await once(ws, 'open')
  expect(ws.protocol).toBe('plain.kubevirt.io')
  expect(api.seen[0]?.headers['sec-websocket-protocol']).toBe('plain.kubevirt.io')
  expect(api.seen[0]?.headers.cookie).toBeUndefined()
  ws.terminate()
  expect(await outcome(await ann.console(`${vmi}/vnc`, ['binary']))).toEqual({ refused: 400 })
})

test.each([
  [403, status(403, 'virtualmachineinstances.subresources.kubevirt.io "web-01" is forbidden'), 4403],
  [404, status(404, 'virtualmachineinstance.kubevirt.io "web-01" not found'), 4404],
  [400, status(400, 'No graphics devices are present.'), 4412],
  [400, status(400, 'Unable to connect to VirtualMachineInstance because phase is Scheduling instead of Running or Scheduled'), 4412],
  [409, status(409, 'VMI is in failed status'), 4412],
  [500, status(500, 'Internal error occurred: Active VNC connection. Request denied.'), 4409],
  [500, status(500, 'Internal error occurred: something else'), 4502],
  [503, 'error trying to reach service: dial tcp 10.1.2.3:443: connect refused', 4503],
  [302, '', 4502],
  [200, 'hello', 4502],
])('tells the browser by a close code why the cluster refused: %s %s is %s [W-08] [W-10]', async (code, body, closed) => {
  refuseWith(code, body, body.startsWith('{') ? 'application/json' : 'text/plain', 'Location: https://evil.example/\r\n')
  const result = await outcome(await ann.console(`${vmi}/vnc`))
  expect(result).toMatchObject({ closed })
  expect(JSON.stringify(result)).not.toMatch(/web-01|10\.1\.2\.3|evil/)
})

test('calls a cluster that hangs up without a word down', async () => {
  api.upgrade((_req, socket) => socket.destroy())
  expect(await outcome(await ann.console(`${vmi}/vnc`))).toMatchObject({ closed: 4503 })
})

test('says that a console ended when the guest’s end dies without a close frame', async () => {
  api.upgrade((req, socket, head) =>
    guests.handleUpgrade(req, socket, head, (ws) => {
      ws.send('bye')
      ws.once('message', () => socket.destroy())
    }),
  )
  const ws = await ann.console(`${vmi}/console`)
  await once(ws, 'message')
  ws.send('x')
  expect(await outcome(ws)).toMatchObject({ closed: 1011 })
})

test('frees the cluster’s end when the browser goes, however it goes [W-10]', async () => {
  for (const leave of [(ws: WebSocket) => ws.terminate(), (ws: WebSocket) => ws.close()]) {
    const gone = new Promise<void>((resolve) => {
      api.upgrade((req, socket, head) => {
        socket.once('close', () => resolve())
        guests.handleUpgrade(req, socket, head, () => {})
      })
    })
    const ws = await ann.console(`${vmi}/console`)
    await once(ws, 'open')
    leave(ws)
    await gone
  }
})

test('closes with 1009 what sends frames of more than 1 MiB [W-12]', async () => {
  const ws = await ann.console(`${vmi}/console`)
  await once(ws, 'open')
  ws.send(Buffer.alloc(1024 * 1024 + 1))
  expect(await outcome(ws)).toMatchObject({ closed: 1009 })
})

test('ends with the session [A-17]', async () => {
  const ben = openBrowser(server.url)
  await ben.signIn({ mode: 'token', token })
  const console1 = await ben.console(`${vmi}/console`)
  const live = await ben.live()
  await Promise.all([once(console1, 'open'), once(live.ws, 'open')])
  await ben.request('/auth/sign-out', { method: 'POST' })
  expect(await outcome(console1)).toMatchObject({ closed: 4401 })
  expect(await live.closed).toBe(4401)
})

test('opens eight consoles for one session, and not a ninth [W-20]', async () => {
  const ben = openBrowser(server.url)
  await ben.signIn({ mode: 'token', token })
  const opened = await Promise.all(Array.from({ length: 8 }, () => ben.console(`${vmi}/console`)))
  await Promise.all(opened.map((ws) => once(ws, 'open')))
  expect(await outcome(await ben.console(`${vmi}/console`))).toMatchObject({ closed: 4429 })
  for (const ws of opened) ws.terminate()
})

test('switches protocols for its own pages, on two kinds of path, with a session, and not otherwise [W-01] [W-02]', async () => {
  const refused = async (path: string, headers: Record<string, string> = {}, ticket?: string) =>
    outcome(await ann.socket(path, ['virtdeck.v1', 'plain.kubevirt.io'], headers, ticket))
  const random = Array.from({ length: 50 }, () => `/${randomBytes(6).toString('base64url')}`)
  for (const path of [
    '/',
    '/live/',
    '/live?x=1',
    '/k8s/version',
    `/k8s${vmi}`,
    `/k8s${vmi}/portforward/22`,
    `/k8s${vmi}/usbredir`,
    '/k8s/api/v1/namespaces/a/pods/b/exec',
    '/api/session',
    ...random,
    ...random.map((path) => `/k8s${path}`),
  ]) {
    expect([400, 404, 405]).toContain(((await refused(path, {}, 'x')) as { refused: number }).refused)
  }
  for (const origin of [
    '',
    'null',
    'https://evil.example',
    `${server.url}.evil.example`,
    `${server.url}/`,
    server.url.replace('127.0.0.1', '127.0.0.2'),
  ]) {
    expect(await refused('/live', { origin })).toEqual({ refused: 403 })
    expect(await refused(`/k8s${vmi}/vnc`, { origin })).toEqual({ refused: 403 })
  }
  expect(await refused('/live', { host: 'evil.example' })).toEqual({ refused: 421 })
  expect(await refused('/live', { cookie: '' })).toEqual({ refused: 401 })
  expect(await refused(`/k8s${vmi}/vnc`, { cookie: 'virtdeck_s0=x' })).toEqual({ refused: 401 })
  expect(api.seen).toEqual([])
})

test('opens no socket without a ticket of this session and for this target, which nobody sees again [W-04]', async () => {
  const [vnc, serial] = [`/k8s${vmi}/vnc`, `/k8s${vmi}/console`]
  const refused = { refused: 403 }
  const ben = openBrowser(server.url)
  await ben.signIn({ mode: 'token', token })
  expect(await outcome(await ann.socket('/live', ['virtdeck.v1'], {}, 'x'))).toEqual(refused)
  expect(await outcome(await ann.socket(vnc, ['plain.kubevirt.io'], {}, await ben.ticket(vnc)))).toEqual(refused)
  expect(await outcome(await ann.socket(vnc, ['plain.kubevirt.io'], {}, await ann.ticket(serial)))).toEqual(refused)
  expect(await outcome(await ann.socket(`${vnc}?ticket=${await ann.ticket(vnc)}`, ['plain.kubevirt.io'], {}, 'x'))).toEqual({
    refused: 400,
  })
  const bare = new WebSocket(server.url.replace('http', 'ws') + vnc, ['plain.kubevirt.io'], {
    headers: { cookie: ann.cookie(), origin: server.url },
  })
  expect(await outcome(bare)).toEqual(refused)
  expect(api.seen).toEqual([])

  const ticket = await ann.ticket(vnc)
  const ws = await ann.socket(vnc, ['plain.kubevirt.io'], {}, ticket)
  const [answer] = (await once(ws, 'upgrade')) as [IncomingMessage]
  expect(JSON.stringify(answer.headers)).not.toContain(ticket)
  expect(answer.headers['sec-websocket-protocol']).toBe('plain.kubevirt.io')
  expect(JSON.stringify(api.seen)).not.toContain(ticket)
  ws.terminate()
  expect(await outcome(await ann.socket(vnc, ['plain.kubevirt.io'], {}, ticket))).toEqual(refused)
  const live = await ann.live()
  await once(live.ws, 'open')
  expect(live.ws.protocol).toBe('virtdeck.v1')
  live.ws.terminate()
})

test('issues tickets to who is signed in, for what there is, to its own pages [W-04] [P-17]', async () => {
  const asked = async (body: unknown, headers: Record<string, string> = {}) =>
    (await ann.request('/api/ws-ticket', { method: 'POST', body, headers })).status
  expect(await asked({ target: '/live' })).toBe(200)
  expect(await asked({ target: '/live' }, { 'x-kvd-csrf': 'x' })).toBe(403)
  expect(await asked({ target: '/live' }, { origin: 'https://evil.example' })).toBe(403)
  expect(await asked({ target: '/live' }, { cookie: 'x=1' })).toBe(401)
  expect(await asked({})).toBe(400)
  expect(await asked({ target: '/k8s/version' })).toBe(405)
  expect(await asked({ target: '//evil.example/live' })).toBe(404)
  const ben = openBrowser(server.url)
  await ben.signIn({ mode: 'token', token })
  const many = await Promise.all(
    Array.from({ length: 130 }, () => ben.request('/api/ws-ticket', { method: 'POST', body: { target: '/live' } })),
  )
  expect(many.filter(({ status: code }) => code === 429).length).toBeGreaterThan(0)
  expect(await asked({ target: '/live' })).toBe(200)
})

test('refuses handshakes that are none [W-01]', async () => {
  const answer = (head: string) =>
    new Promise<string>((resolve) => {
      let text = ''
      const socket = connect(server.port, '127.0.0.1', () => socket.write(head))
      socket.on('data', (chunk) => (text += chunk.toString()))
      socket.once('close', () => resolve(text))
    })
  const common = `Host: 127.0.0.1:${server.port}\r\nOrigin: ${server.url}\r\nCookie: ${ann.cookie()}\r\nConnection: Upgrade\r\n`
  const key = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
  expect(await answer(`GET /live HTTP/1.1\r\n${common}${key}Upgrade: h2c\r\n\r\n`)).toMatch(/^HTTP\/1.1 400/)
  expect(await answer(`POST /live HTTP/1.1\r\n${common}${key}Upgrade: websocket\r\n\r\n`)).toMatch(/^HTTP\/1.1 400/)
  expect(await answer(`GET /live HTTP/1.1\r\n${common}Upgrade: websocket\r\n\r\n`)).toMatch(/^HTTP\/1.1 400/)
})
