// An API server in front of the simulated one, in a process of its own, so that consoles do not wait for the lists that the
// cluster makes: it sends frames to every screen at a steady pace, and passes everything else on.
import { once } from 'node:events'
import { Agent, createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { createAuthority, createServingCertificate } from '../packages/sim-cluster/src/serving/certificates.ts'
import { consoleProtocol } from './names.ts'
import { framesPerSecond, stampedFrame } from './frames.ts'

export type ToFront = { url: string; ca: string }
export type FromFront = { url: string; ca: string }

const [behind] = (await once(process, 'message')) as [ToFront]
const agent = new Agent({ keepAlive: true, ca: behind.ca })
const authority = await createAuthority()
const { certificate: cert, key } = await createServingCertificate(authority, ['127.0.0.1'])
const consoles = new WebSocketServer({ noServer: true, perMessageDeflate: false, handleProtocols: () => consoleProtocol })

const server = createServer({ cert, key }, (req, res) => {
  const onward = request(new URL(req.url ?? '/', behind.url), { method: req.method ?? 'GET', headers: req.headers, agent }, (answer) => {
    res.writeHead(answer.statusCode ?? 502, answer.headers)
    pipeline(answer, res, () => {})
  })
  pipeline(req, onward, () => {})
  onward.on('error', () => res.destroy())
  res.once('close', () => onward.destroy())
})
server.on('upgrade', (req, socket, head) => {
  consoles.handleUpgrade(req, socket, head, (ws) => {
    ws.on('error', () => ws.terminate())
    sendFrames(ws)
  })
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
process.send?.({ url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, ca: authority.certificate } satisfies FromFront)
process.once('disconnect', () => process.exit(0))

/** By the clock: a frame that is late does not delay those after it. */
function sendFrames(ws: WebSocket) {
  const startedAt = performance.now() + Math.random() * (1000 / framesPerSecond)
  let sent = 0
  const next = () => {
    if (ws.readyState !== ws.OPEN) return
    ws.send(stampedFrame(sent))
    sent += 1
    setTimeout(next, startedAt + (sent * 1000) / framesPerSecond - performance.now())
  }
  setTimeout(next, startedAt - performance.now())
}
