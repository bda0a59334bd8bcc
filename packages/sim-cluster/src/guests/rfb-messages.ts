// What a VNC client says, read from a byte stream cut anywhere. https://datatracker.ietf.org/doc/html/rfc6143#section-7.5

export type PixelFormat = {
  bitsPerPixel: 8 | 16 | 32
  depth: number
  bigEndian: boolean
  trueColour: boolean
  redMax: number
  greenMax: number
  blueMax: number
  redShift: number
  greenShift: number
  blueShift: number
}

export type ClientMessage =
  | { type: 'version'; version: string }
  | { type: 'security'; security: number }
  | { type: 'init'; shared: boolean }
  | { type: 'pixel-format'; format: PixelFormat }
  | { type: 'encodings'; encodings: number[] }
  | { type: 'update-request'; incremental: boolean; x: number; y: number; width: number; height: number }
  | { type: 'key'; down: boolean; keysym: number }
  | { type: 'pointer'; buttons: number; x: number; y: number }
  | { type: 'cut-text'; text: string }

/** A stream that is no RFB: the connection is beyond repair. */
export class RfbError extends Error {
  override name = 'RfbError'
}

const cutTextLimitBytes = 1 << 20

/** Yields complete messages; keeps the rest for the next chunk. Throws RfbError. */
export function createRfbReader(): (chunk: Buffer) => ClientMessage[] {
  let phase: 'version' | 'security' | 'init' | 'running' = 'version'
  let buffer: Buffer = Buffer.alloc(0)

  // Each returns the message and its length, or undefined while bytes are missing.
  const readHandshake = (): [ClientMessage, number] | undefined => {
    if (phase === 'version') {
      if (buffer.length < 12) return undefined
      const version = buffer.toString('latin1', 0, 12)
      if (!/^RFB \d{3}\.\d{3}\n$/.test(version)) throw new RfbError('not a protocol version')
      phase = 'security'
      return [{ type: 'version', version: version.slice(4, 11) }, 12]
    }
    if (buffer.length < 1) return undefined
    if (phase === 'security') {
      phase = 'init'
      return [{ type: 'security', security: buffer.readUInt8(0) }, 1]
    }
    phase = 'running'
    return [{ type: 'init', shared: buffer.readUInt8(0) !== 0 }, 1]
  }
  const readMessage = (): [ClientMessage, number] | undefined => {
    const has = (length: number) => buffer.length >= length
    if (!has(1)) return undefined
    switch (buffer.readUInt8(0)) {
      case 0:
        return has(20) ? [{ type: 'pixel-format', format: readPixelFormat(buffer.subarray(4, 20)) }, 20] : undefined
      case 2: {
        if (!has(4)) return undefined
        const count = buffer.readUInt16BE(2)
        if (!has(4 + 4 * count)) return undefined
        const encodings = Array.from({ length: count }, (_, index) => buffer.readInt32BE(4 + 4 * index))
        return [{ type: 'encodings', encodings }, 4 + 4 * count]
      }
      case 3:
        if (!has(10)) return undefined
        return [
          {
            type: 'update-request',
            incremental: buffer.readUInt8(1) !== 0,
            x: buffer.readUInt16BE(2),
            y: buffer.readUInt16BE(4),
            width: buffer.readUInt16BE(6),
            height: buffer.readUInt16BE(8),
          },
          10,
        ]
      case 4:
        return has(8) ? [{ type: 'key', down: buffer.readUInt8(1) !== 0, keysym: buffer.readUInt32BE(4) }, 8] : undefined
      case 5:
        if (!has(6)) return undefined
        return [{ type: 'pointer', buttons: buffer.readUInt8(1), x: buffer.readUInt16BE(2), y: buffer.readUInt16BE(4) }, 6]
      case 6: {
        if (!has(8)) return undefined
        const length = buffer.readUInt32BE(4)
        if (length > cutTextLimitBytes) throw new RfbError('cut text is too long')
        return has(8 + length) ? [{ type: 'cut-text', text: buffer.toString('latin1', 8, 8 + length) }, 8 + length] : undefined
      }
      default:
        throw new RfbError(`unknown client message ${buffer.readUInt8(0)}`)
    }
  }

  return (chunk) => {
    buffer = buffer.length > 0 ? Buffer.concat([buffer, chunk]) : chunk
    const messages: ClientMessage[] = []
    for (;;) {
      const found = phase === 'running' ? readMessage() : readHandshake()
      if (!found) return messages
      messages.push(found[0])
      buffer = buffer.subarray(found[1])
    }
  }
}

function readPixelFormat(bytes: Buffer): PixelFormat {
  const bitsPerPixel = bytes.readUInt8(0)
  if (bitsPerPixel !== 8 && bitsPerPixel !== 16 && bitsPerPixel !== 32) {
    throw new RfbError(`unsupported pixel size ${bitsPerPixel}`)
  }
  return {
    bitsPerPixel,
    depth: bytes.readUInt8(1),
    bigEndian: bytes.readUInt8(2) !== 0,
    trueColour: bytes.readUInt8(3) !== 0,
    redMax: bytes.readUInt16BE(4),
    greenMax: bytes.readUInt16BE(6),
    blueMax: bytes.readUInt16BE(8),
    redShift: bytes.readUInt8(10),
    greenShift: bytes.readUInt8(11),
    blueShift: bytes.readUInt8(12),
  }
}

/** The format of ServerInit: 32 bits, little endian, 0x00RRGGBB. */
export const serverPixelFormat: PixelFormat = {
  bitsPerPixel: 32,
  depth: 24,
  bigEndian: false,
  trueColour: true,
  redMax: 255,
  greenMax: 255,
  blueMax: 255,
  redShift: 16,
  greenShift: 8,
  blueShift: 0,
}

export function serverInit(width: number, height: number, name: string): Buffer {
  const title = Buffer.from(name, 'utf8')
  const head = Buffer.alloc(24)
  const format = serverPixelFormat
  head.writeUInt16BE(width, 0)
  head.writeUInt16BE(height, 2)
  head.set([format.bitsPerPixel, format.depth, Number(format.bigEndian), Number(format.trueColour)], 4)
  head.writeUInt16BE(format.redMax, 8)
  head.writeUInt16BE(format.greenMax, 10)
  head.writeUInt16BE(format.blueMax, 12)
  head.set([format.redShift, format.greenShift, format.blueShift], 14)
  head.writeUInt32BE(title.length, 20)
  return Buffer.concat([head, title])
}

/** Pixels 0xRRGGBB in a client's format; an indexed format (no true colour) is answered as 3-3-2. */
export function encodePixels(pixels: Uint32Array, asked: PixelFormat): Buffer {
  const format: PixelFormat = asked.trueColour
    ? asked
    : { ...asked, redMax: 7, greenMax: 7, blueMax: 3, redShift: 5, greenShift: 2, blueShift: 0 }
  const size = format.bitsPerPixel / 8
  const encoded = Buffer.alloc(pixels.length * size)
  const scale = (value: number, max: number) => Math.round((value * max) / 255)
  for (let index = 0; index < pixels.length; index += 1) {
    const rgb = pixels[index] ?? 0
    const value =
      ((scale(rgb >> 16, format.redMax) << format.redShift) |
        (scale((rgb >> 8) & 255, format.greenMax) << format.greenShift) |
        (scale(rgb & 255, format.blueMax) << format.blueShift)) >>>
      0
    for (let byte = 0; byte < size; byte += 1) {
      const place = format.bigEndian ? size - 1 - byte : byte
      encoded[index * size + place] = (value >>> (8 * byte)) & 255
    }
  }
  return encoded
}
