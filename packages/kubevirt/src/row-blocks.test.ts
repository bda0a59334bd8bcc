import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addToSum, decodeRows, digestOf, emptySum, encodeRows, rowText, sumOfText, type RowSum } from './row-blocks.ts'

const value = fc.oneof(
  fc.string(),
  fc.constantFrom('Running', 'Stopped'),
  fc.integer(),
  fc.boolean(),
  fc.array(fc.string(), { maxLength: 3 }),
  fc.dictionary(fc.string(), fc.string(), { maxKeys: 3, noNullPrototype: true }),
)
const row = fc
  .record(
    { uid: fc.uuid(), other: fc.oneof(fc.uuid(), fc.string()), name: value, status: value, ips: value, labels: value },
    { requiredKeys: ['uid'], noNullPrototype: true },
  )
  // As it was read from JSON: -0 is 0 there.
  .map((one) => JSON.parse(JSON.stringify(one)) as { uid: string })
const rows = fc.array(row, { maxLength: 40 })

test('reads back the rows it wrote, byte for byte', () => {
  fc.assert(
    fc.property(rows, (given) => {
      const read = decodeRows<object>(encodeRows(given))
      expect(read).toEqual(given)
      expect(read.map((one) => JSON.stringify(one))).toEqual(given.map(rowText))
    }),
  )
})

test('is one line, whatever the rows say', () => {
  expect(encodeRows([{ uid: 'a', message: 'one\ntwo\u2028three' }])).not.toMatch(/[\n\r]/)
})

test('tells rows apart by their digest, in whatever order they come and however they got there', () => {
  const sum = (all: readonly object[]) => all.reduce<RowSum>((total, one) => addToSum(total, sumOfText(rowText(one))), emptySum)
  fc.assert(
    fc.property(rows, rows, fc.nat(), (one, other, at) => {
      const shuffled = one.toSorted((a, b) => (a.uid < b.uid ? 1 : -1))
      expect(digestOf(sum(shuffled))).toBe(digestOf(sum(one)))
      const there = other.reduce<RowSum>((total, extra) => addToSum(total, sumOfText(rowText(extra))), sum(one))
      const back = other.reduce<RowSum>((total, extra) => addToSum(total, sumOfText(rowText(extra)), -1), there)
      expect(digestOf(back)).toBe(digestOf(sum(one)))
      const changed = one[at % Math.max(1, one.length)]
      if (!changed) return
      expect(digestOf(sum(one.map((kept) => (kept === changed ? { ...kept, status: 'Another' } : kept))))).not.toBe(
        digestOf(sum(one.map((kept) => (kept === changed ? { ...kept, status: 'One' } : kept)))),
      )
      expect(digestOf(sum(one.filter((kept) => kept !== changed)))).not.toBe(digestOf(sum(one)))
    }),
  )
})
