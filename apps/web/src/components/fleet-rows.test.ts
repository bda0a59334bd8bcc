import { expect, test } from 'vitest'
import { formatOrder, parseOrder, scanFleet } from './fleet-rows.ts'

type Row = { name: string; size?: number; ready: boolean }
const rows: Row[] = [
  { name: 'n2', size: 4, ready: true },
  { name: 'n1', size: 4, ready: false },
  { name: 'n10', ready: true },
  { name: 'gpu', size: 1, ready: true },
]
const facets = [
  { id: 'ready', label: 'Ready', test: (row: Row) => row.ready },
  { id: 'not-ready', label: 'Not ready', test: (row: Row) => !row.ready },
]
const scan = (over: { text?: string; chosen?: string[]; descending?: boolean }) =>
  scanFleet({
    rows,
    text: over.text ?? '',
    textOf: ({ name }) => name,
    facets,
    chosen: new Set(over.chosen),
    valueOf: ({ size }) => size,
    tie: ({ name }) => name,
    descending: over.descending ?? false,
  })
const names = (found: { rows: Row[] }) => found.rows.map(({ name }) => name)

test('sorts numbers as numbers, equal ones by name, and what is missing last either way', () => {
  expect(names(scan({}))).toEqual(['gpu', 'n1', 'n2', 'n10'])
  expect(names(scan({ descending: true }))).toEqual(['n1', 'n2', 'gpu', 'n10'])
})

test('finds every word, whatever its case, and counts facets within what was found', () => {
  const found = scan({ text: 'N 1' })
  expect(names(found)).toEqual(['n1', 'n10'])
  expect(Object.fromEntries(found.counts)).toEqual({ ready: 1, 'not-ready': 1 })
})

test('chosen facets widen each other and leave the counts alone', () => {
  const found = scan({ chosen: ['not-ready'] })
  expect(names(found)).toEqual(['n1'])
  expect(Object.fromEntries(found.counts)).toEqual({ ready: 3, 'not-ready': 1 })
  expect(names(scan({ chosen: ['ready', 'not-ready'] }))).toHaveLength(4)
})

test('reads an order from the URL, and takes its own for anything else', () => {
  const own = { column: 'name', descending: false }
  expect(parseOrder('-size', ['name', 'size'], own)).toEqual({ column: 'size', descending: true })
  expect(parseOrder('nonsense', ['name', 'size'], own)).toBe(own)
  expect(parseOrder(null, ['name'], own)).toBe(own)
  expect(formatOrder({ column: 'size', descending: true })).toBe('-size')
})
