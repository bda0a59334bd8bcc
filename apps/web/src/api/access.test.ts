import { expect, test } from 'vitest'
import { verbAccess } from '@virtdeck/kubevirt'
import { deniedQuestion, whyDenied } from './access.ts'

test('leads from a reason that was shown to the right that is missing [F140] [F145]', () => {
  const start = { ...verbAccess('start'), namespace: 'team-b', name: 'jumphost' }
  const reason = whyDenied(start)
  expect(reason).toBe('You may not update virtualmachines/start (subresources.kubevirt.io) in team-b.')
  expect(deniedQuestion(reason)).toEqual(start)
  expect(deniedQuestion(`${reason} The login is kept in a Secret.`)).toEqual(start)
  expect(deniedQuestion('It is stopped.')).toBeUndefined()
})
