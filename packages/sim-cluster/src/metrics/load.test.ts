import { expect, test } from 'vitest'
import { createSignal, loadOf } from './load.ts'

const startMs = Date.parse('2026-11-20T10:00:00Z')

test('a signal is positive, and its integral is what adding it up gives', () => {
  const signal = createSignal('anything', 2)
  let sum = 0
  for (let t = startMs; t < startMs + 3_600_000; t += 1000) {
    expect(signal.at(t)).toBeGreaterThan(0)
    sum += signal.at(t + 500)
  }
  expect(signal.integral(startMs, startMs + 3_600_000)).toBeCloseTo(sum, 1)
  expect(signal.integral(startMs, startMs)).toBe(0)
})

test('habits depend on the seed and the name alone, and leave no vCPU and no memory overcommitted', () => {
  const cpuAt = (seed: number, name: string) => loadOf(seed, 'team-a', name)('cpu').at(startMs)
  expect(cpuAt(1, 'web-01')).toBe(cpuAt(1, 'web-01'))
  expect(cpuAt(1, 'web-01')).not.toBe(cpuAt(2, 'web-01'))
  for (let i = 0; i < 200; i += 1) {
    const load = loadOf(1, 'team-a', `vm-${i}`)
    for (let t = startMs; t < startMs + 86_400_000; t += 600_000) {
      expect(load('cpu').at(t)).toBeLessThan(1)
      expect(load('memory').at(t)).toBeLessThan(1)
    }
  }
})
