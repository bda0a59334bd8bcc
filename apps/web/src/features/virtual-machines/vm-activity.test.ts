import type { VirtualMachineInstanceMigration, VirtualMachineRestore, VirtualMachineSnapshot } from '@virtdeck/k8s'
import { expect, test } from 'vitest'
import { vmActivity, type ActivityInput } from './vm-activity.ts'
import type { VmEvent } from './vm-events.ts'

const at = (minute: number) => new Date(Date.UTC(2026, 10, 20, 10, minute)).toISOString()
const seconds = (minute: number) => Date.parse(at(minute)) / 1000

const nothing: ActivityInput = { events: [], migrations: [], snapshots: [], restores: [] }
const meta = (name: string, minute: number) => ({
  name,
  uid: name,
  namespace: 'team-a',
  resourceVersion: '1',
  creationTimestamp: at(minute),
})

const event = (uid: string, fields: Partial<VmEvent>): VmEvent => ({
  uid,
  warning: false,
  reason: 'Started',
  message: 'VirtualMachineInstance started.',
  count: 1,
  kind: 'VirtualMachineInstance',
  name: 'web-01',
  firstAt: seconds(0),
  lastAt: seconds(0),
  ...fields,
})

test('a task under way stands on top, whatever happened after it began', () => {
  const migration = {
    metadata: meta('m', 1),
    spec: { vmiName: 'web-01' },
    status: { phase: 'Running', migrationState: { targetNode: 'node-2' } },
  } as unknown as VirtualMachineInstanceMigration
  const activity = vmActivity({ ...nothing, migrations: [migration], events: [event('later', { lastAt: seconds(9) })] })
  expect(activity.map((one) => one.text)).toEqual(['Migrating to node-2', 'VirtualMachineInstance started.'])
  expect(activity[0]).toMatchObject({ state: 'running' })
})

test('tasks that ended say how, with the reason of those that failed', () => {
  const failed = {
    metadata: meta('s', 1),
    spec: {},
    status: { phase: 'Failed', error: { message: 'no snapshot class' } },
  } as unknown as VirtualMachineSnapshot
  const restored = {
    metadata: meta('r', 2),
    spec: { virtualMachineSnapshotName: 'before' },
    status: { complete: true, restoreTime: at(3) },
  } as unknown as VirtualMachineRestore
  expect(vmActivity({ ...nothing, snapshots: [failed], restores: [restored] })).toMatchObject([
    { text: 'Restored before', state: 'done', at: seconds(3) },
    { text: 'Snapshot s failed', state: 'failed', detail: 'no snapshot class' },
  ])
})

test('what pods and claims chatter about is left out, their warnings are not', () => {
  const pulled = event('pulled', { kind: 'Pod', reason: 'Pulled', message: 'Container image pulled' })
  const failing = event('failing', {
    kind: 'Pod',
    name: 'virt-launcher-web-01',
    reason: 'FailedScheduling',
    message: '0/4 nodes are available',
    warning: true,
    count: 31,
  })
  expect(vmActivity({ ...nothing, events: [pulled, failing] })).toMatchObject([
    { text: '0/4 nodes are available', state: 'warning', detail: 'Pod virt-launcher-web-01 · FailedScheduling, 31 times' },
  ])
})
