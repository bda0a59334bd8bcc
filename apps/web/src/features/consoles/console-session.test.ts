import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  dueMs,
  holdsSocket,
  newSession,
  nextSession,
  type ConsoleEvent,
  type ConsoleKind,
  type ConsoleSession,
  type VmFacts,
} from './console-session.ts'

const up: VmFacts = { power: 'up' }
const down: VmFacts = { power: 'down' }
const moving: VmFacts = { power: 'up', migration: { targetNode: 'node-2' } }

/** Plays events at times in ms: `[0, event]` or only an event, which comes with the one before. */
function play(kind: ConsoleKind, vm: VmFacts, ...steps: (ConsoleEvent | [number, ConsoleEvent])[]): ConsoleSession {
  let nowMs = 0
  let session = newSession(kind, vm)
  for (const step of steps) {
    const [atMs, event] = Array.isArray(step) ? step : [nowMs, step]
    nowMs = atMs
    session = nextSession(session, event, nowMs)
  }
  return session
}
const open: ConsoleEvent = { type: 'open' }
const live = (dial = 1): ConsoleEvent => ({ type: 'live', dial })
const closed = (code = 1006, dial = 1): ConsoleEvent => ({ type: 'closed', dial, code })
const due: ConsoleEvent = { type: 'due' }
const vm = (facts: VmFacts): ConsoleEvent => ({ type: 'vm', vm: facts })

test('connects without taking over, and is live when the guest speaks [F132]', () => {
  expect(play('vnc', up, open).phase).toEqual({ name: 'connecting', takeOver: false })
  expect(play('vnc', up, open, [5, live()]).phase).toEqual({ name: 'live', sinceMs: 5 })
})

test('follows a live migration: reconnects by itself, as long as it takes [F132]', () => {
  const dropped = play('vnc', up, open, live(), vm(moving), [20_000, closed()])
  expect(dropped.phase).toEqual({ name: 'reconnecting', because: 'migration', attempt: 1, sinceMs: 20_000, nextMs: 20_500 })
  let session = dropped
  for (let nowMs = 20_500; nowMs < 200_000; nowMs = dueMs(session) ?? Number.POSITIVE_INFINITY) {
    session = nextSession(session, due, nowMs)
    session = nextSession(session, closed(4412, session.dial), nowMs)
    expect(session.phase.name).toBe('reconnecting')
    expect((dueMs(session) ?? 0) - nowMs).toBeLessThanOrEqual(5_000)
  }
  session = nextSession(session, due, 200_000)
  expect(nextSession(session, live(session.dial), 200_100).phase.name).toBe('live')
})

test('takes a drop shortly after a migration for the migration, also on the serial console', () => {
  const session = play('serial', up, open, live(), [1_000, vm(moving)], vm(up), [9_000, closed(1011)])
  expect(session.phase).toMatchObject({ name: 'reconnecting', because: 'migration' })
})

test('counts from the end of a migration, however long it took', () => {
  const session = play('vnc', up, open, live(), [1_000, vm(moving)], [300_000, vm(up)], [302_000, closed(1011)])
  expect(session.phase).toMatchObject({ name: 'reconnecting', because: 'migration' })
})

test('gives up after a minute of an unreachable cluster, and tries again on a click', () => {
  const session = play('vnc', up, open, closed(4503), [500, due], [61_000, closed(4503, 2)])
  expect(session.phase).toEqual({ name: 'failed', why: 'unreachable' })
  expect(nextSession(session, { type: 'retry' }, 70_000).phase).toEqual({ name: 'connecting', takeOver: false })
})

test('asks when somebody else has it: waits or takes over, on a click only', () => {
  const inUse = play('vnc', up, open, closed(4409))
  expect(inUse.phase).toEqual({ name: 'inUse' })
  expect(dueMs(inUse)).toBeUndefined()
  const waiting = nextSession(inUse, { type: 'wait' }, 1_000)
  expect(waiting.phase).toEqual({ name: 'inUse', nextMs: 6_000 })
  const trying = nextSession(waiting, due, 6_000)
  expect(trying.phase).toEqual({ name: 'connecting', takeOver: false, waiting: true })
  expect(nextSession(trying, closed(4409, 2), 6_100).phase).toEqual({ name: 'inUse', nextMs: 11_100 })
  expect(nextSession(inUse, { type: 'takeOver' }, 0).phase).toEqual({ name: 'connecting', takeOver: true })
})

test('stops when somebody took it over, and takes it back on a click only [W-13]', () => {
  const taken = play('vnc', up, open, live(), [60_000, closed()], [60_500, due], [60_600, closed(4409, 2)])
  expect(taken.phase).toEqual({ name: 'takenOver' })
  expect(nextSession(taken, vm(up), 61_000).phase).toEqual({ name: 'takenOver' })
  expect(nextSession(taken, { type: 'takeOver' }, 61_000).phase).toEqual({ name: 'connecting', takeOver: true })
  expect(nextSession(taken, { type: 'wait' }, 61_000).phase).toEqual({ name: 'connecting', takeOver: false, waiting: true })
})

test('mends one unexplained drop of a serial console, and no second one within a minute [W-15]', () => {
  const mended = play('serial', up, open, live(), [30_000, closed(1011)])
  expect(mended.phase.name).toBe('reconnecting')
  const again = nextSession(nextSession(nextSession(mended, due, 30_500), live(2), 30_600), closed(1011, 2), 50_000)
  expect(again.phase).toEqual({ name: 'takenOver' })
})

test('does not fight for a serial console that drops right after connecting [W-13] [W-15]', () => {
  expect(play('serial', up, open, [1_000, live()], [5_000, closed(1011)]).phase).toEqual({ name: 'takenOver' })
})

test('waits for a VM that does not run, and connects by itself after its start', () => {
  const waiting = play('serial', down, open)
  expect(waiting.phase).toEqual({ name: 'vmDown' })
  expect(nextSession(waiting, vm(up), 10).phase).toEqual({ name: 'connecting', takeOver: false })
})

test('goes through a restart: down, and back', () => {
  const session = play('vnc', up, open, live(), [10_000, closed()], [10_500, due], closed(4412, 2), vm(down), [30_000, vm(up)])
  expect(session.phase).toEqual({ name: 'connecting', takeOver: false })
})

test.each([
  [4401, 'expired'],
  [4403, 'forbidden'],
  [4429, 'failed'],
  [4400, 'failed'],
])('ends with close code %i as %s, and does not try again by itself', (code, name) => {
  const session = play('vnc', up, open, live(), closed(code))
  expect(session.phase.name).toBe(name)
  expect(dueMs(session)).toBeUndefined()
  expect(nextSession(session, due, 1e6)).toBe(session)
})

test('is gone with the VM', () => {
  expect(play('vnc', up, open, live(), vm({ power: 'missing' }), closed(4404)).phase).toEqual({ name: 'gone' })
})

test('asks before it connects to another VM of the same name, whenever that comes [W-21]', () => {
  const [one, other]: VmFacts[] = [
    { power: 'up', uid: 'one' },
    { power: 'up', uid: 'other' },
  ]
  const missing: VmFacts = { power: 'missing' }
  for (const session of [
    play('vnc', one!, open, live(), vm(other!)),
    play('vnc', one!, open, live(), closed(1011), vm(other!)),
    play('vnc', one!, open, live(), vm(missing), closed(4404), vm(other!)),
    play('serial', one!, open, live(), vm({ power: 'down', uid: 'one' }), vm(missing), vm({ power: 'down', uid: 'other' }), vm(other!)),
    play('vnc', one!, open, closed(4409), vm(other!)),
    nextSession(newSession('vnc', other!, 'one'), open, 0),
  ]) {
    expect(session.phase).toEqual({ name: 'recreated' })
    expect([holdsSocket(session), dueMs(session)]).toEqual([false, undefined])
    for (const event of [open, vm(other!), due, ...(['takeOver', 'wait', 'release'] as const).map((type) => ({ type }))])
      expect(nextSession(session, event, 5_000).phase).toEqual({ name: 'recreated' })
    const asked = nextSession(session, { type: 'retry' }, 5_000)
    expect(asked.phase).toEqual({ name: 'connecting', takeOver: false })
    // From now on it is that one.
    expect(nextSession(asked, vm(other!), 5_001).phase.name).toBe('connecting')
    expect(nextSession(asked, vm(one!), 5_001).phase.name).toBe('recreated')
  }
  expect(play('vnc', one!, open, live(), vm(missing), closed(4404), vm(one!)).phase.name).toBe('connecting')
  expect(play('vnc', one!, vm(other!), open).phase.name).toBe('connecting')
  expect(play('vnc', one!, open, vm(other!), { type: 'release' }, open).phase.name).toBe('recreated')
  expect(play('vnc', one!, open, vm(other!), { type: 'deny' }, open).phase.name).toBe('recreated')
})

test('comes back when a server that restarts says so, also on the serial console, and calls nobody a thief [W-18]', () => {
  const left = play('serial', up, open, [1_000, live()], [2_000, { ...closed(1012), retryAfterMs: 4_000 } as ConsoleEvent])
  expect(left.phase).toEqual({ name: 'reconnecting', because: 'server', attempt: 1, sinceMs: 2_000, nextMs: 6_000 })
  const again = play('serial', up, open, [1_000, live()], [2_000, closed(1012)], [2_500, due], live(2), [3_000, closed(1012, 2)])
  expect(again.phase).toMatchObject({ name: 'reconnecting', because: 'server' })
})

test('lets go of the console when it moves to a tab of its own', () => {
  const released = play('vnc', up, open, live(), { type: 'release' })
  expect(holdsSocket(released)).toBe(false)
  expect(nextSession(released, { type: 'retry' }, 1).phase).toEqual({ name: 'connecting', takeOver: false })
})

test('never takes over without a click, never dials twice at once, and hears no ghosts [any order of events] [W-13] [W-21]', () => {
  const facts = fc.constantFrom<VmFacts>(
    ...[up, down, moving].flatMap((each) => [
      { ...each, uid: 'one' },
      { ...each, uid: 'other' },
    ]),
    { power: 'missing' },
  )
  const event = fc.oneof(
    fc.constantFrom<ConsoleEvent>(open, { type: 'retry' }, { type: 'wait' }, { type: 'takeOver' }, { type: 'release' }, due),
    facts.map((each): ConsoleEvent => ({ type: 'vm', vm: each })),
    fc.integer({ min: -1, max: 0 }).map((age): ConsoleEvent => ({ type: 'live', dial: age })),
    fc
      .record({
        age: fc.integer({ min: -1, max: 0 }),
        code: fc.constantFrom(1000, 1006, 1011, 1012, 4401, 4403, 4404, 4408, 4409, 4412, 4502, 4503),
      })
      .map(({ age, code }): ConsoleEvent => ({ type: 'closed', dial: age, code })),
  )
  fc.assert(
    fc.property(
      fc.constantFrom<ConsoleKind>('vnc', 'serial'),
      facts,
      fc.array(fc.tuple(event, fc.nat(20_000)), { maxLength: 60 }),
      (kind, initial, steps) => {
        let session = newSession(kind, initial)
        let nowMs = 0
        for (const [step, waitedMs] of steps) {
          nowMs += waitedMs
          // Ages are relative to the newest connection.
          const happened = 'dial' in step ? { ...step, dial: session.dial + step.dial } : step
          const next = nextSession(session, happened, nowMs)
          const dialled = next.dial - session.dial
          const tookOver = dialled > 0 && next.phase.name === 'connecting' && next.phase.takeOver
          const ghost = 'dial' in happened && happened.dial !== session.dial
          expect([0, 1]).toContain(dialled)
          expect(dialled === 0 || next.phase.name === 'connecting').toBe(true)
          expect(tookOver).toBe(dialled > 0 && happened.type === 'takeOver')
          // A connection is only opened where none was held, but for a click that takes over.
          expect(dialled === 0 || tookOver || !holdsSocket(session)).toBe(true)
          expect(!ghost || next === session).toBe(true)
          // Another VM than the one that was asked for is dialled on a click only [W-21].
          const isAnother = next.vm.uid !== undefined && session.uid !== undefined && next.vm.uid !== session.uid
          expect(dialled > 0 && isAnother && happened.type !== 'retry' && session.phase.name !== 'idle').toBe(false)
          expect(holdsSocket(next) && next.vm.uid !== undefined && next.vm.uid !== next.uid).toBe(false)
          // Who holds a connection waits for nothing else.
          expect(holdsSocket(next) && dueMs(next) !== undefined).toBe(false)
          session = next
        }
      },
    ),
    { numRuns: 1_000 },
  )
})
