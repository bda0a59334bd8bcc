// Follows the headers of WebSocket frames in a stream that is passed on untouched, so that frames of our own fit between.
// RFC 6455 section 5.2
import { randomBytes } from 'node:crypto'

export type FrameFollower = {
  /** The bytes to pass on: all but the pongs that answer our pings. Throws FrameError. */
  push(chunk: Buffer): Buffer[]
  /** True between two frames: where another one may be put in. */
  atBoundary(): boolean
  /** A close frame went by. */
  closed(): boolean
}

export class FrameError extends Error {
  override name = 'FrameError'
  readonly closeCode: 1002 | 1009
  constructor(closeCode: 1002 | 1009, message: string) {
    super(message)
    this.closeCode = closeCode
  }
}

const pong = 0xa
const close = 0x8
const maxHeaderBytes = 14

type Header = { bytes: number; opcode: number; payloadBytes: number; mask?: Buffer }

/** `masked`: whether the sender is a client. `onPong` is called for each pong that carries `pingTag`. */
export function followFrames(options: { masked: boolean; maxPayloadBytes: number; pingTag: Buffer; onPong(): void }): FrameFollower {
  const { masked, maxPayloadBytes, pingTag, onPong } = options
  /** A header, or a whole control frame, that has not yet arrived completely. */
  let partial: Buffer = Buffer.alloc(0)
  let payloadLeft = 0
  let closed = false

  const parse = (bytes: Buffer): Header | undefined => {
    const [first, second] = bytes
    if (first === undefined || second === undefined) return undefined
    const short = second & 0x7f
    const lengthBytes = short === 127 ? 8 : short === 126 ? 2 : 0
    const size = 2 + lengthBytes + (masked ? 4 : 0)
    const opcode = first & 0x0f
    if ((second & 0x80) !== (masked ? 0x80 : 0)) throw new FrameError(1002, 'a frame is masked that should not be, or the reverse')
    if ((first & 0x70) !== 0) throw new FrameError(1002, 'a frame uses an extension that was not agreed')
    if (opcode >= 8 && (short > 125 || (first & 0x80) === 0)) throw new FrameError(1002, 'a control frame is too long or in pieces')
    if (bytes.length < size) return undefined
    const payloadBytes = lengthBytes === 8 ? Number(bytes.readBigUInt64BE(2)) : lengthBytes === 2 ? bytes.readUInt16BE(2) : short
    if (payloadBytes > maxPayloadBytes) throw new FrameError(1009, 'a frame is too large')
    return { bytes: size, opcode, payloadBytes, ...(masked ? { mask: bytes.subarray(size - 4, size) } : {}) }
  }

  /** Of a whole control frame: whether it is passed on. */
  const passes = (frame: Buffer, { bytes, opcode, payloadBytes, mask }: Header): boolean => {
    if (opcode === close) closed = true
    if (opcode !== pong || payloadBytes !== pingTag.length) return true
    const payload = Buffer.from(frame.subarray(bytes, bytes + payloadBytes))
    if (mask) for (let index = 0; index < payload.length; index += 1) payload[index] = (payload[index] ?? 0) ^ (mask[index % 4] ?? 0)
    if (!payload.equals(pingTag)) return true
    onPong()
    return false
  }

  return {
    atBoundary: () => payloadLeft === 0 && partial.length === 0,
    closed: () => closed,
    push(chunk) {
      const out: Buffer[] = []
      let at = 0
      // Everything from here to `at` is passed on as one piece.
      let from = 0
      const pass = () => {
        if (at > from) out.push(chunk.subarray(from, at))
      }
      while (at < chunk.length) {
        if (payloadLeft > 0) {
          const taken = Math.min(payloadLeft, chunk.length - at)
          payloadLeft -= taken
          at += taken
          continue
        }
        const known = partial.length
        const frame = known > 0 ? Buffer.concat([partial, chunk.subarray(at, at + maxHeaderBytes + 125)]) : chunk.subarray(at)
        const header = parse(frame)
        const needed = header && header.bytes + (header.opcode >= 8 ? header.payloadBytes : 0)
        if (!header || needed === undefined || frame.length < needed) {
          pass()
          partial = Buffer.from(frame)
          at = chunk.length
          from = at
          break
        }
        const isData = header.opcode < 8
        const whole = frame.subarray(0, needed)
        const passed = isData || passes(whole, header)
        if (known > 0) {
          partial = Buffer.alloc(0)
          if (passed) out.push(Buffer.from(whole))
          at += needed - known
          from = at
        } else if (passed) {
          at += needed
        } else {
          pass()
          at += needed
          from = at
        }
        if (isData) payloadLeft = header.payloadBytes
      }
      pass()
      return out
    },
  }
}

/** A control frame: a ping, or a close with its code and reason. Clients mask theirs. */
export function controlFrame(opcode: 'ping' | 'close', payload: Buffer, { masked }: { masked: boolean }): Buffer {
  const head = Buffer.from([0x80 | (opcode === 'ping' ? 0x9 : close), (masked ? 0x80 : 0) | payload.length])
  if (!masked) return Buffer.concat([head, payload])
  const mask = randomBytes(4)
  return Buffer.concat([head, mask, payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0))])
}

export function closePayload(code: number, reason: string): Buffer {
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason))
  payload.writeUInt16BE(code)
  payload.write(reason, 2)
  return payload
}
