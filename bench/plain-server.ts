// An HTTPS server that does nothing but answer with as many bytes as it was told: what a socket of this machine can carry.
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'

export type PlainServerSetup = { certificate: string; key: string; sizes: number[] }

process.once('message', ({ certificate, key, sizes }: PlainServerSetup) => {
  const bodies = sizes.map((size) => Buffer.alloc(size, 0x20))
  const server = createServer({ cert: certificate, key }, (req, res) => {
    const body = bodies[Number(req.url?.slice(1))] ?? Buffer.alloc(0)
    res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length })
    res.end(body)
  })
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
})
process.once('disconnect', () => process.exit(0))
