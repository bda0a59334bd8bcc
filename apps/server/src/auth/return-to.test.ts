import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { propertyRuns, propertyTimeoutMs } from '../testing/property-runs.ts'
import { returnTo } from './return-to.ts'

vi.setConfig({ testTimeout: propertyTimeoutMs })

const origin = 'https://vms.example.com'

test.each(['/', '/virtual-machines', '/virtual-machines?q=status:running', '/virtual-machines/team-a/web-01/console?kind=vnc&x=%20'])(
  'leads back to %s [A-16]',
  (path) => {
    expect(returnTo(path, origin)).toBe(path)
  },
)

test.each([
  undefined,
  ['/a'],
  '',
  'x',
  '//evil.example',
  '/\\evil.example',
  '/\t/evil.example',
  '/%5cevil.example',
  '/%2f%2fevil.example',
  '/..//evil.example',
  '/a/../b',
  '/a/./b',
  '/..',
  'https://evil.example',
  'javascript:alert(1)',
  '/a#b',
  '/%0d%0aSet-Cookie:x',
  `/${'a'.repeat(2000)}`,
])('leads home instead of to %j [A-16]', (path) => {
  expect(returnTo(path, origin)).toBe('/')
})

test('leads to no other origin, whatever is asked for [A-16]', () => {
  const piece = fc.constantFrom('/', '//', '\\', '\t', '%5c', '%2f', '%09', '..', '.', '@', ':', 'evil.example', 'https:', '?', '#', 'a')
  const wanted = fc.oneof(
    fc.array(piece, { maxLength: 8 }).map((pieces) => `/${pieces.join('')}`),
    fc.string(),
  )
  fc.assert(
    fc.property(wanted, (text) => {
      const path = returnTo(text, origin)
      expect(path).toMatch(/^\/(?![/\\])/)
      expect(new URL(path, origin).origin).toBe(origin)
      expect(new URL(path, origin).pathname).toBe(path.split('?')[0])
    }),
    { numRuns: propertyRuns },
  )
})
