import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRateLimit } from './rate-limit.ts'

test('lets a burst through, then one at a time, and says how long to wait; one key costs another nothing', () => {
  let now = 0
  const limit = createRateLimit({ burst: 3, everyMs: 2_000, now: () => now })
  const taken = (key: string, times: number) => Array.from({ length: times }, () => limit.take(key).allowed)
  expect(taken('ann', 4)).toEqual([true, true, true, false])
  expect(limit.take('ann')).toEqual({ allowed: false, retryAfterSeconds: 2 })
  expect(taken('ben', 3)).toEqual([true, true, true])
  now += 2_000
  expect(taken('ann', 2)).toEqual([true, false])
  now += 60_000
  expect(taken('ann', 4)).toEqual([true, true, true, false])
})

test('answers each key as if it were alone, whoever else comes and whoever is forgotten meanwhile', () => {
  const step = fc.record({ key: fc.constantFrom('a', 'b'), afterMs: fc.constantFrom(0, 0, 0, 500, 1_500, 4_000) })
  fc.assert(
    fc.property(fc.array(step, { minLength: 50, maxLength: 200 }), (steps) => {
      let now = 0
      const options = { burst: 3, everyMs: 1_000, now: () => now }
      const shared = createRateLimit(options)
      const alone = new Map<string, ReturnType<typeof createRateLimit>>()
      for (const { key, afterMs } of steps) {
        now += afterMs
        const own = alone.get(key) ?? createRateLimit(options)
        alone.set(key, own)
        expect(shared.take(key)).toEqual(own.take(key))
      }
    }),
  )
})
