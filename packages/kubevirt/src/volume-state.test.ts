import { expect, test } from 'vitest'
import { madeWith, snapshotTold, volumeTold } from './volume-state.ts'

test.each([
  ['Bound', 'running', 'Bound'],
  ['ImportInProgress', 'transit', 'Importing'],
  ['CSICloneInProgress', 'transit', 'Cloning'],
  ['WaitForFirstConsumer', 'stopped', 'Waits for a VM'],
  ['Pending', 'stopped', 'Waiting'],
  ['Lost', 'error', 'Lost'],
  ['Terminating', 'transit', 'Deleting'],
  ['SomethingNew', 'unknown', 'SomethingNew'],
  ['constructor', 'unknown', 'constructor'],
])('a volume in phase %s is %s: %s', (phase, state, word) => {
  expect(volumeTold({ phase })).toEqual({ state, word })
})

test('a snapshot is ready when it says so, not when it only is not failed [F107]', () => {
  expect(snapshotTold({ phase: 'InProgress', ready: false }).word).toBe('Taking')
  expect(snapshotTold({ phase: 'Succeeded', ready: true }).word).toBe('Ready')
  expect(snapshotTold({ phase: 'Failed', ready: false }).state).toBe('error')
  expect(snapshotTold({ phase: 'Deleting', ready: true }).word).toBe('Deleting')
})

test('warns of snapshots whose disks are as after a power cut [F107]', () => {
  expect(madeWith({ phase: 'Succeeded', indications: ['Online', 'NoGuestAgent'] })).toEqual({ words: ['online', 'no agent'], weak: true })
  expect(madeWith({ phase: 'Succeeded', indications: ['Online', 'GuestAgent'] })).toEqual({ words: ['online', 'agent'], weak: false })
  expect(madeWith({ phase: 'Succeeded' })).toEqual({ words: ['offline'], weak: false })
})
