import { expect, test } from 'vitest'
import { statusWords, vmState } from './vm-state.ts'

// https://github.com/kubevirt/kubevirt/blob/d923fdb/staging/src/kubevirt.io/api/core/v1/types.go (VirtualMachinePrintableStatus)
const printable = [
  'Stopped',
  'Provisioning',
  'Starting',
  'Running',
  'Paused',
  'Stopping',
  'Terminating',
  'CrashLoopBackOff',
  'Migrating',
  'Unknown',
  'ErrorUnschedulable',
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrorPvcNotFound',
  'DataVolumeError',
  'WaitingForVolumeBinding',
  'WaitingForReceiver',
]

test.each([
  ['Running', 'running', 'Running'],
  ['Stopped', 'stopped', 'Stopped'],
  ['Paused', 'paused', 'Paused'],
  ['Migrating', 'transit', 'Migrating'],
  ['Provisioning', 'transit', 'Provisioning'],
  ['WaitingForVolumeBinding', 'transit', 'Waiting for volume'],
  ['ErrorUnschedulable', 'error', 'Unschedulable'],
])('%s is %s in the words %j [F004]', (status, state, words) => {
  expect([vmState({ status }), statusWords({ status })]).toEqual([state, words])
})

test('no two of KubeVirt’s statuses look alike but those that mean the same to people [F004]', () => {
  const looks = new Map<string, string[]>()
  for (const status of printable) {
    const look = `${vmState({ status })} ${statusWords({ status })}`
    looks.set(look, [...(looks.get(look) ?? []), status])
  }
  expect([...looks.values()].filter((alike) => alike.length > 1)).toEqual([['ErrImagePull', 'ImagePullBackOff']])
  expect([...looks.keys()].filter((look) => look.startsWith('unknown'))).toEqual(['unknown Unknown'])
})
