// What stands before several replicas: one origin, and each request and socket goes to the next of them, or to the one that a test names.
import { createServer, request, type IncomingMessage } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'

export type Balancer = AsyncDisposable & {
  /** The origin that browsers know. */
  url: string
  /** The replicas, by port. */
  serve(ports: readonly number[]): void
  /** Sends everything to this replica from now on; in turn again without one. */
  pin(port?: number): void
}

export async function startBalancer(): Promise<Balancer> {
  let ports: readonly number[] = []
  let pinned: number | undefined
  let turn = 0
  const sockets = new Set<Duplex>()
  const next = () => pinned ?? ports[(turn += 1) % ports.length] ?? 0

  const server = createServer((req, res) => {
    const outgoing = request({ port: next(), host: '127.0.0.1', method: req.method, path: req.url, headers: req.headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(res)
    })
    outgoing.on('error', () => res.destroy())
    req.pipe(outgoing)
  })
  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    const upstream = connect(next(), '127.0.0.1', () => {
      const lines = req.rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${req.rawHeaders[index + 1]}`] : []))
      upstream.write(`${req.method} ${req.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
      upstream.write(head)
      socket.pipe(upstream).pipe(socket)
    })
    for (const each of [socket, upstream]) {
      sockets.add(each)
      each.on('error', () => each.destroy())
      each.once('close', () => {
        for (const end of [socket, upstream]) end.destroy()
        sockets.delete(each)
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    serve: (given) => (ports = given),
    pin: (port) => (pinned = port),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      server.closeAllConnections()
      await closed
    },
  }
}
