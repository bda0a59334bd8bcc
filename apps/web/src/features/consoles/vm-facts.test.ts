import type { VmRow } from '@virtdeck/kubevirt'
import { expect, test } from 'vitest'
import { vmFacts } from './vm-facts.ts'

const row = (rest: Partial<VmRow>): VmRow => ({ uid: 'u', namespace: 'team-a', name: 'web-01', createdAt: 0, status: 'Running', ...rest })

test.each<[string, VmRow | undefined, ReturnType<typeof vmFacts>]>([
  ['no VM', undefined, { power: 'missing' }],
  ['a running VM', row({}), { power: 'up' }],
  ['a paused VM', row({ status: 'Paused' }), { power: 'up' }],
  ['a stopped VM', row({ status: 'Stopped' }), { power: 'down' }],
  ['a starting VM', row({ status: 'Starting' }), { power: 'down' }],
  [
    'a migrating VM',
    row({ status: 'Migrating', migration: { name: 'm', phase: 'Running', targetNode: 'node-2' } }),
    { power: 'up', migration: { targetNode: 'node-2' } },
  ],
  ['a VM whose migration has no target yet', row({ migration: { name: 'm', phase: 'Pending' } }), { power: 'up', migration: {} }],
])('reads %s', (_, given, facts) => {
  expect(vmFacts(given)).toEqual(facts)
})
