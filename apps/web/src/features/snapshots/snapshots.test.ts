import type { VirtualMachine, VirtualMachineRestore, VirtualMachineSnapshot } from '@virtdeck/k8s'
import { expect, test } from 'vitest'
import { restoreChanges } from './restore-changes.ts'
import { restoreProgress, startAfterAnnotation } from '../../api/restore-steps.ts'
import { newestFirst, snapshotEntry, snapshotTree, type SnapshotEntry } from './snapshot-entries.ts'

const at = (minute: number) => new Date(Date.UTC(2026, 10, 20, 10, minute)).toISOString()

const snapshot = (name: string, minute: number, status: object = {}): VirtualMachineSnapshot =>
  ({
    metadata: { name, uid: `uid-${name}`, namespace: 'team-a', resourceVersion: '1', creationTimestamp: at(minute) },
    spec: { source: { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: 'web-01' } },
    status: { phase: 'Succeeded', readyToUse: true, creationTime: at(minute), ...status },
  }) as unknown as VirtualMachineSnapshot

const restore = (
  snapshotName: string,
  minute: number,
  fields: { status?: object; annotations?: Record<string, string> } = {},
): VirtualMachineRestore =>
  ({
    metadata: {
      name: `restore-${minute}`,
      uid: `r${minute}`,
      namespace: 'team-a',
      resourceVersion: '1',
      creationTimestamp: at(minute),
      annotations: fields.annotations,
    },
    spec: { target: { kind: 'VirtualMachine', name: 'web-01' }, virtualMachineSnapshotName: snapshotName },
    status: fields.status ?? { complete: true, restoreTime: at(minute) },
  }) as unknown as VirtualMachineRestore

const entry = (name: string, minute: number, status?: object) => snapshotEntry(snapshot(name, minute, status), undefined, [])

test('says how a snapshot was made, and warns where the guest agent was missing [F107]', () => {
  expect(entry('a', 0, { indications: ['Online', 'GuestAgent'] })).toMatchObject({ madeWith: ['online', 'agent'], warning: undefined })
  const without = entry('b', 0, {
    sourceIndications: [
      { indication: 'Online', message: '' },
      { indication: 'NoGuestAgent', message: 'no agent was there' },
    ],
  })
  expect(without).toMatchObject({ madeWith: ['online', 'no agent'], warning: 'no agent was there' })
})

test('the snapshot of a stopped VM is offline [F110]', () => {
  expect(entry('a', 0, { indications: undefined }).madeWith).toEqual(['offline'])
})

test('a failed snapshot tells its reason, one that is being taken what it waits for [F106]', () => {
  const failed = entry('a', 0, { phase: 'Failed', readyToUse: false, error: { message: 'snapshot deadline exceeded' } })
  expect(failed).toMatchObject({ state: 'failed', message: 'snapshot deadline exceeded' })
  const taking = entry('b', 0, {
    phase: 'InProgress',
    readyToUse: false,
    conditions: [{ type: 'Progressing', status: 'True', reason: 'Source locked and operation in progress' }],
  })
  expect(taking).toMatchObject({ state: 'taking', message: 'Source locked and operation in progress' })
})

test('tells when a snapshot was last restored', () => {
  const restored = snapshotEntry(snapshot('a', 0), undefined, [restore('a', 5), restore('a', 9), restore('b', 20)])
  expect(restored.restoredAt).toBe(Date.parse(at(9)) / 1000)
})

test('lists the newest first', () => {
  expect(newestFirst([entry('old', 1), entry('new', 9), entry('middle', 5)]).map((one) => one.name)).toEqual(['new', 'middle', 'old'])
})

test('without restores the tree is one line that leads to now', () => {
  expect(drawn([entry('a', 1), entry('b', 2)], [])).toEqual(['a', 'b', 'now'])
})

test('what a restore left behind stands aside of the line to now', () => {
  expect(drawn([entry('a', 1), entry('b', 2), entry('c', 3), entry('d', 9)], [restore('a', 5)])).toEqual(['a', '  b', '  c', 'd', 'now'])
})

function drawn(entries: SnapshotEntry[], restores: VirtualMachineRestore[]): string[] {
  return snapshotTree(entries, restores).map((line) => '  '.repeat(line.level) + ('now' in line ? 'now' : line.entry.name))
}

const spec = (cores: number, labels: Record<string, string>, volumes: string[]) =>
  ({
    runStrategy: 'Always',
    template: {
      metadata: { labels },
      spec: { domain: { cpu: { cores }, memory: { guest: '2Gi' }, devices: {} }, volumes: volumes.map((name) => ({ name })) },
    },
  }) as unknown as VirtualMachine['spec']

test('shows what restoring would change before anyone restores', () => {
  const taken = entry('a', 0, { snapshotVolumes: { includedVolumes: ['root'] } })
  const changes = restoreChanges(
    spec(4, { tier: 'gold' }, ['root', 'extra']),
    spec(2, { tier: 'prod' }, ['root']),
    taken,
    taken.takenAt + 7200,
  )
  expect(changes).toEqual([
    { what: 'CPU', now: '4 vCPU', after: '2 vCPU' },
    { what: 'label tier', now: 'gold', after: 'prod' },
    { what: 'volume extra', now: 'there', after: 'absent' },
    { what: 'root', after: '2h of writes lost' },
  ])
})

const vm = (printableStatus: string, runStrategy: string) =>
  ({ spec: { runStrategy }, status: { printableStatus, created: printableStatus !== 'Stopped' } }) as unknown as VirtualMachine
const again = { [startAfterAnnotation]: 'true' }
const told = (progress: ReturnType<typeof restoreProgress>) => [
  progress.steps.map((step) => step.state).join(' '),
  progress.due,
  progress.outcome,
]

test('a restore of a running VM stops it, restores it and starts it again [F108]', () => {
  const waiting = restore('a', 1, { annotations: again, status: { complete: false } })
  expect(told(restoreProgress(waiting, vm('Running', 'Always')))).toEqual(['now todo todo', 'stop', 'working'])
  expect(told(restoreProgress(waiting, vm('Stopping', 'Halted')))).toEqual(['now todo todo', undefined, 'working'])
  expect(told(restoreProgress(waiting, vm('Stopped', 'Halted')))).toEqual(['done now todo', undefined, 'working'])
  const complete = restore('a', 1, { annotations: again })
  expect(told(restoreProgress(complete, vm('Stopped', 'Halted')))).toEqual(['done done now', 'start', 'working'])
  expect(told(restoreProgress(complete, vm('Starting', 'Always')))).toEqual(['done done done', undefined, 'done'])
})

test('a VM with run strategy Manual is stopped and started like any other', () => {
  const waiting = restore('a', 1, { annotations: again, status: { complete: false } })
  expect(told(restoreProgress(waiting, vm('Running', 'Manual')))[1]).toBe('stop')
  expect(told(restoreProgress(waiting, vm('Stopping', 'Manual')))[1]).toBeUndefined()
  expect(told(restoreProgress(restore('a', 1, { annotations: again }), vm('Stopped', 'Manual')))[1]).toBe('start')
})

test('a restore of a stopped VM is one step, and leaves it stopped', () => {
  expect(told(restoreProgress(restore('a', 1, { status: { complete: false } }), vm('Stopped', 'Halted')))).toEqual([
    'now',
    undefined,
    'working',
  ])
  expect(told(restoreProgress(restore('a', 1), vm('Stopped', 'Halted')))).toEqual(['done', undefined, 'done'])
})

test('a restore that somebody asked for while the VM runs waits for the stop, and says so', () => {
  const waiting = restore('a', 1, { status: { complete: false } })
  expect(told(restoreProgress(waiting, vm('Running', 'Always')))).toEqual(['now todo', 'stop', 'working'])
  expect(told(restoreProgress(waiting, vm('Stopped', 'Halted')))).toEqual(['now', undefined, 'working'])
})

test('a failed restore says why and asks for nothing more', () => {
  const failed = restore('a', 1, {
    annotations: again,
    status: { complete: false, conditions: [{ type: 'Failure', status: 'True', reason: 'target did not become ready in time' }] },
  })
  const progress = restoreProgress(failed, vm('Stopped', 'Halted'))
  expect(told(progress)).toEqual(['done failed todo', undefined, 'failed'])
  expect(progress.steps[1]?.detail).toBe('target did not become ready in time')
})
