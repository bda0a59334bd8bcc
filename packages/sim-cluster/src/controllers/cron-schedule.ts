// When a cron expression is due next, in UTC. https://pubs.opengroup.org/onlinepubs/9699919799/utilities/crontab.html

const fields = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 7],
] as const
const named: Record<string, string> = {
  '@yearly': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@hourly': '0 * * * *',
}
const minuteMs = 60_000
const longestWaitDays = 4 * 366

function parseField(text: string, [least, most]: readonly [number, number]): Set<number> | undefined {
  const values = new Set<number>()
  for (const part of text.split(',')) {
    const found = /^(?:\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(part)
    if (!found) return undefined
    const step = Number(found[3] ?? 1)
    const from = found[1] === undefined ? least : Number(found[1])
    const to = found[2] !== undefined ? Number(found[2]) : found[1] === undefined || found[3] !== undefined ? most : from
    if (step < 1 || from < least || to > most || from > to) return undefined
    for (let value = from; value <= to; value += step) values.add(value)
  }
  return values
}

/** The first minute after `afterMs` at which an expression is due; undefined where it is none, or never is. */
export function nextRunMs(expression: string, afterMs: number): number | undefined {
  const texts = (named[expression] ?? expression).trim().split(/\s+/)
  const parsed = fields.map((range, i) => parseField(texts[i] ?? '', range))
  const [minutes, hours, days, months, weekdays] = parsed
  if (texts.length !== fields.length || !minutes || !hours || !days || !months || !weekdays) return undefined
  if (weekdays.has(7)) weekdays.add(0)
  // A day fits when either of the two day fields does, where both are restricted.
  const either = texts[2] !== '*' && texts[4] !== '*'
  const first = Math.floor(afterMs / minuteMs) * minuteMs + minuteMs
  const midnight = new Date(first).setUTCHours(0, 0, 0, 0)
  for (let day = 0; day < longestWaitDays; day += 1) {
    const dayMs = midnight + day * 24 * 60 * minuteMs
    const date = new Date(dayMs)
    const [byDate, byWeekday] = [days.has(date.getUTCDate()), weekdays.has(date.getUTCDay())]
    if (!months.has(date.getUTCMonth() + 1) || !(either ? byDate || byWeekday : byDate && byWeekday)) continue
    for (const hour of [...hours].sort((a, b) => a - b)) {
      for (const minute of [...minutes].sort((a, b) => a - b)) {
        const atMs = dayMs + (hour * 60 + minute) * minuteMs
        if (atMs >= first) return atMs
      }
    }
  }
  return undefined
}
