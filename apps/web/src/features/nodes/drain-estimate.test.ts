import { expect, test } from 'vitest'
import { aboutText, drainSeconds, migrationPace } from './drain-estimate.ts'

const GiB = 2 ** 30
const vm = (name: string, gib?: number) => ({ namespace: 'a', name, memoryBytes: gib === undefined ? undefined : gib * GiB })
const moved = (vmiName: string, seconds: number, endedAt = 1000, phase = 'Succeeded') => ({
  namespace: 'a',
  vmiName,
  phase,
  startedAt: endedAt - seconds,
  endedAt,
})
const vms = [vm('x', 2), vm('y', 4), vm('z', 8)]

test('expects of a move what the migrations before it took for each GiB [F243]', () => {
  const pace = migrationPace([moved('x', 20), moved('y', 40), moved('z', 160)], vms)
  expect(pace).toEqual({ secondsPerGib: 10, leastSeconds: 20, from: 3 })
})

test('says nothing where too few are known: failed ones, ones under way and those of VMs that are gone tell nothing', () => {
  const unknown = [moved('gone', 10), moved('x', 10, 1000, 'Failed'), { ...moved('y', 1), endedAt: undefined }]
  expect(migrationPace([moved('x', 20), moved('y', 40), ...unknown], vms)).toBeUndefined()
})

test('goes by the newest: the cluster of last week had another load', () => {
  const old = Array.from({ length: 30 }, (_, index) => moved('x', 2000, index))
  const recent = Array.from({ length: 20 }, (_, index) => moved('x', 20, 5000 + index))
  expect(migrationPace([...old, ...recent], vms)).toMatchObject({ secondsPerGib: 10, from: 20 })
})

test('fills as many lanes as move at a time, and no move is faster than the fastest was', () => {
  const pace = { secondsPerGib: 10, leastSeconds: 15, from: 3 }
  expect(drainSeconds([vm('a', 8), vm('b', 4), vm('c', 4)], pace, 2)).toBe(80)
  expect(drainSeconds([vm('a', 8), vm('b', 4), vm('c', 4)], pace, 1)).toBe(160)
  expect(drainSeconds([vm('tiny', 0.5)], pace, 2)).toBe(15)
  expect(drainSeconds([vm('unknown')], pace, 2)).toBeUndefined()
})

test.each([
  [4, 'about 10 s'],
  [42, 'about 50 s'],
  [61, 'about 1 min'],
  [350, 'about 6 min'],
  [7000, 'about 2 h'],
])('%i seconds are %s', (seconds, text) => {
  expect(aboutText(seconds)).toBe(text)
})
