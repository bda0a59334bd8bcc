// Many people who type, in a process of their own: nothing that is measured beside them keeps them waiting.
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { histogram } from './histogram.ts'
import { consoleProtocol } from './names.ts'
import { openSocket, type BenchSession } from './sign-in.ts'

/** A console through the server with a session, or straight at the API server with a token. */
export type TypedConsole = { session: BenchSession; path: string } | { url: string; ca: string; token: string }
export type ToTyping = { type: 'open'; consoles: TypedConsole[]; framesPerSecond: number } | { type: 'start' } | { type: 'stop' }
export type Echoes = { count: number; p50Ms: number; p99Ms: number }
export type FromTyping = { type: 'opened' } | { type: 'stopped'; server: Echoes; direct: Echoes; seconds: number }

const server = histogram()
const direct = histogram()
const keys = [Buffer.from('a'), Buffer.from('\u007f')]
let startedAt = 0
const post = (message: FromTyping) => void process.send?.(message)

process.on('message', (message: ToTyping) => {
  if (message.type === 'open') void open(message)
  else if (message.type === 'start') {
    server.clear()
    direct.clear()
    startedAt = performance.now()
  } else {
    const echoes = (of: typeof server): Echoes => ({ count: of.count(), p50Ms: of.at(0.5), p99Ms: of.at(0.99) })
    post({ type: 'stopped', server: echoes(server), direct: echoes(direct), seconds: (performance.now() - startedAt) / 1000 })
  }
})
process.once('disconnect', () => process.exit(0))

async function open({ consoles, framesPerSecond }: ToTyping & { type: 'open' }) {
  for (const [index, target] of consoles.entries()) {
    const own = 'session' in target
    const ws = own
      ? await openSocket(target.session, target.path, consoleProtocol)
      : new WebSocket(target.url, [consoleProtocol], {
          ca: target.ca,
          headers: { authorization: `Bearer ${target.token}` },
          perMessageDeflate: false,
        })
    await once(ws, 'open')
    // Spread over the time between two frames, as people are.
    setTimeout(() => type(ws, own ? server : direct, framesPerSecond), (index * 7) % (1000 / framesPerSecond))
  }
  post({ type: 'opened' })
}

/** Sends a key at a steady pace and notes how long each echo takes. */
function type(ws: WebSocket, latency: ReturnType<typeof histogram>, framesPerSecond: number) {
  let typed = 0
  let sentAt: number | undefined
  ws.on('message', () => {
    if (sentAt !== undefined) latency.add(performance.now() - sentAt)
    sentAt = undefined
  })
  ws.on('error', () => process.exit(1))
  setInterval(() => {
    // One key at a time: a late echo is one late echo, and not the lateness of all behind it.
    if (sentAt !== undefined) return
    sentAt = performance.now()
    ws.send(keys[typed % 2] ?? '')
    typed += 1
  }, 1000 / framesPerSecond)
}
