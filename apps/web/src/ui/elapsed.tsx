import { useClock } from './clock.ts'
import { formatElapsed, formatFullDate } from '../util/format.ts'

/** How long ago, ticking and short: `48s`, `6m`, `14h`, `40d`; the moment itself in its title. `since` is seconds since the epoch. */
export function Elapsed({ since, className }: { since: number; className?: string }) {
  const text = useClock((nowMs) => formatElapsed(nowMs / 1000 - since))
  const moment = new Date(since * 1000)
  return (
    <time className={className} dateTime={moment.toISOString()} title={formatFullDate(moment)}>
      {text}
    </time>
  )
}

/** The same for a table cell or a fact. */
export function Age({ since }: { since: number }) {
  return <Elapsed since={since} className="mono" />
}
