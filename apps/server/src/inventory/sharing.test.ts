import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSharing } from './sharing.ts'

test('gives back what equals what it is given, and the same thing for equal ones', () => {
  fc.assert(
    fc.property(fc.array(fc.dictionary(fc.constantFrom('a', 'b'), fc.string({ maxLength: 2 })), { maxLength: 50 }), (objects) => {
      const sharing = createSharing()
      const shared = objects.map((object) => sharing.object(object))
      expect(shared).toEqual(objects)
      expect(new Set(shared).size).toBe(new Set(objects.map((object) => JSON.stringify(object))).size)
    }),
  )
})

test('tells a list from an object, and fields in another order from the same ones', () => {
  const sharing = createSharing()
  expect(sharing.object({})).toEqual({})
  expect(sharing.object([])).toEqual([])
  expect(Object.keys(sharing.object({ a: 1, b: 2 }))).toEqual(['a', 'b'])
  expect(Object.keys(sharing.object({ b: 2, a: 1 }))).toEqual(['b', 'a'])
})

test('goes on knowing what comes often among many that come once', () => {
  const sharing = createSharing()
  let once = 0
  const often = Array.from({ length: 20 }, () => {
    for (let index = 0; index < 1_000; index += 1) sharing.object({ once: (once += 1) })
    return sharing.object({ often: true })
  })
  expect(new Set(often).size).toBe(1)
})
