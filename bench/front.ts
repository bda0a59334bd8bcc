// An API server in front of the simulated one, in a process of its own, so that consoles do not wait for the lists that the
// cluster makes: it answers each frame of a serial console with the same frame, and passes everything else on.
import { once } from 'node:events'
import { Agent, createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream'
import { WebSocketServer } from 'ws'
import { createAuthority, createServingCertificate } from '../packages/sim-cluster/src/serving/certificates.ts'
import { consoleProtocol } from './names.ts'

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
    ws.on('message', (data: Buffer) => ws.send(data))
    ws.on('error', () => ws.terminate())
  })
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
process.send?.({ url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, ca: authority.certificate } satisfies FromFront)
process.once('disconnect', () => process.exit(0))
