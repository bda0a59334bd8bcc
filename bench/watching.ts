// Many people who look at screens, in a process of their own: nothing that is measured beside them keeps them waiting.
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { readFrame } from './frames.ts'
import { histogram } from './histogram.ts'
import { consoleProtocol } from './names.ts'
import { openSocket, type BenchSession } from './sign-in.ts'

/** A screen through the server with a session, or straight at the API server with a token. */
export type WatchedScreen = { session: BenchSession; path: string } | { url: string; ca: string; token: string }
export type ToWatching = { type: 'open'; screens: WatchedScreen[] } | { type: 'start' } | { type: 'stop' }
export type Frames = { count: number; p50Ms: number; p99Ms: number }
export type FromWatching = { type: 'opened' } | { type: 'stopped'; server: Frames; direct: Frames; seconds: number }

const server = histogram()
const direct = histogram()
let startedAt = 0
const post = (message: FromWatching) => void process.send?.(message)

process.on('message', (message: ToWatching) => {
  if (message.type === 'open') void open(message.screens)
  else if (message.type === 'start') {
    server.clear()
    direct.clear()
    startedAt = performance.now()
  } else {
    const frames = (of: typeof server): Frames => ({ count: of.count(), p50Ms: of.at(0.5), p99Ms: of.at(0.99) })
    post({ type: 'stopped', server: frames(server), direct: frames(direct), seconds: (performance.now() - startedAt) / 1000 })
  }
})
process.once('disconnect', () => process.exit(0))

async function open(screens: WatchedScreen[]) {
  for (const screen of screens) {
    const own = 'session' in screen
    const ws = own
      ? await openSocket(screen.session, screen.path, consoleProtocol)
      : new WebSocket(screen.url, [consoleProtocol], {
          ca: screen.ca,
          headers: { authorization: `Bearer ${screen.token}` },
          perMessageDeflate: false,
        })
    look(ws, own ? server : direct)
    await once(ws, 'open')
  }
  post({ type: 'opened' })
}

/** Notes how long each frame was under way; every one comes, in order. */
function look(ws: WebSocket, latency: ReturnType<typeof histogram>) {
  let expected = 0
  ws.on('message', (frame: Buffer) => {
    const { number, ms } = readFrame(frame)
    if (number !== expected) throw new Error(`frame ${number} came instead of ${expected}`)
    expected += 1
    latency.add(ms)
  })
  ws.on('error', () => process.exit(1))
  ws.on('close', () => process.exit(1))
}
