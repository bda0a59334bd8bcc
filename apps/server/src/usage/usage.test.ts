import fc from 'fast-check'
import { beforeEach, expect, test, vi } from 'vitest'
import { inventoryResources } from '../inventory/messages.ts'
import { mayList, type Reach, type Visibility } from '../inventory/visibility.ts'
import type { UsageHead, UsageLine } from '../protocol.ts'
import { propertyRuns, propertyTimeoutMs } from '../testing/property-runs.ts'
import type { Measurements } from './measurements.ts'
import { UsageProblem } from './prometheus.ts'
import { createUsage } from './usage.ts'

const namespaces = ['bank', 'lab', 'shop', 'team-a']
const measured = (value: number): Measurements => ({
  lines: namespaces.map((namespace) => [namespace, JSON.stringify([namespace, 'web', [value], [value]])]),
  vmis: namespaces.length,
  passedOver: 0,
})

const rights = (vmis: Reach, others: Reach = 'all') =>
  ({ ...Object.fromEntries(inventoryResources.map((resource) => [resource, others])), virtualmachineinstances: vmis }) as Visibility

function read(body: Buffer): UsageHead & { lines: UsageLine[] } {
  const [head = '', ...lines] = body.toString().split('\n')
  return { ...(JSON.parse(head) as UsageHead), lines: lines.map((line) => JSON.parse(line) as UsageLine) }
}

/** A Prometheus that says what it is told to, and the log of what is told of it. */
function started() {
  const answers: (() => Promise<Measurements>)[] = []
  const said: string[] = []
  let asked = 0
  const usage = createUsage({
    read: () => {
      asked += 1
      return (answers.shift() ?? (() => Promise.resolve(measured(asked))))()
    },
    log: {
      warn: (_: unknown, message?: string) => said.push(`warn: ${message}`),
      info: (_: unknown, message?: string) => said.push(`info: ${message}`),
    } as never,
  })
  const fails = (message: string) => answers.push(() => Promise.reject(new UsageProblem(message, 'connect ECONNREFUSED')))
  return { usage, answers, fails, said, asked: () => asked, look: async (of = rights('all')) => read(await usage.answer(of, 'identity')) }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] })
  return () => void vi.useRealTimers()
})

test('asks once in half a minute, however many look, and not at all while nobody does [F227]', async () => {
  const { look, asked } = started()
  await Promise.all(Array.from({ length: 50 }, () => look()))
  await look(rights(new Set(['shop'])))
  expect(asked()).toBe(1)
  vi.advanceTimersByTime(29_999)
  expect((await look()).lines[0]).toEqual(['bank', 'web', [1], [1]])
  vi.advanceTimersByTime(1)
  expect((await look()).lines[0]).toEqual(['bank', 'web', [2], [2]])
  vi.advanceTimersByTime(3_600_000)
  expect(asked()).toBe(2)
})

test('says of a Prometheus that does not answer since when nothing is new, and why, and shows nothing after five minutes [F227] [F250]', async () => {
  const { usage, look, fails, said } = started()
  const first = await look()
  expect(first).toMatchObject({ at: first.askedAt, everyMs: 30_000 })
  expect(first).not.toHaveProperty('problem')
  for (let times = 0; times < 10; times += 1) {
    fails('Prometheus cannot be reached.')
    vi.advanceTimersByTime(30_000)
    expect(await look()).toMatchObject({ at: first.at, askedAt: Date.now(), problem: 'Prometheus cannot be reached.', lines: first.lines })
  }
  fails('Prometheus cannot be reached.')
  vi.advanceTimersByTime(30_000)
  const late = await look()
  expect(late).toMatchObject({ problem: 'Prometheus cannot be reached.', lines: [] })
  expect(late).not.toHaveProperty('at')
  expect(usage.health()).toMatchObject({ reads: 12, failures: 11, failing: true })
  vi.advanceTimersByTime(30_000)
  expect(await look()).toMatchObject({ at: Date.now(), lines: [['bank', 'web', [13], [13]], {}, {}, {}] })
  expect(usage.health()).toMatchObject({ failing: false, readAt: Date.now(), vmis: 4 })
  // Once each, not with every attempt.
  expect(said).toEqual(['warn: Prometheus cannot be reached.', 'info: Prometheus tells again what VMs use.'])
})

test('says what is probably wrong with a Prometheus that knows of no VM [F227]', async () => {
  const { look, answers } = started()
  answers.push(() => Promise.resolve({ lines: [], vmis: 0, passedOver: 0 }))
  expect((await look()).problem).toMatch(/knows of no VM/)
})

test('tells those who may list VMIs nowhere so, and does not ask for them [F227]', async () => {
  const { look, asked } = started()
  expect(await look(rights(new Set()))).toMatchObject({ problem: 'You may not list virtualmachineinstances in any namespace.', lines: [] })
  expect(asked()).toBe(0)
})

test('waits for an answer that is under way, and asks no second time meanwhile [F227]', async () => {
  const { look, answers, asked } = started()
  let answer = (_: Measurements) => {}
  answers.push(() => new Promise((resolve) => (answer = resolve)))
  const both = [look(), look()]
  vi.advanceTimersByTime(60_000)
  both.push(look())
  answer(measured(7))
  expect((await Promise.all(both)).map(({ lines }) => lines[0]?.[2])).toEqual([[7], [7], [7]])
  expect(asked()).toBe(1)
})

test(
  'shows exactly the namespaces whose VMIs one may list, whatever else one may list and whoever looked before [F227]',
  async () => {
    const reach: fc.Arbitrary<Reach> = fc.oneof(
      fc.constant('all' as const),
      fc.subarray([...namespaces, 'elsewhere']).map((names) => new Set(names)),
    )
    const people = fc.array(fc.record({ vmis: reach, others: reach, waitMs: fc.constantFrom(0, 1_000, 31_000), fails: fc.boolean() }), {
      minLength: 1,
      maxLength: 12,
    })
    await fc.assert(
      fc.asyncProperty(people, async (visits) => {
        const { look, fails } = started()
        for (const visit of visits) {
          vi.advanceTimersByTime(visit.waitMs)
          if (visit.fails) fails('Prometheus cannot be reached.')
          const visibility = rights(visit.vmis, visit.others)
          const { at, lines } = await look(visibility)
          const seen = lines.map(([namespace]) => namespace)
          const may = namespaces.filter((namespace) => mayList(visibility, 'virtualmachineinstances', namespace))
          expect(seen).toEqual(at === undefined ? [] : may)
        }
      }),
      { numRuns: Math.min(propertyRuns, 20_000) },
    )
  },
  propertyTimeoutMs,
)
