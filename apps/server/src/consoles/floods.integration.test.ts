// Who sends too much, too small, too broken or reads too little, on a socket that was opened by the rules.
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { startBehindHostileApi, type BehindHostileApi } from '../testing/behind-hostile-api.ts'
import { openBrowser, outcome } from '../testing/browser.ts'
import { frame } from '../testing/frames.ts'
import { tokenOf } from '../testing/hostile-api-server.ts'
import { atFullSize } from '../testing/property-runs.ts'
import { openRawSocket } from '../testing/raw-connection.ts'

let stack: BehindHostileApi
const guests = new WebSocketServer({ noServer: true, handleProtocols: () => 'plain.kubevirt.io', maxPayload: 0 })
const vmi = '/apis/subresources.kubevirt.io/v1/namespaces/team-a/virtualmachineinstances/web-01'
const MiB = 1024 * 1024

/** Eight consoles are as many as one may have. */
const people = Array.from({ length: 52 }, (_, index) => ({ name: `person-${index}`, description: '', token: tokenOf(`person-${index}`) }))

beforeAll(async () => {
  stack = await startBehindHostileApi({ demoUsers: people })
})
afterAll(async () => stack?.[Symbol.asyncDispose]())

/** Consoles from now on lead to a guest that does this. */
function withGuest(serve: (ws: WebSocket, socket: Duplex) => void): void {
  stack.api.upgrade((req, socket, head) =>
    guests.handleUpgrade(req, socket, head, (ws) =>
      serve(
        ws.on('error', () => {}),
        socket,
      ),
    ),
  )
}

const pieces = atFullSize ? 1_000_000 : 20_000
const masked = { masked: true }
const repeated = (part: Buffer, count: number) => Buffer.alloc(part.length * count, part)
const crumb = (last = false) => frame(0, Buffer.from('x'), { masked: true, last })
const floods: [what: string, bytes: () => Buffer, live: number, console: number][] = [
  [
    'a message in crumbs',
    () => Buffer.concat([frame(1, Buffer.from('x'), { masked: true, last: false }), repeated(crumb(), pieces)]),
    1008,
    1008,
  ],
  [
    'empty crumbs',
    () =>
      Buffer.concat([
        frame(2, Buffer.alloc(0), { masked: true, last: false }),
        repeated(frame(0, Buffer.alloc(0), { masked: true, last: false }), pieces),
      ]),
    1008,
    1008,
  ],
  ['pings', () => repeated(frame(9, Buffer.from('x'), masked), pieces), 1006, 1008],
  ['pongs', () => repeated(frame(10, Buffer.from('x'), masked), pieces), 4429, 1008],
  ['a frame of 100 MiB', () => frame(2, Buffer.alloc(10), { masked: true, length: 100 * MiB }), 1009, 1009],
  ['a frame of 2^62 bytes', () => frame(2, Buffer.alloc(10), { masked: true, length: 2 ** 62 }), 1009, 1009],
  ['text that is no UTF-8', () => frame(1, Buffer.from([0xc3, 0x28]), masked), 1007, 0],
  ['an unmasked frame', () => frame(2, Buffer.from('x'), { masked: false }), 1002, 1002],
  ['an unknown kind of frame', () => frame(3, Buffer.from('x'), masked), 1002, 1002],
  ['a continuation of nothing', () => frame(0, Buffer.from('x'), masked), 1002, 1002],
  ['a ping in pieces', () => frame(9, Buffer.from('x'), { masked: true, last: false }), 1002, 1002],
  [
    'compression that was not agreed',
    () => Buffer.concat([Buffer.from([0xc2]), frame(2, Buffer.from('x'), masked).subarray(1)]),
    1002,
    1002,
  ],
  ['requests', () => repeated(frame(1, Buffer.from('{"type":"watch-close","id":1}'), masked), 2_000), 4429, 0],
]

test.each(floods)('closes a socket that sends %s, and stays as it was [W-12]', async (_what, bytes, live, console) => {
  let passedOn = 0
  withGuest((ws, socket) => {
    ws.on('message', () => {})
    socket.on('close', () => (passedOn = (socket as Socket).bytesRead))
  })
  for (const [target, protocol, code] of [
    ['/live', 'virtdeck.v1', live],
    [`/k8s${vmi}/console`, 'plain.kubevirt.io', console],
  ] as const) {
    if (code === 0) continue
    const raw = await openRawSocket(stack.ann, target, protocol)
    raw.socket.write(bytes())
    await raw.closed
    // 1006: it was hung up on without a word.
    expect([target, raw.closeCode() ?? 1006]).toEqual([target, code])
  }
  expect(passedOn).toBeLessThan(MiB)
  expect((await stack.ann.request('/api/session')).status).toBe(200)
})

/** Sends random bytes until `total` or nothing more is taken; says how much that was, and the digest of all of it. */
function pump(ws: WebSocket, socket: Socket, total: number) {
  const digest = createHash('sha256')
  let left = total
  let stalled = () => {}
  const stall = new Promise<number>((resolve) => (stalled = () => resolve(socket.bytesWritten)))
  const done = new Promise<string>((resolve) => {
    let quiet: NodeJS.Timeout | undefined
    const more = () => {
      while (left > 0 && socket.writableLength < MiB) {
        const chunk = randomBytes(Math.min(left, 128 * 1024))
        digest.update(chunk)
        left -= chunk.length
        ws.send(chunk)
      }
      clearTimeout(quiet)
      if (left === 0) {
        socket.off('drain', more)
        return resolve(digest.digest('hex'))
      }
      quiet = setTimeout(stalled, 400)
    }
    socket.on('drain', more)
    more()
  })
  return { stall, done }
}

function drink(ws: WebSocket, total: number): Promise<string> {
  const digest = createHash('sha256')
  let count = 0
  return new Promise((resolve) => {
    ws.on('message', (data: Buffer) => {
      digest.update(data)
      count += data.length
      if (count === total) resolve(digest.digest('hex'))
    })
  })
}

// What two connections' worth of kernel buffers take; the server's own share is one flush each.
const inTransit = 32 * MiB
const socketOf = (ws: WebSocket) => (ws as unknown as { _socket: Socket })._socket

test('pauses a guest whose browser does not read, and loses nothing [W-11]', async () => {
  const total = (atFullSize ? 512 : 96) * MiB
  const pumping = new Promise<ReturnType<typeof pump>>((resolve) => {
    withGuest((ws, socket) => resolve(pump(ws, socket as Socket, total)))
  })
  const ws = await stack.ann.console(`${vmi}/vnc`)
  await once(ws, 'open')
  ws.pause()
  const drunk = drink(ws, total)
  const { stall, done } = await pumping
  expect(await stall).toBeLessThan(inTransit)
  ws.resume()
  expect(await drunk).toBe(await done)
  ws.terminate()
})

test('pauses a browser whose guest does not read, and loses nothing [W-11]', async () => {
  const total = (atFullSize ? 512 : 96) * MiB
  const guest = new Promise<WebSocket>((resolve) => {
    withGuest((ws) => {
      ws.pause()
      resolve(ws)
    })
  })
  const ws = await stack.ann.console(`${vmi}/vnc`)
  await once(ws, 'open')
  const { stall, done } = pump(ws, socketOf(ws), total)
  const reader = await guest
  const drunk = drink(reader, total)
  expect(await stall).toBeLessThan(inTransit)
  reader.resume()
  expect(await drunk).toBe(await done)
  ws.terminate()
})

test('opens four hundred consoles on a server, and not one more, whoever asks; those that are open go on [W-20]', async () => {
  withGuest((ws) => ws.on('message', (data: Buffer) => ws.send(data)))
  const browsers = await Promise.all(
    people.slice(0, 51).map(async ({ name }) => {
      const browser = openBrowser(stack.server.url)
      await browser.signIn({ mode: 'demo', user: name })
      return browser
    }),
  )
  const opened: WebSocket[] = []
  for (const browser of browsers.slice(0, 50)) {
    const own = await Promise.all(Array.from({ length: 8 }, () => browser.console(`${vmi}/console`)))
    await Promise.all(own.map((ws) => once(ws, 'open')))
    opened.push(...own)
  }
  // One of these could open more, the other has eight.
  expect(await outcome(await (browsers[50] as (typeof browsers)[number]).console(`${vmi}/console`))).toMatchObject({ closed: 4429 })
  expect(await outcome(await (browsers[0] as (typeof browsers)[number]).console(`${vmi}/console`))).toMatchObject({ closed: 4429 })
  const echoes = await Promise.all(
    opened.map(async (ws, index) => {
      ws.send(`${index}`)
      const [data] = (await once(ws, 'message')) as [Buffer]
      return Number(data.toString())
    }),
  )
  expect(echoes).toEqual(opened.map((_, index) => index))
  const ended = outcome(opened[0] as WebSocket)
  opened[0]?.terminate()
  await ended
  await expect
    .poll(async () => {
      const again = await (browsers[50] as (typeof browsers)[number]).console(`${vmi}/console`)
      const result = await Promise.race([once(again, 'open').then(() => 'open'), outcome(again)])
      if (result === 'open') opened.push(again)
      return result
    })
    .toBe('open')
  for (const ws of opened) ws.terminate()
})

test('counts the consoles of a person, not of a session [W-20]', async () => {
  withGuest(() => {})
  const [one, other] = [openBrowser(stack.server.url), openBrowser(stack.server.url)]
  for (const browser of [one, other]) await browser.signIn({ mode: 'demo', user: 'person-51' })
  const opened = await Promise.all(Array.from({ length: 8 }, (_, index) => (index % 2 ? one : other).console(`${vmi}/console`)))
  await Promise.all(opened.map((ws) => once(ws, 'open')))
  for (const browser of [one, other]) expect(await outcome(await browser.console(`${vmi}/console`))).toMatchObject({ closed: 4429 })
  for (const ws of opened) ws.terminate()
})

test('finds its protocol among a thousand as among one, and no header larger than is fit [W-05]', async () => {
  withGuest(() => {})
  const { ann } = stack
  const thousand = Array.from({ length: 1_000 }, (_, index) => `p${index}`)
  const timed = async (target: string, protocols: string[]) => {
    const at = performance.now()
    const ws = await ann.socket(target, protocols)
    await once(ws, 'open')
    const ms = performance.now() - at
    ws.terminate()
    return { ms, protocol: ws.protocol }
  }
  for (const [target, protocol] of [
    [`/k8s${vmi}/vnc`, 'plain.kubevirt.io'],
    ['/live', 'virtdeck.v1'],
  ] as const) {
    await timed(target, [protocol])
    const one = await timed(target, [protocol])
    const many = await timed(target, [...thousand, protocol])
    expect([one.protocol, many.protocol]).toEqual([protocol, protocol])
    expect(many.ms).toBeLessThan(20 * one.ms + 50)
    for (const others of [thousand, ['base64.binary.k8s.io'], [protocol.toUpperCase()], [`${protocol}x`]]) {
      expect(await outcome(await ann.socket(target, others))).toEqual({ refused: 400 })
    }
    expect(await outcome(await ann.socket(target, [protocol, 'x'.repeat(64 * 1024)]))).toEqual({ refused: 431 })
    expect(
      await outcome(new WebSocket(ann.url.replace('http', 'ws') + target, { headers: { cookie: ann.cookie(), origin: ann.url } })),
    ).toEqual({ refused: 403 })
  }
})
