// Tickets for WebSockets, whose handshake can carry no CSRF header: asked for by a page of ours, good for one socket.
import { randomBytes } from 'node:crypto'
import { Router, json } from 'express'
import { z } from 'zod'
import { gateRefusal, refusal } from '../refusal.ts'
import { passGate } from '../k8s/gate.ts'
import type { Ticket } from '../protocol.ts'
import { createRateLimit } from './rate-limit.ts'
import { open, seal, type KeyRing } from './sealed-cookie.ts'
import type { Session, Sessions } from './sessions.ts'

export type Tickets = {
  issue(session: Session, target: string): Ticket
  /** Throws 403 unless the ticket was issued for this session and target, less than 30 s ago, and was not used here before. */
  redeem(session: Session, target: string, ticket: string | undefined): void
}

const lifetimeMs = 30_000
const name = 'virtdeck-ticket'
const shape = z.object({ id: z.string(), sid: z.string(), target: z.string(), until: z.number() })

/** Sealed, so that any replica with the same keys takes them; each of them remembers those it has seen. */
export function createTickets({ ring, now = Date.now }: { ring: KeyRing; now?: () => number }): Tickets {
  const used = new Map<string, number>()
  return {
    issue(session, target) {
      const until = now() + lifetimeMs
      const sealed = seal(ring, name, { id: randomBytes(16).toString('base64url'), sid: session.sid, target, until })
      return { ticket: Buffer.from(sealed.join('')).toString('base64url') }
    },
    redeem(session, target, ticket) {
      const parsed = shape.safeParse(open(ring, name, [Buffer.from(ticket ?? '', 'base64url').toString('latin1')]))
      const good = parsed.success && parsed.data.sid === session.sid && parsed.data.target === target && now() < parsed.data.until
      if (!good || used.has(parsed.data.id)) throw gateRefusal('ticket', 403, 'The connection needs a fresh ticket of this session.')
      for (const [id, until] of used) {
        if (until > now()) break
        used.delete(id)
      }
      used.set(parsed.data.id, parsed.data.until)
    },
  }
}

const ticketRequest = z.object({ target: z.string().max(1024) })

export function ticketRouter({ sessions, tickets }: { sessions: Pick<Sessions, 'of'>; tickets: Tickets }): Router {
  const limit = createRateLimit({ burst: 100, everyMs: 500 })
  const router = Router({ caseSensitive: true, strict: true })
  router.post('/', json({ limit: '4kb', strict: true }), (req, res) => {
    const session = sessions.of(req)
    if (!session) throw refusal(401, 'You are not signed in.')
    if (!req.is('application/json')) throw refusal(415, 'The body must be application/json.')
    const taken = limit.take(session.sid)
    if (!taken.allowed) {
      throw gateRefusal('rate', 429, 'Too many connections. Wait a moment.', { retryAfterSeconds: taken.retryAfterSeconds })
    }
    const request = ticketRequest.safeParse(req.body)
    if (!request.success) throw refusal(400, 'The request for a ticket cannot be read.')
    const { target } = request.data
    socketTarget(target)
    res.json(tickets.issue(session, target))
  })
  return router
}

/** What a WebSocket may be opened to. Throws what the gate throws. */
export function socketTarget(url: string) {
  if (url === '/live') return { to: 'live' } as const
  if (!url.startsWith('/k8s/')) throw gateRefusal('path', 404, 'There is no WebSocket here.')
  return { to: 'console', passed: passGate('CONNECT', url.slice('/k8s'.length)) } as const
}
