import { describe, expect, test } from 'vitest'
import { bytesText, countText, formatBytes, formatCount, formatDate, formatElapsed, formatFullDate, formatTime } from './format.ts'

describe('bytes', () => {
  test.each([
    [0, '0', 'B'],
    [1023, '1023', 'B'],
    [1024, '1', 'KiB'],
    [1536 * 1024, '1.5', 'MiB'],
    [8 * 1024 ** 3, '8', 'GiB'],
    [100.26 * 1024 ** 3, '100', 'GiB'],
    [1024 ** 4 - 1, '1', 'TiB'],
    [1.25 * 1024 ** 4, '1.3', 'TiB'],
    [5000 * 1024 ** 5, '5000', 'PiB'],
  ])('%d is %s %s', (bytes, value, unit) => {
    expect(formatBytes(bytes)).toEqual({ value, unit })
  })

  test('one text for prose, with a space', () => {
    expect(bytesText(20 * 1024 ** 3)).toBe('20 GiB')
  })
})

describe('elapsed time', () => {
  test.each([
    [-3, '0s'],
    [0, '0s'],
    [48.9, '48s'],
    [59, '59s'],
    [60, '1m'],
    [22 * 60 + 59, '22m'],
    [3600, '1h'],
    [86_399, '23h'],
    [86_400, '1d'],
    [211 * 86_400, '211d'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(formatElapsed(seconds)).toBe(text)
  })
})

describe('dates', () => {
  // Local on purpose: the app shows the browser's own time zone.
  const moment = new Date(2026, 10, 20, 9, 5, 7)

  test('a date of this year shows its time, another year shows the year', () => {
    expect(formatDate(moment, new Date(2026, 0, 1))).toBe('Nov 20, 09:05')
    expect(formatDate(moment, new Date(2027, 0, 1))).toBe('Nov 20, 2026')
  })

  test('midnight is 00, not 24', () => {
    expect(formatDate(new Date(2026, 10, 20, 0, 5), moment)).toBe('Nov 20, 00:05')
    expect(formatTime(new Date(2026, 10, 20, 0, 0, 9))).toBe('00:00:09')
  })

  test('the full form has seconds and the zone', () => {
    expect(formatFullDate(moment)).toMatch(/^2026-11-20 09:05:07 \S+/)
  })
})

test('thousands get a comma', () => {
  expect(formatCount(9731)).toBe('9,731')
})

test('one of something is one, none and many are many', () => {
  expect([0, 1, 1.5, 9731].map((count) => countText(count, 'VM'))).toEqual(['0 VMs', '1 VM', '1.5 VMs', '9,731 VMs'])
  expect(countText(2, 'entry', 'entries')).toBe('2 entries')
})
