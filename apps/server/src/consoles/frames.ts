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
  /** So much time has passed that as many pings and pongs are in order again. */
  allowMoreControl(): void
}

export type FrameLimits = {
  /** Of a frame, and of a message that comes in several. */
  maxPayloadBytes: number
  maxFragments: number
  /** Pings, pongs and closes until `allowMoreControl`. */
  maxControl: number
}

type FrameCloseCode = 1002 | 1008 | 1009

export class FrameError extends Error {
  override name = 'FrameError'
  readonly closeCode: FrameCloseCode
  constructor(closeCode: FrameCloseCode, message: string) {
    super(message)
    this.closeCode = closeCode
  }
}

const opcodes = { continuation: 0x0, text: 0x1, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa } as const
const known = new Set<number>(Object.values(opcodes))
const maxHeaderBytes = 14

type Header = { bytes: number; opcode: number; last: boolean; payloadBytes: number; mask?: Buffer }

/** `masked`: whether the sender is a client. `onPong` is called for each pong that carries `pingTag`. */
export function followFrames(options: { masked: boolean; limits: FrameLimits; pingTag: Buffer; onPong(): void }): FrameFollower {
  const { masked, limits, pingTag, onPong } = options
  const { maxPayloadBytes, maxFragments, maxControl } = limits
  /** A header, or a whole control frame, that has not yet arrived completely. */
  let partial: Buffer = Buffer.alloc(0)
  let payloadLeft = 0
  let closed = false
  /** The message whose end has not come yet. */
  let message: { bytes: number; fragments: number } | undefined
  let control = 0

  const parse = (bytes: Buffer): Header | undefined => {
    const [first, second] = bytes
    if (first === undefined || second === undefined) return undefined
    const short = second & 0x7f
    const lengthBytes = short === 127 ? 8 : short === 126 ? 2 : 0
    const size = 2 + lengthBytes + (masked ? 4 : 0)
    const opcode = first & 0x0f
    if ((second & 0x80) !== (masked ? 0x80 : 0)) throw new FrameError(1002, 'a frame is masked that should not be, or the reverse')
    if ((first & 0x70) !== 0) throw new FrameError(1002, 'a frame uses an extension that was not agreed')
    if (!known.has(opcode)) throw new FrameError(1002, 'a frame is of no known kind')
    if (opcode >= 8 && (short > 125 || (first & 0x80) === 0)) throw new FrameError(1002, 'a control frame is too long or in pieces')
    if (bytes.length < size) return undefined
    const payloadBytes = lengthBytes === 8 ? Number(bytes.readBigUInt64BE(2)) : lengthBytes === 2 ? bytes.readUInt16BE(2) : short
    if (payloadBytes > maxPayloadBytes) throw new FrameError(1009, 'a frame is too large')
    return { bytes: size, opcode, last: (first & 0x80) !== 0, payloadBytes, ...(masked ? { mask: bytes.subarray(size - 4, size) } : {}) }
  }

  /** Of a data frame: that it has its place in a message, which does not grow for ever. */
  const follow = ({ opcode, last, payloadBytes }: Header) => {
    if ((opcode === opcodes.continuation) !== (message !== undefined)) throw new FrameError(1002, 'a message begins or goes on out of turn')
    const bytes = (message?.bytes ?? 0) + payloadBytes
    const fragments = (message?.fragments ?? 0) + 1
    if (bytes > maxPayloadBytes) throw new FrameError(1009, 'a message is too large')
    if (fragments > maxFragments) throw new FrameError(1008, 'a message comes in too many pieces')
    message = last ? undefined : { bytes, fragments }
  }

  /** Of a whole control frame: whether it is passed on. */
  const passes = (frame: Buffer, { bytes, opcode, payloadBytes, mask }: Header): boolean => {
    if (opcode === opcodes.close) closed = true
    control += 1
    if (control > maxControl) throw new FrameError(1008, 'there are too many pings')
    if (opcode !== opcodes.pong || payloadBytes !== pingTag.length) return true
    const payload = Buffer.from(frame.subarray(bytes, bytes + payloadBytes))
    if (mask) for (let index = 0; index < payload.length; index += 1) payload[index] = (payload[index] ?? 0) ^ (mask[index % 4] ?? 0)
    if (!payload.equals(pingTag)) return true
    onPong()
    return false
  }

  return {
    atBoundary: () => payloadLeft === 0 && partial.length === 0,
    closed: () => closed,
    allowMoreControl() {
      control = 0
    },
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
        const waiting = partial.length
        const frame = waiting > 0 ? Buffer.concat([partial, chunk.subarray(at, at + maxHeaderBytes + 125)]) : chunk.subarray(at)
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
        if (isData) follow(header)
        const whole = frame.subarray(0, needed)
        const passed = isData || passes(whole, header)
        if (waiting > 0) {
          partial = Buffer.alloc(0)
          if (passed) out.push(Buffer.from(whole))
          at += needed - waiting
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
  const head = Buffer.from([0x80 | opcodes[opcode], (masked ? 0x80 : 0) | payload.length])
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
