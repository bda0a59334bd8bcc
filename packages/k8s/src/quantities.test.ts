import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesQuantity, parseQuantity } from './quantities.ts'

test.each([
  ['0', 0],
  ['1', 1],
  ['512Mi', 536_870_912],
  ['2Gi', 2_147_483_648],
  ['1.5Gi', 1_610_612_736],
  ['10k', 10_000],
  ['1M', 1_000_000],
  ['128974848', 128_974_848],
  ['129e6', 129_000_000],
  ['1E3', 1000],
  ['1E', 1e18],
  ['1Ei', 2 ** 60],
  ['250m', 0.25],
  ['100m', 0.1],
  ['3u', 3e-6],
  ['7n', 7e-9],
  ['.5', 0.5],
  ['5.', 5],
  ['+4', 4],
  ['-2Ki', -2048],
  [' 1Gi ', 1_073_741_824],
])('reads %s as %d', (text, value) => {
  expect(parseQuantity(text)).toBe(value)
})

test.each(['', 'lots', '1 Gi', '1gi', 'Gi', '1Kib', '1K', '--1', '1e', '1e3Gi', '0x10', 'NaN', 'Infinity', '1e999'])(
  'takes %j for no quantity',
  (text) => {
    expect(parseQuantity(text)).toBeUndefined()
  },
)

test('passes numbers through, as JSON may hold them', () => {
  expect(parseQuantity(2)).toBe(2)
  expect(parseQuantity(Number.NaN)).toBeUndefined()
  expect(parseQuantity(undefined)).toBeUndefined()
})

test('writes bytes as the largest unit that is exact', () => {
  expect(bytesQuantity(2 * 2 ** 30)).toBe('2Gi')
  expect(bytesQuantity(1536 * 2 ** 20)).toBe('1536Mi')
  expect(bytesQuantity(1000)).toBe('1000')
  expect(bytesQuantity(0)).toBe('0')
})

test('reads back whatever number of bytes it wrote', () => {
  fc.assert(
    fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (bytes) => {
      expect(parseQuantity(bytesQuantity(bytes))).toBe(bytes)
    }),
  )
})
