import type { IncomingMessage } from 'node:http'
import type { ServerConfig } from '../config.ts'
import { gateRefusal } from '../refusal.ts'

/** A token bucket per key: `burst` at once, one more every `everyMs`. */
export function createRateLimit({ burst, everyMs, now = Date.now }: { burst: number; everyMs: number; now?: () => number }) {
  const buckets = new Map<string, { tokens: number; at: number }>()
  return {
    /** Takes one token; otherwise says in how many seconds there will be one. */
    take(key: string): { allowed: true } | { allowed: false; retryAfterSeconds: number } {
      const at = now()
      const old = buckets.get(key)
      const tokens = Math.min(burst, old ? old.tokens + (at - old.at) / everyMs : burst)
      if (tokens < 1) return { allowed: false, retryAfterSeconds: Math.ceil(((1 - tokens) * everyMs) / 1000) }
      // In the order of their last use, so that those which are full again are at the front: they are as good as none.
      buckets.delete(key)
      buckets.set(key, { tokens: tokens - 1, at })
      for (const [name, bucket] of buckets) {
        if (at - bucket.at <= burst * everyMs) break
        buckets.delete(name)
      }
      return { allowed: true }
    },
  }
}

/** Attempts to sign in, by address: ten a minute, unless set otherwise or whoever comes may try the demo. Throws 429 for one too many. */
export function signInLimit({ signInAttemptsPerMinute, demoUsers }: Pick<ServerConfig, 'signInAttemptsPerMinute' | 'demoUsers'>) {
  const burst = signInAttemptsPerMinute ?? (demoUsers ? 100 : 10)
  const limit = createRateLimit({ burst, everyMs: 60_000 / burst })
  return (req: IncomingMessage): void => {
    const taken = limit.take(req.clientAddress ?? req.socket.remoteAddress ?? '')
    if (taken.allowed) return
    const { retryAfterSeconds } = taken
    throw gateRefusal('rate', 429, 'Too many attempts to sign in. Wait a moment.', { retryAfterSeconds })
  }
}
