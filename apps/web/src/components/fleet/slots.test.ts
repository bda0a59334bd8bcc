import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMargins, createSlots, placesAround } from './slots.ts'

const counting = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at)

test('reaches to where one scrolls, nowhere while one leaps, and both ways at rest', () => {
  const marginOf = createMargins()
  expect(marginOf(0, 20, false)).toEqual({ before: 5, after: 5 })
  expect(marginOf(3, 23, true)).toEqual({ before: 2, after: 8 })
  // Another render in the same place.
  expect(marginOf(3, 23, true)).toEqual({ before: 2, after: 8 })
  expect(marginOf(1, 21, true)).toEqual({ before: 8, after: 2 })
  expect(marginOf(500, 520, true)).toEqual({ before: 0, after: 0 })
  expect(marginOf(500, 520, false)).toEqual({ before: 5, after: 5 })
})

test('keeps to the list, and the places that have the focus or the head of a group wherever they are', () => {
  const margin = { before: 5, after: 5 }
  expect(placesAround([], 0, margin, -1)).toEqual([])
  expect(placesAround(counting(0, 3), 4, margin, 2)).toEqual([0, 1, 2, 3])
  expect(placesAround(counting(10, 20), 100, margin, -1)).toEqual(counting(5, 25))
  expect(placesAround(counting(10, 20), 100, margin, 2)).toEqual([2, ...counting(5, 25)])
  expect(placesAround(counting(10, 20), 100, margin, 99)).toEqual([...counting(5, 25), 99])
  expect(placesAround(counting(10, 20), 100, margin, 99, 3)).toEqual([3, ...counting(5, 25), 99])
  expect(placesAround(counting(10, 20), 100, margin, 4, 0)).toEqual([0, 4, ...counting(5, 25)])
  expect(placesAround(counting(10, 20), 100, margin, 3, 3)).toEqual([3, ...counting(5, 25)])
  expect(placesAround(counting(10, 20), 100, margin, 100, 20)).toEqual(counting(5, 25))
})

test('lets rows that stay keep their element, gives those of others away, and no two rows one', () => {
  const windows = fc.array(fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 12 })), { minLength: 1, maxLength: 30 })
  fc.assert(
    fc.property(windows, (moves) => {
      const slotsOf = createSlots()
      let before: ReadonlyMap<string, number> = new Map()
      for (const [from, length] of moves) {
        const keys = counting(from, from + length - 1).map(String)
        const slots = slotsOf(keys)
        expect(slotsOf(keys)).toEqual(slots)
        expect([...slots.keys()]).toEqual(keys)
        expect(new Set(slots.values()).size).toBe(length)
        const staying = keys.filter((key) => before.has(key))
        expect(staying.map((key) => slots.get(key))).toEqual(staying.map((key) => before.get(key)))
        const known = new Set(before.values())
        const fresh = [...slots.values()].filter((slot) => !known.has(slot)).length
        // No element is made while one is free.
        expect(fresh).toBe(Math.max(0, length - before.size))
        before = slots
      }
    }),
  )
})

test('moves no element where all rows are others', () => {
  const slotsOf = createSlots()
  const first = [...slotsOf(['a', 'b', 'c']).values()]
  expect([...slotsOf(['x', 'y', 'z']).values()]).toEqual(first)
})
