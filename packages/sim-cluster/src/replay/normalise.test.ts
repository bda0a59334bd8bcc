import { expect, test } from 'vitest'
import { normalise, normaliseText } from './normalise.ts'

test.each([
  ['uid 78591257-bf18-4e7f-9a52-0c2a4e1f6b3d', 'uid UID'],
  ['at 2026-11-20T23:05:04Z', 'at TIME'],
  ['virt-launcher-vm1-mlbpq', 'virt-launcher-vm1-RANDOM'],
  ['virt-api-7fb7dcf9f4-tlc8p', 'virt-api-RANDOM-RANDOM'],
  ['dial tcp 10.88.0.10:8443', 'dial tcp IP'],
  ['Too large resource version: 99999999, current: 4371', 'Too large resource version: N, current: N'],
  ['virt-launcher pod is terminating', 'virt-launcher pod is terminating'],
])('reads %s as %s', (text, normalised) => {
  expect(normaliseText(text)).toBe(normalised)
})

test('masks versions and ages by their field, and leaves the same text alone elsewhere', () => {
  expect(normalise({ metadata: { resourceVersion: '42', continue: '' }, rows: [{ cells: ['vm1', '2m30s'] }], name: '2m30s' })).toEqual({
    metadata: { resourceVersion: 'VERSION', continue: '' },
    rows: [{ cells: ['vm1', 'AGE'] }],
    name: '2m30s',
  })
})

test("keeps clients' field managers in order and drops controllers' and the recording's switches", () => {
  const managedFields = [
    { manager: 'virt-controller', operation: 'Update', subresource: 'status' },
    { manager: 'kubectl', operation: 'Update' },
    { manager: 'dash-a', operation: 'Apply' },
  ]
  expect(normalise({ managedFields, annotations: { 'rig/qemu': 'off', kept: 'yes' } })).toEqual({
    managedFields: [
      { manager: 'dash-a', operation: 'Apply' },
      { manager: 'kubectl', operation: 'Update' },
    ],
    annotations: { kept: 'yes' },
  })
})
