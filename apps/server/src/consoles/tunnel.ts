// Two upgraded sockets joined: bytes as they come, back-pressure both ways, pings of our own between the frames of either leg.
import type { Duplex } from 'node:stream'
import { pipeCoalesced } from '../k8s/coalesce.ts'
import { FrameError, closePayload, controlFrame, followFrames, type FrameFollower, type FrameLimits } from './frames.ts'

export type Tunnel = {
  /** Tells the browser why, and ends both legs. */
  close(code: number, reason: string): void
  /** With the close code that the browser was told, if it was this end that closed. */
  ended: Promise<{ closeCode?: number }>
  /** Bytes so far, down to the browser and up from it. */
  transferred(): { bytesDown: number; bytesUp: number }
}

export type Leg = { socket: Duplex; head: Buffer }

const pingTag = Buffer.from('vdpg')
const pingEveryMs = 10_000
const maxMissedPongs = 3
const lingerMs = 5_000
/** A browser sends pings on nobody's behalf, and messages in one piece or in few. */
const fromBrowser: FrameLimits = { maxPayloadBytes: 1024 * 1024, maxFragments: 1024, maxControl: 100 }
const fromUpstream: FrameLimits = { maxPayloadBytes: 16 * 1024 * 1024, maxFragments: 65_536, maxControl: 10_000 }

/** `onBytes` is called whenever some arrive, from either side. */
export function joinSockets(browser: Leg, upstream: Leg, onBytes: () => void): Tunnel {
  const down = createLeg(upstream, browser, { masked: false, limits: fromUpstream, fail, onBytes })
  const up = createLeg(browser, upstream, { masked: true, limits: fromBrowser, fail, onBytes })
  let over = false
  let told: { closeCode?: number } = {}

  // What comes from upstream goes down to the browser: a ping to the browser is put in there, and its pong comes up.
  const timer = setInterval(() => {
    if (up.missed() >= maxMissedPongs || down.missed() >= maxMissedPongs) return destroy()
    down.ping(() => up.expectPong())
    up.ping(() => down.expectPong())
  }, pingEveryMs)

  function fail(error: unknown) {
    close(error instanceof FrameError ? error.closeCode : 1011, error instanceof FrameError ? error.message : '')
  }

  function close(code: number, reason: string) {
    if (over) return
    over = true
    told = { closeCode: code }
    down.end(code, reason)
    upstream.socket.destroy()
    setTimeout(destroy, lingerMs).unref()
  }

  function destroy() {
    over = true
    clearInterval(timer)
    browser.socket.destroy()
    upstream.socket.destroy()
  }

  // A console that ends without a word (a takeover, a crash, a migration) says so to the browser with 1011.
  upstream.socket.once('end', () => close(1011, 'The console ended.'))
  upstream.socket.once('close', () => close(1011, 'The console ended.'))
  browser.socket.once('end', () => upstream.socket.end())
  upstream.socket.on('error', () => upstream.socket.destroy())
  browser.socket.on('error', () => browser.socket.destroy())
  const ended = new Promise<{ closeCode?: number }>((resolve) => {
    browser.socket.once('close', () => {
      destroy()
      resolve(told)
    })
  })
  return { close, ended, transferred: () => ({ bytesDown: down.bytes(), bytesUp: up.bytes() }) }
}

type LegOptions = { masked: boolean; limits: FrameLimits; fail(error: unknown): void; onBytes(): void }

function createLeg(source: Leg, sink: Leg, { masked, limits, fail, onBytes }: LegOptions) {
  let missed = 0
  // Browsers always answer pings; of what runs in a cluster that has to be seen.
  let answers = masked
  let due: (() => void) | undefined
  let failed = false
  let bytes = 0

  const frames: FrameFollower = followFrames({
    masked,
    limits,
    pingTag,
    onPong() {
      missed = 0
      answers = true
    },
  })
  const ping = (): Buffer[] => {
    if (!due || frames.closed() || !frames.atBoundary()) return []
    due()
    due = undefined
    return [controlFrame('ping', pingTag, { masked })]
  }
  const transform = (chunk: Buffer): Buffer[] => {
    if (failed) return []
    bytes += chunk.length
    onBytes()
    // Whatever arrives shows that the other end lives.
    missed = 0
    try {
      const parts = frames.push(chunk)
      return [...parts, ...ping()]
    } catch (error) {
      failed = true
      fail(error)
      return []
    }
  }
  const push = pipeCoalesced(source.socket, sink.socket, transform)
  if (source.head.length > 0) push(transform(source.head))

  return {
    /** Puts a ping in, now or between the next two frames. */
    ping(sent: () => void) {
      due = sent
      frames.allowMoreControl()
      push(ping())
    },
    /** An end that never answers pings is not held to it. */
    expectPong() {
      if (answers) missed += 1
    },
    missed: () => missed,
    bytes: () => bytes,
    end(code: number, reason: string) {
      if (!frames.closed() && frames.atBoundary()) push([controlFrame('close', closePayload(code, reason), { masked: false })])
      else if (!frames.closed()) sink.socket.destroy()
      setImmediate(() => sink.socket.end())
    },
  }
}
