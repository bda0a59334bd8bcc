import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { failure, StatusError } from '@virtdeck/k8s'
import { addToSum, digestOf, emptySum, rowText, sumOfText } from '@virtdeck/kubevirt'
import type { RowSum, VmRow } from '@virtdeck/kubevirt'
import type { LiveMessage, LiveRequest } from '@virtdeck/server/protocol'
import { createFleetStore, throttled } from './fleet.ts'
import type { LiveSubscriber } from './live-socket.ts'
import type { SnapshotParts } from './snapshot.ts'

const row = (name: string, status = 'Running'): VmRow => ({ uid: `uid-${name}`, namespace: 'shop', name, createdAt: 0, status })

/** A server whose answers the test gives: snapshots one by one, messages at will. */
function fakeServer() {
  const sent: LiveRequest[] = []
  const behind: (number | undefined)[] = []
  const snapshots: ((answer: SnapshotParts<'virtualmachines'> | Error) => void)[] = []
  let subscriber: LiveSubscriber | undefined
  const store = createFleetStore(
    'virtualmachines',
    {
      attach(own) {
        subscriber = own
        own.opened()
        return () => (subscriber = undefined)
      },
      send: (request) => sent.push(request),
      behind: (_fleet, since) => behind.push(since),
    },
    () => new Promise((resolve, reject) => snapshots.push((answer) => (answer instanceof Error ? reject(answer) : resolve(answer)))),
  )
  return {
    store,
    sent,
    behind,
    requested: () => snapshots.length,
    say: (message: LiveMessage) => subscriber?.heard(message),
    reopen: () => subscriber?.opened(),
    hide: () => subscriber?.hidden?.(),
    async answer(answer: { epoch: string; seq: number; rows: VmRow[] } | Error) {
      const parts = (given: { epoch: string; seq: number; rows: VmRow[] }): SnapshotParts<'virtualmachines'> => ({
        fleet: 'virtualmachines',
        epoch: given.epoch,
        seq: given.seq,
        access: { scope: 'cluster' },
        blocks: given.rows.map((one) => [one]),
      })
      snapshots.at(-1)?.(answer instanceof Error ? answer : parts(answer))
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
    },
    delta: (seq: number, upsert: VmRow[], remove: string[] = [], epoch = 'e1'): LiveMessage => ({
      type: 'delta',
      fleet: 'virtualmachines',
      epoch,
      seq,
      upsert,
      remove,
    }),
  }
}

async function loaded() {
  const server = fakeServer()
  server.store.subscribe(() => {})
  await server.answer({ epoch: 'e1', seq: 5, rows: [row('web'), row('db')] })
  return server
}

test('shows the snapshot and asks the socket to continue it', async () => {
  const { store, sent } = await loaded()
  expect(store.state()).toMatchObject({ status: 'ready', access: { scope: 'cluster' } })
  expect(store.state().rows.map(({ name }) => name)).toEqual(['web', 'db'])
  expect(sent).toEqual([{ type: 'fleet', fleet: 'virtualmachines', epoch: 'e1', seq: 5 }])
})

test('folds deltas in, in their order [F013]', async () => {
  const { store, say, delta } = await loaded()
  say(delta(6, [row('web', 'Stopping')]))
  say(delta(7, [row('web', 'Stopped'), row('cache')], ['uid-db']))
  expect(store.state().rows.map(({ name, status }) => `${name} ${status}`)).toEqual(['web Stopped', 'cache Running'])
})

test('shows the first rows together with what is made of them, and what came meanwhile after it', async () => {
  const { store, say, delta, sent, answer } = fakeServer()
  const made: (() => void)[] = []
  const worked: string[][] = []
  store.beforeReady((rows) => {
    worked.push(rows.map(({ name }) => name))
    return new Promise((resolve) => made.push(resolve))
  })
  store.subscribe(() => undefined)
  await answer({ epoch: 'e1', seq: 5, rows: [row('web')] })
  expect(store.state()).toMatchObject({ status: 'loading', rows: [] })
  say(delta(6, [row('db')]))
  made[0]?.()
  await vi.waitFor(() => expect(store.state()).toMatchObject({ status: 'ready', rows: [row('web')] }))
  // From where the picture was, so that the server tells of what came after it.
  expect(sent.at(-1)).toEqual({ type: 'fleet', fleet: 'virtualmachines', epoch: 'e1', seq: 5 })
  say({ type: 'reset', fleet: 'virtualmachines' })
  await answer({ epoch: 'e1', seq: 7, rows: [row('web'), row('db')] })
  expect([store.state().rows.length, worked]).toEqual([2, [['web']]])
})

test('shows rows that are asked for again while something is made of them', async () => {
  const { store, answer } = fakeServer()
  const made: (() => void)[] = []
  store.beforeReady(() => new Promise((resolve) => made.push(resolve)))
  store.subscribe(() => undefined)
  await answer({ epoch: 'e1', seq: 5, rows: [row('web')] })
  store.retry()
  await answer({ epoch: 'e1', seq: 5, rows: [row('web')] })
  for (const done of made) done()
  await vi.waitFor(() => expect(store.state()).toMatchObject({ status: 'ready', rows: [row('web')] }))
})

describe('fetches the snapshot again, keeping the rows meanwhile,', () => {
  test('when a delta is missing', async () => {
    const { store, say, delta, requested, answer } = await loaded()
    say(delta(7, [row('web', 'Stopped')]))
    expect(requested()).toBe(2)
    expect(store.state()).toMatchObject({ status: 'ready', rows: [{ status: 'Running' }, {}] })
    await answer({ epoch: 'e1', seq: 9, rows: [row('web', 'Stopped')] })
    expect(store.state().rows).toEqual([row('web', 'Stopped')])
  })

  test('when the server began anew', async () => {
    const { say, delta, requested } = await loaded()
    say(delta(6, [], [], 'e2'))
    expect(requested()).toBe(2)
  })

  test('when the server says so, and ignores deltas of the old picture until then', async () => {
    const { store, say, delta, requested, answer } = await loaded()
    say({ type: 'reset', fleet: 'virtualmachines' })
    say(delta(6, [row('web', 'Stopped')]))
    expect(requested()).toBe(2)
    expect(store.row(row('web'))?.status).toBe('Running')
    await answer({ epoch: 'e1', seq: 6, rows: [row('web', 'Paused')] })
    expect(store.row(row('web'))?.status).toBe('Paused')
  })
})

test('ignores a delta it has had', async () => {
  const { store, say, delta, requested } = await loaded()
  say(delta(6, [row('web', 'Stopped')]))
  say(delta(6, [row('web', 'Running')]))
  expect([store.row(row('web'))?.status, requested()]).toEqual(['Stopped', 1])
})

test('continues where it was when the socket comes back', async () => {
  const { sent, say, delta, reopen, requested } = await loaded()
  say(delta(6, []))
  reopen()
  expect(sent.at(-1)).toEqual({ type: 'fleet', fleet: 'virtualmachines', epoch: 'e1', seq: 6 })
  expect(requested()).toBe(1)
})

test('says why there is nothing to show, and tries again by itself [F015]', async () => {
  vi.useFakeTimers()
  const server = fakeServer()
  server.store.subscribe(() => {})
  await server.answer(new StatusError(failure(503, 'The cluster does not answer.')))
  expect(server.store.state()).toMatchObject({ status: 'error', error: { code: 503, message: 'The cluster does not answer.' } })
  vi.advanceTimersByTime(1_000)
  vi.useRealTimers()
  expect(server.requested()).toBe(2)
  await server.answer({ epoch: 'e1', seq: 0, rows: [] })
  expect(server.store.state()).toMatchObject({ status: 'ready', error: undefined })
})

test('says since when its rows are old while they cannot be read again, and keeps them meanwhile [F250]', async () => {
  vi.useFakeTimers({ now: 1_000 })
  onTestFinished(() => void vi.useRealTimers())
  const { store, say, behind, answer, requested } = await loaded()
  vi.setSystemTime(5_000)
  say({ type: 'reset', fleet: 'virtualmachines' })
  const told = behind.length
  await answer(new StatusError(failure(503, 'The inventory is not read yet.')))
  vi.advanceTimersByTime(1_000)
  expect(requested()).toBe(3)
  await answer(new StatusError(failure(503, 'The inventory is not read yet.')))
  // Since they were true, not since it was asked last.
  expect(behind.slice(told)).toEqual([5_000, 5_000])
  expect(store.state()).toMatchObject({ status: 'ready', error: undefined })
  expect(store.state().rows).toHaveLength(2)
  vi.advanceTimersByTime(2_000)
  await answer({ epoch: 'e2', seq: 0, rows: [row('web')] })
  expect(behind.at(-1)).toBeUndefined()
  expect(store.state().rows).toHaveLength(1)
})

test('forgets everything when the identity changes, and fetches again only if somebody may look and does', async () => {
  const server = fakeServer()
  const stop = server.store.subscribe(() => {})
  await server.answer({ epoch: 'e1', seq: 5, rows: [row('web')] })
  server.store.forget(false)
  expect(server.store.state()).toMatchObject({ status: 'loading', rows: [] })
  expect(server.requested()).toBe(1)
  server.store.forget(true)
  expect(server.requested()).toBe(2)
  stop()
  server.store.forget(true)
  expect(server.requested()).toBe(2)
})

test('tells of changed rows at once, then gathers what follows, and loses none of it', async () => {
  vi.useFakeTimers()
  const { store, say, delta } = await loaded()
  const slow = throttled(store, 250)
  const seen: string[] = []
  const stop = slow.subscribe(() =>
    seen.push(
      slow
        .state()
        .rows.map(({ status }) => status)
        .join(' '),
    ),
  )
  say(delta(6, [row('web', 'Stopping')]))
  say(delta(7, [row('web', 'Stopped')]))
  say(delta(8, [row('db', 'Paused')]))
  expect(seen).toEqual(['Stopping Running'])
  vi.advanceTimersByTime(250)
  expect(seen).toEqual(['Stopping Running', 'Stopped Paused'])
  vi.advanceTimersByTime(1_000)
  expect(seen).toHaveLength(2)
  store.forget(false)
  expect(seen.at(-1)).toBe('')
  stop()
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

/** The digest that the server sends with these rows. */
const digest = (rows: readonly VmRow[], seq: number): LiveMessage => ({
  type: 'digest',
  fleet: 'virtualmachines',
  epoch: 'e1',
  seq,
  digest: digestOf(rows.reduce<RowSum>((sum, one) => addToSum(sum, sumOfText(rowText(one))), emptySum)),
})

async function turns(count: number) {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve()
}

test('says so and starts over where its rows are not what the server says they are [K-22]', async () => {
  const { store, sent, say, delta, requested, answer } = await loaded()
  say(delta(6, [row('web', 'Stopped')]))
  say(digest([row('web', 'Stopped'), row('db')], 6))
  await turns(10)
  expect(requested()).toBe(1)
  // A fault of either side: the row that the server has is another one.
  say(digest([row('web', 'Paused'), row('db')], 6))
  await turns(10)
  expect(sent.at(-1)).toEqual({ type: 'mismatch', fleet: 'virtualmachines', epoch: 'e1', seq: 6 })
  expect(requested()).toBe(2)
  await answer({ epoch: 'e1', seq: 8, rows: [row('web', 'Paused'), row('db')] })
  expect(store.row(row('web'))?.status).toBe('Paused')
})

test('takes no digest of another moment for its own', async () => {
  const { say, delta, requested } = await loaded()
  say(digest([], 6))
  say({ ...digest([], 5), epoch: 'e0' } as LiveMessage)
  say(delta(6, [row('web', 'Stopped')]))
  await turns(10)
  expect(requested()).toBe(1)
})

test('stops following while nobody looks at the tab, and continues where it was', async () => {
  const { sent, hide, say, delta, reopen, requested } = await loaded()
  say(delta(6, []))
  hide()
  expect(sent.at(-1)).toEqual({ type: 'fleet-close', fleet: 'virtualmachines' })
  reopen()
  expect(sent.at(-1)).toEqual({ type: 'fleet', fleet: 'virtualmachines', epoch: 'e1', seq: 6 })
  expect(requested()).toBe(1)
})
