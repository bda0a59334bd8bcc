// When the session ends, as the browser's clock counts: by the absolute limit, or sooner because nobody is there.
import { useEffect, useState } from 'react'
import type { SignedInSession } from './session.ts'
import { sessionKey } from './client.ts'
import { live } from './live-socket.ts'
import { queryClient } from './query-client.ts'

/** How long before the end one is warned: time to notice it, and to press a key. */
const WARNING_MS = 2 * 60_000
/** The server decides that a session is over: it is asked a little later than it should be. */
const GRACE_MS = 1_000

type SessionEnd = {
  /** Milliseconds since the epoch, by the server's clock. */
  endsAt: number
  /** Being there is enough to go on; otherwise one has to sign in again. */
  extendable: boolean
}

/** Undefined where the session says nothing of its end. */
export function endOf({ expiresAt, idleEndsAt }: Pick<SignedInSession, 'expiresAt' | 'idleEndsAt'>): SessionEnd | undefined {
  const endsAt = Math.min(expiresAt ?? Infinity, idleEndsAt ?? Infinity)
  return Number.isFinite(endsAt) ? { endsAt, extendable: endsAt !== expiresAt } : undefined
}

/** The end, once it is at most two minutes away. When it has come, the server is asked whether it has. */
export function useSessionEnd(session: SignedInSession): SessionEnd | undefined {
  const end = endOf(session)
  const { endsAt, extendable } = end ?? {}
  const [warned, setWarned] = useState<number>()
  useEffect(() => {
    if (endsAt === undefined) return undefined
    const inMs = endsAt - (Date.now() + live.clockOffsetMs())
    const warning = setTimeout(() => setWarned(endsAt), atMost(inMs - WARNING_MS))
    const over = setTimeout(() => void queryClient.invalidateQueries({ queryKey: sessionKey }), atMost(inMs + GRACE_MS))
    return () => {
      clearTimeout(warning)
      clearTimeout(over)
    }
  }, [endsAt])
  return endsAt !== undefined && warned === endsAt ? { endsAt, extendable: extendable === true } : undefined
}

/** What a timer can count. */
const atMost = (ms: number) => Math.min(Math.max(0, ms), 2 ** 31 - 1)
