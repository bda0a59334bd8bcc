import { expect, test } from 'vitest'
import { verbAccess } from '@virtdeck/kubevirt'
import { deniedReason } from './access.ts'

test('names verb, resource, group and namespace of the missing right [F011]', () => {
  expect(deniedReason({ ...verbAccess('migrate'), namespace: 'team-b' })).toBe(
    'You may not create virtualmachineinstancemigrations (kubevirt.io) in team-b.',
  )
  expect(deniedReason({ ...verbAccess('start'), namespace: 'team-b' })).toBe(
    'You may not update virtualmachines/start (subresources.kubevirt.io) in team-b.',
  )
  expect(deniedReason({ verb: 'list', group: '', resource: 'nodes' })).toBe('You may not list nodes.')
})
