import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { propertyRuns, propertyTimeoutMs } from '../testing/property-runs.ts'
import { TooLargeError, createKeyRing, open, seal } from './sealed-cookie.ts'

vi.setConfig({ testTimeout: propertyTimeoutMs })

const stem = 'virtdeck_8080_s'
const key = (kid: string) => `${kid}:${randomBytes(32).toString('base64')}`
const ring = createKeyRing([key('k1')])

test('opens what it sealed [A-12]', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
      expect(open(ring, stem, seal(ring, stem, value))).toEqual(JSON.parse(JSON.stringify(value)))
    }),
    { numRuns: propertyRuns },
  )
})

test('opens nothing of which a bit was flipped, and never throws [A-12]', () => {
  const sealed = seal(ring, stem, { token: randomBytes(3000).toString('hex') })
  expect(sealed.length).toBe(2)
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.'.split('')
  fc.assert(
    fc.property(fc.nat(1), fc.nat(), fc.constantFrom(...alphabet), (which, position, character) => {
      const text = sealed[which] ?? ''
      const at = position % text.length
      if (text[at] === character) return
      const altered = text.slice(0, at) + character + text.slice(at + 1)
      expect(open(ring, stem, which === 0 ? [altered, sealed[1] ?? ''] : [sealed[0] ?? '', altered])).toBeUndefined()
    }),
    { numRuns: propertyRuns },
  )
  fc.assert(
    fc.property(fc.array(fc.string(), { maxLength: 4 }), (chunks) => {
      expect(open(ring, stem, chunks)).toBeUndefined()
    }),
    { numRuns: propertyRuns },
  )
})

test('opens its chunks only together, in order and under their own name [A-12]', () => {
  const [first = '', second = ''] = seal(ring, stem, randomBytes(3000).toString('hex'))
  expect(open(ring, stem, [first, second])).toBeDefined()
  for (const chunks of [[first], [second], [second, first], [first, second, second], [first + second], []]) {
    expect(open(ring, stem, chunks)).toBeUndefined()
  }
  expect(open(ring, 'virtdeck_9090_s', [first, second])).toBeUndefined()
})

test('seals with the first key and opens with each of the ring [A-24]', () => {
  const [older, newer] = [key('k1'), key('k2')]
  const sealed = seal(createKeyRing([older]), stem, 'x')
  expect(open(createKeyRing([newer, older]), stem, sealed)).toBe('x')
  expect(open(createKeyRing([newer]), stem, sealed)).toBeUndefined()
  expect(open(createKeyRing([`k1:${randomBytes(32).toString('base64')}`]), stem, sealed)).toBeUndefined()
})

test('keeps each cookie below what browsers store, and says when a token is too large [A-11]', () => {
  for (const chunk of seal(ring, stem, randomBytes(3000).toString('hex'))) expect(`${stem}0=${chunk}`.length).toBeLessThanOrEqual(3800)
  expect(() => seal(ring, stem, randomBytes(6000).toString('hex'))).toThrow(TooLargeError)
})

/** The middle of how long opening takes, in microseconds; the kinds take turns, so that what else the machine does hits all alike. */
function medianTimes(kinds: Record<string, string[]>): Record<string, number> {
  const times = Object.fromEntries(Object.keys(kinds).map((name) => [name, [] as number[]]))
  for (let round = 0; round < 3_000; round += 1) {
    for (const [name, chunks] of Object.entries(kinds)) {
      const startedAt = performance.now()
      open(ring, stem, chunks)
      times[name]?.push(performance.now() - startedAt)
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, all]) => [name, (all.toSorted((a, b) => a - b)[1_500] ?? 0) * 1_000]))
}

test('takes as long to refuse whatever was changed of a cookie, be it its first byte or its last [A-12]', () => {
  const sealed = seal(ring, stem, { token: randomBytes(1_500).toString('hex') }).join('')
  const [kid = '', iv = '', text = '', tag = ''] = sealed.split('.')
  const flip = (part: string, at: number) => part.slice(0, at) + (part[at] === 'A' ? 'B' : 'A') + part.slice(at + 1)
  const kinds = {
    first: [[kid, iv, flip(text, 0), tag].join('.')],
    middle: [[kid, iv, flip(text, Math.floor(text.length / 2)), tag].join('.')],
    last: [[kid, iv, flip(text, text.length - 4), tag].join('.')],
    iv: [[kid, flip(iv, 0), text, tag].join('.')],
    tag: [[kid, iv, text, flip(tag, 0)].join('.')],
  }
  // A busy machine may disturb one measurement; what depends on the place shows in all of them.
  const spreads = Array.from({ length: 5 }, () => {
    const medians = Object.values(medianTimes(kinds))
    return Math.max(...medians) / Math.min(...medians)
  })
  expect(Math.min(...spreads)).toBeLessThan(1.2)
})
