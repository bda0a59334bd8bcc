// Evaluates a parsed expression, once per step of a query: samples are read once per selector, then every step looks into them.
import { anchoredPattern, pickLabels, signatureOf, type Labels, type Matcher } from './labels.ts'
import { average, functions, least, most, quantile, sum, variance, type Window } from './promql-functions.ts'
import {
  isComparison,
  isSetOperator,
  type Aggregate,
  type Binary,
  type Call,
  type Expr,
  type Grouping,
  type Matching,
  type MatrixSelector,
  type Subquery,
  type VectorSelector,
} from './promql-parser.ts'
import { QueryError } from './query-error.ts'
import { each, mapped, type Steps } from './slices.ts'

/** Ascending times in ms; a value of NaN says that the series ended there. */
export type Series = { labels: Labels; times: readonly number[]; values: readonly number[] }

/**
 * Where samples come from: every series that has some in `[fromMs, toMs]`, and of what was before that time as much as
 * tells whether it was still there: its last sample within `lookbackMs`, or its end.
 */
export type Source = { select(matchers: readonly Matcher[], fromMs: number, toMs: number, lookbackMs: number): Steps<Series[]> }

export type Sample = { labels: Labels; value: number }
type Value = number | string | Sample[]

/** How long a series counts as being there after its last sample. */
const lookbackMs = 5 * 60_000
const defaultSubqueryStepMs = 60_000

export type Range = { startMs: number; endMs: number; stepMs: number }

/** Of an instant query: a number, a text, samples, or whole series where a range is asked for. */
export type InstantResult =
  | { type: 'scalar'; value: number }
  | { type: 'string'; value: string }
  | { type: 'vector'; samples: Sample[] }
  | { type: 'matrix'; series: Series[] }

/** Throws a QueryError where the expression cannot be evaluated over what is there. */
export function* evaluateInstant(source: Source, expr: Expr, atMs: number): Steps<InstantResult> {
  const evaluation = createEvaluation(source, { startMs: atMs, endMs: atMs, stepMs: 1 })
  yield* evaluation.prepare(expr)
  if (expr.kind === 'matrix' || expr.kind === 'subquery')
    return {
      type: 'matrix',
      series: yield* mapped(yield* evaluation.windows(expr, atMs), ({ labels, times, values, from, to }) => ({
        labels,
        times: times.slice(from, to),
        values: values.slice(from, to),
      })),
    }
  const value = yield* evaluation.at(expr, atMs)
  if (typeof value === 'number') return { type: 'scalar', value }
  if (typeof value === 'string') return { type: 'string', value }
  return { type: 'vector', samples: value }
}

/** The series that an expression gives over a range, in order of their labels. */
export function* evaluateRange(source: Source, expr: Expr, range: Range): Steps<Series[]> {
  const evaluation = createEvaluation(source, range)
  yield* evaluation.prepare(expr)
  const found = new Map<string, { labels: Labels; times: number[]; values: number[] }>()
  const known = new Map<Labels, { labels: Labels; times: number[]; values: number[] }>()
  for (let atMs = range.startMs; atMs <= range.endMs; atMs += range.stepMs) {
    yield
    const value = yield* evaluation.at(expr, atMs)
    if (typeof value === 'string')
      throw new QueryError('bad_data', 'invalid expression type "string" for range query, must be Scalar or instant Vector')
    yield* each(typeof value === 'number' ? [{ labels: noLabels, value }] : value, (sample) => {
      let series = known.get(sample.labels)
      if (!series) {
        const signature = signatureOf(sample.labels)
        series = found.get(signature)
        if (!series) found.set(signature, (series = { labels: sample.labels, times: [], values: [] }))
        known.set(sample.labels, series)
      }
      if (series.times.at(-1) === atMs) throw new QueryError('execution', 'vector cannot contain metrics with the same labelset')
      series.times.push(atMs)
      series.values.push(sample.value)
    })
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, series]) => series)
}

const noLabels: Labels = {}

function withoutItsName({ __name__: _, ...labels }: Labels): Labels {
  return Object.values(labels).includes('') ? pickLabels(labels, () => true) : labels
}
const withoutName = (name: string) => name !== '__name__'

/** The last index whose time is at most `timeMs`, or -1. */
function lastAt(times: readonly number[], timeMs: number): number {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (times[middle]! <= timeMs) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** A window without the marks of series that ended within it. */
function withoutEnds<T extends Window>(window: T): T {
  const { times, values, from, to } = window
  let ends = 0
  for (let i = from; i < to; i += 1) if (Number.isNaN(values[i])) ends += 1
  if (ends === 0) return window
  const kept = Array.from({ length: to - from }, (_, i) => from + i).filter((i) => !Number.isNaN(values[i]))
  return { ...window, times: kept.map((i) => times[i]), values: kept.map((i) => values[i]), from: 0, to: kept.length }
}

/** Derived label sets are the same object for the same input, so that steps after the first find them at once. */
function derived(derive: (labels: Labels) => Labels): (labels: Labels) => Labels {
  const known = new WeakMap<Labels, Labels>()
  return (labels) => {
    let result = known.get(labels)
    if (!result) known.set(labels, (result = derive(labels)))
    return result
  }
}

type Keyed = (labels: Labels) => string
const keyedBy = (keep: (name: string) => boolean): Keyed => {
  const known = new WeakMap<Labels, string>()
  return (labels) => {
    let key = known.get(labels)
    if (key === undefined) known.set(labels, (key = signatureOf(labels, keep)))
    return key
  }
}

const arithmetic: Record<string, (a: number, b: number) => number> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
  '^': (a, b) => a ** b,
  atan2: Math.atan2,
}
const comparisons: Record<string, (a: number, b: number) => boolean> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '>': (a, b) => a > b,
  '<': (a, b) => a < b,
  '>=': (a, b) => a >= b,
  '<=': (a, b) => a <= b,
}

function createEvaluation(source: Source, range: Range) {
  const selected = new Map<VectorSelector, Series[]>()
  const perNode = new Map<object, unknown>()
  /** Something kept for one node of the expression while it is evaluated step after step. */
  function kept<T>(node: object, make: () => T): T {
    if (!perNode.has(node)) perNode.set(node, make())
    return perNode.get(node) as T
  }
  const dropName = derived(withoutItsName)

  const moment = (node: { offsetMs: number; at?: number | 'start' | 'end' }, atMs: number) =>
    (node.at === undefined ? atMs : node.at === 'start' ? range.startMs : node.at === 'end' ? range.endMs : node.at) - node.offsetMs

  /** Reads what a query needs of every selector before its first step. */
  function* prepare(expr: Expr, fromMs: number, toMs: number): Steps<void> {
    switch (expr.kind) {
      case 'selector':
        yield* read(expr, fromMs, toMs, 0, lookbackMs)
        return
      case 'matrix':
        yield* read(expr.selector, fromMs, toMs, expr.rangeMs, 0)
        return
      case 'subquery':
        yield* prepare(expr.expr, moment(expr, fromMs) - expr.rangeMs, moment(expr, toMs))
        return
      case 'negate':
        yield* prepare(expr.expr, fromMs, toMs)
        return
      case 'call':
        for (const arg of expr.args) yield* prepare(arg, fromMs, toMs)
        return
      case 'aggregate':
        yield* prepare(expr.expr, fromMs, toMs)
        if (expr.parameter) yield* prepare(expr.parameter, fromMs, toMs)
        return
      case 'binary':
        yield* prepare(expr.left, fromMs, toMs)
        yield* prepare(expr.right, fromMs, toMs)
        return
      case 'number':
      case 'string':
    }
  }
  function* read(selector: VectorSelector, fromMs: number, toMs: number, rangeMs: number, lookback: number): Steps<void> {
    selected.set(selector, yield* source.select(selector.matchers, moment(selector, fromMs) - rangeMs, moment(selector, toMs), lookback))
  }

  function select(selector: VectorSelector, atMs: number): Steps<(Sample & { timeMs: number })[]> {
    const whenMs = moment(selector, atMs)
    return mapped(selected.get(selector) ?? [], ({ labels, times, values }) => {
      const i = lastAt(times, whenMs)
      if (i < 0) return undefined
      const [timeMs, value] = [times[i]!, values[i]!]
      return timeMs > whenMs - lookbackMs && !Number.isNaN(value) ? { labels, value, timeMs } : undefined
    })
  }

  type SeriesWindow = Series & Window
  function windowsOf(expr: MatrixSelector | Subquery, atMs: number): Steps<SeriesWindow[]> {
    if (expr.kind === 'subquery') return subqueryWindows(expr, atMs)
    const endMs = moment(expr.selector, atMs)
    const startMs = endMs - expr.rangeMs
    return mapped(selected.get(expr.selector) ?? [], ({ labels, times, values }) => {
      const from = lastAt(times, startMs) + 1
      const to = lastAt(times, endMs) + 1
      if (from >= to) return undefined
      const window = withoutEnds({ labels, times, values, from, to, startMs, endMs })
      return window.from < window.to ? window : undefined
    })
  }
  function* subqueryWindows(expr: Subquery, atMs: number): Steps<SeriesWindow[]> {
    const endMs = moment(expr, atMs)
    const startMs = endMs - expr.rangeMs
    const stepMs = expr.stepMs ?? defaultSubqueryStepMs
    const found = new Map<string, { labels: Labels; times: number[]; values: number[] }>()
    const key = kept(expr, () => keyedBy(() => true))
    for (let stepAtMs = (Math.floor(startMs / stepMs) + 1) * stepMs; stepAtMs <= endMs; stepAtMs += stepMs) {
      yield
      yield* each(yield* vectorOf(expr.expr, stepAtMs), ({ labels, value }) => {
        let series = found.get(key(labels))
        if (!series) found.set(key(labels), (series = { labels, times: [], values: [] }))
        series.times.push(stepAtMs)
        series.values.push(value)
      })
    }
    return [...found.values()].map((series) => ({ ...series, from: 0, to: series.times.length, startMs, endMs }))
  }

  function* evaluate(expr: Expr, atMs: number): Steps<Value> {
    switch (expr.kind) {
      case 'number':
      case 'string':
        return expr.value
      case 'selector':
        return yield* select(expr, atMs)
      case 'negate': {
        const value = yield* evaluate(expr.expr, atMs)
        if (typeof value === 'number') return -value
        return yield* mapped(value as Sample[], (sample) => ({ labels: dropName(sample.labels), value: -sample.value }))
      }
      case 'call':
        return yield* call(expr, atMs)
      case 'aggregate':
        return yield* aggregate(expr, atMs)
      case 'binary':
        return yield* binary(expr, atMs)
      case 'matrix':
      case 'subquery':
        throw new QueryError('bad_data', 'invalid expression type "range vector" for range query, must be Scalar or instant Vector')
    }
  }
  // The parser has checked the types of all parts.
  const vectorOf = (expr: Expr, atMs: number) => evaluate(expr, atMs) as Steps<Sample[]>
  const scalarOf = (expr: Expr, atMs: number) => evaluate(expr, atMs) as Steps<number>

  /** With `named`, labels still have the metric's name, where that makes no difference. */
  function* call(expr: Call, atMs: number, named = false): Steps<Value> {
    const { name, args } = expr
    const { overTime, map, keepsName, parameters } = functions[name]!
    const scalars: number[] = []
    for (const [i, arg] of args.entries()) if (parameters[i] === 'scalar') scalars.push(yield* scalarOf(arg, atMs))
    const ranged = args.find((arg): arg is MatrixSelector | Subquery => arg.kind === 'matrix' || arg.kind === 'subquery')
    if (overTime && ranged) {
      return yield* mapped(yield* windowsOf(ranged, atMs), (window) => {
        const value = overTime(window, ...scalars)
        return value === undefined ? undefined : { labels: keepsName || named ? window.labels : dropName(window.labels), value }
      })
    }
    if (map) {
      const values = args[0] ? yield* vectorOf(args[0], atMs) : [{ labels: noLabels, value: atMs / 1000 }]
      return yield* mapped(values, ({ labels, value }) => ({ labels: dropName(labels), value: map(value, ...scalars) }))
    }
    switch (name) {
      case 'time':
        return atMs / 1000
      case 'pi':
        return Math.PI
      case 'scalar': {
        const [only, ...more] = yield* vectorOf(args[0]!, atMs)
        return only && more.length === 0 ? only.value : NaN
      }
      case 'vector':
        return [{ labels: noLabels, value: scalars[0]! }]
      case 'timestamp':
        return args[0]!.kind === 'selector'
          ? yield* mapped(yield* select(args[0] as VectorSelector, atMs), ({ labels, timeMs }) => ({
              labels: dropName(labels),
              value: timeMs / 1000,
            }))
          : yield* mapped(yield* vectorOf(args[0]!, atMs), ({ labels }) => ({ labels: dropName(labels), value: atMs / 1000 }))
      case 'absent':
        return (yield* vectorOf(args[0]!, atMs)).length > 0 ? [] : [{ labels: kept(expr, () => labelsOfAbsent(args[0]!)), value: 1 }]
      case 'absent_over_time':
        return (yield* windowsOf(ranged!, atMs)).length > 0 ? [] : [{ labels: kept(expr, () => labelsOfAbsent(ranged!)), value: 1 }]
      case 'sort':
        return [...(yield* vectorOf(args[0]!, atMs))].sort((a, b) => a.value - b.value)
      case 'sort_desc':
        return [...(yield* vectorOf(args[0]!, atMs))].sort((a, b) => b.value - a.value)
      case 'label_replace': {
        const relabel = kept(expr, () => derived(labelReplacement(args)))
        return yield* mapped(yield* vectorOf(args[0]!, atMs), ({ labels, value }) => ({ labels: relabel(labels), value }))
      }
    }
    throw new QueryError('execution', `${name}() is not evaluated by the simulated Prometheus`)
  }

  function labelReplacement(args: Expr[]): (labels: Labels) => Labels {
    const [target = '', replacement = '', sourceLabel = '', pattern = ''] = args
      .slice(1)
      .map((arg) => (arg.kind === 'string' ? arg.value : ''))
    if (!/^[a-zA-Z_]\w*$/.test(target)) throw new QueryError('execution', `invalid destination label name in label_replace(): ${target}`)
    const regex = anchoredPattern(pattern)
    return (labels) => {
      const found = regex.exec(labels[sourceLabel] ?? '')
      if (!found) return labels
      const value = replacement.replace(/\$(?:\{(\w+)\}|(\w+)|\$)/g, (all, braced?: string, bare?: string) => {
        if (all === '$$') return '$'
        const reference = braced ?? bare ?? ''
        return (/^\d+$/.test(reference) ? found[Number(reference)] : found.groups?.[reference]) ?? ''
      })
      return pickLabels({ ...labels, [target]: value }, () => true)
    }
  }

  function* aggregate(expr: Aggregate, atMs: number): Steps<Sample[]> {
    const { op, grouping } = expr
    const { key, label } = kept(expr, () => grouped(grouping))
    const groups = new Map<string, Sample[]>()
    const { expr: inner } = expr
    // Of a fleet that would be as many sets of labels made anew, for nothing.
    const named = inner.kind === 'call' && !grouping.without && !grouping.labels.includes('__name__')
    yield* each(named ? yield* call(inner, atMs, true) as Steps<Sample[]> : yield* vectorOf(inner, atMs), (sample) => {
      const signature = key(sample.labels)
      const group = groups.get(signature)
      if (group) group.push(sample)
      else groups.set(signature, [sample])
    })
    const parameter = expr.parameter ? yield* scalarOf(expr.parameter, atMs) : NaN
    const result: Sample[] = []
    // The labels of the group's first series: the same object at every step while that series is there.
    yield* each(groups.values(), (group) => {
      if (op === 'topk' || op === 'bottomk') {
        const sign = op === 'topk' ? -1 : 1
        const rank = (value: number) => (Number.isNaN(value) ? Infinity : sign * value)
        result.push(...[...group].sort((a, b) => rank(a.value) - rank(b.value)).slice(0, Math.max(0, Math.floor(parameter) || 0)))
      } else {
        result.push({
          labels: label(group[0]!.labels),
          value: reduced(
            op,
            group.map(({ value }) => value),
            parameter,
          ),
        })
      }
    })
    return result
  }

  function* binary(expr: Binary, atMs: number): Steps<Value> {
    const left = yield* evaluate(expr.left, atMs)
    const right = yield* evaluate(expr.right, atMs)
    const compute = operation(expr)
    if (typeof left === 'number' && typeof right === 'number') return compute(left, right)!.value
    if (typeof left === 'number' || typeof right === 'number') {
      const [vector, swap] = (typeof left === 'number' ? [right, true] : [left, false]) as [Sample[], boolean]
      const keepsName = isComparison(expr.op) && !expr.bool
      return yield* mapped(vector, ({ labels, value }) => {
        const result = swap ? compute(left as number, value) : compute(value, right as number)
        // A comparison keeps the vector's own value, whichever side it is on.
        return result && { labels: keepsName ? labels : dropName(labels), value: keepsName ? value : result.value }
      })
    }
    const { matching } = expr
    const { key } = kept(expr, () => ({ key: matching.on ? keyOfNames(matching.labels) : keyedBy(matchLabels(matching)) }))
    if (isSetOperator(expr.op)) return yield* combined(expr.op, left as Sample[], right as Sample[], key)
    return yield* matched(expr, left as Sample[], right as Sample[], key, compute)
  }

  function* matched(expr: Binary, left: Sample[], right: Sample[], key: Keyed, compute: ReturnType<typeof operation>): Steps<Sample[]> {
    const { matching } = expr
    const many = matching.many === 'right' ? right : left
    const one = matching.many === 'right' ? left : right
    const partners = new Map<string, Sample>()
    yield* each(one, (sample) => {
      const signature = key(sample.labels)
      if (partners.has(signature)) {
        const side = matching.many === 'right' ? 'left' : 'right'
        throw new QueryError(
          'execution',
          `found duplicate series for the match group ${described(sample.labels, matching)} on the ${side} hand-side of the operation;many-to-many matching not allowed: matching labels must be unique on one side`,
        )
      }
      partners.set(signature, sample)
    })
    const taken = new Set<string>()
    return yield* mapped(many, (sample) => {
      const signature = key(sample.labels)
      const partner = partners.get(signature)
      if (!partner) return undefined
      if (!matching.many && taken.has(signature))
        throw new QueryError('execution', 'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)')
      taken.add(signature)
      const value = matching.many === 'right' ? compute(partner.value, sample.value) : compute(sample.value, partner.value)
      return value && { labels: resultLabels(expr, sample.labels, partner.labels), value: value.value }
    })
  }

  /** Of a match; the same object for the same pair, step after step. */
  function resultLabels(expr: Binary, many: Labels, one: Labels): Labels {
    const known = kept(expr.matching, () => new WeakMap<Labels, WeakMap<Labels, Labels>>())
    let byOne = known.get(many)
    if (!byOne) known.set(many, (byOne = new WeakMap()))
    let labels = byOne.get(one)
    if (!labels) byOne.set(one, (labels = joinedLabels(expr, many, one)))
    return labels
  }

  return {
    /** Reads all samples that the expression needs: before anything else. */
    prepare: (expr: Expr) => prepare(expr, range.startMs, range.endMs),
    at: evaluate,
    windows: windowsOf,
  }
}

/** The labels that a missing series would have, as far as its selector says. */
function labelsOfAbsent(expr: Expr): Labels {
  const matchers = expr.kind === 'selector' ? expr.matchers : expr.kind === 'matrix' ? expr.selector.matchers : []
  return Object.fromEntries(
    matchers.filter(({ name, operator }) => operator === '=' && withoutName(name)).map(({ name, value }) => [name, value]),
  )
}

/** By which labels a sample belongs to a group, and which the group has. Of many labels few are named. */
function grouped({ without, labels: names }: Grouping): { key: Keyed; label: (labels: Labels) => Labels } {
  const named = new Set(names)
  if (!without) return { key: keyOfNames(names), label: derived((labels) => labelsOfNames(labels, named)) }
  const keep = (name: string) => withoutName(name) && !named.has(name)
  return { key: keyedBy(keep), label: derived((labels) => pickLabels(labels, keep)) }
}

const keyOfNames =
  (names: readonly string[]): Keyed =>
  (labels) =>
    names.length === 1 ? (labels[names[0]!] ?? '') : JSON.stringify(names.map((name) => labels[name] ?? ''))

function labelsOfNames(labels: Labels, names: Iterable<string>): Labels {
  const picked: Record<string, string> = {}
  for (const name of names) {
    const value = labels[name]
    if (value) picked[name] = value
  }
  return picked
}

const matchLabels = ({ on, labels }: Matching) => {
  const named = new Set(labels)
  return (name: string) => (on ? named.has(name) : withoutName(name) && !named.has(name))
}

function joinedLabels({ op, bool, matching }: Binary, many: Labels, one: Labels): Labels {
  const keepsName = isComparison(op) && !bool
  if (matching.many) {
    const included = Object.fromEntries(matching.include.map((name) => [name, one[name] ?? '']))
    return pickLabels({ ...many, ...included }, (name) => keepsName || withoutName(name))
  }
  const keep = matchLabels(matching)
  return pickLabels(many, (name) => (matching.on ? keep(name) : keep(name) || (keepsName && name === '__name__')))
}

function described(labels: Labels, matching: Matching): string {
  const picked = Object.entries(pickLabels(labels, matchLabels(matching))).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  return `{${picked.sort().join(', ')}}`
}

/** What an operator makes of two values; nothing where a comparison filters the pair out. */
function operation({ op, bool }: Binary): (a: number, b: number) => { value: number } | undefined {
  const compare = comparisons[op]
  if (!compare) return (a, b) => ({ value: arithmetic[op]?.(a, b) ?? NaN })
  return (a, b) => (bool ? { value: compare(a, b) ? 1 : 0 } : compare(a, b) ? { value: a } : undefined)
}

function* combined(op: string, left: Sample[], right: Sample[], key: Keyed): Steps<Sample[]> {
  const present = new Set<string>()
  yield* each(op === 'or' ? left : right, ({ labels }) => present.add(key(labels)))
  if (op === 'or') return [...left, ...(yield* mapped(right, (sample) => (present.has(key(sample.labels)) ? undefined : sample)))]
  return yield* mapped(left, (sample) => (present.has(key(sample.labels)) === (op === 'and') ? sample : undefined))
}

function reduced(op: string, values: number[], parameter: number): number {
  switch (op) {
    case 'sum':
      return sum(values)
    case 'avg':
      return average(values)
    case 'min':
      return least(values)
    case 'max':
      return most(values)
    case 'count':
      return values.length
    case 'stddev':
      return Math.sqrt(variance(values))
    case 'stdvar':
      return variance(values)
    case 'quantile':
      return quantile(parameter, values)
    default:
      return 1 // group
  }
}
