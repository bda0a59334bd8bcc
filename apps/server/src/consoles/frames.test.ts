import { createHash, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FrameError, closePayload, controlFrame, followFrames } from './frames.ts'

const pingTag = Buffer.from('vdpg')

function frame(opcode: number, payload: Buffer, masked: boolean): Buffer {
  const short = payload.length < 126 ? payload.length : payload.length < 65_536 ? 126 : 127
  const head = Buffer.from([0x80 | opcode, (masked ? 0x80 : 0) | short])
  const length = Buffer.alloc(short === 126 ? 2 : short === 127 ? 8 : 0)
  if (short === 126) length.writeUInt16BE(payload.length)
  if (short === 127) length.writeBigUInt64BE(BigInt(payload.length))
  const mask = masked ? randomBytes(4) : Buffer.alloc(0)
  const body = masked ? Buffer.from(payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0))) : payload
  return Buffer.concat([head, length, mask, body])
}

function follow(masked: boolean, maxPayloadBytes = 1_000_000) {
  let pongs = 0
  const frames = followFrames({ masked, maxPayloadBytes, pingTag, onPong: () => (pongs += 1) })
  return { frames, pongs: () => pongs }
}

function cut(bytes: Buffer, sizes: number[]): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0, index = 0; at < bytes.length; index += 1) {
    const size = Math.max(1, sizes[index % sizes.length] ?? 1)
    chunks.push(bytes.subarray(at, at + size))
    at += size
  }
  return chunks
}

const sent = fc.array(
  fc.oneof(
    fc.record({ opcode: fc.constantFrom(1, 2, 0), payload: fc.uint8Array({ maxLength: 300 }) }),
    fc.record({ opcode: fc.constantFrom(9, 10), payload: fc.uint8Array({ maxLength: 125 }) }),
    fc.constant({ opcode: 10, payload: new Uint8Array(pingTag) }),
    fc.constant({ opcode: 2, payload: new Uint8Array(70_000) }),
  ),
  { maxLength: 8 },
)

test('passes every byte on, in any chunks, but the pongs to our own pings [W-19]', () => {
  fc.assert(
    fc.property(
      fc.boolean(),
      sent,
      fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 6 }),
      (masked, messages, sizes) => {
        const { frames, pongs } = follow(masked)
        const encoded = messages.map(({ opcode, payload }) => ({
          ours: opcode === 10 && pingTag.equals(payload),
          bytes: frame(opcode, Buffer.from(payload), masked),
        }))
        const passed = cut(Buffer.concat(encoded.map(({ bytes }) => bytes)), sizes).flatMap((chunk) => frames.push(chunk))
        const digest = (parts: Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest('hex')
        expect(digest(passed)).toBe(digest(encoded.filter(({ ours }) => !ours).map(({ bytes }) => bytes)))
        expect(pongs()).toBe(encoded.filter(({ ours }) => ours).length)
        expect(frames.atBoundary()).toBe(true)
      },
    ),
  )
})

test('knows where between two frames another one fits', () => {
  const { frames } = follow(false)
  const bytes = frame(2, Buffer.alloc(200), false)
  expect(frames.atBoundary()).toBe(true)
  for (let at = 0; at < bytes.length - 1; at += 1) {
    frames.push(bytes.subarray(at, at + 1))
    expect(frames.atBoundary()).toBe(false)
  }
  frames.push(bytes.subarray(-1))
  expect(frames.atBoundary()).toBe(true)
})

test('refuses frames that are too large, masked the wrong way, or no frames at all [W-12]', () => {
  expect(() => follow(true, 1000).frames.push(frame(2, Buffer.alloc(1001), true))).toThrow(FrameError)
  expect(() => follow(true).frames.push(frame(2, Buffer.alloc(3), false))).toThrow(FrameError)
  expect(() => follow(false).frames.push(frame(2, Buffer.alloc(3), true))).toThrow(FrameError)
  expect(() => follow(false).frames.push(frame(9, Buffer.alloc(126), false))).toThrow(FrameError)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (noise, masked) => {
      try {
        follow(masked).frames.push(Buffer.from(noise))
      } catch (error) {
        if (!(error instanceof FrameError)) throw error
      }
    }),
  )
})

test('writes pings and closes that the other side can read', () => {
  const { frames, pongs } = follow(true)
  expect(frames.push(controlFrame('ping', pingTag, { masked: true })).length).toBe(1)
  expect(pongs()).toBe(0)
  frames.push(controlFrame('close', closePayload(4403, 'no'), { masked: true }))
  expect(frames.closed()).toBe(true)
})
