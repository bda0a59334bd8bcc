import fc from 'fast-check'
import { expect, test } from 'vitest'
import { propertyRuns } from '../../../server/src/testing/property-runs.ts'
import { visibleText } from './visible-text.ts'

test.each([
  ['plain', 'web-01', 'web-01'],
  ['letters of other scripts', 'שלום, мир, 世界, नमस्ते', 'שלום, мир, 世界, नमस्ते'],
  ['accents made of two', 'e\u0301', 'e\u0301'],
  ['an emoji', 'ready ✔️ 🚀', 'ready ✔️ 🚀'],
  ['lines and tabs, which the page’s own rules fold', 'one\n\ttwo', 'one\n\ttwo'],
  ['an override that turns a name round', 'invoice\u202Egpj.exe', 'invoice\\u202egpj.exe'],
  ['isolates and marks', '\u2066a\u2069\u200e\u061c', '\\u2066a\\u2069\\u200e\\u061c'],
  ['zero widths', 'ad\u200bm\u200din\ufeff\u2060', 'ad\\u200bm\\u200din\\ufeff\\u2060'],
  ['a soft hyphen and a Hangul filler', 'a\u00adb\u3164', 'a\\u00adb\\u3164'],
  ['controls', '\u0000\u001b[31mred\u0007\u007f\u0085\r', '\\u0000\\u001b[31mred\\u0007\\u007f\\u0085\\u000d'],
  ['separators', 'a\u2028b\u2029c', 'a\\u2028b\\u2029c'],
  ['tags beyond the first plane', 'a\u{e0041}b', 'a\\u{e0041}b'],
  ['half a character', 'a\ud800b', 'a\\ud800b'],
  ['Cyrillic letters in a Latin word', 'раураl.example', '\\u0440\\u0430\\u0443\\u0440\\u0430l.example'],
  ['a Greek letter in a name', 'αdmin', '\\u03b1dmin'],
  ['words of other scripts beside Latin ones', 'web-01 сервер μ-web Ελλάδα', 'web-01 сервер μ-web Ελλάδα'],
])('spells out what cannot be seen, and leaves the rest alone: %s [X-02]', (_, text, shown) => {
  expect(visibleText(text)).toBe(shown)
})

test('shows 200 characters in a table, 4096 in a detail, and that there is more [X-02]', () => {
  expect(visibleText('a'.repeat(200))).toBe('a'.repeat(200))
  expect(visibleText('a'.repeat(201))).toBe(`${'a'.repeat(199)}…`)
  expect(visibleText('a'.repeat(10_000), 4096)).toBe(`${'a'.repeat(4095)}…`)
  expect(Array.from(visibleText('\u202e'.repeat(1000)))).toHaveLength(200)
  expect(visibleText('🚀'.repeat(201))).toBe(`${'🚀'.repeat(199)}…`)
})

test('whatever the text, nothing of it is unseen and it is never too long [X-02]', () => {
  const unseen = /[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?![\n\t])\p{Cc}/u
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 600 }), fc.integer({ min: 1, max: 400 }), (text, max) => {
      const shown = visibleText(text, max)
      expect(unseen.test(shown)).toBe(false)
      expect(Array.from(shown).length).toBeLessThanOrEqual(max)
    }),
    { numRuns: propertyRuns },
  )
})
