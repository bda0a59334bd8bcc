import { expect, test } from 'vitest'
import { vmRow } from '../../components/test-rows.ts'
import { fleetCsv } from '../../components/fleet/csv.ts'
import { vmFleet } from './vm-fleet.ts'

const vmCsv = (rows: ReturnType<typeof vmRow>[], shown: readonly string[]) => fleetCsv(vmFleet, rows, shown)

const row = vmRow('web-1', { node: 'n1', cpus: 2, memoryBytes: 4 * 2 ** 30, ips: ['10.0.0.1', 'fd00::1'], createdAt: 1_700_000_000 })

test('exports the columns that are shown, in their order, and the namespace in any case [F226]', () => {
  expect(vmCsv([row], ['name', 'status', 'memory', 'ip', 'age'])).toBe(
    'Name,Status,Memory (bytes),IP addresses,Created,Namespace\r\nweb-1,Running,4294967296,10.0.0.1 fd00::1,2023-11-14T22:13:20.000Z,shop\r\n',
  )
})

test('what is missing is empty', () => {
  expect(vmCsv([vmRow('old')], ['name', 'namespace', 'node', 'cpu'])).toBe('Name,Namespace,Node,vCPUs\r\nold,shop,,\r\n')
})

test.each([
  ['=HYPERLINK("http://evil.example.com")', `"'=HYPERLINK(""http://evil.example.com"")"`],
  ['+1+1', "'+1+1"],
  ['-2+3', "'-2+3"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['\t=1', "'\t=1"],
  ['Ubuntu, "LTS"', '"Ubuntu, ""LTS"""'],
  ['two\nlines', '"two\nlines"'],
])('never lets a spreadsheet run what a guest says of itself: %j [X-04]', (osName, written) => {
  expect(vmCsv([vmRow('a', { osName })], ['os', 'namespace'])).toBe(`OS,Namespace\r\n${written},shop\r\n`)
})
