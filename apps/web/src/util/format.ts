// Numbers, durations and dates as the app writes them: units binary and apart, durations short, dates in the
// browser's time zone. Everything here is pure; locale is fixed because the app speaks one language.

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const binaryUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** Bytes as a figure of at most three digits and its unit: `{ value: '8', unit: 'GiB' }`, `{ value: '1.5', unit: 'TiB' }`. */
export function formatBytes(bytes: number): { value: string; unit: string } {
  let scaled = bytes
  let index = 0
  while (Math.abs(scaled) >= 1023.95 && index < binaryUnits.length - 1) {
    scaled /= 1024
    index += 1
  }
  const digits = Math.abs(scaled) < 99.95 && index > 0 ? 1 : 0
  // The loop keeps the index inside the tuple.
  return { value: trimZeros(scaled.toFixed(digits)), unit: binaryUnits[index]! }
}

const trimZeros = (text: string) => (text.includes('.') ? text.replace(/\.?0+$/, '') : text)

/** `formatBytes` as one text, for prose and accessible names: `8 GiB`. */
export function bytesText(bytes: number): string {
  const { value, unit } = formatBytes(bytes)
  return `${value} ${unit}`
}

/** A duration in its largest unit: `48s`, `6m`, `14h`, `40d`. A clock that runs behind shows `0s`, never a minus. */
export function formatElapsed(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  if (whole < MINUTE) return `${whole}s`
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)}m`
  if (whole < DAY) return `${Math.floor(whole / HOUR)}h`
  return `${Math.floor(whole / DAY)}d`
}

const counts = new Intl.NumberFormat('en-US')

/** `9,731` */
export function formatCount(count: number): string {
  return counts.format(count)
}

/** How many of something: `1 VM`, `9,731 VMs`. */
export function countText(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}

/** A moment as ISO text, a Date, or milliseconds since the epoch. */
export type Moment = string | number | Date

const short = new Intl.DateTimeFormat('en-US', { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const day = new Intl.DateTimeFormat('en-US', { month: 'short', day: 'numeric', year: 'numeric' })
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })
const zone = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' })

/** `Nov 20, 10:41`; in another year than `now`: `Nov 20, 2025`. */
export function formatDate(moment: Moment, now: Moment = Date.now()): string {
  const date = new Date(moment)
  return date.getFullYear() === new Date(now).getFullYear() ? short.format(date) : day.format(date)
}

/** `10:41:07` */
export function formatTime(moment: Moment): string {
  return clock.format(new Date(moment))
}

/** `2026-11-20 10:41:07 GMT+1`, for tooltips. */
export function formatFullDate(moment: Moment): string {
  const date = new Date(moment)
  const day = [date.getFullYear(), pad(date.getMonth() + 1), pad(date.getDate())].join('-')
  const time = [pad(date.getHours()), pad(date.getMinutes()), pad(date.getSeconds())].join(':')
  return `${day} ${time} ${zoneName(date)}`.trim()
}

const pad = (number: number) => String(number).padStart(2, '0')

/** The zone's names, by offset: a list shows many moments, and each question costs more than the rest of its row. */
const zoneNames = new Map<number, string>()

function zoneName(date: Date): string {
  const offset = date.getTimezoneOffset()
  const name = zoneNames.get(offset) ?? zone.formatToParts(date).find(({ type }) => type === 'timeZoneName')?.value ?? ''
  zoneNames.set(offset, name)
  return name
}
