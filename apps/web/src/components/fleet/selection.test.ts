import { expect, test } from 'vitest'
import { allOrNone, coverage, extended, nothing, remaining, toggled } from './selection.ts'

const rows = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ uid: `shop/${name}` }))
const uid = (name: string) => `shop/${name}`
const names = ({ uids }: { uids: ReadonlySet<string> }) => [...uids].map((one) => one.replace('shop/', '')).toSorted()

test('selects and lets go of single rows', () => {
  const two = toggled(toggled(nothing, uid('a')), uid('c'))
  expect(names(two)).toEqual(['a', 'c'])
  expect(names(toggled(two, uid('a')))).toEqual(['c'])
})

test('extends from the last one selected to another, in either direction [F012]', () => {
  expect(names(extended(toggled(nothing, uid('b')), uid('d'), rows))).toEqual(['b', 'c', 'd'])
  expect(names(extended(toggled(nothing, uid('d')), uid('b'), rows))).toEqual(['b', 'c', 'd'])
})

test('extends less far again: what the extension took, it lets go of, and nothing else [F012]', () => {
  const begun = toggled(toggled(nothing, uid('e')), uid('b'))
  const far = extended(begun, uid('d'), rows)
  expect(names(far)).toEqual(['b', 'c', 'd', 'e'])
  const back = extended(far, uid('c'), rows)
  expect(names(back)).toEqual(['b', 'c', 'e'])
  expect(names(extended(back, uid('a'), rows))).toEqual(['a', 'b', 'e'])
  // What is chosen by itself later stays.
  expect(names(extended(toggled(back, uid('d')), uid('e'), rows))).toEqual(['b', 'c', 'd', 'e'])
})

test('extends in the order that is shown at that moment', () => {
  expect(names(extended(toggled(nothing, uid('e')), uid('c'), rows.toReversed()))).toEqual(['c', 'd', 'e'])
})

test('selects only the row itself where the anchor is not shown', () => {
  expect(names(extended(toggled(nothing, uid('a')), uid('d'), rows.slice(2)))).toEqual(['a', 'd'])
  expect(extended(nothing, 'gone', rows)).toBe(nothing)
})

test('what has gone is selected no more', () => {
  const far = extended(toggled(nothing, uid('b')), uid('d'), rows)
  expect(remaining(far, rows)).toBe(far)
  const left = remaining(far, rows.slice(0, 3))
  expect(names(left)).toEqual(['b', 'c'])
  expect(names(extended(left, uid('a'), rows))).toEqual(['a', 'b'])
  expect(remaining(far, rows.slice(2)).anchor).toBeUndefined()
})

test('the box in the head adds what is shown, and clears everything once that is all selected', () => {
  const shown = rows.slice(0, 2)
  const some = toggled(nothing, uid('e'))
  const all = allOrNone(some, shown)
  expect(names(all)).toEqual(['a', 'b', 'e'])
  expect(names(allOrNone(all, shown))).toEqual([])
})

test('tells how much of what is shown is selected', () => {
  const one = toggled(nothing, uid('a'))
  expect(coverage(one, rows)).toBe('some')
  expect(coverage(one, rows.slice(0, 1))).toBe('all')
  expect(coverage(one, rows.slice(1))).toBe('none')
})
