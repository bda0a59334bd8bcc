import { expect, test } from 'vitest'
import { vmRow } from '../../components/test-rows.ts'
import { vmActionEntries } from '../../components/vm/vm-verbs.ts'
import { bootGroups, bulkPlan, bulkVerbs, deletionPhrase, whyNone } from './bulk-verbs.ts'

const mayAll = () => undefined

test('stands in the order of a VM’s own menu', () => {
  const inMenu = vmActionEntries.map(({ id }) => id).filter((id) => (bulkVerbs as readonly string[]).includes(id))
  expect(inMenu).toEqual(bulkVerbs.filter((verb) => verb !== 'label'))
})

test('parts VMs into those that a verb is for and those that are left alone, with the reason of each [F228]', () => {
  const rows = [vmRow('on'), vmRow('off', { status: 'Stopped', runStrategy: 'Halted' })]
  const plan = bulkPlan('stop', rows, mayAll)
  expect(plan.will.map(({ name }) => name)).toEqual(['on'])
  expect(plan.wont.map(({ row, reason }) => [row.name, reason])).toEqual([['off', 'It is not running.']])
})

test('leaves alone what the user may not touch [F011]', () => {
  const rows = [vmRow('mine'), vmRow('theirs', { namespace: 'other' })]
  const plan = bulkPlan('pause', rows, (namespace) => (namespace === 'other' ? 'You may not.' : undefined))
  expect(plan.will.map(({ name }) => name)).toEqual(['mine'])
  expect(plan.wont[0]?.reason).toBe('You may not.')
})

test('says why a verb is for none of them', () => {
  const running = [vmRow('a'), vmRow('b')]
  expect(whyNone('start', running)).toBe('It is already running.')
  expect(whyNone('start', [...running, vmRow('c', { status: 'Stopped' })])).toBeUndefined()
  expect(
    whyNone('migrate', [vmRow('a', { notMigratable: { reason: 'X', message: 'Its disk is local.' } }), vmRow('b', { status: 'Stopped' })]),
  ).toBe('None of the 2 VMs can now: a: Its disk is local.')
})

test('asks for the number of VMs before it deletes them', () => {
  expect(deletionPhrase(1)).toBe('delete 1 VM')
  expect(deletionPhrase(1200)).toBe('delete 1,200 VMs')
})

test('boots in the order of a label’s values as people count, what has none last, and stops the other way round [F228]', () => {
  const rows = [
    vmRow('edge', { labels: { tier: '10' } }),
    vmRow('plain'),
    vmRow('web-1', { labels: { tier: '2' } }),
    vmRow('db', { labels: { tier: '1' } }),
    vmRow('web-2', { labels: { tier: '2' } }),
  ]
  const names = (groups: (typeof rows)[]) => groups.map((group) => group.map(({ name }) => name).join(' '))
  expect(names(bootGroups(rows, 'tier', false))).toEqual(['db', 'web-1 web-2', 'edge', 'plain'])
  expect(names(bootGroups(rows, 'tier', true))).toEqual(['plain', 'edge', 'web-1 web-2', 'db'])
})

test('labels VMs, but not an instance that no VM owns', () => {
  const plan = bulkPlan('label', [vmRow('a'), vmRow('lone', { bare: true })], mayAll)
  expect(plan.will.map(({ name }) => name)).toEqual(['a'])
  expect(plan.wont[0]?.reason).toContain('no VirtualMachine')
})
