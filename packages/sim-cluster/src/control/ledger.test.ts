import { expect, test } from 'vitest'
import { manualClock } from '../clock.ts'
import { createStorage } from '../storage/storage.ts'
import { createLedger, type WriteRequest } from './ledger.ts'

const write: WriteRequest = { auditId: 'x', user: 'alice', verb: 'create', resource: 'configmaps', namespace: 'team-a' }
const start = (options?: { capacity: number }) => {
  const clock = manualClock()
  const storage = createStorage(clock)
  const ledger = createLedger(storage, clock, options)
  const create = (name: string) => storage.create('configmaps', { metadata: { name, namespace: 'team-a' } })
  return { ledger, create }
}

test('puts changes down to the write that makes them, and to nobody else', () => {
  const { ledger, create } = start()
  create('a')
  ledger.during(write, () => create('b'))
  create('c')
  expect(ledger.entries().map((entry) => [entry.sequence, entry.entry, 'auditId' in entry])).toEqual([
    [1, 'change', false],
    [2, 'change', true],
    [3, 'write', true],
    [4, 'change', false],
  ])
})

test('takes no write for accepted that throws', () => {
  const { ledger, create } = start()
  const refused = () =>
    ledger.during(write, () => {
      throw new Error('no')
    })
  expect(refused).toThrow('no')
  create('a')
  expect(ledger.entries()).toMatchObject([{ entry: 'change', name: 'a' }])
  expect(ledger.entries()[0]).not.toHaveProperty('auditId')
})

test('says how much it has forgotten, and gives what is newer than a number', () => {
  const { ledger, create } = start({ capacity: 8 })
  for (let count = 0; count < 20; count += 1) create(`n-${count}`)
  const kept = ledger.entries()
  expect(ledger.forgotten() + kept.length).toBe(20)
  expect(kept.length).toBeGreaterThanOrEqual(8)
  expect(kept.map(({ sequence }) => sequence)).toEqual(kept.map((_, index) => 21 - kept.length + index))
  expect(ledger.entries(18).map(({ sequence }) => sequence)).toEqual([19, 20])
  expect(ledger.entries(1)).toEqual(kept)
})
