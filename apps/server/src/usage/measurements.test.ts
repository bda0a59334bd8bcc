import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { UsageLine } from '../protocol.ts'
import { propertyRuns, propertyTimeoutMs } from '../testing/property-runs.ts'
import { measurementsOf } from './measurements.ts'

type Sample = { metric: Record<string, unknown>; value: unknown }

const sample = (namespace: unknown, name: unknown, value: unknown): Sample => ({
  metric: { namespace, name },
  value: [1_700_000_000.5, value],
})
const vector = (...result: unknown[]) => JSON.stringify({ status: 'success', data: { resultType: 'vector', result } })
const nothing = vector()
const parsed = (measurements: ReturnType<typeof measurementsOf>) => measurements.lines.map(([, line]) => JSON.parse(line) as UsageLine)

test('joins processors and memory by namespace and name, in the order of names [F227]', () => {
  const gib = (count: number) => String(count * 2 ** 30)
  const cpu = vector(sample('shop', 'web-2', '0.25'), sample('shop', 'web-1', '1.5'), sample('bank', 'db', '3e-3'))
  const memory = vector(sample('bank', 'db', gib(31.5)), sample('shop', 'web-2', gib(0.5)), sample('shop', 'web-3', gib(2)))
  const measurements = measurementsOf(cpu, memory)
  expect(parsed(measurements)).toEqual([
    ['bank', 'db', [3], [32_256]],
    ['shop', 'web-1 web-2 web-3', [1500, 250, -1], [-1, 512, 2048]],
  ])
  expect(measurements).toMatchObject({ vmis: 4, passedOver: 0 })
  expect(measurements.lines.map(([namespace]) => namespace)).toEqual(['bank', 'shop'])
})

test.each(['NaN', '+Inf', '-Inf', 'Infinity', '-0.5', '1e300', '', ' 1', '0x10', '0b1', 7, null, undefined, {}, ['1']])(
  'passes over %j, which is no amount [F227]',
  (value) => {
    const measurements = measurementsOf(vector(sample('shop', 'web', value), sample('shop', 'db', '1')), nothing)
    expect(parsed(measurements)).toEqual([['shop', 'db', [1000], [-1]]])
    expect(measurements.passedOver).toBe(1)
  },
)

test.each([
  ['shop', 'web db'],
  ['shop web', 'db'],
  ['shop/web', 'db'],
  ['shop', 'web\ndb'],
  ['shop', '../bank/db'],
  ['shop', '__proto__'],
  ['__proto__', 'web'],
  ['Shop', 'web'],
  ['', 'web'],
  ['shop', ''],
  ['shop', 'a'.repeat(254)],
  ['s'.repeat(64), 'web'],
  ['shop', ['web']],
  [undefined, 'web'],
  [null, null],
])('passes over a series of %j/%j, which names no VMI [F227]', (namespace, name) => {
  expect(measurementsOf(vector(sample(namespace, name, '1')), vector(sample(namespace, name, '1')))).toEqual({
    lines: [],
    vmis: 0,
    passedOver: 2,
  })
})

test('takes the first of two series of one VMI', () => {
  const measurements = measurementsOf(vector(sample('shop', 'web', '1'), sample('shop', 'web', '2')), nothing)
  expect(parsed(measurements)).toEqual([['shop', 'web', [1000], [-1]]])
  expect(measurements.passedOver).toBe(1)
})

test.each([
  '',
  'null',
  '[]',
  '"success"',
  '<html>',
  '{"status":"success"}',
  '{"status":"success","data":null}',
  '{"status":"success","data":{"resultType":"vector","result":{}}}',
  '{"status":"success","data":{"resultType":"matrix","result":[]}}',
  '{"status":"error","errorType":"timeout","error":"query timed out"}',
])('says that %s is no answer', (answer) => {
  expect(() => measurementsOf(answer, nothing)).toThrow(expect.objectContaining({ name: 'Unreadable' }))
  expect(() => measurementsOf(nothing, answer)).toThrow(expect.objectContaining({ name: 'Unreadable' }))
})

test(
  'puts no value on another VMI than the one whose labels it has, whatever else is in the answer [F227]',
  () => {
    const label = fc.oneof(fc.constantFrom('a', 'b', 'a-b', 'a/b', 'a b', 'A', '', '-', 'a.b'), fc.string())
    const samples = fc.array(
      fc.oneof(
        {
          weight: 4,
          arbitrary: fc
            .tuple(label, label, fc.oneof(fc.constantFrom('NaN', '-1', '1e999'), fc.nat(9).map(String)))
            .map((of) => sample(...of)),
        },
        { weight: 1, arbitrary: fc.jsonValue() },
      ),
    )
    fc.assert(
      fc.property(samples, samples, (cpu, memory) => {
        const lines = parsed(measurementsOf(vector(...cpu), vector(...memory)))
        const found = lines.flatMap(([namespace, names, ...columns]) =>
          names.split(' ').map((name, at) => ({ namespace, name, cpu: columns[0][at], memory: columns[1][at] })),
        )
        const isOf = ({ namespace, name }: { namespace: string; name: string }, one: unknown): one is Sample => {
          const { metric } = (one ?? {}) as Partial<Sample>
          return metric?.namespace === namespace && metric.name === name
        }
        for (const one of found) {
          const value = (all: unknown[], factor: number) =>
            all.filter((other) => isOf(one, other)).map(({ value: pair }) => Math.round(Number((pair as unknown[])[1]) * factor))
          expect([-1, ...value(cpu, 1000)]).toContain(one.cpu)
          expect([-1, ...value(memory, 1 / 2 ** 20)]).toContain(one.memory)
          expect(Math.max(one.cpu ?? -1, one.memory ?? -1)).toBeGreaterThanOrEqual(0)
        }
      }),
      { numRuns: propertyRuns },
    )
  },
  propertyTimeoutMs,
)
