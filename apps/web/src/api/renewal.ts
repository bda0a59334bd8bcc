// When the identity provider's token is renewed: at four fifths of its life, and after a failure a little later.
import { useEffect } from 'react'
import { renewSession, type SignedInSession } from './session.ts'

const retryMs = 10_000

/** Milliseconds until the next attempt; the token was got at `nowMs`. */
function renewalDelayMs(renewBefore: number, nowMs: number): number {
  return Math.max(0, (renewBefore - nowMs) * 0.8)
}

/** Keeps a single sign-on session alive while its page is open. */
export function useRenewal({ renewBefore }: SignedInSession): void {
  useEffect(() => {
    if (renewBefore === undefined) return undefined
    let timer: ReturnType<typeof setTimeout>
    const wait = (delayMs: number) => {
      timer = setTimeout(() => void renewSession().catch(() => wait(retryMs)), delayMs)
    }
    wait(renewalDelayMs(renewBefore, Date.now()))
    return () => clearTimeout(timer)
  }, [renewBefore])
}
