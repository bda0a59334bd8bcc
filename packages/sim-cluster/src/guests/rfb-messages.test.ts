import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRfbReader, encodePixels, RfbError, serverPixelFormat, type ClientMessage } from './rfb-messages.ts'

const u16 = fc.integer({ min: 0, max: 0xffff })
const message: fc.Arbitrary<{ bytes: Buffer; message: ClientMessage }> = fc.oneof(
  fc.record({ down: fc.boolean(), keysym: fc.integer({ min: 0, max: 0xffffffff }) }).map((key) => {
    const bytes = Buffer.alloc(8)
    bytes.set([4, Number(key.down)])
    bytes.writeUInt32BE(key.keysym, 4)
    return { bytes, message: { type: 'key' as const, ...key } }
  }),
  fc.record({ buttons: fc.integer({ min: 0, max: 255 }), x: u16, y: u16 }).map((pointer) => {
    const bytes = Buffer.alloc(6)
    bytes.set([5, pointer.buttons])
    bytes.writeUInt16BE(pointer.x, 2)
    bytes.writeUInt16BE(pointer.y, 4)
    return { bytes, message: { type: 'pointer' as const, ...pointer } }
  }),
  fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { maxLength: 20 }).map((encodings) => {
    const bytes = Buffer.alloc(4 + 4 * encodings.length)
    bytes[0] = 2
    bytes.writeUInt16BE(encodings.length, 2)
    for (const [index, encoding] of encodings.entries()) bytes.writeInt32BE(encoding, 4 + 4 * index)
    return { bytes, message: { type: 'encodings' as const, encodings } }
  }),
  fc.record({ incremental: fc.boolean(), x: u16, y: u16, width: u16, height: u16 }).map((request) => {
    const bytes = Buffer.alloc(10)
    bytes.set([3, Number(request.incremental)])
    for (const [index, value] of [request.x, request.y, request.width, request.height].entries()) {
      bytes.writeUInt16BE(value, 2 + 2 * index)
    }
    return { bytes, message: { type: 'update-request' as const, ...request } }
  }),
  fc.string({ maxLength: 50, unit: 'binary-ascii' }).map((text) => {
    const bytes = Buffer.alloc(8 + text.length)
    bytes[0] = 6
    bytes.writeUInt32BE(text.length, 4)
    bytes.write(text, 8, 'latin1')
    return { bytes, message: { type: 'cut-text' as const, text } }
  }),
  fc.boolean().map((bigEndian) => {
    const format = { ...serverPixelFormat, bigEndian }
    const bytes = Buffer.from([0, 0, 0, 0, 32, 24, Number(bigEndian), 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0])
    return { bytes, message: { type: 'pixel-format' as const, format } }
  }),
)
const handshake = Buffer.from('RFB 003.008\n\x01\x01', 'latin1')

test('reads the same client messages however the byte stream is cut', () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 40 }), (sent, cuts) => {
      const stream = Buffer.concat([handshake, ...sent.map(({ bytes }) => bytes)])
      const edges = [0, ...cuts.map((cut) => cut % (stream.length + 1)).sort((a, b) => a - b), stream.length]
      const read = createRfbReader()
      const seen = edges.slice(1).flatMap((end, index) => read(stream.subarray(edges[index], end)))
      expect(seen).toEqual([
        { type: 'version', version: '003.008' },
        { type: 'security', security: 1 },
        { type: 'init', shared: true },
        ...sent.map((each) => each.message),
      ])
    }),
  )
})

test('gives up on bytes that are no RFB, and on cut text that would never end', () => {
  expect(() => createRfbReader()(Buffer.from('GET / HTTP/1.1\r\n'))).toThrow(RfbError)
  const read = createRfbReader()
  read(handshake)
  expect(() => read(Buffer.from([77]))).toThrow(RfbError)
  const greedy = createRfbReader()
  greedy(handshake)
  expect(() => greedy(Buffer.from([6, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]))).toThrow(RfbError)
})

test('writes pixels in the format that the client asked for', () => {
  const pixels = Uint32Array.of(0xff8000)
  const format = serverPixelFormat
  expect([...encodePixels(pixels, format)]).toEqual([0x00, 0x80, 0xff, 0])
  expect([...encodePixels(pixels, { ...format, bigEndian: true })]).toEqual([0, 0xff, 0x80, 0x00])
  expect([...encodePixels(pixels, { ...format, redShift: 0, blueShift: 16 })]).toEqual([0xff, 0x80, 0x00, 0])
  const rgb565 = { ...format, bitsPerPixel: 16 as const, redMax: 31, greenMax: 63, blueMax: 31, redShift: 11, greenShift: 5 }
  expect(encodePixels(pixels, rgb565).readUInt16LE(0)).toBe((31 << 11) | (32 << 5))
  const rgb332 = { ...format, bitsPerPixel: 8 as const, redMax: 7, greenMax: 7, blueMax: 3, redShift: 5, greenShift: 2 }
  expect([...encodePixels(pixels, rgb332)]).toEqual([(7 << 5) | (4 << 2)])
})
