import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { FrameError, closePayload, controlFrame, followFrames } from './frames.ts'
import { frame as build } from '../testing/frames.ts'
import { propertyRuns, propertyTimeoutMs } from '../testing/property-runs.ts'

vi.setConfig({ testTimeout: propertyTimeoutMs })

const pingTag = Buffer.from('vdpg')

const frame = (opcode: number, payload: Buffer, masked: boolean, last = true) => build(opcode, payload, { masked, last })

function follow(masked: boolean, maxPayloadBytes = 1_000_000) {
  let pongs = 0
  const frames = followFrames({
    masked,
    limits: { maxPayloadBytes, maxFragments: 10, maxControl: 20 },
    pingTag,
    onPong: () => (pongs += 1),
  })
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

type Sent = { opcode: number; payload: Uint8Array; last?: boolean }
const control: fc.Arbitrary<Sent> = fc.oneof(
  fc.record({ opcode: fc.constantFrom(9, 10), payload: fc.uint8Array({ maxLength: 125 }) }),
  fc.constant({ opcode: 10, payload: new Uint8Array(pingTag) }),
)
/** A message in one frame or several, with control frames in between. */
const pieces = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 4 }).chain((payloads) =>
  fc.array(fc.option(control, { nil: undefined }), { minLength: payloads.length, maxLength: payloads.length }).map((between) =>
    payloads.flatMap((payload, index): Sent[] => {
      const piece = { opcode: index === 0 ? 2 : 0, payload, last: index === payloads.length - 1 }
      const interruption = between[index]
      return interruption ? [piece, interruption] : [piece]
    }),
  ),
)
const sent = fc
  .array(
    fc.oneof(
      pieces,
      control.map((one) => [one]),
      fc.constant<Sent[]>([{ opcode: 1, payload: new Uint8Array(70_000) }]),
    ),
    { maxLength: 4 },
  )
  .map((messages) => messages.flat())

test('passes every byte on, in any chunks, but the pongs to our own pings [W-19]', () => {
  fc.assert(
    fc.property(
      fc.boolean(),
      sent,
      fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 6 }),
      (masked, messages, sizes) => {
        const { frames, pongs } = follow(masked)
        const encoded = messages.map(({ opcode, payload, last }) => ({
          ours: opcode === 10 && pingTag.equals(payload),
          bytes: frame(opcode, Buffer.from(payload), masked, last),
        }))
        const passed = cut(Buffer.concat(encoded.map(({ bytes }) => bytes)), sizes).flatMap((chunk) => frames.push(chunk))
        const digest = (parts: Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest('hex')
        expect(digest(passed)).toBe(digest(encoded.filter(({ ours }) => !ours).map(({ bytes }) => bytes)))
        expect(pongs()).toBe(encoded.filter(({ ours }) => ours).length)
        expect(frames.atBoundary()).toBe(true)
      },
    ),
    { numRuns: Math.ceil(propertyRuns / 10) },
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
  for (const reserved of [3, 7, 11, 15]) expect(() => follow(true).frames.push(frame(reserved, Buffer.alloc(1), true))).toThrow(FrameError)
  expect(() => follow(true).frames.push(frame(0, Buffer.alloc(1), true))).toThrow('out of turn')
  const begun = follow(true).frames
  begun.push(frame(1, Buffer.alloc(1), true, false))
  expect(() => begun.push(frame(1, Buffer.alloc(1), true))).toThrow('out of turn')
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (noise, masked) => {
      try {
        follow(masked).frames.push(Buffer.from(noise))
      } catch (error) {
        if (!(error instanceof FrameError)) throw error
      }
    }),
    { numRuns: propertyRuns },
  )
})

test('lets no message grow by its pieces, and no flood of pings through [W-12]', () => {
  const large = follow(true, 1000).frames
  large.push(frame(2, Buffer.alloc(600), true, false))
  expect(() => large.push(frame(0, Buffer.alloc(600), true, false))).toThrow(expect.objectContaining({ closeCode: 1009 }))
  const crumbs = follow(true).frames
  crumbs.push(frame(2, Buffer.alloc(1), true, false))
  expect(() => {
    for (let count = 0; count < 10; count += 1) crumbs.push(frame(0, Buffer.alloc(1), true, false))
  }).toThrow(expect.objectContaining({ closeCode: 1008 }))
  const pings = follow(true).frames
  const flood = () => {
    for (let count = 0; count < 20; count += 1) pings.push(frame(9, Buffer.alloc(1), true))
  }
  flood()
  pings.allowMoreControl()
  flood()
  expect(flood).toThrow(expect.objectContaining({ closeCode: 1008 }))
})

test('writes pings and closes that the other side can read', () => {
  const { frames, pongs } = follow(true)
  expect(frames.push(controlFrame('ping', pingTag, { masked: true })).length).toBe(1)
  expect(pongs()).toBe(0)
  frames.push(controlFrame('close', closePayload(4403, 'no'), { masked: true }))
  expect(frames.closed()).toBe(true)
})
