import { expect, test } from 'vitest'
import { createScanner } from './scan-sorted.ts'
import { parseQuery } from './vm-query.ts'
import { defaultSort } from './vm-sort.ts'
import { vmRow } from './test-rows.ts'

const web = vmRow('web', { memoryBytes: 1 })
const db = vmRow('db', { memoryBytes: 2 })
const names = (rows: readonly { name: string }[]) => rows.map(({ name }) => name).join(' ')

test('gives the same answer to the same question, and a new one to a new question', () => {
  const scan = createScanner()
  const rows = [web, db]
  const first = scan(rows, [], defaultSort)
  expect(scan(rows, [], defaultSort)).toBe(first)
  expect(names(first.rows)).toBe('db web')
  expect(names(scan(rows, parseQuery('we'), defaultSort).rows)).toBe('web')
  expect(names(scan(rows, [], { key: 'memory', descending: false }).rows)).toBe('web db')
  expect(names(scan([web, db, vmRow('cache')], [], defaultSort).rows)).toBe('cache db web')
})

test('tells a word that is being typed from the same word finished', () => {
  const scan = createScanner()
  const rows = [web]
  expect(scan(rows, parseQuery('namespace:sh', { typing: true }), defaultSort).rows).toHaveLength(1)
  expect(scan(rows, parseQuery('namespace:sh'), defaultSort).rows).toHaveLength(0)
})
