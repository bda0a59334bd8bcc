import fc from 'fast-check'
import { expect, test } from 'vitest'
import { deadline, liveStateOf, step } from './live-state.ts'
import type { Connection, ConnectionEvent } from './live-state.ts'

function after(...events: ConnectionEvent[]): Connection {
  return events.reduce<Connection>((connection, event) => step(connection, event).connection, { phase: 'idle' })
}

const live = [
  { type: 'wanted', at: 0 },
  { type: 'heard', at: 100 },
] satisfies ConnectionEvent[]

test('connects when somebody follows something, and is live with the first word of the server', () => {
  expect(step({ phase: 'idle' }, { type: 'wanted', at: 0 }).effect).toBe('connect')
  expect(liveStateOf(after({ type: 'wanted', at: 0 }))).toEqual({ state: 'connecting' })
  expect(liveStateOf(after(...live))).toEqual({ state: 'live' })
})

test('calls the screen stale since the last word when nothing is heard for 12 seconds [F250]', () => {
  const open = after(...live)
  expect(deadline(open)).toBe(12_100)
  expect(step(open, { type: 'tick', at: 12_099, random: 0 })).toEqual({ connection: open })
  const silent = step(open, { type: 'tick', at: 12_100, random: 0 })
  expect(silent.effect).toBe('reconnect')
  expect(liveStateOf(silent.connection)).toMatchObject({ state: 'stale', since: 100, cause: 'connection' })
})

test('gives a lost connection one quick try before it says stale', () => {
  const lost = after(...live, { type: 'closed', at: 5_000, code: 1006, random: 0.5 })
  expect(lost).toMatchObject({ phase: 'waiting', retryAt: 5_250, lostAt: 100 })
  expect(liveStateOf(lost)).toEqual({ state: 'connecting' })
  const again = step(lost, { type: 'tick', at: 5_250, random: 0 })
  expect(again.effect).toBe('connect')
  const failed = step(again.connection, { type: 'closed', at: 5_260, code: 1006, random: 0.5 }).connection
  expect(liveStateOf(failed)).toEqual({ state: 'stale', since: 100, cause: 'connection', retryAt: 5_760 })
})

test('is live again, with a clean slate, once the server is heard', () => {
  const back = after(
    ...live,
    { type: 'closed', at: 5_000, code: 1006, random: 1 },
    { type: 'wake', at: 5_001 },
    { type: 'closed', at: 5_002, code: 1006, random: 1 },
    { type: 'wake', at: 5_003 },
    { type: 'heard', at: 5_010 },
  )
  expect(liveStateOf(back)).toEqual({ state: 'live' })
  expect(step(back, { type: 'closed', at: 6_000, code: 1006, random: 1 }).connection).toMatchObject({ failures: 0, retryAt: 6_500 })
})

test('waits a random part of a time that doubles up to 30 seconds', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 40 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (failures, random) => {
      const { connection } = step({ phase: 'connecting', failures, since: 0 }, { type: 'closed', at: 1_000, code: 1006, random })
      if (connection.phase !== 'waiting') throw new Error('does not wait')
      const wait = connection.retryAt - 1_000
      expect(wait).toBeGreaterThanOrEqual(0)
      expect(wait).toBeLessThanOrEqual(Math.min(30_000, 500 * 2 ** (failures + 1)))
    }),
  )
})

test('tries at once when the tab is shown or the network is back', () => {
  const waiting = after(...live, { type: 'closed', at: 5_000, code: 1006, random: 0.9 })
  expect(step(waiting, { type: 'wake', at: 5_001 }).effect).toBe('connect')
  expect(step(after(...live), { type: 'wake', at: 1_000 }).effect).toBeUndefined()
  expect(step(after(...live), { type: 'wake', at: 600_000 }).effect).toBe('reconnect')
})

test('gives up an attempt that hangs', () => {
  const hanging = after({ type: 'wanted', at: 0 })
  const given = step(hanging, { type: 'tick', at: 10_000, random: 0 })
  expect(given.effect).toBe('close')
  expect(given.connection.phase).toBe('waiting')
})

test('does not knock again when the session has ended', () => {
  const ended = after(...live, { type: 'closed', at: 5_000, code: 4401, random: 0 })
  expect(ended.phase).toBe('ended')
  expect(deadline(ended)).toBeUndefined()
})

const anyEvent: fc.Arbitrary<ConnectionEvent> = fc.oneof(
  fc.record({ type: fc.constant('wanted' as const), at: fc.nat() }),
  fc.record({ type: fc.constant('unwanted' as const) }),
  fc.record({ type: fc.constant('heard' as const), at: fc.nat() }),
  fc.record({
    type: fc.constant('closed' as const),
    at: fc.nat(),
    code: fc.constantFrom(1000, 1006, 1012, 4401),
    random: fc.double({ min: 0, max: 0.999, noNaN: true }),
  }),
  fc.record({ type: fc.constant('tick' as const), at: fc.nat(), random: fc.double({ min: 0, max: 0.999, noNaN: true }) }),
  fc.record({ type: fc.constant('wake' as const), at: fc.nat() }),
)

test('holds at most one socket, and one exactly when connecting or open', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 60 }), (events) => {
      let connection: Connection = { phase: 'idle' }
      let sockets = 0
      for (const event of events) {
        // A close is only reported of a socket there is.
        if (event.type === 'closed') {
          if (sockets === 0) continue
          sockets--
        }
        const next = step(connection, event)
        if (next.effect === 'close' || next.effect === 'reconnect') sockets = Math.max(0, sockets - 1)
        if (next.effect === 'connect' || next.effect === 'reconnect') sockets++
        connection = next.connection
        expect(sockets).toBe(connection.phase === 'connecting' || connection.phase === 'open' ? 1 : 0)
      }
    }),
  )
})
