import { beforeEach, expect, test, vi } from 'vitest'
import { StatusError, failure } from '@virtdeck/k8s'
import type { UsageHead, UsageLine } from '@virtdeck/server/protocol'
import { createUsageStore } from './usage.ts'

const OFFSET_MS = 7_000
const MINUTE = 60_000

/** A server that answers when it is told to, and a tab that is in sight or not. */
function fake() {
  const asked: { answer: (lines: UsageLine[], head?: Partial<UsageHead>) => Promise<void>; fail: (error: Error) => Promise<void> }[] = []
  let seen = true
  let look = () => {}
  const turns = async () => {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
  }
  const store = createUsageStore({
    fetchUsage: () =>
      new Promise((resolve, reject) => {
        asked.push({
          answer(lines, head = {}) {
            const askedAt = Date.now() + OFFSET_MS
            resolve({ head: { askedAt, everyMs: 30_000, at: askedAt, ...head }, lines })
            return turns()
          },
          fail(error) {
            reject(error)
            return turns()
          },
        })
      }),
    clockOffsetMs: () => OFFSET_MS,
    visible: () => seen,
    onVisible(listener) {
      look = listener
      return () => (look = () => {})
    },
  })
  return {
    store,
    asked: () => asked.length,
    async answer(...given: [UsageLine[], Partial<UsageHead>?]) {
      await asked.at(-1)?.answer(...given)
    },
    async fail(error: Error) {
      await asked.at(-1)?.fail(error)
    },
    show(visible: boolean) {
      seen = visible
      look()
    },
  }
}

const web = { namespace: 'shop', name: 'web' }
const unreachable = new StatusError(failure(503, 'The server cannot be reached.'))

beforeEach(() => {
  vi.useFakeTimers()
  return () => void vi.useRealTimers()
})

test('asks for nothing until somebody looks, then every half a minute, and no more once nobody does [F227]', async () => {
  const { store, asked, answer } = fake()
  vi.advanceTimersByTime(MINUTE)
  expect(asked()).toBe(0)
  const first = store.subscribe(() => {})
  const second = store.subscribe(() => {})
  vi.advanceTimersByTime(1_000)
  expect(asked()).toBe(1)
  await answer([['shop', 'db web', [5, 1200], [100, -1]]])
  expect(store.of(web)).toEqual({ cpuMillicores: 1200 })
  expect(store.of({ namespace: 'shop', name: 'db' })).toEqual({ cpuMillicores: 5, memoryBytes: 100 * 2 ** 20 })
  expect(store.of({ namespace: 'bank', name: 'web' })).toBeUndefined()
  expect(store.state()).toEqual({ at: Date.now() })
  vi.advanceTimersByTime(29_000)
  expect(asked()).toBe(1)
  vi.advanceTimersByTime(4_000)
  expect(asked()).toBe(2)
  await answer([])
  first()
  second()
  vi.advanceTimersByTime(10 * MINUTE)
  expect(asked()).toBe(2)
})

test('asks nothing while the tab is hidden, and shows nothing old when it is seen again [F227]', async () => {
  const { store, asked, answer, show } = fake()
  store.subscribe(() => {})
  vi.advanceTimersByTime(1_000)
  await answer([['shop', 'web', [10], [10]]])
  show(false)
  vi.advanceTimersByTime(10 * MINUTE)
  expect(asked()).toBe(1)
  show(true)
  expect(store.of(web)).toBeUndefined()
  vi.advanceTimersByTime(1_000)
  expect(asked()).toBe(2)
})

test('keeps what it knows for five minutes while nothing newer is told, and says why [F227] [F250]', async () => {
  const { store, fail, answer } = fake()
  store.subscribe(() => {})
  vi.advanceTimersByTime(1_000)
  await answer([['shop', 'web', [10], [10]]])
  const { at } = store.state()
  for (let waited = 0; waited < 4; waited += 1) {
    vi.advanceTimersByTime(MINUTE)
    await fail(unreachable)
    expect(store.state()).toEqual({ at, problem: 'The server cannot be reached.' })
    expect(store.of(web)).toEqual({ cpuMillicores: 10, memoryBytes: 10 * 2 ** 20 })
  }
  vi.advanceTimersByTime(2 * MINUTE)
  await fail(unreachable)
  expect(store.of(web)).toBeUndefined()
  expect(store.state()).toEqual({ problem: 'The server cannot be reached.' })
  vi.advanceTimersByTime(MINUTE)
  await answer([['shop', 'web', [20], [20]]], { problem: 'Prometheus cannot be reached.' })
  expect(store.state().problem).toBe('Prometheus cannot be reached.')
})

test('tells everybody of a measurement once, and has another version after it [F227]', async () => {
  const { store, answer } = fake()
  const heard: number[] = []
  store.subscribe(() => heard.push(store.version()))
  vi.advanceTimersByTime(1_000)
  await answer([
    ['bank', 'a b', [1, 2], [3, 4]],
    ['shop', 'web', [10], [10]],
  ])
  expect(heard).toEqual([store.version()])
})

test('forgets all with the session, also what is on its way [F227]', async () => {
  const { store, asked, answer } = fake()
  store.subscribe(() => {})
  vi.advanceTimersByTime(1_000)
  await answer([['shop', 'web', [10], [10]]])
  vi.advanceTimersByTime(MINUTE)
  expect(asked()).toBe(2)
  store.forget()
  expect(store.of(web)).toBeUndefined()
  await answer([['shop', 'web', [20], [20]]])
  expect(store.of(web)).toBeUndefined()
  vi.advanceTimersByTime(1_000)
  expect(asked()).toBe(3)
})
