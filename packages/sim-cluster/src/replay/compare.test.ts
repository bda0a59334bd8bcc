import { expect, test } from 'vitest'
import { differences, pathParts, showDifference } from './compare.ts'

test('finds what is missing, new and changed, with its path', () => {
  const found = differences({ a: 1, b: { c: [1, 2] }, gone: true }, { a: 1, b: { c: [1, 3] }, added: null })
  expect(found.map(showDifference)).toEqual([
    'b.c[1]: recorded 2, answered 3',
    'gone: recorded true, answered nothing',
    'added: recorded nothing, answered null',
  ])
})

test('tells an empty list from a missing one', () => {
  expect(differences({ items: [] }, {})).toHaveLength(1)
})

test('leaves out ignored paths: indexes, keys with dots, and everything below them', () => {
  const recorded = { items: [{ annotations: { 'kubevirt.io/nonroot': 'true' }, spec: { cpu: 1 } }] }
  const answered = { items: [{ annotations: {}, spec: { cpu: 2 } }] }
  expect(differences(recorded, answered, ['items[*].annotations."kubevirt.io/nonroot"', 'items[*].spec'])).toEqual([])
  expect(differences(recorded, answered, ['items[*].spec'])).toHaveLength(1)
})

test('reads a path as its parts', () => {
  expect(pathParts('body.items[*].labels."app.kubernetes.io/name"')).toEqual(['body', 'items', '*', 'labels', 'app.kubernetes.io/name'])
})
