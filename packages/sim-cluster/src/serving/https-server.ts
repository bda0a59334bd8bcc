// The socket: HTTPS in front of an API server, with everything that is open closed on disposal.
import { createServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ApiServer } from '../api/api-server.ts'
import type { KeyPair } from './certificates.ts'

export type HttpsServer = AsyncDisposable & {
  port: number
  /** Ends the connection below a TLS socket with a TCP reset. */
  resetConnection(socket: Duplex): void
}

const peerOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`

/** Rejects when the port is taken. */
export async function listen(
  apiServer: ApiServer,
  { host, port, certificate, key }: { host: string; port: number } & KeyPair,
): Promise<HttpsServer> {
  const upgraded = new Set<Duplex>()
  const server = createServer({ cert: certificate, key, ALPNProtocols: ['http/1.1'] }, (req, res) => void apiServer.handle(req, res))
  server.on('upgrade', (req, socket, head) => {
    upgraded.add(socket)
    socket.once('close', () => upgraded.delete(socket))
    apiServer.upgrade(req, socket, head)
  })
  // The TCP sockets below those that requests come with.
  const connections = new Map<string, Socket>()
  server.on('connection', (socket: Socket) => {
    const peer = peerOf(socket)
    connections.set(peer, socket)
    socket.once('close', () => connections.delete(peer))
  })
  // Go's clients keep idle connections for 90 s; closing first would break a request that is under way.
  server.keepAliveTimeout = 95_000
  // Watches last for as long as they ask.
  server.requestTimeout = 0
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return {
    port: (server.address() as AddressInfo).port,
    resetConnection(socket) {
      const connection = connections.get(peerOf(socket as Socket))
      if (connection) connection.resetAndDestroy()
      else socket.destroy()
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of upgraded) socket.destroy()
      server.closeAllConnections()
      await closed
    },
  }
}
