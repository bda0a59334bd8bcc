// Consoles: the API server is dialled first, as the user. Only when it has switched protocols, the browser gets its 101.
import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { WebSocketServer } from 'ws'
import { accessReview, StatusError, toStatus, type AccessQuestion, type SelfSubjectAccessReview } from '@virtdeck/k8s'
import { actorOf, clientOf } from '../audit/audit.ts'
import { consoleOperation } from '../audit/operation.ts'
import type { Context } from '../context.ts'
import { refusal } from '../refusal.ts'
import type { Passed } from '../k8s/gate.ts'
import { refusedStatus } from '../k8s/proxy.ts'
import { closeCodes, closeReason, consoleCloseCode, restarting } from '../live/close-codes.ts'
import { offers } from '../subprotocols.ts'
import type { Upgrade } from '../upgrade.ts'
import { joinSockets, type Leg, type Tunnel } from './tunnel.ts'

const protocol = 'plain.kubevirt.io'
/** By name, not by session: signing in again makes no room. Whoever shares a ServiceAccount's token shares these, too. */
const perUser = 8
const perServer = 400
const aliveMs = 5_000
/** RFC 6455 section 4.2.2 */
const handshakeGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

type Open = { sid: string; user: string; tunnel?: Tunnel }

export function createConsoles({ kubeconfig, upstream, sessions, log, recheckMs, audit, inventory }: Context) {
  const accepting = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: 1024,
    handleProtocols: () => protocol,
  })
  const open = new Set<Open>()

  /** Accepts the browser's socket only to close it: browsers cannot read a refused handshake. */
  const closeWith = ({ req, socket, head }: Upgrade, code: Parameters<typeof closeReason>[0]) => {
    accepting.handleUpgrade(req, socket, head, (ws) => ws.close(code, closeReason(code)))
  }

  const dial = async ({ session, requestId }: Upgrade, passed: Passed): Promise<Leg> => {
    const key = randomBytes(16).toString('base64')
    const reply = await upstream.upgrade(await kubeconfig.dial(sessions.current(session).credential), {
      method: 'GET',
      path: upstreamPath(passed),
      headers: {
        'audit-id': requestId,
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': key,
        'sec-websocket-protocol': protocol,
      },
    })
    if ('refused' in reply) throw await refusedStatus(passed.path, reply.refused)
    if (reply.answer.headers['sec-websocket-accept'] !== acceptOf(key)) {
      reply.socket.destroy()
      throw refusal(502, 'The Kubernetes API server did not complete the handshake.')
    }
    return { socket: reply.socket, head: reply.head }
  }

  /** A console is a lease: it ends with the session, and with the right to open it. */
  const keepLease = (tunnel: Tunnel, { session, requestId }: Upgrade, passed: Passed) => {
    const alive = setInterval(() => {
      if (!sessions.alive(session)) tunnel.close(closeCodes.sessionEnded, closeReason(closeCodes.sessionEnded))
    }, aliveMs)
    const failed = (error: unknown) => {
      if (error instanceof StatusError && error.code === 401) void sessions.rejected(session)
    }
    const lease = setInterval(() => void renew().catch(failed), recheckMs * (0.8 + Math.random() * 0.2))
    const renew = async () => {
      const question = accessReview(accessTo(passed))
      const review = await upstream.json<SelfSubjectAccessReview>(
        await kubeconfig.dial(sessions.current(session).credential),
        'POST',
        '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
        question,
      )
      if (review.status?.allowed) return
      log.info({ requestId, user: session.user.name }, 'console closed: the right to it was withdrawn')
      tunnel.close(closeCodes.forbidden, closeReason(closeCodes.forbidden))
    }
    void tunnel.ended.then(() => {
      clearInterval(alive)
      clearInterval(lease)
    })
  }

  const connect = async (upgrade: Upgrade, passed: Passed, entry: Open): Promise<void> => {
    const { req, socket, head, session, requestId } = upgrade
    const told = {
      requestId,
      user: session.user.name,
      namespace: passed.namespace,
      name: passed.name,
      console: passed.template.split('/').at(-1),
    }
    const end = audit.begin({ id: requestId, ...consoleOperation(passed), actor: actorOf(session), client: clientOf(req) })
    let leg: Leg
    try {
      leg = await dial(upgrade, passed)
    } catch (error) {
      const refused = consoleCloseCode(error)
      if (refused === closeCodes.sessionEnded) void sessions.rejected(session)
      // Whether that is the end of the session is not known yet: the console asks again.
      const code = refused === closeCodes.sessionEnded ? closeCodes.upstreamDown : refused
      end({ status: toStatus(error).code, closeCode: code })
      log.info({ ...told, code }, 'console refused')
      closeWith(upgrade, code)
      return
    }
    if (socket.destroyed) {
      leg.socket.destroy()
      end({ status: 101, bytesDown: 0, bytesUp: 0 })
      return
    }
    socket.write(acceptance(req))
    const tunnel = joinSockets({ socket, head }, leg, inventory.giveWay)
    entry.tunnel = tunnel
    keepLease(tunnel, upgrade, passed)
    log.info(told, 'console opened')
    const { closeCode } = await tunnel.ended
    end({ status: 101, ...tunnel.transferred(), ...(closeCode === undefined ? {} : { closeCode }) })
    log.info(told, 'console closed')
  }

  const stopListening = sessions.onEnd((sid) => {
    for (const entry of open) if (entry.sid === sid) entry.tunnel?.close(closeCodes.sessionEnded, closeReason(closeCodes.sessionEnded))
  })

  return {
    accept(upgrade: Upgrade, passed: Passed) {
      if (!offers(upgrade.req, protocol)) throw refusal(400, `The console speaks ${protocol}.`)
      audit.assertRoom()
      const { sid, user } = upgrade.session
      if (open.size >= perServer || [...open].filter((entry) => entry.user === user.name).length >= perUser) {
        closeWith(upgrade, closeCodes.limit)
        return
      }
      const entry: Open = { sid, user: user.name }
      open.add(entry)
      void connect(upgrade, passed, entry)
        .catch((error: unknown) => {
          log.error({ requestId: upgrade.requestId, err: error }, 'console failed')
          upgrade.socket.destroy()
        })
        .finally(() => open.delete(entry))
    },
    /** Tells everybody to come back in a while. */
    close(reason: () => string) {
      stopListening()
      const ending = [...open].flatMap(({ tunnel }) => (tunnel ? [tunnel] : []))
      for (const tunnel of ending) tunnel.close(restarting, reason())
      accepting.close()
    },
  }
}

/** VNC always asks to leave a session in use alone; taking it over is somebody's click, and in the URL. */
function upstreamPath({ template, path, query }: Passed): string {
  if (!template.endsWith('/vnc') || query.get('preserveSession') === 'false') return path
  return `${path.split('?')[0]}?preserveSession=true`
}

function accessTo({ template, namespace, name }: Passed): AccessQuestion {
  return {
    verb: 'get',
    group: 'subresources.kubevirt.io',
    resource: 'virtualmachineinstances',
    subresource: template.endsWith('/vnc') ? 'vnc' : 'console',
    namespace,
    name,
  }
}

const acceptOf = (key: string) =>
  createHash('sha1')
    .update(key + handshakeGuid)
    .digest('base64')

function acceptance(req: IncomingMessage): string {
  return [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptOf(req.headers['sec-websocket-key'] ?? '')}`,
    `Sec-WebSocket-Protocol: ${protocol}`,
    '',
    '',
  ].join('\r\n')
}
