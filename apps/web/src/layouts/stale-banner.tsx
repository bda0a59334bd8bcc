import { live, useLiveState } from '../api/live-socket.ts'
import { useWallClock } from '../api/now.ts'
import { Banner } from '../ui/banner.tsx'
import { Button } from '../ui/button.tsx'
import { formatTime } from '../util/format.ts'

/** Says that what is on the screen may be old, since when, and what is being done about it. */
export function StaleBanner() {
  const state = useLiveState()
  if (state.state !== 'stale') return null
  const reconnect = (
    <Button size="small" onClick={() => live.reconnectNow()}>
      Reconnect now
    </Button>
  )
  return (
    <Banner title={`Stale since ${formatTime(state.since)}.`} action={state.cause === 'connection' ? reconnect : undefined}>
      {state.cause === 'cluster' ? 'The cluster does not answer. It is asked again and again.' : <NextTry at={state.retryAt} />}
    </Banner>
  )
}

function NextTry({ at }: { at?: number }) {
  const now = useWallClock()
  if (at === undefined) return 'Reconnecting.'
  const seconds = Math.ceil((at - now) / 1000)
  return seconds > 0 ? `Next try in ${seconds} s.` : 'Reconnecting.'
}
