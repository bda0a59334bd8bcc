import { expect, test } from 'vitest'
import { eventWords, outcomeOf, outcomeWords } from './activity-words.ts'

const result = (status: number) => ({ running: false, event: 'vm.start', result: { status, reason: '', ms: 1 } })

test('says events in people’s words, also those that it does not know [F144]', () => {
  expect(['vm.start', 'vm.cancel-migration', 'snapshot.delete', 'auth.sign-in', 'constructor.create'].map(eventWords)).toEqual([
    'Start',
    'Cancel migration',
    'Delete snapshot',
    'Sign in',
    'Create constructor',
  ])
})

test('tells what was refused from what failed, and what nobody knows from both [F144]', () => {
  expect([202, 403, 409, 503, 0].map((status) => outcomeOf(result(status)))).toEqual(['done', 'refused', 'failed', 'failed', 'unknown'])
  expect(outcomeOf({ running: true, event: 'vm.start' })).toBe('running')
  expect(outcomeOf({ running: false, event: 'server.start' })).toBe('done')
  expect(outcomeWords('running', 'vm.vnc')).toBe('Open')
})
