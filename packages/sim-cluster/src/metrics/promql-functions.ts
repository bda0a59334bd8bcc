// The functions of PromQL that the simulated Prometheus evaluates.

export type ValueType = 'scalar' | 'string' | 'instant vector' | 'range vector'

/** The samples `from` up to `to` of one series, within a window of time `(startMs, endMs]`; at least one. */
export type Window = { times: readonly number[]; values: readonly number[]; from: number; to: number; startMs: number; endMs: number }

export type PromqlFunction = {
  parameters: readonly ValueType[]
  /** How many of the last parameters may be left out. */
  optional?: number
  returns: 'scalar' | 'instant vector'
  /** For functions of a range vector: the value of a series, or undefined where the window has too few samples. */
  overTime?(window: Window, ...scalars: number[]): number | undefined
  /** For functions that map every value of an instant vector alone. */
  map?(value: number, ...scalars: number[]): number
  /** Whether the series keep their names: where the value is still that metric. */
  keepsName?: true
}

/** The increase within a window, stretched to its ends where samples come that close: extrapolatedRate of Prometheus. */
function extrapolatedRate(window: Window, isCounter: boolean, isRate: boolean): number | undefined {
  const { times, values, from, to, startMs, endMs } = window
  if (to - from < 2) return undefined
  // There are at least two.
  const [firstMs, lastMs, first, last] = [times[from]!, times[to - 1]!, values[from]!, values[to - 1]!]
  let increase = last - first
  if (isCounter) {
    for (let i = from + 1; i < to; i += 1) if (values[i]! < values[i - 1]!) increase += values[i - 1]!
  }
  let toStart = (firstMs - startMs) / 1000
  let toEnd = (endMs - lastMs) / 1000
  const sampled = (lastMs - firstMs) / 1000
  const between = sampled / (to - from - 1)
  const threshold = between * 1.1
  if (toStart >= threshold) toStart = between / 2
  if (isCounter && increase > 0 && first >= 0) toStart = Math.min(toStart, sampled * (first / increase))
  if (toEnd >= threshold) toEnd = between / 2
  const factor = (sampled + toStart + toEnd) / sampled
  return increase * factor * (isRate ? 1000 / (endMs - startMs) : 1)
}

function lastTwo({ times, values, from, to }: Window, isCounter: boolean, isRate: boolean): number | undefined {
  if (to - from < 2) return undefined
  const [before, after] = [values[to - 2]!, values[to - 1]!]
  const change = isCounter && after < before ? after : after - before
  return isRate ? (change * 1000) / (times[to - 1]! - times[to - 2]!) : change
}

function slope({ times, values, from, to }: Window, originMs: number): { perSecond: number; atOrigin: number } | undefined {
  const n = to - from
  if (n < 2) return undefined
  let [sumX, sumY, sumXY, sumXX] = [0, 0, 0, 0]
  for (let i = from; i < to; i += 1) {
    const x = (times[i]! - originMs) / 1000
    sumX += x
    sumY += values[i]!
    sumXY += x * values[i]!
    sumXX += x * x
  }
  const perSecond = (sumXY - (sumX * sumY) / n) / (sumXX - (sumX * sumX) / n)
  return { perSecond, atOrigin: sumY / n - (perSecond * sumX) / n }
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
export const average = (values: readonly number[]): number => sum(values) / values.length
/** Of at least one; NaN only where all are. */
export const least = (values: readonly number[]): number =>
  values.reduce((found, value) => (value < found || Number.isNaN(found) ? value : found))
export const most = (values: readonly number[]): number =>
  values.reduce((found, value) => (value > found || Number.isNaN(found) ? value : found))
export const variance = (values: readonly number[]): number => {
  const mean = average(values)
  return values.reduce((total, value) => total + (value - mean) ** 2, 0) / values.length
}

export function quantile(q: number, values: readonly number[]): number {
  if (values.length === 0 || Number.isNaN(q)) return NaN
  if (q < 0) return -Infinity
  if (q > 1) return Infinity
  const sorted = [...values].sort((a, b) => a - b)
  const rank = q * (sorted.length - 1)
  const lower = Math.floor(rank)
  const weight = rank - lower
  // Both are within the array.
  return sorted[lower]! * (1 - weight) + sorted[Math.min(lower + 1, sorted.length - 1)]! * weight
}

/** Halves go up, as in Go's math.Floor(v + 0.5). */
const roundTo = (value: number, to = 1) => Math.floor(value / to + 0.5) * to

const overTime = (f: (window: Window) => number | undefined, keepsName?: true): PromqlFunction => ({
  parameters: ['range vector'],
  returns: 'instant vector',
  overTime: f,
  ...(keepsName ? { keepsName } : {}),
})
/** A function of the window's values alone. */
const ofValues = (f: (values: readonly number[]) => number | undefined, keepsName?: true): PromqlFunction =>
  overTime(({ values, from, to }) => f(values.slice(from, to)), keepsName)
const map = (f: (value: number) => number): PromqlFunction => ({ parameters: ['instant vector'], returns: 'instant vector', map: f })
const ofDate = (f: (date: Date) => number): PromqlFunction => ({
  parameters: ['instant vector'],
  optional: 1,
  returns: 'instant vector',
  map: (seconds) => f(new Date(seconds * 1000)),
})

export const functions: Record<string, PromqlFunction> = {
  rate: overTime((window) => extrapolatedRate(window, true, true)),
  increase: overTime((window) => extrapolatedRate(window, true, false)),
  delta: overTime((window) => extrapolatedRate(window, false, false)),
  irate: overTime((window) => lastTwo(window, true, true)),
  idelta: overTime((window) => lastTwo(window, false, false)),
  deriv: overTime((window) => slope(window, window.times[window.from]!)?.perSecond),
  resets: ofValues((values) => values.filter((value, i) => i > 0 && value < values[i - 1]!).length),
  changes: ofValues((values) => values.filter((value, i) => i > 0 && value !== values[i - 1]).length),
  avg_over_time: ofValues(average),
  sum_over_time: ofValues(sum),
  min_over_time: ofValues(least),
  max_over_time: ofValues(most),
  count_over_time: ofValues((values) => values.length),
  last_over_time: ofValues((values) => values.at(-1), true),
  first_over_time: ofValues((values) => values[0], true),
  present_over_time: ofValues(() => 1),
  stddev_over_time: ofValues((values) => Math.sqrt(variance(values))),
  stdvar_over_time: ofValues(variance),
  quantile_over_time: {
    parameters: ['scalar', 'range vector'],
    returns: 'instant vector',
    overTime: ({ values, from, to }, q = NaN) => quantile(q, values.slice(from, to)),
  },
  predict_linear: {
    parameters: ['range vector', 'scalar'],
    returns: 'instant vector',
    overTime(window, seconds = 0) {
      const line = slope(window, window.endMs)
      return line && line.atOrigin + line.perSecond * seconds
    },
  },
  absent_over_time: { parameters: ['range vector'], returns: 'instant vector' },

  abs: map(Math.abs),
  ceil: map(Math.ceil),
  floor: map(Math.floor),
  sqrt: map(Math.sqrt),
  exp: map(Math.exp),
  ln: map(Math.log),
  log2: map(Math.log2),
  log10: map(Math.log10),
  sgn: map(Math.sign),
  round: { parameters: ['instant vector', 'scalar'], optional: 1, returns: 'instant vector', map: roundTo },
  clamp: {
    parameters: ['instant vector', 'scalar', 'scalar'],
    returns: 'instant vector',
    map: (value, min = NaN, max = NaN) => Math.max(min, Math.min(max, value)),
  },
  clamp_min: { parameters: ['instant vector', 'scalar'], returns: 'instant vector', map: (value, min = NaN) => Math.max(min, value) },
  clamp_max: { parameters: ['instant vector', 'scalar'], returns: 'instant vector', map: (value, max = NaN) => Math.min(max, value) },
  minute: ofDate((date) => date.getUTCMinutes()),
  hour: ofDate((date) => date.getUTCHours()),
  day_of_week: ofDate((date) => date.getUTCDay()),
  day_of_month: ofDate((date) => date.getUTCDate()),
  month: ofDate((date) => date.getUTCMonth() + 1),
  year: ofDate((date) => date.getUTCFullYear()),

  time: { parameters: [], returns: 'scalar' },
  pi: { parameters: [], returns: 'scalar' },
  scalar: { parameters: ['instant vector'], returns: 'scalar' },
  vector: { parameters: ['scalar'], returns: 'instant vector' },
  timestamp: { parameters: ['instant vector'], returns: 'instant vector' },
  absent: { parameters: ['instant vector'], returns: 'instant vector' },
  sort: { parameters: ['instant vector'], returns: 'instant vector' },
  sort_desc: { parameters: ['instant vector'], returns: 'instant vector' },
  label_replace: { parameters: ['instant vector', 'string', 'string', 'string', 'string'], returns: 'instant vector' },
}
