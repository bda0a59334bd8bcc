// A PNG of a screen: 8-bit RGB, no filter. https://www.w3.org/TR/png-3/
import { crc32, deflateSync } from 'node:zlib'
import type { Screen } from './screen.ts'

function chunk(type: string, data: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(data.length, 0)
  head.write(type, 4, 'latin1')
  const tail = Buffer.alloc(4)
  tail.writeUInt32BE(crc32(Buffer.concat([head.subarray(4), data])), 0)
  return Buffer.concat([head, data, tail])
}

export function encodePng(screen: Screen): Buffer {
  const { width, height } = screen
  const pixels = screen.read({ x: 0, y: 0, width, height })
  const raw = Buffer.alloc(height * (1 + width * 3))
  let at = 0
  for (let index = 0; index < pixels.length; index += 1) {
    // Each line begins with its filter type, 0.
    if (index % width === 0) at += 1
    at = raw.writeUIntBE(pixels[index] ?? 0, at, 3)
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2, 0, 0, 0], 8)
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(raw)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}
