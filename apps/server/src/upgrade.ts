// The one way to a WebSocket: Host, Origin, path, session, limits, and only then a handshake.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { randomUUID } from 'node:crypto'
import { assertHost, assertOrigin, assertPlain } from './auth/provenance.ts'
import type { Session } from './auth/sessions.ts'
import { createConsoles } from './consoles/consoles.ts'
import type { Context } from './context.ts'
import { refusal, tellable } from './errors.ts'
import { passGate, type Passed } from './k8s/gate.ts'
import { createLive } from './live/live.ts'

export type Upgrade = { req: IncomingMessage; socket: Duplex; head: Buffer; session: Session; requestId: string }

export type UpgradeGate = AsyncDisposable & { handle(req: IncomingMessage, socket: Duplex, head: Buffer): void }

type Target = { to: 'live' } | { to: 'console'; passed: Passed }

export function createUpgradeGate(context: Context): UpgradeGate {
  const { own, sessions, log } = context
  const live = createLive(context)
  const consoles = createConsoles(context)
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
        const target = targetOf(req.url ?? '')
        const session = sessions.of(req)
        if (!session) throw refusal(401, 'You are not signed in.')
        const upgrade: Upgrade = { req, socket, head, session, requestId }
        if (target.to === 'live') live.accept(upgrade)
        else consoles.accept(upgrade, target.passed)
      } catch (error) {
        const status = tellable(error, requestId)
        log.info({ requestId, path: req.url?.split('?')[0]?.slice(0, 300), code: status.code }, 'upgrade refused')
        refuse(socket, status.code, JSON.stringify(status), requestId)
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([live[Symbol.asyncDispose](), consoles[Symbol.asyncDispose]()])
      for (const socket of sockets) socket.destroy()
    },
  }
}

function assertHandshake(req: IncomingMessage): void {
  const { upgrade, 'sec-websocket-version': version, 'sec-websocket-key': key } = req.headers
  const well = req.method === 'GET' && req.httpVersion === '1.1' && upgrade?.toLowerCase() === 'websocket' && version === '13'
  if (!well || !/^[A-Za-z0-9+/]{22}==$/.test(key ?? '')) throw refusal(400, 'This is not a WebSocket handshake.')
}

function targetOf(url: string): Target {
  if (url === '/live') return { to: 'live' }
  if (!url.startsWith('/k8s/')) throw refusal(404, 'There is no WebSocket here.')
  return { to: 'console', passed: passGate('CONNECT', url.slice('/k8s'.length)) }
}

function refuse(socket: Duplex, code: number, body: string, requestId: string): void {
  socket.end(
    [
      `HTTP/1.1 ${code} Refused`,
      'Connection: close',
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Cache-Control: no-store',
      'X-Content-Type-Options: nosniff',
      `X-Request-Id: ${requestId}`,
      '',
      body,
    ].join('\r\n'),
    () => socket.destroy(),
  )
}
