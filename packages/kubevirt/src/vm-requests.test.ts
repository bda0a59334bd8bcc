import { describe, expect, test } from 'vitest'
import { verbAccess } from './vm-access.ts'
import { autoName, restoreRequest, vmCommand, vmRequest } from './vm-requests.ts'

const vm = { uid: 'u1', namespace: 'team-a', name: 'web-01' }
const now = new Date('2026-11-21T10:41:07.321Z')
const subresources = '/apis/subresources.kubevirt.io/v1/namespaces/team-a'

describe('vmRequest', () => {
  test.each([
    ['start', `${subresources}/virtualmachines/web-01/start`, {}],
    ['stop', `${subresources}/virtualmachines/web-01/stop`, {}],
    ['forceStop', `${subresources}/virtualmachines/web-01/stop`, { gracePeriod: 0 }],
    ['restart', `${subresources}/virtualmachines/web-01/restart`, {}],
    ['pause', `${subresources}/virtualmachineinstances/web-01/pause`, {}],
    ['unpause', `${subresources}/virtualmachineinstances/web-01/unpause`, {}],
  ] as const)('%s is a PUT of its subresource', (verb, path, body) => {
    expect(vmRequest(verb, vm)).toEqual({ method: 'PUT', path, body })
  })

  test('stop hands on the grace period', () => {
    expect(vmRequest('stop', vm, { gracePeriodSeconds: 30 }).body).toEqual({ gracePeriod: 30 })
  })

  test('migrate creates an object whose name is known beforehand, one per second', () => {
    const request = vmRequest('migrate', vm, { now })
    expect(request).toEqual({
      method: 'POST',
      path: '/apis/kubevirt.io/v1/namespaces/team-a/virtualmachineinstancemigrations',
      body: {
        apiVersion: 'kubevirt.io/v1',
        kind: 'VirtualMachineInstanceMigration',
        metadata: { name: 'web-01-20261121-104107', namespace: 'team-a' },
        spec: { vmiName: 'web-01' },
      },
    })
    expect(vmRequest('migrate', vm, { now, targetNode: 'node02' }).body).toMatchObject({
      spec: { addedNodeSelector: { 'kubernetes.io/hostname': 'node02' } },
    })
  })

  test('cancelling deletes the migration', () => {
    const request = vmRequest('cancelMigration', { ...vm, migration: { name: 'm1', phase: 'Running' } })
    expect(request).toMatchObject({ method: 'DELETE', path: '/apis/kubevirt.io/v1/namespaces/team-a/virtualmachineinstancemigrations/m1' })
    expect(() => vmRequest('cancelMigration', vm)).toThrow(TypeError)
  })

  test('snapshot and restore name the VM and each other', () => {
    expect(vmRequest('snapshot', vm, { name: 'before' }).body).toMatchObject({
      kind: 'VirtualMachineSnapshot',
      metadata: { name: 'before' },
      spec: { source: { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: 'web-01' } },
    })
    expect(restoreRequest(vm, 'before', { now }).body).toMatchObject({
      kind: 'VirtualMachineRestore',
      metadata: { name: 'restore-web-01-20261121-104107' },
      spec: { target: { name: 'web-01' }, virtualMachineSnapshotName: 'before' },
    })
    expect(vmRequest('restore', vm, { snapshotName: 'before', now })).toEqual(restoreRequest(vm, 'before', { now }))
  })

  test('delete deletes this VM and none that has taken its name since', () => {
    expect(vmRequest('delete', vm)).toEqual({
      method: 'DELETE',
      path: '/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines/web-01',
      body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: 'u1' } },
    })
    expect(vmRequest('delete', { ...vm, bare: true }).path).toContain('/virtualmachineinstances/')
  })

  test('the VNC of a VM never takes over unasked', () => {
    expect(vmRequest('vnc', vm).path).toBe(`${subresources}/virtualmachineinstances/web-01/vnc?preserveSession=true`)
  })
})

test('names made for a long VM name stay within 63 characters', () => {
  const name = autoName({ name: `${'a'.repeat(46)}-${'b'.repeat(15)}` }, now)
  expect(name).toHaveLength(62)
  expect(name).toMatch(/^a+-20261121-104107$/)
})

test('the right that a verb needs is the one its request uses', () => {
  expect(verbAccess('start')).toEqual({
    verb: 'update',
    group: 'subresources.kubevirt.io',
    resource: 'virtualmachines',
    subresource: 'start',
  })
  expect(verbAccess('forceStop').subresource).toBe('stop')
  expect(verbAccess('pause')).toMatchObject({ verb: 'update', resource: 'virtualmachineinstances', subresource: 'pause' })
  expect(verbAccess('migrate')).toEqual({ verb: 'create', group: 'kubevirt.io', resource: 'virtualmachineinstancemigrations' })
  expect(verbAccess('cancelMigration').verb).toBe('delete')
  expect(verbAccess('vnc')).toEqual({
    verb: 'get',
    group: 'subresources.kubevirt.io',
    resource: 'virtualmachineinstances',
    subresource: 'vnc',
  })
  expect(verbAccess('restore')).toMatchObject({ verb: 'create', group: 'snapshot.kubevirt.io', resource: 'virtualmachinerestores' })
})

test.each([
  ['start', 'virtctl start web-01 -n team-a'],
  ['stop', 'virtctl stop web-01 -n team-a'],
  ['forceStop', 'virtctl stop web-01 -n team-a --grace-period 0 --force'],
  ['pause', 'virtctl pause vm web-01 -n team-a'],
  ['migrate', 'virtctl migrate web-01 -n team-a'],
  ['cancelMigration', 'virtctl migrate-cancel web-01 -n team-a'],
  ['vnc', 'virtctl vnc web-01 -n team-a'],
  ['console', 'virtctl console web-01 -n team-a'],
  ['delete', 'kubectl delete vm web-01 -n team-a'],
] as const)('%s is what `%s` does', (verb, command) => {
  expect(vmCommand(verb, vm)).toBe(command)
})

test('a snapshot’s command creates the very object that the button does', () => {
  const command = vmCommand('snapshot', vm, { name: 'before' })
  const json = /^echo '(.*)' \| kubectl create -f -$/.exec(command)?.[1]
  expect(JSON.parse(json ?? '')).toEqual(vmRequest('snapshot', vm, { name: 'before' }).body)
})
