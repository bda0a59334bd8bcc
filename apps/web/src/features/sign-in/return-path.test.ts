import fc from 'fast-check'
import { expect, test } from 'vitest'
import { returnPath } from './return-path.ts'

const from = (rt: string) => returnPath(`?rt=${encodeURIComponent(rt)}`)

test('leads back to the page that asked for the sign-in [F014]', () => {
  expect(from('/virtual-machines?q=status:running#x')).toBe('/virtual-machines?q=status:running#x')
})

test('without a wish it leads home', () => {
  expect(returnPath('')).toBe('/')
})

test.each([
  'https://evil.example',
  '//evil.example',
  '/\\evil.example',
  '/\t/evil.example',
  '\\\\evil.example',
  'javascript:alert(1)',
  '/sign-in',
  '/sign-in?rt=%2F',
  '/..//evil.example',
])('does not follow %j [A-16]', (rt) => {
  expect(from(rt)).toBe('/')
})

const runs = Number(process.env['FUZZ_RUNS'] ?? 1_000)

test(
  'leads to no other origin, whatever is asked for [A-16]',
  () => {
    const piece = fc.constantFrom(
      '/',
      '//',
      '\\',
      '\t',
      '\n',
      '%5c',
      '%2f',
      '..',
      '.',
      '@',
      ':',
      'evil.example',
      'https:',
      'javascript:',
      '?',
      '#',
    )
    const wanted = fc.oneof(
      fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
      fc.string(),
    )
    fc.assert(
      fc.property(wanted, (rt) => {
        const path = from(rt)
        expect(path).toMatch(/^\/(?![/\\])/)
        expect(new URL(path, 'https://vms.example.com').origin).toBe('https://vms.example.com')
      }),
      { numRuns: runs },
    )
  },
  Math.max(60_000, runs),
)
