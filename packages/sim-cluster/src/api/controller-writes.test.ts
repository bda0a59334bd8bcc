import { expect, test } from 'vitest'
import { manualClock } from '../clock.ts'
import { createStorage } from '../storage/storage.ts'
import { recordingStorage } from './controller-writes.ts'

const key = 'virtualmachines.kubevirt.io'
const entries = (object: { metadata: { managedFields?: { manager?: string; subresource?: string; fieldsV1?: unknown }[] } }) =>
  (object.metadata.managedFields ?? []).map(({ manager, subresource = '', fieldsV1 }) => [manager, subresource, fieldsV1])

test('puts fields down to the controller that writes them, those of status apart', () => {
  const storage = recordingStorage(createStorage(manualClock()), manualClock())
  const created = storage.create(key, { metadata: { name: 'a', namespace: 'x' }, spec: { runStrategy: 'Always' } })
  const running = storage.update(key, { ...created, status: { printableStatus: 'Running' } })
  expect(entries(running)).toEqual([
    ['virt-controller', '', { 'f:spec': { '.': {}, 'f:runStrategy': {} } }],
    ['virt-controller', 'status', { 'f:status': { '.': {}, 'f:printableStatus': {} } }],
  ])
})

test('changes nothing when nothing changes, whatever the time', () => {
  const clock = manualClock()
  const storage = recordingStorage(createStorage(clock), clock)
  const created = storage.create(key, { metadata: { name: 'a', namespace: 'x' }, spec: {}, status: { ready: true } })
  clock.advance(60_000)
  expect(storage.update(key, { ...created })).toBe(created)
})

test('takes over what another manager had set', () => {
  const plain = createStorage(manualClock())
  const storage = recordingStorage(plain, manualClock())
  const [entry] = [
    {
      manager: 'kubectl',
      operation: 'Update' as const,
      apiVersion: 'kubevirt.io/v1',
      time: '2026-11-20T10:00:00Z',
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:spec': { '.': {}, 'f:runStrategy': {} } },
    },
  ]
  const created = plain.create(key, { metadata: { name: 'a', namespace: 'x', managedFields: [entry] }, spec: { runStrategy: 'Always' } })
  const stopped = storage.update(key, { ...created, spec: { runStrategy: 'Halted' } })
  expect(entries(stopped)).toEqual([
    ['kubectl', '', { 'f:spec': {} }],
    ['virt-controller', '', { 'f:spec': { 'f:runStrategy': {} } }],
  ])
})
