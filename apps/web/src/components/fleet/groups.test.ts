import fc from 'fast-check'
import { expect, test } from 'vitest'
import { defineFleet } from './fleet-kind.ts'
import { groupName } from './groups.ts'
import { isGroup, linesOf } from './lines.ts'
import { things } from './test-things.ts'

type Row = { uid: string; name: string; namespace?: string; colours?: string[]; size?: string; ill?: boolean }

const kind = defineFleet<Row>({
  ...things,
  columns: [
    { id: 'name', title: 'Name', width: 100, value: ({ name }) => name, cell: ({ name }) => name },
    { id: 'state', title: 'State', width: 100, value: () => undefined, cell: () => undefined },
  ],
  keys: {
    status: { kind: 'word', hint: '', of: () => undefined, facet: { of: ({ ill }) => (ill ? 'ill' : 'well'), always: ['well', 'ill'] } },
    namespace: { kind: 'word', hint: '', of: () => undefined, facet: { of: ({ namespace }) => namespace } },
    colour: { kind: 'word', hint: '', of: () => undefined, facet: { of: ({ colours }) => colours } },
    size: { kind: 'word', hint: '', of: () => undefined, facet: { of: ({ size }) => size } },
    name: { kind: 'word', hint: '', of: ({ name }) => name },
  },
  texts: ({ name }) => [name],
  attention: ({ ill }) => (ill ? 'failing' : undefined),
  states: [
    { key: 'status', value: 'well', label: 'Well', state: 'running' },
    { key: 'status', value: 'ill', label: 'Ill', state: 'error' },
  ],
  menus: [
    { label: 'Namespace', facets: [{ key: 'namespace', label: 'Namespace' }] },
    {
      label: 'More',
      facets: [
        { key: 'colour', label: 'Colour' },
        { key: 'size', label: 'Size', sizes: true },
      ],
    },
  ],
  state: 'state',
  phoneLine: () => undefined,
})

const thing = (name: string, rest: Partial<Row> = {}): Row => ({ uid: name, name, ...rest })
const groups = (key: string, rows: readonly Row[]) =>
  kind.groups(rows, key).map(({ value, rows: members }) => [value, members.map(({ name }) => name).join(' ')])

test('can be grouped by its state and by every facet that one chooses from [F225]', () => {
  expect(kind.groupings).toEqual([
    { key: 'status', label: 'State' },
    { key: 'namespace', label: 'Namespace' },
    { key: 'colour', label: 'Colour' },
    { key: 'size', label: 'Size', sizes: true },
  ])
})

test('groups stand as people count, sizes by size, states as the facets do; what has none comes last', () => {
  const rows = [
    thing('a', { namespace: 'team-10', size: '4Gi', ill: true }),
    thing('b', { namespace: 'team-2', size: '512Mi' }),
    thing('c'),
    thing('d', { namespace: 'team-10' }),
  ]
  expect(groups('namespace', rows)).toEqual([
    ['team-2', 'b'],
    ['team-10', 'a d'],
    [undefined, 'c'],
  ])
  expect(groups('size', rows).map(([value]) => value)).toEqual(['512Mi', '4Gi', undefined])
  expect(groups('status', rows)).toEqual([
    ['well', 'b c d'],
    ['ill', 'a'],
  ])
  expect(kind.groups(rows, 'status').map(({ failing }) => failing)).toEqual([0, 1])
})

test('a row with several values stands once, by the first of them', () => {
  expect(groups('colour', [thing('a', { colours: ['red', 'blue'] }), thing('b', { colours: ['red'] })])).toEqual([['red', 'a b']])
})

test('a folded group leaves its head; what is unknown groups nothing', () => {
  const rows = [thing('a', { namespace: 'x' }), thing('b', { namespace: 'y' }), thing('c', { namespace: 'x' })]
  const lines = linesOf(kind.groups(rows, 'namespace'), new Set(['x']))
  expect(lines.map((line) => (isGroup(line) ? `# ${groupName(line)}` : line.name))).toEqual(['# x', '# y', 'b'])
  expect(kind.groups(rows, 'zzz')).toEqual([])
  expect(kind.groups(rows, 'name')).toEqual([])
})

test('every row is in exactly one group, in the order in which it came, whatever the rows', () => {
  const row = fc.record({ uid: fc.uuid(), name: fc.string(), namespace: fc.constantFrom('a', 'b', undefined) })
  fc.assert(
    fc.property(fc.uniqueArray(row, { selector: ({ uid }) => uid }), (found) => {
      const rows = found as Row[]
      const made = kind.groups(rows, 'namespace')
      expect(made.flatMap((group) => group.rows).toSorted((a, b) => rows.indexOf(a) - rows.indexOf(b))).toEqual(rows)
      for (const group of made) {
        expect(group.rows).toEqual(rows.filter(({ namespace }) => namespace === group.value))
        expect(group.rows.length).toBeGreaterThan(0)
      }
    }),
  )
})
