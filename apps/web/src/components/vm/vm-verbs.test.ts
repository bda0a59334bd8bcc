import { vmCan } from '@virtdeck/kubevirt'
import { expect, test } from 'vitest'
import { asksFirst, sshCommand, vmActionEntries } from './vm-verbs.ts'

test('every verb of a VM is in the menu, in the fixed order of the groups [F010]', () => {
  expect(vmActionEntries.map((entry) => entry.group).filter((group, index, all) => group !== all[index - 1])).toEqual([
    'power',
    'move and protect',
    'look',
    'delete',
  ])
  const shown = new Set<string>(vmActionEntries.map((entry) => entry.id))
  expect(Object.keys(vmCan).filter((verb) => !shown.has(verb))).toEqual([])
})

test('only what destroys, interrupts or needs an answer asks first, and its label ends in an ellipsis', () => {
  const asking = vmActionEntries.filter((entry) => asksFirst(entry.id)).map((entry) => entry.id)
  expect(asking).toEqual(['stop', 'forceStop', 'restart', 'migrate', 'cancelMigration', 'snapshot', 'delete'])
  for (const entry of vmActionEntries.filter(({ id }) => asksFirst(id))) expect(entry.label).toMatch(/…$/)
  for (const id of ['start', 'pause', 'unpause'] as const) expect(vmActionEntries.find((entry) => entry.id === id)?.label).not.toMatch(/…$/)
})

test('no single key destroys or interrupts', () => {
  const keys = vmActionEntries.flatMap((entry) => (entry.shortcut ? [entry.id] : []))
  expect(keys).toEqual(['vnc', 'migrate', 'snapshot', 'yaml'])
})

test('the SSH command names VM and namespace, and the user that the system comes with', () => {
  expect(sshCommand({ name: 'web-01', namespace: 'team-a', os: 'ubuntu' })).toBe('virtctl ssh ubuntu@vm/web-01 -n team-a')
  expect(sshCommand({ name: 'web-01', namespace: 'team-a' })).toBe('virtctl ssh USER@vm/web-01 -n team-a')
})
