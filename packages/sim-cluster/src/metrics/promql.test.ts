import { describe, expect, test } from 'vitest'
import { matchesAll, type Labels } from './labels.ts'
import { evaluateInstant, evaluateRange, type Source } from './promql-evaluator.ts'
import { parsePromql } from './promql-parser.ts'
import { QueryError } from './query-error.ts'
import { inOneGo } from './slices.ts'

const minute = 60_000

/** Series with a sample every half a minute, from the epoch on. */
function sourceOf(series: [labels: Labels, values: number[]][]): Source {
  return {
    *select(matchers) {
      yield
      return series
        .filter(([labels]) => matchesAll(matchers, labels))
        .map(([labels, values]) => ({ labels, times: values.map((_, i) => i * 30_000), values }))
    },
  }
}

const counter = (perSecond: number) => Array.from({ length: 41 }, (_, i) => i * 30 * perSecond)
const source = sourceOf([
  [{ __name__: 'cpu_seconds_total', vm: 'a', node: 'n1' }, counter(0.5)],
  [{ __name__: 'cpu_seconds_total', vm: 'b', node: 'n1' }, counter(2)],
  [{ __name__: 'cpu_seconds_total', vm: 'c', node: 'n2' }, [...counter(1).slice(0, 10), ...counter(1).slice(0, 31)]],
  [{ __name__: 'memory', vm: 'a' }, Array(41).fill(100)],
  [{ __name__: 'memory', vm: 'b' }, Array(41).fill(300)],
  [{ __name__: 'limit', vm: 'a', tier: 'gold' }, Array(41).fill(200)],
  [{ __name__: 'limit', vm: 'b', tier: 'tin' }, Array(41).fill(200)],
  [{ __name__: 'gone', vm: 'z' }, [...Array(9).fill(1), NaN]],
])

/** What a query gives at minute 20, as `labels: value` in the order in which it comes. */
function ask(query: string, atMs = 20 * minute): string[] {
  const result = inOneGo(evaluateInstant(source, parsePromql(query), atMs))
  if (result.type === 'scalar' || result.type === 'string') return [String(result.value)]
  if (result.type === 'matrix') return result.series.map(({ labels, values }) => `${words(labels)}: ${values.join(' ')}`)
  return result.samples.map(({ labels, value }) => `${words(labels)}: ${Number(value.toFixed(6))}`)
}
const words = (labels: Labels) =>
  Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => (name === '__name__' ? value : `${name}=${value}`))
    .join(' ')

const refusal = (query: string): string => {
  try {
    ask(query)
  } catch (error) {
    if (error instanceof QueryError) return `${error.errorType}: ${error.message}`
    throw error
  }
  return 'accepted'
}

describe('selectors', () => {
  test('choose by name and by all four operators, regular expressions whole', () => {
    expect(ask('memory')).toEqual(['memory vm=a: 100', 'memory vm=b: 300'])
    expect(ask('memory{vm="a"}')).toEqual(['memory vm=a: 100'])
    expect(ask('memory{vm!="a"}')).toEqual(['memory vm=b: 300'])
    expect(ask('memory{vm=~"a|x"}')).toEqual(['memory vm=a: 100'])
    expect(ask('cpu_seconds_total{node=~"n"}')).toEqual([])
    expect(ask('memory{vm!~"b.*"}')).toEqual(['memory vm=a: 100'])
    expect(ask('{__name__=~"(?i)MEM.*", vm="b"}')).toEqual(['memory vm=b: 300'])
    expect(ask('memory{missing=""}')).toHaveLength(2)
  })

  test('find the last sample of five minutes, and nothing of a series that ended', () => {
    expect(ask('memory{vm="a"}', 20 * minute + 4 * minute)).toEqual(['memory vm=a: 100'])
    expect(ask('memory{vm="a"}', 20 * minute + 6 * minute)).toEqual([])
    expect(ask('gone', 4 * minute)).toEqual(['gone vm=z: 1'])
    expect(ask('gone', 5 * minute)).toEqual([])
  })

  test('look back with offset and at a moment with @', () => {
    expect(ask('cpu_seconds_total{vm="a"} offset 10m')).toEqual(['cpu_seconds_total node=n1 vm=a: 300'])
    expect(ask('cpu_seconds_total{vm="a"} @ 60')).toEqual(['cpu_seconds_total node=n1 vm=a: 30'])
    expect(ask('cpu_seconds_total{vm="a"}[1m]')).toEqual(['cpu_seconds_total node=n1 vm=a: 585 600'])
  })
})

describe('functions of ranges', () => {
  test('rate and increase stretch to the ends of the window and survive a restart', () => {
    expect(ask('rate(cpu_seconds_total[5m])')).toEqual(['node=n1 vm=a: 0.5', 'node=n1 vm=b: 2', 'node=n2 vm=c: 1'])
    expect(ask('increase(cpu_seconds_total{vm="b"}[10m])')).toEqual(['node=n1 vm=b: 1200'])
    // Over the reset at minute five, one interval is lost: nobody knows what happened in it.
    expect(ask('resets(cpu_seconds_total{vm="c"}[10m])', 10 * minute)).toEqual(['node=n2 vm=c: 1'])
    expect(Number(ask('rate(cpu_seconds_total{vm="c"}[5m])', 7 * minute)[0]?.split(': ')[1])).toBeCloseTo(8 / 9, 1)
    expect(ask('irate(cpu_seconds_total{vm="a"}[5m])')).toEqual(['node=n1 vm=a: 0.5'])
    expect(ask('delta(memory{vm="a"}[5m])')).toEqual(['vm=a: 0'])
  })

  test('need two samples for a rate, and drop what has fewer', () => {
    expect(ask('rate(cpu_seconds_total{vm="a"}[20s])')).toEqual([])
  })

  test('aggregate over time, also over a subquery', () => {
    expect(ask('max_over_time(cpu_seconds_total{vm="a"}[5m])')).toEqual(['node=n1 vm=a: 600'])
    expect(ask('count_over_time(memory{vm="a"}[5m])')).toEqual(['vm=a: 10'])
    expect(ask('avg_over_time(rate(cpu_seconds_total{vm="b"}[2m])[10m:1m])')).toEqual(['node=n1 vm=b: 2'])
    expect(ask('quantile_over_time(0.5, cpu_seconds_total{vm="a"}[5m])')).toEqual(['node=n1 vm=a: 532.5'])
    expect(ask('predict_linear(cpu_seconds_total{vm="a"}[5m], 60)')).toEqual(['node=n1 vm=a: 630'])
  })
})

test('a window may be as long as the history: months of samples are not too many', () => {
  const months = sourceOf([[{ __name__: 'memory', vm: 'a' }, Array.from({ length: 300_000 }, (_, i) => i % 1000)]])
  const over = (name: string) =>
    inOneGo(evaluateInstant(months, parsePromql(`${name}(memory[104d])`), 300_000 * 30_000)) as { samples: { value: number }[] }
  expect(over('max_over_time').samples.map(({ value }) => value)).toEqual([999])
  expect(over('min_over_time').samples.map(({ value }) => value)).toEqual([0])
})

describe('aggregations', () => {
  test('group by and without labels, before or after the argument', () => {
    expect(ask('sum by (node) (rate(cpu_seconds_total[5m]))')).toEqual(['node=n1: 2.5', 'node=n2: 1'])
    expect(ask('sum(rate(cpu_seconds_total[5m])) without (vm)')).toEqual(['node=n1: 2.5', 'node=n2: 1'])
    expect(ask('count(memory)')).toEqual([': 2'])
    expect(ask('avg(memory)')).toEqual([': 200'])
    expect(ask('min(memory) + max(memory)')).toEqual([': 400'])
    expect(ask('stddev(memory)')).toEqual([': 100'])
    expect(ask('quantile(0.5, memory)')).toEqual([': 200'])
    expect(ask('group(memory)')).toEqual([': 1'])
  })

  test('topk and bottomk keep the series whole, in order', () => {
    expect(ask('topk(2, cpu_seconds_total)')).toEqual(['cpu_seconds_total node=n1 vm=b: 2400', 'cpu_seconds_total node=n2 vm=c: 900'])
    expect(ask('bottomk(1, memory)')).toEqual(['memory vm=a: 100'])
    expect(ask('topk by (node) (1, cpu_seconds_total)')).toHaveLength(2)
  })
})

describe('operators', () => {
  test('follow the rules of precedence', () => {
    expect(ask('1 + 2 * 3 ^ 2 - -4')).toEqual(['23'])
    expect(ask('2 ^ 3 ^ 2')).toEqual(['512'])
    expect(ask('(1 + 2) * 3 % 4')).toEqual(['1'])
    expect(ask('5m + 0x10')).toEqual(['316'])
  })

  test('calculate with scalars, and filter by comparing or answer with bool', () => {
    expect(ask('memory / 100')).toEqual(['vm=a: 1', 'vm=b: 3'])
    expect(ask('memory > 200')).toEqual(['memory vm=b: 300'])
    expect(ask('200 < memory')).toEqual(['memory vm=b: 300'])
    expect(ask('memory > bool 200')).toEqual(['vm=a: 0', 'vm=b: 1'])
  })

  test('match vectors on all labels, on some, or with a group', () => {
    expect(ask('memory / on (vm) limit')).toEqual(['vm=a: 0.5', 'vm=b: 1.5'])
    expect(ask('memory / ignoring (tier) limit')).toEqual(['vm=a: 0.5', 'vm=b: 1.5'])
    expect(ask('memory / limit')).toEqual([])
    expect(ask('memory * on (vm) group_left (tier) limit')).toEqual(['tier=gold vm=a: 20000', 'tier=tin vm=b: 60000'])
    expect(ask('memory > on (vm) limit')).toEqual(['vm=b: 300'])
    expect(refusal('memory * on () limit')).toContain(
      'found duplicate series for the match group {} on the right hand-side of the operation',
    )
    expect(refusal('cpu_seconds_total * on (node) group_right cpu_seconds_total')).toContain('on the left hand-side')
  })

  test('combine sets', () => {
    expect(ask('memory and on (vm) limit{tier="gold"}')).toEqual(['memory vm=a: 100'])
    expect(ask('memory unless on (vm) limit{tier="gold"}')).toEqual(['memory vm=b: 300'])
    expect(ask('memory{vm="a"} or memory{vm="b"}')).toHaveLength(2)
    expect(ask('sum(nothing) or vector(0)')).toEqual([': 0'])
  })
})

test('the other functions', () => {
  expect(ask('absent(nothing{vm="x"})')).toEqual(['vm=x: 1'])
  expect(ask('absent(memory)')).toEqual([])
  expect(ask('clamp_max(memory, 150)')).toEqual(['vm=a: 100', 'vm=b: 150'])
  expect(ask('round(memory / 7, 0.5)')).toEqual(['vm=a: 14.5', 'vm=b: 43'])
  expect(ask('sort_desc(memory)')[0]).toBe('memory vm=b: 300')
  expect(ask('scalar(memory{vm="a"}) + 1')).toEqual(['101'])
  expect(ask('time()')).toEqual(['1200'])
  expect(ask('minute()')).toEqual([': 20'])
  expect(ask('timestamp(memory{vm="a"})', 20 * minute + 10_000)).toEqual(['vm=a: 1200'])
  expect(ask('label_replace(memory{vm="a"}, "name", "vm-$1", "vm", "(.*)")')).toEqual(['memory name=vm-a vm=a: 100'])
  expect(ask('-memory{vm="a"}')).toEqual(['vm=a: -100'])
})

test('a range query evaluates at every step and orders its series by their labels', () => {
  const series = inOneGo(
    evaluateRange(source, parsePromql('sum by (node) (rate(cpu_seconds_total[2m]))'), {
      startMs: 10 * minute,
      endMs: 12 * minute,
      stepMs: minute,
    }),
  )
  expect(series.map(({ labels, times, values }) => [labels, times, values.map((value) => Number(value.toFixed(3)))])).toEqual([
    [{ node: 'n1' }, [600_000, 660_000, 720_000], [2.5, 2.5, 2.5]],
    [{ node: 'n2' }, [600_000, 660_000, 720_000], [1, 1, 1]],
  ])
})

test('what is wrong with a query is said with its place', () => {
  expect(refusal('sum(')).toBe('bad_data: 1:5: parse error: unclosed left parenthesis')
  expect(refusal('memory[')).toMatch(/^bad_data: 1:8: parse error: unexpected end of input$/)
  expect(refusal('memory limit')).toBe('bad_data: 1:8: parse error: unexpected "limit"')
  expect(refusal('')).toBe('bad_data: unknown position: parse error: no expression found in input')
  expect(refusal('rate(memory)')).toBe(
    'bad_data: 1:6: parse error: expected type range vector in call to function "rate", got instant vector',
  )
  expect(refusal('rate()')).toBe('bad_data: 1:1: parse error: expected 1 argument(s) in call to "rate", got 0')
  expect(refusal('{vm=~".*"}')).toBe('bad_data: 1:1: parse error: vector selector must contain at least one non-empty matcher')
  expect(refusal('1 > 2')).toBe('bad_data: 1:1: parse error: comparisons between scalars must use BOOL modifier')
  expect(refusal('memory{vm=~"("}')).toMatch(/^bad_data: error parsing regexp: /)
  expect(refusal('histogram_quantile(0.9, memory)')).toBe(
    'bad_data: 1:1: parse error: histogram_quantile() is not evaluated by the simulated Prometheus',
  )
  expect(refusal('sum by (node) (memory[5m])')).toBe(
    'bad_data: 1:16: parse error: expected type instant vector in aggregation expression, got range vector',
  )
})

test.each([
  'memory',
  '-memory',
  'memory > 2',
  'rate(memory[5m])',
  'memory[5m]',
  'max by (vm) (memory)',
  'sum(rate(memory[5m]))',
  'memory - on (vm) limit',
  'memory and on (vm) limit',
  'memory or on (vm) limit',
  'max_over_time(memory[1m:30s])',
  'round(memory)',
  'timestamp(memory)',
  'label_replace(memory, "id", "$1", "vm", "(.*)")',
])('evaluates %s over a fleet with pauses, in which the API server answers', (query) => {
  const pausesOf = (vms: number) => {
    const names = Array.from({ length: vms }, (_, i) => String(i))
    const fleet = sourceOf(
      ['memory', 'limit'].flatMap((name) => names.map((vm): [Labels, number[]] => [{ __name__: name, vm }, [1, 2, 3]])),
    )
    const steps = evaluateInstant(fleet, parsePromql(query), minute)
    let pauses = 0
    while (!steps.next().done) pauses += 1
    return pauses
  }
  expect(pausesOf(6_400) - pausesOf(0)).toBeGreaterThanOrEqual(100)
})
