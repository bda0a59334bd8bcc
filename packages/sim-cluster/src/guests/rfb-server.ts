// One VNC session on a screen: RFB 3.8 as QEMU speaks it, without authentication, since KubeVirt has done that.
// https://datatracker.ietf.org/doc/html/rfc6143
import { deflateSync } from 'node:zlib'
import type { Clock, Timer } from '../clock.ts'
import { createRfbReader, encodePixels, RfbError, serverInit, serverPixelFormat, type ClientMessage } from './rfb-messages.ts'
import { intersection, type Rect, type Screen } from './screen.ts'

/** Damage is kept per square of this many pixels. */
const tileSize = 16
const frameIntervalMs = 50
/** Above this nothing more is sent: the client falls behind, and gets the newest picture later. */
const backlogLimitBytes = 256 * 1024
const noSecurity = 1
const encodingRaw = 0
const encodingTight = 7
// Bits of Tight's control byte, and its second byte.
const resetStream = 1
const explicitFilter = 0x40
const paletteFilter = 1

export type RfbServer = {
  receive(chunk: Buffer): void
  stop(): void
}

export function createRfbServer(options: {
  screen: Screen
  name: string
  clock: Clock
  send(bytes: Buffer): void
  /** Bytes accepted by `send` that have not left yet. */
  backlogBytes(): number
  onKey(keysym: number, down: boolean): void
  onPointer(x: number, y: number, buttons: number): void
  /** The client speaks no RFB, or asked for something else than no security. */
  onProtocolError(): void
}): RfbServer {
  const { screen, clock, send } = options
  const read = createRfbReader()
  const damage = createDamage(screen.width, screen.height)
  let format = serverPixelFormat
  let tight = false
  let request: Rect | undefined
  let lastFrameMs = Number.NEGATIVE_INFINITY
  let timer: Timer | undefined
  let version = '003.008'

  const endDamage = screen.onDamage((rect) => {
    damage.add(rect)
    schedule()
  })

  function schedule() {
    if (!request || timer || damage.empty()) return
    timer = clock.after(Math.max(0, lastFrameMs + frameIntervalMs - clock.now()), () => {
      timer = undefined
      sendFrame()
    })
  }
  function sendFrame() {
    if (!request) return
    lastFrameMs = clock.now()
    if (options.backlogBytes() > backlogLimitBytes) {
      schedule()
      return
    }
    const rects = damage.take(request)
    if (rects.length === 0) return
    request = undefined
    const head = Buffer.alloc(4)
    head.writeUInt16BE(rects.length, 2)
    send(Buffer.concat([head, ...rects.flatMap(encodeRect)]))
  }
  function encodeRect(rect: Rect): Buffer[] {
    const head = Buffer.alloc(12)
    head.writeUInt16BE(rect.x, 0)
    head.writeUInt16BE(rect.y, 2)
    head.writeUInt16BE(rect.width, 4)
    head.writeUInt16BE(rect.height, 6)
    const pixels = screen.read(rect)
    // Tight's three-byte pixels exist for this one format; everything else goes raw.
    const body = tight && format.bitsPerPixel === 32 && format.depth === 24 ? encodeTight(pixels, rect) : undefined
    head.writeInt32BE(body ? encodingTight : encodingRaw, 8)
    return [head, body ?? encodePixels(pixels, format)]
  }
  function handle(message: ClientMessage) {
    switch (message.type) {
      case 'version':
        version = message.version
        if (version < '003.007') throw new RfbError('protocol is too old')
        send(Buffer.from([1, noSecurity]))
        return
      case 'security':
        if (message.security !== noSecurity) throw new RfbError('security type was not offered')
        // SecurityResult OK, which 3.7 does not have for "none".
        if (version >= '003.008') send(Buffer.alloc(4))
        return
      case 'init':
        send(serverInit(screen.width, screen.height, options.name))
        return
      case 'pixel-format':
        format = message.format
        return
      case 'encodings':
        tight = message.encodings.includes(encodingTight)
        return
      case 'update-request': {
        const asked = intersection(message, { x: 0, y: 0, width: screen.width, height: screen.height })
        if (!asked) return
        if (!message.incremental) damage.add(asked)
        request = request ? union(request, asked) : asked
        schedule()
        return
      }
      case 'key':
        options.onKey(message.keysym, message.down)
        return
      case 'pointer':
        options.onPointer(message.x, message.y, message.buttons)
        return
      case 'cut-text':
    }
  }

  send(Buffer.from('RFB 003.008\n', 'latin1'))
  return {
    receive(chunk) {
      try {
        for (const message of read(chunk)) handle(message)
      } catch (error) {
        if (!(error instanceof RfbError)) throw error
        options.onProtocolError()
      }
    },
    stop() {
      endDamage()
      timer?.cancel()
    },
  }
}

const union = (a: Rect, b: Rect): Rect => {
  const x = Math.min(a.x, b.x)
  const y = Math.min(a.y, b.y)
  return {
    x,
    y,
    width: Math.max(a.x + a.width, b.x + b.width) - x,
    height: Math.max(a.y + a.height, b.y + b.height) - y,
  }
}

/** Which squares of the screen the client has not seen. */
export function createDamage(width: number, height: number) {
  const columns = Math.ceil(width / tileSize)
  const rows = Math.ceil(height / tileSize)
  const dirty = new Uint8Array(columns * rows)
  let count = 0
  const tilesOf = (rect: Rect) => ({
    left: Math.max(0, Math.floor(rect.x / tileSize)),
    top: Math.max(0, Math.floor(rect.y / tileSize)),
    right: Math.min(columns, Math.ceil((rect.x + rect.width) / tileSize)),
    bottom: Math.min(rows, Math.ceil((rect.y + rect.height) / tileSize)),
  })
  return {
    empty: () => count === 0,
    add(rect: Rect) {
      const { left, top, right, bottom } = tilesOf(rect)
      for (let row = top; row < bottom; row += 1) {
        for (let column = left; column < right; column += 1) {
          if (dirty[row * columns + column]) continue
          dirty[row * columns + column] = 1
          count += 1
        }
      }
    },
    /** The damage within `area` as few rectangles, which count as seen from now on. */
    take(area: Rect): Rect[] {
      const { left, top, right, bottom } = tilesOf(area)
      const taken: Rect[] = []
      for (let row = top; row < bottom; row += 1) {
        for (let column = left; column < right;) {
          if (!dirty[row * columns + column]) {
            column += 1
            continue
          }
          const start = column
          while (column < right && dirty[row * columns + column]) {
            dirty[row * columns + column] = 0
            count -= 1
            column += 1
          }
          const x = start * tileSize
          const runWidth = Math.min(width, column * tileSize) - x
          const y = row * tileSize
          const runHeight = Math.min(height, y + tileSize) - y
          const above = taken.findLast((rect) => rect.x === x && rect.width === runWidth && rect.y + rect.height === y)
          if (above) above.height += runHeight
          else taken.push({ x, y, width: runWidth, height: runHeight })
        }
      }
      return taken
    },
  }
}

/**
 * Tight's basic compression: a palette where 256 colours suffice, plain pixels otherwise; each rectangle on a fresh zlib
 * stream. https://github.com/rfbproto/rfbproto/blob/master/rfbproto.rst#tight-encoding
 */
export function encodeTight(pixels: Uint32Array, { width, height }: Rect): Buffer {
  const palette = new Map<number, number>()
  for (const pixel of pixels) {
    if (palette.has(pixel)) continue
    if (palette.size === 256) return Buffer.concat([Buffer.from([resetStream]), compress(threeBytes(pixels))])
    palette.set(pixel, palette.size)
  }
  const colours = threeBytes(palette.keys())
  if (palette.size === 1) return Buffer.concat([Buffer.from([0x80]), colours])
  let indices: Buffer
  if (palette.size === 2) {
    const stride = Math.ceil(width / 8)
    indices = Buffer.alloc(stride * height)
    for (let index = 0; index < pixels.length; index += 1) {
      if (palette.get(pixels[index] ?? 0) !== 1) continue
      const x = index % width
      const at = Math.floor(index / width) * stride + (x >> 3)
      indices[at] = (indices[at] ?? 0) | (0x80 >> (x & 7))
    }
  } else {
    indices = Buffer.from(pixels.map((pixel) => palette.get(pixel) ?? 0))
  }
  return Buffer.concat([Buffer.from([explicitFilter | resetStream, paletteFilter, palette.size - 1]), colours, compress(indices)])
}

const threeBytes = (colours: Iterable<number>) => {
  const bytes: number[] = []
  for (const rgb of colours) bytes.push(rgb >> 16, (rgb >> 8) & 255, rgb & 255)
  return Buffer.from(bytes)
}

/** Tight leaves short data as it is. */
function compress(data: Buffer): Buffer {
  if (data.length < 12) return data
  const packed = deflateSync(data)
  return Buffer.concat([compactLength(packed.length), packed])
}

function compactLength(length: number): Buffer {
  if (length < 128) return Buffer.from([length])
  if (length < 16_384) return Buffer.from([(length & 127) | 128, length >> 7])
  return Buffer.from([(length & 127) | 128, ((length >> 7) & 127) | 128, length >> 14])
}
