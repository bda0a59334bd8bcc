import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { defineFleet } from './fleet-kind.ts'
import { matchesQuery, parseQuery } from './language.ts'
import { sortRows } from './order.ts'
import { things } from './test-things.ts'

type Row = { uid: string; namespace: string; name: string; size?: number; colour?: string; ill?: boolean }

const plain: Parameters<typeof defineFleet<Row>>[0] = {
  ...things,
  columns: [
    { id: 'name', title: 'Name', width: 100, value: ({ name }) => name, cell: ({ name }) => name },
    { id: 'size', title: 'Size', width: 100, value: ({ size }) => size, cell: ({ size }) => size },
  ],
  keys: {
    colour: { kind: 'word', hint: '', of: ({ colour }) => colour, facet: { of: ({ colour }) => colour, always: ['red'] } },
    namespace: { kind: 'word', hint: '', of: ({ namespace }) => namespace, facet: { of: ({ namespace }) => namespace } },
  },
  texts: ({ name }) => [name],
  attention: ({ ill }) => (ill ? 'failing' : undefined),
  states: [],
  menus: [],
  state: 'name',
  phoneLine: ({ namespace }) => namespace,
}

const define = () => defineFleet<Row>(plain)

const thing = (name: string, rest: Partial<Row> = {}): Row => ({ uid: `n/${name}`, namespace: 'n', name, ...rest })
const names = (scan: { rows: readonly Row[] } | undefined) => scan?.rows.map(({ name }) => name).join(' ')
const byName = { column: 'name', descending: false }
const bySize = { column: 'size', descending: true }

test('gives the same answer to the same question, and a new one to a new question', () => {
  const { scanner, language } = define()
  const rows = [thing('web', { size: 1 }), thing('db', { size: 2 })]
  const first = scanner.scan(rows, [], byName)
  expect(scanner.scan(rows, [], byName)).toBe(first)
  expect(names(first)).toBe('db web')
  expect(names(scanner.scan(rows, parseQuery(language, 'we'), byName))).toBe('web')
  expect(names(scanner.scan(rows, [], { column: 'size', descending: false }))).toBe('web db')
  expect(names(scanner.scan([...rows, thing('cache')], [], byName))).toBe('cache db web')
})

test('tells a word that is being typed from the same word finished', () => {
  const { scanner, language } = define()
  const rows = [thing('web', { namespace: 'shop' })]
  expect(scanner.scan(rows, parseQuery(language, 'namespace:sh', { typing: true }), byName)?.rows).toHaveLength(1)
  expect(scanner.scan(rows, parseQuery(language, 'namespace:sh'), byName)?.rows).toHaveLength(0)
})

test('counts for the tree without an order of its own, and finds the list’s answer done', () => {
  const { scanner } = define()
  const rows = [thing('web', { colour: 'blue', ill: true }), thing('db', { colour: 'blue' })]
  const scan = scanner.scan(rows, [], bySize)
  expect(scanner.count(rows, [])).toBe(scan)
  expect(scanner.count([...rows], [])?.facets['colour']).toEqual(
    new Map([
      ['red', { count: 0, failing: 0, warnings: 0 }],
      ['blue', { count: 2, failing: 1, warnings: 0 }],
    ]),
  )
})

test('works many new rows out in steps, during which others may work, and what came meanwhile finds its place', async () => {
  const { scanner } = define()
  const rows = Array.from({ length: 9_000 }, (_, index) => thing(`t-${(index * 7_919) % 9_000}`.padEnd(9, 'x'), { size: index % 13 }))
  expect(scanner.scan(rows, [], bySize)).toBeUndefined()
  expect(scanner.count(rows, [])).toBeUndefined()
  let turns = 0
  const turn = setInterval(() => turns++, 0)
  await scanner.prepare(rows, bySize)
  clearInterval(turn)
  expect(turns).toBeGreaterThan(0)
  const later = [...rows.slice(1), thing('aaa', { size: 99 })]
  expect(scanner.scan(later, [], bySize)?.rows).toEqual(sortRows(later, ({ size }) => size, true))
})

test('makes the texts it searches in steps beforehand, and finds the same without', async () => {
  const { scanner, language } = define()
  const rows = Array.from({ length: 9_000 }, (_, index) => thing(`web-${index}`, {}))
  await scanner.prepare(rows, byName)
  scanner.scan(rows, [], byName)
  const made = vi.spyOn(language, 'text')
  await scanner.spell()
  expect(made).toHaveBeenCalledTimes(rows.length)
  expect(scanner.scan(rows, parseQuery(language, 'WEB-899'), byName)?.rows).toHaveLength(11)
  expect(made).toHaveBeenCalledTimes(rows.length)
  const other = define()
  await other.scanner.prepare(rows, byName)
  expect(other.scanner.scan(rows, parseQuery(other.language, 'WEB-899'), byName)?.rows).toHaveLength(11)
})

test('whatever changes, the answer is the one of asking anew', () => {
  const row = fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd'),
    namespace: fc.constantFrom('x', 'y'),
    size: fc.constantFrom(1, 2, undefined),
    colour: fc.constantFrom('red', 'blue', undefined),
  })
  const version = fc.uniqueArray(row, { selector: ({ name, namespace }) => `${namespace}/${name}` })
  const question = fc.record({
    rows: version,
    query: fc.constantFrom('', 'a', 'colour:red', 'colour:blue namespace:x', '-colour:red'),
    order: fc.constantFrom(byName, bySize),
  })
  fc.assert(
    fc.property(fc.array(question, { maxLength: 6 }), (questions) => {
      const { scanner, language } = define()
      let before: Row[] = []
      for (const { rows: parts, query, order } of questions) {
        const rows = parts.map((part) => {
          const made = { uid: `${part.namespace}/${part.name}`, ...part }
          return before.find((old) => JSON.stringify(old) === JSON.stringify(made)) ?? made
        })
        before = rows
        const terms = parseQuery(language, query)
        const scan = scanner.scan(rows, terms, order)
        const value = order === byName ? (one: Row) => one.name : (one: Row) => one.size
        expect(scan?.rows).toEqual(sortRows(rows, value, order.descending).filter((one) => matchesQuery(language, one, terms)))
        const others = terms.filter((term) => term.kind !== 'token' || term.key !== 'colour')
        for (const colour of ['red', 'blue']) {
          const count = rows.filter((one) => one.colour === colour && matchesQuery(language, one, others)).length
          expect(scan?.facets['colour']?.get(colour)?.count ?? 0).toBe(count)
        }
      }
    }),
  )
})

test('sorts and searches again what comes from beside the rows, when that is another, and nothing else [F227]', () => {
  let heat = new Map([
    ['web', 1],
    ['db', 2],
  ])
  let version = 1
  const of = ({ name }: Row) => heat.get(name)
  const { scanner, language } = defineFleet<Row>({
    ...plain,
    columns: [...plain.columns, { id: 'heat', title: 'Heat', width: 100, value: of, cell: of }],
    keys: { heat: { kind: 'number', hint: '', of } },
    beside: {
      columns: ['heat'],
      keys: ['heat'],
      version: () => version,
      subscribe: () => () => {},
      problem: () => undefined,
      note: () => undefined,
    },
  })
  const rows = [thing('web'), thing('db'), thing('cache')]
  const byHeat = { column: 'heat', descending: true }
  const hot = parseQuery(language, 'heat:>=2 ')
  expect(names(scanner.scan(rows, [], byHeat))).toBe('db web cache')
  expect(names(scanner.scan(rows, hot, byName))).toBe('db')
  const inNames = scanner.scan(rows, [], byName)
  heat = new Map([['cache', 9]])
  version = 2
  expect(scanner.scan(rows, [], byName)).toBe(inNames)
  expect(names(scanner.scan(rows, hot, byName))).toBe('cache')
  expect(names(scanner.scan(rows, [], byHeat))).toBe('cache db web')
  heat = new Map([['web', 9]])
  version = 3
  expect(names(scanner.scan(rows, [], byHeat))).toBe('web cache db')
})
