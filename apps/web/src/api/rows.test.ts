import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRows, sameValue } from './rows.ts'

type Row = { uid: string; namespace: string; name: string; status: string; ips?: string[] }

const web = { uid: 'a', namespace: 'shop', name: 'web', status: 'Running' } satisfies Row
const db = { uid: 'b', namespace: 'shop', name: 'db', status: 'Running' } satisfies Row

test('wakes the watchers of the row that changed, and nobody else', () => {
  const rows = createRows<Row>()
  rows.replace([web, db])
  const woken: string[] = []
  rows.subscribe(web, () => woken.push('web'))
  rows.subscribe(db, () => woken.push('db'))
  rows.apply([{ ...web, status: 'Paused' }], [])
  expect(woken).toEqual(['web'])
  expect(rows.get(web)?.status).toBe('Paused')
})

test('keeps the object of a row that a new picture does not change', () => {
  const rows = createRows<Row>()
  rows.replace([web, db])
  const before = rows.all()
  expect(rows.replace([{ ...db }, { status: 'Running', name: 'web', namespace: 'shop', uid: 'a' }])).toBe(false)
  expect(rows.all()).toBe(before)
  expect(rows.get(web)).toBe(web)
})

test('keeps a VM that was created anew under its name when the old one is removed late', () => {
  const rows = createRows<Row>()
  rows.replace([web])
  rows.apply([{ ...web, uid: 'c' }], [])
  rows.apply([], ['a'])
  expect(rows.get(web)?.uid).toBe('c')
  expect(rows.all()).toHaveLength(1)
})

test('removes what a new picture does not have, and tells who watched it', () => {
  const rows = createRows<Row>()
  rows.replace([web, db])
  let woken = 0
  const unsubscribe = rows.subscribe(db, () => woken++)
  expect(rows.replace([web])).toBe(true)
  expect([rows.get(db), woken]).toEqual([undefined, 1])
  unsubscribe()
  expect(rows.watched()).toBe(false)
})

const anyRow = fc.record({
  uid: fc.constantFrom('1', '2', '3', '4'),
  namespace: fc.constantFrom('x', 'y'),
  name: fc.constantFrom('p', 'q'),
  status: fc.constantFrom('Running', 'Stopped'),
  ips: fc.option(fc.array(fc.constantFrom('10.0.0.1', '10.0.0.2'), { maxLength: 2 }), { nil: undefined }),
})

test('holds after any deltas exactly the last version of every row that was not removed', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ upsert: fc.array(anyRow, { maxLength: 3 }), remove: fc.array(fc.constantFrom('1', '2', '3', '4'), { maxLength: 2 }) }),
        { maxLength: 20 },
      ),
      (deltas) => {
        const rows = createRows<Row>()
        const model = new Map<string, Row>()
        for (const { upsert, remove } of deltas) {
          for (const uid of remove) model.delete(uid)
          for (const row of upsert) model.set(row.uid, row)
          rows.apply(upsert, remove)
          expect(rows.all().toSorted((a, b) => a.uid.localeCompare(b.uid))).toEqual(
            [...model.values()].toSorted((a, b) => a.uid.localeCompare(b.uid)),
          )
        }
      },
    ),
  )
})

test('compares JSON values by content', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => sameValue(value, JSON.parse(JSON.stringify(value)))))
  expect(sameValue({ a: 1 }, { b: 1 })).toBe(false)
  expect(sameValue({ a: undefined }, { b: 1 })).toBe(false)
  expect(sameValue([1], { 0: 1 })).toBe(false)
  expect(sameValue({ a: [1, { b: 2 }] }, { a: [1, { b: 3 }] })).toBe(false)
})
