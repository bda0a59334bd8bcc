import type { VmRow } from '@virtdeck/kubevirt'
import { expect, test } from 'vitest'
import { vmFacts } from './vm-facts.ts'

const row = (rest: Partial<VmRow>): VmRow => ({ uid: 'u', namespace: 'team-a', name: 'web-01', createdAt: 0, status: 'Running', ...rest })

test.each<[string, VmRow | undefined, ReturnType<typeof vmFacts>]>([
  ['no VM', undefined, { power: 'missing' }],
  ['a running VM', row({}), { power: 'up', uid: 'u' }],
  ['a paused VM', row({ status: 'Paused' }), { power: 'up', uid: 'u' }],
  ['a stopped VM', row({ status: 'Stopped' }), { power: 'down', uid: 'u' }],
  ['a starting VM', row({ status: 'Starting' }), { power: 'down', uid: 'u' }],
  [
    'a migrating VM',
    row({ status: 'Migrating', migration: { name: 'm', phase: 'Running', targetNode: 'node-2' } }),
    { power: 'up', uid: 'u', migration: { targetNode: 'node-2' } },
  ],
  ['a VM whose migration has no target yet', row({ migration: { name: 'm', phase: 'Pending' } }), { power: 'up', uid: 'u', migration: {} }],
])('reads %s', (_, given, facts) => {
  expect(vmFacts(given)).toEqual(facts)
})
