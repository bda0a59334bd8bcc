// What a client may do to its connection: smuggle, flood, trickle, or fall silent.
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import type { Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Status } from '@virtdeck/k8s'
import type { RunningServer } from './index.ts'
import { startBehindHostileApi, type BehindHostileApi } from './testing/behind-hostile-api.ts'
import type { Browser } from './testing/browser.ts'
import type { HostileApiServer } from './testing/hostile-api-server.ts'
import { atFullSize } from './testing/property-runs.ts'
import { answersIn, openRaw, sendRaw } from './testing/raw-connection.ts'

let stack: BehindHostileApi
let api: HostileApiServer
let server: RunningServer
let ann: Browser
let csrf: string
const vms = '/k8s/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines'
const MiB = 1024 * 1024

beforeAll(async () => {
  stack = await startBehindHostileApi()
  ;({ api, server, ann } = stack)
  csrf = (await ann.session()).csrf ?? ''
})
afterAll(async () => stack?.[Symbol.asyncDispose]())
beforeEach(() => {
  api.seen.splice(0)
  api.answer((_req, res) => void res.writeHead(200, { 'content-type': 'application/json' }).end('{}'))
})

/** The head of a POST that would be let through. */
const head = (...more: string[]) =>
  [
    `POST ${vms} HTTP/1.1`,
    `Host: 127.0.0.1:${server.port}`,
    `Origin: ${server.url}`,
    `Cookie: ${ann.cookie()}`,
    `X-Kvd-Csrf: ${csrf}`,
    'Content-Type: application/json',
    ...more,
    '',
    '',
  ].join('\r\n')
/** What is smuggled: if this is ever read as a request, it shows upstream. */
const smuggled = () => `GET ${vms}/smuggled HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nCookie: ${ann.cookie()}\r\n\r\n`

test('takes a browser that goes in the middle of its request for no fault of its own', async () => {
  const lines: { level: string; msg: string; path?: string }[] = []
  let note = () => {}
  const noted = new Promise<void>((resolve) => (note = resolve))
  const logTo = {
    write(line: string) {
      const entry = JSON.parse(line) as (typeof lines)[number]
      lines.push(entry)
      if (entry.msg === 'request' && entry.path === vms) note()
    },
  }
  await using own = await startBehindHostileApi({ logLevel: 'debug', logTo })
  const { csrf: token = '' } = await own.ann.session()
  const { socket } = openRaw(
    own.server.port,
    head('Content-Length: 100')
      .replaceAll(String(server.port), String(own.server.port))
      .replace(/Cookie: .*/, `Cookie: ${own.ann.cookie()}`)
      .replace(/X-Kvd-Csrf: .*/, `X-Kvd-Csrf: ${token}`),
  )
  socket.write('{"kind":', () => socket.resetAndDestroy())
  await noted
  await own.ann.request(vms)
  expect(lines.filter(({ level }) => level === 'error')).toEqual([])
})

test.each([
  ['both lengths', () => head('Content-Length: 4', 'Transfer-Encoding: chunked') + `0\r\n\r\n${smuggled()}`],
  ['two lengths', () => head('Content-Length: 0', 'Content-Length: 2') + `{}${smuggled()}`],
  ['a list of lengths', () => head('Content-Length: 2, 2') + `{}${smuggled()}`],
  ['a signed length', () => head('Content-Length: +2') + `{}${smuggled()}`],
  ['a hexadecimal length', () => head('Content-Length: 0x2') + `{}${smuggled()}`],
  ['a length with a space inside', () => head('Content-Length: 1 0') + `{}${smuggled()}`],
  ['two encodings', () => head('Transfer-Encoding: chunked', 'Transfer-Encoding: identity') + `0\r\n\r\n${smuggled()}`],
  ['an unknown encoding', () => head('Transfer-Encoding: xchunked') + `0\r\n\r\n${smuggled()}`],
  ['chunked not last', () => head('Transfer-Encoding: chunked, gzip') + `0\r\n\r\n${smuggled()}`],
  ['a space before the colon', () => head('Transfer-Encoding : chunked') + `0\r\n\r\n${smuggled()}`],
  ['a folded header', () => head('X-Fold: a', ' Transfer-Encoding: chunked') + `0\r\n\r\n${smuggled()}`],
  ['a bare line feed in a header', () => head('X-Bare: a\nTransfer-Encoding: chunked') + `0\r\n\r\n${smuggled()}`],
  ['a bare carriage return in a header', () => head('X-Bare: a\rTransfer-Encoding: chunked') + `0\r\n\r\n${smuggled()}`],
  ['NUL in a header', () => head('X-Nul: a\0b', 'Content-Length: 2') + `{}${smuggled()}`],
  ['bare line feeds in chunks', () => head('Transfer-Encoding: chunked') + `2\n{}\n0\n\n${smuggled()}`],
  ['a chunk that is longer than it says', () => head('Transfer-Encoding: chunked') + `1\r\n{}\r\n0\r\n\r\n${smuggled()}`],
  ['a signed chunk', () => head('Transfer-Encoding: chunked') + `+2\r\n{}\r\n0\r\n\r\n${smuggled()}`],
  ['a chunk of 2^64 bytes', () => head('Transfer-Encoding: chunked') + `10000000000000002\r\n{}\r\n0\r\n\r\n${smuggled()}`],
  ['a bare line feed in a chunk extension', () => head('Transfer-Encoding: chunked') + `2;a\n{}\r\n0\r\n\r\n${smuggled()}`],
  ['chunk extensions without end', () => head('Transfer-Encoding: chunked') + `2;${'a'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n${smuggled()}`],
])('takes %s for no request, and reads nothing after it [P-11]', async (_what, text) => {
  const answer = await sendRaw(server.port, text())
  expect(answer).toMatch(/^HTTP\/1.1 4(00|13) /)
  expect(answersIn(answer)).toBe(1)
  expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ kind: 'Status', status: 'Failure' })
  expect(answer).toMatch(/\r\nX-Request-Id: [0-9a-f-]{36}\r\n/i)
  expect(api.seen).toEqual([])
})

test('forwards chunks with extensions and trailers as the body that they are, once [P-11]', async () => {
  const text =
    head('Transfer-Encoding: chunked', 'Connection: close') +
    `1;a="GET /";b\r\n{\r\n1;c\r\n}\r\n0;d\r\nX-Trailer: ${'x'.repeat(20)}\r\n\r\n`
  const answer = await sendRaw(server.port, text)
  expect([answer.slice(9, 12), answersIn(answer)]).toEqual(['200', 1])
  expect(api.seen).toMatchObject([{ method: 'POST', path: vms.slice(4), body: '{}', headers: { 'content-length': '2' } }])
  expect(api.seen[0]?.headers).not.toHaveProperty('x-trailer')
  expect(api.seen[0]?.headers).not.toHaveProperty('transfer-encoding')
})

test('answers pipelined requests one after the other, each with what was asked [P-11]', async () => {
  api.answer((req, res) => void res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(req.url)))
  const get = (name: string, more = '') =>
    `GET ${vms}/${name} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nCookie: ${ann.cookie()}\r\n${more}\r\n`
  const answer = await sendRaw(server.port, get('one') + get('two') + get('three', 'Connection: close\r\n'))
  const bodies = [...answer.matchAll(/"\/apis[^"]*"/g)].map(([body]) => body)
  expect(bodies).toEqual(['one', 'two', 'three'].map((name) => `"${vms.slice(4)}/${name}"`))
  expect(answersIn(answer)).toBe(3)
  await sendRaw(server.port, get('last', 'Connection: close\r\n') + get('after-the-last'))
  expect(JSON.stringify(api.seen)).not.toContain('after-the-last')
})

test('never reads the rest of a request that was refused early as another one [P-11]', async () => {
  for (const more of [
    'Content-Length: 2000000',
    'Content-Length: 4000\r\nX-Kvd-Csrf: x',
    'Content-Length: 4000\r\nContent-Encoding: gzip',
  ]) {
    const open = openRaw(server.port, head(more) + smuggled())
    const answer = await open.closed
    expect(answer).toMatch(/^HTTP\/1.1 4(03|13|15|08) /)
    expect(answersIn(answer)).toBe(1)
  }
  expect(api.seen).toEqual([])
})

test('stops reading a body that does not end after 1 MiB, and hangs up [P-14]', async () => {
  const { socket, closed } = openRaw(server.port, head('Transfer-Encoding: chunked'))
  const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`
  let over = false
  void closed.then(() => (over = true))
  for (let sent = 0; !over && sent < 1024 * MiB; sent += chunk.length) {
    if (!socket.write(chunk)) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed])
  }
  expect(await closed).toMatch(/^HTTP\/1.1 413 /)
  expect(api.seen).toEqual([])
})

test('refuses a gibibyte by its length, and what is compressed by its encoding [P-14]', async () => {
  expect(await sendRaw(server.port, head('Content-Length: 1073741824'))).toMatch(/^HTTP\/1.1 413 /)
  const bomb = gzipSync(Buffer.alloc(64 * MiB))
  const { socket, closed } = openRaw(server.port, head('Content-Encoding: gzip', `Content-Length: ${bomb.length}`, 'Connection: close'))
  socket.write(bomb)
  expect(await closed).toMatch(/^HTTP\/1.1 415 /)
  expect(api.seen).toEqual([])
})

test.each([
  ['an error that does not end', `${vms}/a`, 500, 'text/plain', 502],
  ['a page that does not end', `${vms}/a`, 200, 'text/html', 502],
  [
    'a picture that does not end',
    '/k8s/apis/subresources.kubevirt.io/v1/namespaces/team-a/virtualmachineinstances/a/vnc/screenshot',
    200,
    'image/png',
    502,
  ],
])('takes in no more of the API server’s answer than is its due: %s [P-14]', async (_what, path, code, type, becomes) => {
  let upstream: Socket | undefined
  const gone = new Promise<void>((resolve) => {
    api.answer((_req, res) => {
      upstream = res.socket ?? undefined
      res.writeHead(code, { 'content-type': type })
      const more = () => {
        while (res.write('x'.repeat(0x10000)));
      }
      res.on('drain', more)
      res.once('close', resolve)
      more()
    })
  })
  const response = await ann.request(path)
  expect([response.status, ((await response.json()) as Status).kind]).toEqual([becomes, 'Status'])
  await gone
  // 8 MiB at most, and what lies in the buffers of the two sockets.
  expect(upstream?.bytesWritten).toBeLessThan(24 * MiB)
})

test('holds an endless answer back where the browser does not read it, compressed or not [P-14]', async () => {
  for (const encoding of [undefined, 'gzip']) {
    let upstream: Socket | undefined
    let stalled = () => {}
    const stall = new Promise<void>((resolve) => (stalled = resolve))
    const gone = new Promise<void>((resolve) => {
      api.answer((_req, res) => {
        upstream = res.socket ?? undefined
        res.writeHead(200, { 'content-type': 'application/json', ...(encoding && { 'content-encoding': encoding }) })
        let quiet: NodeJS.Timeout
        const more = () => {
          clearTimeout(quiet)
          for (let round = 0; round < 64 && res.write('x'.repeat(0x10000)); round += 1);
          quiet = setTimeout(stalled, 300)
        }
        res.on('drain', more)
        res.once('close', resolve)
        more()
      })
    })
    const outgoing = httpRequest(`${server.url}${vms}/a`, { headers: { cookie: ann.cookie(), 'accept-encoding': 'gzip' } })
    outgoing.on('error', () => {}).end()
    const [answer] = (await once(outgoing, 'response')) as [import('node:http').IncomingMessage]
    answer.pause()
    await stall
    const held = upstream?.bytesWritten ?? Infinity
    // Nothing of it is ours: what the kernel keeps for two connections, and one flush.
    expect(held).toBeLessThan(64 * MiB)
    outgoing.destroy()
    await gone
  }
})

test('hangs up on who trickles headers, a body, or nothing, and serves the others meanwhile [P-16]', async () => {
  // In `npm run fuzz` with the limits of production.
  const timeouts = atFullSize ? {} : { headersMs: 1_000, requestMs: 2_000 }
  const each = atFullSize ? 500 : 60
  await using own = await startBehindHostileApi({ timeouts })
  const session = (await own.ann.session()).csrf ?? ''
  own.api.answer((_req, res) => void res.writeHead(200, { 'content-type': 'application/json' }).end('{}'))
  const start = `POST ${vms} HTTP/1.1\r\nHost: 127.0.0.1:${own.server.port}\r\n`
  const allowed = `Origin: ${own.server.url}\r\nCookie: ${own.ann.cookie()}\r\nX-Kvd-Csrf: ${session}\r\nContent-Type: application/json\r\n`
  const median = async () => {
    const times: number[] = []
    for (let round = 0; round < 30; round += 1) {
      const at = performance.now()
      expect((await own.ann.request(`${vms}/a`)).status).toBe(200)
      times.push(performance.now() - at)
    }
    return times.toSorted((a, b) => a - b)[15] ?? 0
  }
  const alone = await median()
  const attacks = Array.from({ length: each }, () => [
    openRaw(own.server.port, start),
    openRaw(own.server.port, `${start}${allowed}Content-Length: 1000\r\n\r\n{`),
    openRaw(own.server.port),
  ]).flat()
  const trickle = setInterval(() => {
    for (const [index, { socket }] of attacks.entries()) if (socket.writable && index % 3 < 2) socket.write(index % 3 ? ' ' : 'x')
  }, 200)
  const besieged = await median()
  const answers = await Promise.all(attacks.map(({ closed }) => closed))
  clearInterval(trickle)
  expect(answers.filter((answer) => answersIn(answer) > 1 || !/^(HTTP\/1.1 408 |$)/.test(answer))).toEqual([])
  expect(answers.filter((answer) => answer.includes('"kind":"Status"')).length).toBeGreaterThanOrEqual(each)
  expect(besieged).toBeLessThan(10 * alone + 20)
  expect((await own.ann.request(`${vms}/a`)).status).toBe(200)
}, 120_000)

test('has a limit for headers, in number and size [W-12] [P-11]', async () => {
  const many = Array.from({ length: 2_000 }, (_, index) => `a${index}: 1`)
  expect(await sendRaw(server.port, head('Connection: close', ...many))).toMatch(/^HTTP\/1.1 431 /)
  expect(await sendRaw(server.port, head(`X-Long: ${'x'.repeat(70_000)}`))).toMatch(/^HTTP\/1.1 431 /)
  const handshake = `GET /live HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n`
  expect(await sendRaw(server.port, `${handshake}${many.join('\r\n')}\r\n\r\n`)).toMatch(/^HTTP\/1.1 431 /)
  expect(api.seen).toEqual([])
})
