// Two minutes before a session ends: says so, aloud as well, and how to go on.
import { useEffect, useState } from 'react'
import { live } from '../api/live-socket.ts'
import { stayHere } from '../api/session.ts'
import type { SignedInSession } from '../api/session.ts'
import { useSessionEnd } from '../api/session-end.ts'
import { Button } from '../ui/button.tsx'
import { StateGlyph } from '../ui/state-glyph.tsx'
import { formatTime } from '../util/format.ts'

/** Any key and any press tells the server that somebody is there (presence.ts): the button is for who looks for one. */
export function SessionEndWarning({ session }: { session: SignedInSession }) {
  const end = useSessionEnd(session)
  const [pending, setPending] = useState(false)
  async function stay() {
    setPending(true)
    try {
      await stayHere()
    } finally {
      setPending(false)
    }
  }
  return (
    <div className="sessionend">
      {end && (
        <div className="toast" role="alert">
          <StateGlyph state="warning" className="c-warning" />
          <p>
            {end.extendable ? `You will be signed out at ${formatTime(end.endsAt)}.` : `Your session ends at ${formatTime(end.endsAt)}.`}{' '}
            <Countdown endsAt={end.endsAt} />
          </p>
          {end.extendable && (
            <Button size="small" variant="primary" loading={pending} onClick={() => void stay()}>
              Stay signed in
            </Button>
          )}
          <small>
            {end.extendable
              ? 'Nobody has done anything here for a while. Press any key to stay.'
              : 'It cannot be made longer: sign in again then. You come back to this page, and a form that is open keeps what is in it.'}
          </small>
        </div>
      )}
    </div>
  )
}

/** For the eye: said aloud every second it would be all that one hears. */
function Countdown({ endsAt }: { endsAt: number }) {
  const [seconds, setSeconds] = useState<number>()
  useEffect(() => {
    const count = () => setSeconds(Math.max(0, Math.round((endsAt - (Date.now() + live.clockOffsetMs())) / 1_000)))
    count()
    const timer = setInterval(count, 1_000)
    return () => clearInterval(timer)
  }, [endsAt])
  return (
    <span className="mono dim" aria-hidden="true">
      {seconds !== undefined && `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`}
    </span>
  )
}
