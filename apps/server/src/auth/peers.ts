// Replicas share nothing but their keys. When a session ends on one before its time, it tells the others, so that copied
// cookies open nothing there either and open streams close.
import { lookup } from 'node:dns/promises'
import { Router, text } from 'express'
import { z } from 'zod'
import type { Logger } from '../logger.ts'
import { refusal } from '../refusal.ts'
import { open, seal, type KeyRing } from './sealed-cookie.ts'
import type { Sessions } from './sessions.ts'

export const peersPath = '/peers/ended'

const name = 'virtdeck-peer'
const shape = z.object({ sid: z.string().max(64), until: z.number() })
/** An old message ends a session that is over: that it can be sent again harms nobody. */
const validMs = 60_000
const timeoutMs = 2_000

/** Tells every replica behind the `host:port` names, this one among them, that a session has ended. Never rejects. */
export async function tellPeers(
  { peers, ring, log }: { peers: readonly string[]; ring: KeyRing; log: Logger },
  sid: string,
): Promise<void> {
  const [body = ''] = seal(ring, name, { sid, until: Date.now() + validMs })
  const tell = async (address: string) => {
    const response = await fetch(`http://${address}${peersPath}`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    })
    if (!response.ok) throw new Error(`answered ${response.status}`)
  }
  await Promise.all(
    peers.map(async (peer) => {
      try {
        const { hostname, port } = new URL(`http://${peer}`)
        const found = await lookup(hostname.replace(/^\[|\]$/g, ''), { all: true })
        const told = await Promise.allSettled(
          found.map(({ address, family }) => tell(`${family === 6 ? `[${address}]` : address}:${port || 80}`)),
        )
        for (const result of told) if (result.status === 'rejected') throw result.reason
      } catch (error) {
        log.warn({ peer, err: error }, 'a replica was not told that a session ended')
      }
    }),
  )
}

/** Where the others tell it. Whoever has the keys may; what they seal can end a session and nothing else. */
export function peersRouter({ ring, sessions }: { ring: KeyRing; sessions: Pick<Sessions, 'revoke'> }): Router {
  const router = Router({ caseSensitive: true, strict: true })
  router.post('/', text({ type: 'text/plain', limit: '4kb' }), (req, res) => {
    const parsed = shape.safeParse(open(ring, name, [typeof req.body === 'string' ? req.body : '']))
    if (!parsed.success || parsed.data.until < Date.now()) throw refusal(403, 'No replica of this server said so.')
    sessions.revoke(parsed.data.sid, 'elsewhere')
    res.status(204).end()
  })
  return router
}
