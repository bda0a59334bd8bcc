import { expect, test } from 'vitest'
import type { VmRow } from '@virtdeck/kubevirt'
import { vmRow } from '../../components/test-rows.ts'
import { measuredVmFleet, vmFleet } from './vm-fleet.ts'
import { noteOf, usedOf, usedText } from './vm-use.tsx'
import { columnWidth, shownColumns, tableWidth } from '../../components/fleet/columns.ts'
import { columnOf } from '../../components/fleet/fleet-kind.ts'

const GIB = 2 ** 30
const row = (status: string, differences: Partial<VmRow> = {}) => vmRow('web', { status, cpus: 4, memoryBytes: 8 * GIB, ...differences })
const use = { cpuMillicores: 1200, memoryBytes: 3 * GIB }

test.each([
  ['Running', 1200, 3 * GIB],
  ['Migrating', 1200, 3 * GIB],
  ['Paused', undefined, 3 * GIB],
  ['Stopped', undefined, undefined],
  ['Stopping', undefined, undefined],
  ['Starting', undefined, undefined],
  ['CrashLoopBackOff', undefined, undefined],
])('a VM that is %s uses %s millicores and %s bytes, whatever was measured before [F227]', (status, cpu, memory) => {
  expect([usedOf(row(status), 'cpu', use), usedOf(row(status), 'memory', use)]).toEqual([cpu, memory])
})

test('shows nothing of what was not measured, or is of nobody knows how much [F227]', () => {
  expect(usedOf(row('Running'), 'cpu', undefined)).toBeUndefined()
  expect(usedOf(row('Running'), 'memory', { cpuMillicores: 1 })).toBeUndefined()
  expect(usedOf(row('Running', { cpus: undefined }), 'cpu', use)).toBeUndefined()
  expect(usedOf(row('Running', { memoryBytes: 0 }), 'memory', use)).toBeUndefined()
})

test.each([
  ['cpu', 1200, '1.2 of 4 vCPU'],
  ['cpu', 34, '0.03 of 4 vCPU'],
  ['cpu', 0, '0 of 4 vCPU'],
  ['cpu', 4100, '4.1 of 4 vCPU'],
  ['memory', 3.14 * GIB, '3.1 of 8 GiB'],
  ['memory', 512 * 2 ** 20, '512 MiB of 8 GiB'],
] as const)('says of %s %s in use: %s [F227]', (measure, used, text) => {
  expect(usedText(row('Running'), measure, used)).toBe(text)
})

test('bars take room of their own where there is some, before columns that can be chosen, and none where there is none [F227]', () => {
  const least = tableWidth(measuredVmFleet, ['name', 'status', 'namespace', 'node', 'cpu', 'memory', 'ip', 'age'])
  const widths = (widthPx: number) => {
    const shown = shownColumns(measuredVmFleet, {}, widthPx)
    const width = (id: string) => columnWidth(measuredVmFleet, columnOf(measuredVmFleet, id)!, shown, widthPx) // A column of the kind.
    return { shown, cpu: width('cpu'), memory: width('memory') }
  }
  expect(widths(least + 64)).toMatchObject({ cpu: 108, memory: 108 })
  expect(widths(least + 64).shown).not.toContain('os')
  expect(widths(least + 63)).toMatchObject({ cpu: 76, memory: 76 })
  expect(tableWidth(measuredVmFleet, widths(least).shown)).toBe(least)
  expect(widths(3_000).shown).toContain('os')
})

test('says at the list’s foot how old the figures are, or that there are none, and why [F227] [F250]', () => {
  const at = new Date(2026, 10, 20, 10, 41, 7).getTime()
  const problem = 'Prometheus cannot be reached.'
  expect(noteOf({})).toBeUndefined()
  expect(noteOf({ at })).toBeUndefined()
  expect(noteOf({ at, problem })).toBe('Use as of 10:41: Prometheus cannot be reached.')
  expect(noteOf({ problem })).toBe('Use is not shown: Prometheus cannot be reached.')
})

test('without a Prometheus there is no room for bars, and the column chooser says why [F227]', () => {
  expect(columnOf(vmFleet, 'cpu')?.extra).toBeUndefined()
  expect(vmFleet.beside?.problem()).toContain('no Prometheus')
  expect(vmFleet.beside?.note()).toBeUndefined()
  expect(columnOf(vmFleet, 'cpuUse')?.value(row('Running'))).toBeUndefined()
})
