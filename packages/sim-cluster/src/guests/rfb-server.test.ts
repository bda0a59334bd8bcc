import { inflateSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { manualClock } from '../clock.ts'
import { createDamage, createRfbServer, encodeTight } from './rfb-server.ts'
import { createTextScreen } from './text-screen.ts'

function connect({ tight = false } = {}) {
  const clock = manualClock()
  const screen = createTextScreen(16, 4)
  const sent: Buffer[] = []
  const keys: [number, boolean][] = []
  let backlog = 0
  let broken = false
  const server = createRfbServer({
    screen,
    clock,
    name: 'QEMU (team-a_vm1)',
    send: (bytes) => sent.push(bytes),
    backlogBytes: () => backlog,
    onKey: (keysym, down) => keys.push([keysym, down]),
    onPointer() {},
    onProtocolError: () => (broken = true),
  })
  const request = (incremental: boolean) => {
    const bytes = Buffer.from([3, Number(incremental), 0, 0, 0, 0, 0, 128, 0, 64])
    server.receive(bytes)
  }
  const handshake = () => {
    server.receive(Buffer.from('RFB 003.008\n\x01\x01', 'latin1'))
    if (tight) server.receive(Buffer.from([2, 0, 0, 2, 0, 0, 0, 7, 0, 0, 0, 0]))
    return sent.splice(0)
  }
  return { clock, screen, sent, keys, server, request, handshake, setBacklog: (bytes: number) => (backlog = bytes), broken: () => broken }
}

test('greets as QEMU does: version, no security, and a screen named after the VM', () => {
  const { handshake } = connect()
  const [version, security, result, init] = handshake()
  expect(version?.toString()).toBe('RFB 003.008\n')
  expect([...(security ?? [])]).toEqual([1, 1])
  expect([...(result ?? [])]).toEqual([0, 0, 0, 0])
  expect(init?.readUInt16BE(0)).toBe(128)
  expect(init?.readUInt16BE(2)).toBe(64)
  // As captured from QEMU: 32 bits, depth 24, little endian, 255 each, shifts 16, 8, 0.
  expect(init?.subarray(4, 20).toString('hex')).toBe('2018000100ff00ff00ff100800000000')
  expect(init?.toString('utf8', 24)).toBe('QEMU (team-a_vm1)')
})

test('sends the whole screen when asked for it, and then only what changes', () => {
  const { clock, screen, sent, handshake, request } = connect()
  handshake()
  request(false)
  clock.advance(50)
  expect(sent.splice(0).map((frame) => frame.length)).toEqual([4 + 12 + 128 * 64 * 4])
  request(true)
  clock.advance(10_000)
  expect(sent).toEqual([])
  screen.write('x')
  clock.advance(50)
  const [frame] = sent
  expect(frame?.readUInt16BE(2)).toBe(1)
  expect([4, 6, 8, 10].map((at) => frame?.readUInt16BE(at))).toEqual([0, 0, 16, 16])
})

test('sends at most twenty frames a second, and none while the client lags behind', () => {
  const { clock, screen, sent, handshake, request, setBacklog } = connect()
  handshake()
  request(false)
  clock.advance(50)
  sent.length = 0
  for (let index = 0; index < 100; index += 1) {
    request(true)
    screen.write(String(index))
    clock.advance(10)
  }
  expect(sent.length).toBeGreaterThan(15)
  // Both ends of the second count.
  expect(sent.length).toBeLessThanOrEqual(21)
  request(true)
  clock.advance(1000)
  sent.length = 0
  setBacklog(1 << 20)
  request(true)
  screen.write('more')
  clock.advance(1000)
  expect(sent).toEqual([])
  setBacklog(0)
  clock.advance(100)
  expect(sent).toHaveLength(1)
})

test('refuses a security type that it did not offer, and an old protocol', () => {
  const wrongSecurity = connect()
  wrongSecurity.server.receive(Buffer.from('RFB 003.008\n\x02', 'latin1'))
  expect(wrongSecurity.broken()).toBe(true)
  const old = connect()
  old.server.receive(Buffer.from('RFB 003.003\n', 'latin1'))
  expect(old.broken()).toBe(true)
})

test('keeps damage outside the requested area for later', () => {
  const damage = createDamage(64, 64)
  damage.add({ x: 0, y: 0, width: 64, height: 64 })
  expect(damage.take({ x: 0, y: 0, width: 32, height: 64 })).toEqual([{ x: 0, y: 0, width: 32, height: 64 }])
  expect(damage.empty()).toBe(false)
  expect(damage.take({ x: 0, y: 0, width: 64, height: 64 })).toEqual([{ x: 32, y: 0, width: 32, height: 64 }])
  expect(damage.empty()).toBe(true)
})

test('covers all damage once: no tile is lost, none is sent twice', () => {
  const rect = fc.record({ x: fc.nat(99), y: fc.nat(69), width: fc.integer({ min: 1, max: 40 }), height: fc.integer({ min: 1, max: 40 }) })
  fc.assert(
    fc.property(fc.array(rect, { minLength: 1, maxLength: 6 }), (rects) => {
      const damage = createDamage(100, 70)
      for (const each of rects) damage.add(each)
      const painted = new Uint8Array(100 * 70)
      for (const { x, y, width, height } of damage.take({ x: 0, y: 0, width: 100, height: 70 })) {
        for (let row = y; row < y + height; row += 1) {
          const cells = painted.subarray(row * 100 + x, row * 100 + x + width)
          expect(cells.every((count) => count === 0)).toBe(true)
          cells.fill(1)
        }
      }
      for (const { x, y, width, height } of rects) {
        for (let row = y; row < Math.min(70, y + height); row += 1) {
          const cells = painted.subarray(row * 100 + x, row * 100 + Math.min(100, x + width))
          expect(cells.every((count) => count === 1)).toBe(true)
        }
      }
    }),
  )
})

/** What a client makes of a Tight rectangle. */
function decodeTight(bytes: Buffer, width: number, height: number): number[] {
  const colour = (at: number) => bytes.readUIntBE(at, 3)
  if (bytes[0] === 0x80) return Array.from({ length: width * height }, () => colour(1))
  const inflate = (from: number, length: number) => {
    if (length < 12) return bytes.subarray(from)
    let at = from
    while ((bytes[at] ?? 0) & 128 && at < from + 2) at += 1
    return inflateSync(bytes.subarray(at + 1))
  }
  if (bytes[0] === 1) {
    const plain = inflate(1, width * height * 3)
    return Array.from({ length: width * height }, (_, index) => plain.readUIntBE(index * 3, 3))
  }
  const size = (bytes[2] ?? 0) + 1
  const palette = Array.from({ length: size }, (_, index) => colour(3 + 3 * index))
  const stride = size === 2 ? Math.ceil(width / 8) : width
  const indices = inflate(3 + 3 * size, stride * height)
  return Array.from({ length: width * height }, (_, index) => {
    const x = index % width
    const row = Math.floor(index / width) * stride
    const entry = size === 2 ? ((indices[row + (x >> 3)] ?? 0) >> (7 - (x & 7))) & 1 : (indices[row + x] ?? 0)
    return palette[entry] ?? -1
  })
}

test('compresses any picture without loss [one colour, two, a palette, more than 256]', () => {
  const size = { width: fc.integer({ min: 1, max: 40 }), height: fc.integer({ min: 1, max: 20 }) }
  fc.assert(
    fc.property(fc.record(size), fc.constantFrom(1, 2, 3, 200, 5000), fc.nat(), ({ width, height }, colours, seed) => {
      const pixels = Uint32Array.from({ length: width * height }, (_, index) => ((((index + seed) * 2654435761) >>> 7) % colours) * 3301)
      expect(decodeTight(encodeTight(pixels, { x: 0, y: 0, width, height }), width, height)).toEqual([...pixels])
    }),
  )
})

test('hands keys on in order', () => {
  const { server, keys, handshake } = connect({ tight: true })
  handshake()
  server.receive(Buffer.from([4, 1, 0, 0, 0, 0, 0, 0x61, 4, 0, 0, 0, 0, 0, 0, 0x61]))
  expect(keys).toEqual([
    [0x61, true],
    [0x61, false],
  ])
})
