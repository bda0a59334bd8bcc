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
])('does not follow %j', (rt) => {
  expect(from(rt)).toBe('/')
})
