import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSharing } from './sharing.ts'

const anyObject = fc.dictionary(fc.constantFrom('a', 'b'), fc.string({ maxLength: 2 }))

test('gives back what is written like what it is given, and the same thing for two of which one follows the other', () => {
  fc.assert(
    fc.property(fc.array(anyObject, { maxLength: 50 }), (objects) => {
      const sharing = createSharing()
      for (const object of objects) {
        const shared = sharing.object(object)
        expect(JSON.stringify(shared)).toBe(JSON.stringify(object))
        expect(sharing.object({ ...object })).toBe(shared)
      }
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
