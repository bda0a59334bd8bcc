import { expect, test } from 'vitest'
import { own } from './own.ts'

test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('finds %s only where it was put [X-14]', (key) => {
  expect(own({ other: 'x' }, key)).toBeUndefined()
  expect(own(undefined, key)).toBeUndefined()
  expect(own(JSON.parse(`{"${key}":"x"}`) as Record<string, string>, key)).toBe('x')
})
