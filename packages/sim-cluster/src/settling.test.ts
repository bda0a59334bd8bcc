import { expect, test } from 'vitest'
import { manualClock, realClock } from './clock.ts'
import { settlingClock } from './settling.ts'

test('moves a manual clock on until no short delay is left, and leaves the long ones', async () => {
  const clock = manualClock()
  const settling = settlingClock(clock)
  const ran: string[] = []
  settling.after(1_000, () => {
    ran.push('first')
    settling.after(5_000, () => ran.push('second'))
  })
  settling.after(60_000, () => ran.push('heartbeat'))
  await settling.settle()
  expect(ran).toEqual(['first', 'second'])
})

test('does not wait for what was cancelled', async () => {
  const clock = manualClock()
  const before = clock.now()
  const settling = settlingClock(clock)
  settling.after(1_000, () => {}).cancel()
  await settling.settle()
  expect(clock.now()).toBe(before)
})

test('gives up on a cluster that never rests', async () => {
  const settling = settlingClock(manualClock())
  let rounds = 0
  const again = () => {
    rounds += 1
    settling.after(1_000, again)
  }
  again()
  await settling.settle()
  expect(rounds).toBeGreaterThan(100)
})

test('waits for a real clock', async () => {
  const clock = realClock({ speed: 1000 })
  const settling = settlingClock(clock)
  let ran = 0
  settling.after(1_000, () => {
    settling.after(1_000, () => (ran += 1))
  })
  await settling.settle()
  expect(ran).toBe(1)
  clock.stop()
})
