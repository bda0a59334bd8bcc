import fc from 'fast-check'
import { expect, test } from 'vitest'
import { vmRow } from '../../components/test-rows.ts'
import { columnOf } from '../../components/fleet/fleet-kind.ts'
import * as orders from '../../components/fleet/order.ts'
import type { Order } from '../../components/fleet/order.ts'
import { vmFleet } from './vm-fleet.ts'

type Row = ReturnType<typeof vmRow>
const defaultSort = vmFleet.order
const sortKeys = vmFleet.columns.map(({ id }) => id)
const valueOf = (id: string) => columnOf(vmFleet, id)?.value ?? (() => undefined)
const formatSort = (order: Order) => orders.formatOrder(order, defaultSort)
const parseSort = (text: string | null) => orders.parseOrder(text, (id) => columnOf(vmFleet, id) !== undefined, defaultSort)
const nextSort = orders.nextOrder
const sorted = (rows: readonly Row[], { column, descending }: Order) => {
  const steps = orders.ordering(rows, valueOf(column), descending)
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}
const sortRows = (rows: readonly Row[], order: Order, before?: readonly Row[]) =>
  (before
    ? orders.reorder(sorted(before, order), orders.differences(before, rows), valueOf(order.column), order.descending)
    : sorted(rows, order)
  ).map(({ row }) => row)

const names = (rows: readonly { name: string }[]) => rows.map(({ name }) => name).join(' ')

test('sorts memory as a number: 512Mi < 2Gi < 16Gi, and what has none last [F007]', () => {
  const rows = [
    vmRow('sixteen', { memoryBytes: 16 * 2 ** 30 }),
    vmRow('none'),
    vmRow('half', { memoryBytes: 2 ** 29 }),
    vmRow('two', { memoryBytes: 2 * 2 ** 30 }),
  ]
  expect(names(sortRows(rows, { column: 'memory', descending: false }))).toBe('half two sixteen none')
  expect(names(sortRows(rows, { column: 'memory', descending: true }))).toBe('sixteen two half none')
})

test('sorts names and addresses as people count', () => {
  const rows = [vmRow('web-10', { ips: ['10.0.0.9'] }), vmRow('web-2', { ips: ['10.0.0.10'] }), vmRow('Web-1', { ips: ['9.0.0.1'] })]
  expect(names(sortRows(rows, defaultSort))).toBe('Web-1 web-2 web-10')
  expect(names(sortRows(rows, { column: 'ip', descending: false }))).toBe('Web-1 web-10 web-2')
})

test('sorts by state with what fails first', () => {
  const rows = [
    vmRow('up'),
    vmRow('down', { status: 'Stopped' }),
    vmRow('bad', { status: 'CrashLoopBackOff' }),
    vmRow('moving', { status: 'Migrating' }),
  ]
  expect(names(sortRows(rows, { column: 'status', descending: false }))).toBe('bad moving up down')
})

test('sorts by age with the youngest first', () => {
  const rows = [vmRow('old', { createdAt: 1 }), vmRow('young', { createdAt: 9 })]
  expect(names(sortRows(rows, { column: 'age', descending: false }))).toBe('young old')
})

test('does not depend on the order in which rows arrived', () => {
  const row = fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    namespace: fc.constantFrom('x', 'y', 'z'),
    cpus: fc.constantFrom(1, 2, undefined),
  })
  fc.assert(
    fc.property(
      fc.uniqueArray(row, { selector: ({ name, namespace }) => `${namespace}/${name}` }),
      fc.constantFrom(...sortKeys),
      fc.boolean(),
      (parts, column, descending) => {
        const rows = parts.map(({ name, ...rest }) => vmRow(name, rest))
        expect(sortRows(rows.toReversed(), { column, descending })).toEqual(sortRows(rows, { column, descending }))
      },
    ),
  )
})

test('sorts from an earlier order as from none', () => {
  const row = fc.record({
    uid: fc.constantFrom('1', '2', '3', '4', '5'),
    name: fc.constantFrom('a', 'b', 'c'),
    cpus: fc.constantFrom(1, 2, undefined),
  })
  const version = fc.uniqueArray(row, { selector: ({ uid }) => uid })
  fc.assert(
    fc.property(version, version, fc.constantFrom('name' as const, 'cpu' as const), fc.boolean(), (earlier, later, column, descending) => {
      const rows = (parts: typeof later) => parts.map(({ name, uid, ...rest }) => vmRow(name, { ...rest, uid, namespace: uid }))
      const [before, after] = [rows(earlier), rows(later)]
      // What did not change is the same object.
      const kept = after.map((row) => before.find((old) => JSON.stringify(old) === JSON.stringify(row)) ?? row)
      expect(sortRows(kept, { column, descending }, before)).toEqual(sortRows(rows(later), { column, descending }))
    }),
  )
})

test('has its place in the URL, and none for the default', () => {
  expect(formatSort(defaultSort)).toBeUndefined()
  for (const column of sortKeys)
    for (const descending of [false, true]) expect(parseSort(formatSort({ column, descending }) ?? null)).toEqual({ column, descending })
  expect(parseSort('-nonsense')).toEqual(defaultSort)
})

test('a second click on a head turns the order round', () => {
  expect(nextSort(defaultSort, 'memory')).toEqual({ column: 'memory', descending: false })
  expect(nextSort({ column: 'memory', descending: false }, 'memory')).toEqual({ column: 'memory', descending: true })
})
