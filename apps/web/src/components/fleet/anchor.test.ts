import { expect, test } from 'vitest'
import { movedBy } from './anchor.ts'

const named = (...names: string[]) => [(place: number) => names[place] ?? '', names.length] as const

test('follows what one looks at when lines come or go above it', () => {
  expect(movedBy(['c', 'd', 'e'], 2, ...named('new', 'a', 'newer', 'b', 'c', 'd', 'e'))).toBe(2)
  expect(movedBy(['c', 'd', 'e'], 2, ...named('b', 'c', 'd', 'e', 'f'))).toBe(-1)
})

test('stays where nothing has moved, and where lines came or went below it', () => {
  expect(movedBy(['a', 'b', 'c'], 0, ...named('a', 'b', 'c', 'new', 'd'))).toBe(0)
  expect(movedBy(['b', 'c', 'd'], 1, ...named('a', 'b', 'c'))).toBe(0)
})

test('does not run after one line that has moved by itself, nor after lines that are gone', () => {
  expect(movedBy(['c', 'd', 'e', 'f'], 2, ...named('a', 'b', 'd', 'e', 'f', 'g', 'h', 'c'))).toBe(-1)
  expect(movedBy(['c', 'd'], 2, ...named('x', 'y', 'z'))).toBe(0)
})
