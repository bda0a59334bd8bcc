import { expect, test } from 'vitest'
import { verbAccess } from '@virtdeck/kubevirt'
import { rulesRefuse } from './access-in.ts'

test('says of many VMs that one may not only where the cluster could list all rules [F140]', () => {
  const question = { ...verbAccess('start'), namespace: 'team-a' }
  const none = { resourceRules: [], nonResourceRules: [] }
  const all = { resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }], nonResourceRules: [] }
  expect(rulesRefuse({ ...none, incomplete: false }, question)).toBe(true)
  expect(rulesRefuse({ ...none, incomplete: true, evaluationError: 'webhook authorizer does not support it' }, question)).toBe(false)
  expect(rulesRefuse({ ...all, incomplete: false }, question)).toBe(false)
})
