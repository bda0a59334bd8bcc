import { expect, test } from 'vitest'
import { initials } from './avatar.tsx'

test.each([
  ['operator', 'OP'],
  ['power-user', 'PU'],
  ['ann.lee@example.org', 'AL'],
  ['system:serviceaccount:team-a:builder', 'TA'],
  ['x', 'X'],
  ['ünal', 'ÜN'],
  ['', '?'],
])('%j is %s', (name, letters) => {
  expect(initials(name)).toBe(letters)
})
