import { gunzipSync, brotliDecompressSync } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { addToSum, digestOf, emptySum, rowText, sumOfText, type RowSum } from '@virtdeck/kubevirt'
import type { Snapshot } from '../protocol.ts'
import { readSnapshot } from '../testing/browser.ts'
import { openView as openBothEnds } from '../testing/one-thread.ts'
import { createRowStore, type RowUpsert } from './rows.ts'
import type { FleetView } from './view.ts'
import type { Visibility } from './visibility.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] }))
afterEach(() => void vi.useRealTimers())

type Delta = { seq: number; epoch: string; upsert: { uid: string; turn: number }[]; remove: string[] }

const everything: Visibility = {
  namespaces: 'all',
  nodes: 'all',
  virtualmachines: 'all',
  virtualmachineinstances: 'all',
  virtualmachineinstancemigrations: 'all',
  datavolumes: 'all',
  persistentvolumeclaims: 'all',
  virtualmachinesnapshots: 'all',
  virtualmachinesnapshotcontents: 'all',
  virtualmachinerestores: 'all',
  vmtemplates: 'all',
}
const upsertOf = (given: { uid: string }, namespace = ''): RowUpsert => [given.uid, namespace, rowText(given)]
const row = (uid: string, turn = 0): RowUpsert => upsertOf({ uid, turn } as { uid: string })
const parse = (frame: Buffer) => JSON.parse(frame.toString()) as Delta

async function openView() {
  const store = createRowStore('nodes', '')
  store.receive({ upsert: [row('a'), row('b')], remove: [] })
  const view = await openBothEnds('nodes', everything, [store])
  const frames: Buffer[] = []
  view.subscribe({ frame: (frame) => frames.push(frame), ended() {} })
  onTestFinished(() => view.close())
  const change = (...upsert: RowUpsert[]) => store.receive({ upsert, remove: [] })
  return { store, view, frames, change }
}

async function snapshot(view: FleetView): Promise<Snapshot<'nodes'>> {
  return readSnapshot((await view.snapshot('identity')).body.toString())
}

test('sends the first change at once and joins those that follow within 16 ms, the last one of each row', async () => {
  const { frames, change } = await openView()
  change(row('a', 1))
  expect(frames.map((frame) => parse(frame).upsert)).toEqual([[{ uid: 'a', turn: 1 }]])
  change(row('a', 2))
  change(row('b', 1))
  change(row('a', 3))
  expect(frames).toHaveLength(1)
  vi.advanceTimersByTime(40)
  expect(frames).toHaveLength(2)
  expect(parse(frames[1] ?? Buffer.alloc(0)).upsert).toEqual([
    { uid: 'a', turn: 3 },
    { uid: 'b', turn: 1 },
  ])
})

test('tells of a removal even when the row changed just before', async () => {
  const { store, frames, change } = await openView()
  change(row('b', 1))
  change(row('a', 1))
  store.receive({ upsert: [], remove: ['a'] })
  vi.advanceTimersByTime(40)
  expect(parse(frames.at(-1) ?? Buffer.alloc(0))).toMatchObject({ upsert: [], remove: ['a'] })
})

test('continues a snapshot with exactly the deltas after it', async () => {
  const { view, change } = await openView()
  const first = await snapshot(view)
  expect(view.since(first.epoch, first.seq)).toEqual([])
  change(row('a', 1))
  vi.advanceTimersByTime(20)
  change(row('b', 1))
  const missed = (view.since(first.epoch, first.seq) ?? []).map(parse)
  expect(missed.map(({ seq }) => seq)).toEqual([first.seq + 1, first.seq + 2])
  const rows = new Map(first.rows.map((one) => [one.uid, one as unknown]))
  for (const { upsert } of missed) for (const one of upsert) rows.set(one.uid, one)
  // A picture may be half a second old.
  vi.advanceTimersByTime(600)
  expect([...rows.values()]).toEqual((await snapshot(view)).rows)
})

test('cannot continue another epoch, the future, or what is long past', async () => {
  const { view, change } = await openView()
  const { epoch } = await snapshot(view)
  expect(view.since('another', 0)).toBeUndefined()
  expect(view.since(epoch, 1)).toBeUndefined()
  for (let turn = 1; turn <= 1100; turn += 1) {
    change(row('a', turn))
    vi.advanceTimersByTime(20)
  }
  expect(view.since(epoch, 1)).toBeUndefined()
  expect(view.since(epoch, 1000)).toHaveLength(100)
})

test('makes one picture for all who ask, and another once rows have changed', async () => {
  const { view, change } = await openView()
  const [one, other] = await Promise.all([view.snapshot('br'), view.snapshot('br')])
  expect(one.body).toBe(other.body)
  const zipped = await view.snapshot('gzip')
  expect(gunzipSync(zipped.body).toString()).toBe(brotliDecompressSync(one.body).toString())
  change(row('a', 1))
  vi.advanceTimersByTime(600)
  expect((await view.snapshot('br')).etag).not.toBe(one.etag)
})

test('gives whoever follows a picture that is there already while what came since is short, and makes another for the next', async () => {
  const { view, change } = await openView()
  const followed = async () => readSnapshot<'nodes'>((await view.snapshot('identity', true)).body.toString())
  await followed()
  change(row('b', 1))
  vi.advanceTimersByTime(5_000)
  const behind = await followed()
  expect(behind.seq).toBe(view.seq() - 1)
  expect(view.since(behind.epoch, behind.seq)?.map(parse)).toMatchObject([{ seq: view.seq(), upsert: [{ uid: 'b', turn: 1 }] }])
  expect((await snapshot(view)).seq).toBe(view.seq())

  change(row('b', 2))
  vi.advanceTimersByTime(30_000)
  expect((await followed()).seq).toBe(view.seq() - 1)
  vi.advanceTimersByTime(2_000)
  expect((await followed()).seq).toBe(view.seq())
  change(row('b', 3))
  vi.advanceTimersByTime(5 * 60_000)
  expect((await followed()).seq).toBe(view.seq())
  for (let turn = 4; turn <= 804; turn += 1) {
    change(row('a', turn))
    vi.advanceTimersByTime(20)
  }
  const { seq } = await followed()
  expect(seq).toBe(view.seq())
})

test('says nothing of rows that are what they were, or that never were', async () => {
  const { store, frames } = await openView()
  store.receive({ upsert: [row('a'), row('c')], remove: ['b', 'nobody'] })
  expect(frames.map(parse)).toMatchObject([{ upsert: [{ uid: 'c' }], remove: ['b'] }])
  store.receive({ upsert: [row('a'), row('c')], remove: ['b'] })
  vi.advanceTimersByTime(40)
  expect(frames).toHaveLength(1)
})

type Step = { kind: 'put' | 'drop' | 'wait' | 'snapshot'; at: number; turn: number; lose: boolean }
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('put', 'put', 'put', 'drop', 'wait', 'snapshot'),
  at: fc.nat(7),
  turn: fc.nat(3),
  lose: fc.boolean(),
})

test('has the digest of exactly those whose rows are the same, whatever was lost on the way [K-22]', async () => {
  const names = ['team-a', 'team-b']
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.constantFrom(true, false), async (steps, losing) => {
      const store = createRowStore('nodes', '')
      const view = await openBothEnds('nodes', everything, [store])
      let tab = new Map<string, string>()
      let lose = false
      const fold = (frame: Buffer) => {
        const { upsert, remove } = parse(frame)
        for (const uid of remove) tab.delete(uid)
        for (const one of upsert) if (!lose) tab.set(one.uid, JSON.stringify(one))
      }
      view.subscribe({ frame: fold, ended() {} })
      const made = ({ at, turn }: Step) => upsertOf({ uid: `u${at}`, turn } as { uid: string }, names[at % 2])
      for (const one of steps) {
        lose = losing && one.lose
        if (one.kind === 'put') store.receive({ upsert: [made(one)], remove: [] })
        else if (one.kind === 'drop') store.receive({ upsert: [], remove: [`u${one.at}`] })
        else if (one.kind === 'wait') vi.advanceTimersByTime(1_000)
        else {
          const { epoch, seq, rows } = await snapshot(view)
          tab = new Map(rows.map((read) => [read.uid, JSON.stringify(read)]))
          // A picture may be a little old: the frames after it are part of it.
          for (const frame of view.since(epoch, seq) ?? []) fold(frame)
        }
      }
      const { digest } = await view.digest()
      const own = digestOf([...tab.values()].reduce<RowSum>((sum, text) => addToSum(sum, sumOfText(text)), emptySum))
      const current = (): string[] => [...store.rows.values()].map(({ json }) => json).toSorted()
      expect(own === digest).toBe([...tab.values()].toSorted().join() === current().join())
      view.close()
      expect(losing || own === digest).toBe(true)
    }),
  )
})
