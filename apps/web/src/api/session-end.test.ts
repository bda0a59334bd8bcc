import { expect, test } from 'vitest'
import { endOf } from './session-end.ts'

test('ends by want of a person where that is sooner, and then being there is enough to go on [A-18]', () => {
  expect(endOf({ expiresAt: 2_000, idleEndsAt: 1_000 })).toEqual({ endsAt: 1_000, extendable: true })
  expect(endOf({ expiresAt: 2_000, idleEndsAt: 3_000 })).toEqual({ endsAt: 2_000, extendable: false })
  expect(endOf({ expiresAt: 2_000, idleEndsAt: 2_000 })).toEqual({ endsAt: 2_000, extendable: false })
  expect(endOf({})).toBeUndefined()
})
