import { expect, test } from 'vitest'
import { failure, StatusError } from '@virtdeck/k8s'
import { doubtMs, staysRefused } from './doubt.ts'

const waits = [1, 2, 3]

/** Answers a code each, 200 as it should be. */
function cluster(...codes: (number | 'no answer')[]) {
  let asked = 0
  const ask = () => {
    const code = codes[asked] ?? 200
    asked += 1
    if (code === 200) return Promise.resolve()
    return Promise.reject(code === 'no answer' ? new Error('ECONNREFUSED') : new StatusError(failure(code, 'Unauthorized')))
  }
  return { ask, asked: () => asked }
}

test('believes that a credential is refused once the cluster said so each time', async () => {
  const { ask, asked } = cluster(401, 401, 401)
  expect([await staysRefused(ask, waits), asked()]).toEqual([true, 3])
})

// Its authenticators come one after the other, its roles, too: what is refused with 403 was known by name.
test.each([200, 403, 429, 503, 'no answer'] as const)('goes on with a credential when the second answer is %s [K-13]', async (answer) => {
  const { ask, asked } = cluster(401, answer)
  expect([await staysRefused(ask, waits), asked()]).toEqual([false, 2])
})

test('doubts for no longer than withdrawn rights may last, and not at all once the server closes', async () => {
  expect(60_000 + doubtMs.reduce((sum, ms) => sum + ms)).toBeLessThanOrEqual(65_000)
  const closing = new AbortController()
  const { ask, asked } = cluster(401, 401, 401)
  const said = staysRefused(ask, [60_000], closing.signal)
  closing.abort()
  expect([await said, asked()]).toEqual([false, 0])
})
