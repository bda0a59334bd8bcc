// The one way to a WebSocket: Host, Origin, path, session, ticket, limits, and only then a handshake.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { randomUUID } from 'node:crypto'
import { assertHost, assertOrigin, assertPlain } from './auth/provenance.ts'
import type { Session } from './auth/sessions.ts'
import { socketTarget } from './auth/tickets.ts'
import type { Context } from './context.ts'
import { recordRejected, tellable, writeStatus } from './errors.ts'
import type { Passed } from './k8s/gate.ts'
import { createRestartReasons } from './live/close-codes.ts'
import { gateRefusal, refusal } from './refusal.ts'
import { takeTicket } from './subprotocols.ts'

export type Upgrade = { req: IncomingMessage; socket: Duplex; head: Buffer; session: Session; requestId: string }

/** Where a WebSocket leads. Each makes the handshake, throws a StatusError instead, or closes with a reason. */
export type Destinations = {
  live: { accept(upgrade: Upgrade): void; close(reason: () => string): void }
  consoles: { accept(upgrade: Upgrade, passed: Passed): void; close(reason: () => string): void }
}

export type UpgradeGate = AsyncDisposable & { handle(req: IncomingMessage, socket: Duplex, head: Buffer): void }

const farewellMs = 1_000

export function createUpgradeGate(context: Context, { live, consoles }: Destinations): UpgradeGate {
  const { own, sessions, tickets, log } = context
  // Node forgets sockets once they are upgraded: closing the server does not end them.
  const sockets = new Set<Duplex>()

  return {
    handle(req, socket, head) {
      const requestId = randomUUID()
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
      socket.on('error', () => socket.destroy())
      try {
        assertHandshake(req)
        assertPlain(req)
        assertHost(req, own)
        assertOrigin(req, own)
        const target = socketTarget(req.url ?? '')
        const session = sessions.of(req)
        if (!session) throw refusal(401, 'You are not signed in.')
        tickets.redeem(session, req.url ?? '', takeTicket(req))
        const upgrade: Upgrade = { req, socket, head, session, requestId }
        if (target.to === 'live') live.accept(upgrade)
        else consoles.accept(upgrade, target.passed)
      } catch (error) {
        const status = tellable(error, requestId)
        recordRejected(context, error, req, requestId)
        const told = { requestId, path: req.url?.split('?')[0]?.slice(0, 300), code: status.code }
        if (status.code >= 500) log.error({ ...told, err: error }, status.message)
        else log.info(told, 'upgrade refused')
        writeStatus(socket, status, requestId)
      }
    },
    async [Symbol.asyncDispose]() {
      const reason = createRestartReasons()
      live.close(reason)
      consoles.close(reason)
      // Whoever answers the close frame is waited for; the others had their chance.
      const closed = Promise.all([...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve))))
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, farewellMs).unref())])
      for (const socket of sockets) socket.destroy()
    },
  }
}

function assertHandshake(req: IncomingMessage): void {
  const { upgrade, 'sec-websocket-version': version, 'sec-websocket-key': key } = req.headers
  const well = req.method === 'GET' && req.httpVersion === '1.1' && upgrade?.toLowerCase() === 'websocket' && version === '13'
  if (!well || !/^[A-Za-z0-9+/]{22}==$/.test(key ?? '')) throw gateRefusal('header', 400, 'This is not a WebSocket handshake.')
}
