import { expect, test } from 'vitest'
import { columnIds, shownColumns, tableWidth } from './column-choice.ts'
import { shortTarget } from './vm-columns.tsx'

test('shows every column where there is room', () => {
  expect(shownColumns({}, 2_000)).toEqual(columnIds)
})

test('gives up run strategy and then OS where there is not, and scrolls sideways before it gives up more', () => {
  expect(shownColumns({}, tableWidth(columnIds) - 1)).not.toContain('runStrategy')
  expect(shownColumns({}, tableWidth(columnIds) - 1)).toContain('os')
  expect(shownColumns({}, 300)).toEqual(['name', 'status', 'namespace', 'node', 'cpu', 'memory', 'ip', 'age'])
})

test('shows what was chosen whatever the room, and never what was put away [F006]', () => {
  expect(shownColumns({ runStrategy: true }, 300)).toContain('runStrategy')
  expect(shownColumns({ node: false }, 2_000)).not.toContain('node')
})

test.each([
  ['fra-w-07', 'fra-w-19', '19'],
  ['node-1', 'node-12', '12'],
  ['worker.a', 'worker.b', 'b'],
  ['alpha', 'beta', 'beta'],
])('a VM that moves from %s to %s shows → %s', (node, target, shown) => {
  expect(shortTarget(node, target)).toBe(shown)
})
