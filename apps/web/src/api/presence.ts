// A session ends when its person has been away for too long: what they do at the page is told to the server, reads are not.
import { useEffect } from 'react'
import { stayHere } from './session.ts'

const everyMs = 60_000

/** Notices keys and presses anywhere on the page, consoles included, and tells the server once a minute at most. */
export function usePresence(): void {
  useEffect(() => {
    let toldAt = -Infinity
    const notice = () => {
      if (performance.now() - toldAt < everyMs) return
      toldAt = performance.now()
      stayHere().catch(() => (toldAt = -Infinity))
    }
    addEventListener('pointerdown', notice, { capture: true, passive: true })
    addEventListener('keydown', notice, { capture: true, passive: true })
    return () => {
      removeEventListener('pointerdown', notice, { capture: true })
      removeEventListener('keydown', notice, { capture: true })
    }
  }, [])
}
