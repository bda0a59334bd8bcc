import fc from 'fast-check'
import { expect, test } from 'vitest'
import { propertyRuns } from '../../../../server/src/testing/property-runs.ts'
import { fleetCsv, selectedOf } from './csv.ts'
import type { FleetKind, FleetRow } from './fleet-kind.ts'

type Row = FleetRow & { text: string }
const kind = {
  columns: [
    { id: 'name', title: 'Name', value: ({ name }: Row) => name },
    { id: 'text', title: 'OS', value: ({ text }: Row) => text },
  ],
  labels: [],
} as unknown as Pick<FleetKind<Row>, 'columns' | 'labels'>
const csv = (...texts: string[]) =>
  fleetCsv(
    kind,
    texts.map((text, index) => ({ uid: `${index}`, name: `vm-${index}`, text }) as unknown as Row),
    ['name', 'text'],
  )

test('writes cells that a spreadsheet would run as the text that they are, byte for byte [X-04]', () => {
  expect(csv('=cmd|"/C calc"!A1', '+1+1', '-2', '@SUM(A1)', '\t=1', '\r=1', '\n=1', 'a,b', 'a"b', 'a\r\n=b', ' =1', 'Ubuntu 24.04')).toBe(
    [
      'Name,OS',
      `vm-0,"'=cmd|""/C calc""!A1"`,
      `vm-1,'+1+1`,
      `vm-2,'-2`,
      `vm-3,'@SUM(A1)`,
      `vm-4,'\t=1`,
      `vm-5,"'\r=1"`,
      `vm-6,"'\n=1"`,
      'vm-7,"a,b"',
      'vm-8,"a""b"',
      'vm-9,"a\r\n=b"',
      'vm-10, =1',
      'vm-11,Ubuntu 24.04',
      '',
    ].join('\r\n'),
  )
})

/** RFC 4180. */
function read(text: string): string[][] {
  const rows: string[][] = [[]]
  for (const [cell, quoted, bare, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    if (cell === '' && end === '') break
    rows.at(-1)?.push(quoted === undefined ? (bare ?? '') : quoted.replaceAll('""', '"'))
    if (end === '\r\n') rows.push([])
  }
  return rows.slice(0, -1)
}

test('whatever a guest calls itself, it is one cell, and none that begins a formula [X-04]', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('=', '+', '-', '@', '\t', '\r', '\n', '"', ',', ';', "'", 'a') })), {
        maxLength: 5,
      }),
      (texts) => {
        const rows = read(csv(...texts)).slice(1)
        expect(rows.map((row) => row.length)).toEqual(texts.map(() => 2))
        for (const [index, text] of texts.entries()) {
          const cell = rows[index]?.[1] ?? ''
          expect(cell === text || cell === `'${text}`).toBe(true)
          expect(cell).not.toMatch(/^[=+\-@\t\r\n]/)
        }
      },
    ),
    { numRuns: propertyRuns },
  )
})

test('takes what is selected in the order shown, and then what the search hides of it [F226]', () => {
  const row = (uid: string) => ({ uid }) as FleetRow
  const all = ['a', 'b', 'c', 'd'].map(row)
  const shown = ['d', 'b', 'a'].map(row)
  expect(selectedOf(new Set(['a', 'c', 'd', 'gone']), shown, all).map(({ uid }) => uid)).toEqual(['d', 'a', 'c'])
})
