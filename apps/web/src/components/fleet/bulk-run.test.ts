import { expect, test } from 'vitest'
import type { Outcome } from '../../api/outcome.ts'
import { runBulk, type BulkState } from './bulk-run.ts'

const done: Outcome = { kind: 'done' }

/** Runs over names; each ends when the test says so. */
function harness(items: string[], options: { atOnce: number; stopOnFailure?: boolean; groups?: string[][] }) {
  const states = new Map<string, BulkState>()
  const ends = new Map<string, { resolve(outcome: Outcome): void; reject(error: Error): void }>()
  const stop = new AbortController()
  let most = 0
  const finished = runBulk({
    groups: options.groups ?? [items],
    atOnce: options.atOnce,
    stopOnFailure: options.stopOnFailure ?? false,
    signal: stop.signal,
    run: (item) => new Promise((resolve, reject) => ends.set(item, { resolve, reject })),
    onState: (item, state) => {
      states.set(item, state)
      most = Math.max(most, [...states.values()].filter(({ kind }) => kind === 'running').length)
    },
  })
  return {
    finished,
    stop,
    most: () => most,
    kinds: () => Object.fromEntries([...states].map(([item, { kind }]) => [item, kind])),
    async end(item: string, how: Outcome | Error) {
      const waiting = ends.get(item)
      if (how instanceof Error) waiting?.reject(how)
      else waiting?.resolve(how)
      await new Promise((resolve) => setImmediate(resolve))
    },
    states,
  }
}

test('begins so many at a time, and the next when one has come to its end [F228]', async () => {
  const run = harness(['a', 'b', 'c'], { atOnce: 2 })
  expect(run.kinds()).toEqual({ a: 'running', b: 'running' })
  await run.end('b', done)
  expect(run.kinds()).toEqual({ a: 'running', b: 'done', c: 'running' })
  await run.end('a', done)
  await run.end('c', done)
  await run.finished
  expect(run.most()).toBe(2)
})

test('leaves the others done where one fails, with its cause [F012]', async () => {
  const run = harness(['a', 'b'], { atOnce: 2 })
  await run.end('a', new Error('VM is not running'))
  await run.end('b', done)
  await run.finished
  expect(run.states.get('a')).toEqual({ kind: 'failed', cause: 'VM is not running' })
  expect(run.states.get('b')).toEqual(done)
})

test('begins nothing more after a failure where that was asked for', async () => {
  const run = harness(['a', 'b', 'c'], { atOnce: 1, stopOnFailure: true })
  await run.end('a', { kind: 'failed' })
  await run.finished
  expect(run.kinds()).toEqual({ a: 'failed', b: 'left', c: 'left' })
})

test('what is under way ends by itself when the rest is called off', async () => {
  const run = harness(['a', 'b'], { atOnce: 1 })
  run.stop.abort()
  await run.end('a', done)
  await run.finished
  expect(run.kinds()).toEqual({ a: 'done', b: 'left' })
})

test('calls what takes longer than one waits accepted, not done', async () => {
  const run = harness(['a'], { atOnce: 3 })
  await run.end('a', { kind: 'running' })
  await run.finished
  expect(run.kinds()).toEqual({ a: 'accepted' })
})

test('begins a group when the one before has come to its end, and none after a failure [F228]', async () => {
  const run = harness([], { atOnce: 5, stopOnFailure: true, groups: [['db'], ['web-1', 'web-2'], ['edge']] })
  expect(run.kinds()).toEqual({ db: 'running' })
  await run.end('db', done)
  expect(run.kinds()).toEqual({ db: 'done', 'web-1': 'running', 'web-2': 'running' })
  await run.end('web-1', { kind: 'failed' })
  expect(run.kinds()).not.toHaveProperty('edge')
  await run.end('web-2', done)
  await run.finished
  expect(run.kinds()).toMatchObject({ 'web-2': 'done', edge: 'left' })
})
