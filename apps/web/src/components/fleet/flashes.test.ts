import { expect, test } from 'vitest'
import { createFlashes } from './flashes.ts'
import type { FleetColumn } from './fleet-kind.ts'

type Row = { uid: string; name: string; state: string; size: number }
const columns: FleetColumn<Row>[] = [
  { id: 'name', title: 'Name', width: 1, value: ({ name }) => name, cell: ({ name }) => name },
  { id: 'state', title: 'State', width: 1, value: ({ state }) => state, shown: ({ state }) => state, cell: ({ state }) => state },
  { id: 'size', title: 'Size', width: 1, value: ({ size }) => size, shown: ({ size }) => size, cell: ({ size }) => size },
]
const web: Row = { uid: '1', name: 'web', state: 'Running', size: 1 }

test('flashes a cell for each change of what it shows, and for nothing else', () => {
  const flashesOf = createFlashes<Row>()
  expect(flashesOf(web, columns)).toEqual({})
  const paused = { ...web, state: 'Paused' }
  expect(flashesOf(paused, columns)).toEqual({ state: 'a' })
  expect(flashesOf(paused, columns)).toEqual({ state: 'a' })
  expect(flashesOf({ ...paused, name: 'web' }, columns)).toEqual({ state: 'a' })
  expect(flashesOf({ ...web, size: 2 }, columns)).toEqual({ state: 'b', size: 'a' })
})

test('takes another object in the same place for no change, also one that has its name', () => {
  const flashesOf = createFlashes<Row>()
  flashesOf(web, columns)
  flashesOf({ ...web, state: 'Paused' }, columns)
  expect(flashesOf({ ...web, uid: '2', state: 'Stopped' }, columns)).toEqual({})
})
