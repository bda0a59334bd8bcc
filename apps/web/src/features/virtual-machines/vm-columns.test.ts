import { expect, test } from 'vitest'
import { vmRow } from '../../components/test-rows.ts'
import * as columns from '../../components/fleet/columns.ts'
import type { ColumnChoice } from '../../components/fleet/columns.ts'
import { shortOsName, shortTarget } from './vm-columns.tsx'
import { columnOf } from '../../components/fleet/fleet-kind.ts'
import { vmFleet } from './vm-fleet.ts'

const columnIds = vmFleet.columns.filter(({ shows }) => shows !== 'when chosen').map(({ id }) => id)
const shownColumns = (choice: ColumnChoice, width: number) => columns.shownColumns(vmFleet, choice, width)
const tableWidth = (ids: readonly string[]) => columns.tableWidth(vmFleet, ids)

test('shows every column where there is room', () => {
  expect(shownColumns({}, 2_000)).toEqual(columnIds)
})

test('gives up run strategy and then OS where there is not, and scrolls sideways before it gives up more', () => {
  expect(shownColumns({}, tableWidth(columnIds) + 20)).not.toContain('runStrategy')
  expect(shownColumns({}, tableWidth(columnIds) + 20)).toContain('os')
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

test.each([
  ['ubuntu', 'Ubuntu 24.04.1 LTS', 'Ubuntu 24.04'],
  ['rhel', 'Red Hat Enterprise Linux 9.4 (Plow)', 'RHEL 9.4'],
  ['windows', 'Windows Server 2022', 'Windows 2022'],
  ['fedora', undefined, 'Fedora'],
  ['centos', 'CentOS Stream 9', 'CentOS 9'],
  [undefined, 'Plan 9', 'Plan 9'],
  [undefined, undefined, undefined],
])('an operating system %s, %s is %s', (os, osName, short) => {
  expect(shortOsName({ os, osName })).toBe(short)
})

test('a label that was chosen is a column before the last, with its own value to sort and to export [F226]', () => {
  expect(shownColumns({ 'label:app': true }, 2_000).slice(-2)).toEqual(['label:app', 'age'])
  expect(shownColumns({ 'label:app': false }, 2_000)).not.toContain('label:app')
  const column = columnOf(vmFleet, 'label:app')
  const row = vmRow('web', { labels: { app: 'shop-10' } })
  expect(column?.title).toBe('app')
  expect(column?.csv?.value(row)).toBe('shop-10')
  expect(column?.value(row)).toBe(column?.value(vmRow('other', { labels: { app: 'Shop-10' } })))
  expect(column?.value(vmRow('none'))).toBeUndefined()
})

test.each(['__proto__', 'constructor'])('a label that only every object has is no label: %s [X-14]', (key) => {
  expect(columnOf(vmFleet, `label:${key}`)?.csv?.value(vmRow('web', { labels: { app: 'x' } }))).toBeUndefined()
})
