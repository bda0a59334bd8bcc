import { expect, test } from 'vitest'
import { passGate } from '../k8s/gate.ts'
import { consoleOperation, operationOf } from './operation.ts'

const operation = (method: string, target: string, body?: unknown, contentType?: string) =>
  operationOf(method, passGate(method, target), Buffer.from(body === undefined ? '' : JSON.stringify(body)), contentType)

const team = '/apis/kubevirt.io/v1/namespaces/team-a'

test('names what is done in the words of the person who does it', () => {
  expect(operation('PUT', '/apis/subresources.kubevirt.io/v1/namespaces/team-a/virtualmachines/web/start', {})).toMatchObject({
    event: 'vm.start',
    target: {
      group: 'subresources.kubevirt.io',
      resource: 'virtualmachines',
      subresource: 'start',
      namespace: 'team-a',
      name: 'web',
      vm: 'web',
    },
    change: { verb: 'update', dryRun: false },
  })
  const migration = { metadata: { name: 'web-1' }, spec: { vmiName: 'web' } }
  expect(operation('POST', `${team}/virtualmachineinstancemigrations`, migration)).toMatchObject({
    event: 'vm.migrate',
    target: { name: 'web-1', vm: 'web' },
    change: { verb: 'create', fields: ['spec.vmiName'] },
  })
  const snapshot = { metadata: { name: 'before' }, spec: { source: { kind: 'VirtualMachine', name: 'web' } } }
  expect(operation('POST', '/apis/snapshot.kubevirt.io/v1beta1/namespaces/team-a/virtualmachinesnapshots', snapshot)).toMatchObject({
    event: 'vm.snapshot',
    target: { name: 'before', vm: 'web' },
  })
  expect(operation('DELETE', `${team}/virtualmachines/web`, { preconditions: { uid: 'u' } })?.event).toBe('vm.delete')
  expect(operation('DELETE', '/api/v1/namespaces/team-a/persistentvolumeclaims/disk')).toMatchObject({
    event: 'pvc.delete',
    target: { group: '', resource: 'persistentvolumeclaims', name: 'disk' },
  })
})

test('says whether it was a dry run, in the query or in the body', () => {
  expect(operation('POST', `${team}/virtualmachines?dryRun=All`, {})?.change.dryRun).toBe(true)
  const stop = '/apis/subresources.kubevirt.io/v1/namespaces/team-a/virtualmachines/web/stop'
  expect(operation('PUT', stop, { dryRun: ['All'] })?.change.dryRun).toBe(true)
  expect(operation('PUT', stop, {})?.change.dryRun).toBe(false)
})

test('says which well-known fields a change names, and nothing that somebody made up [L-03]', () => {
  const patch = { spec: { runStrategy: 'Halted', 'hunter2-secret': 1 }, metadata: { labels: { 'hunter2-secret': 'x' } } }
  expect(operation('PATCH', `${team}/virtualmachines/web`, patch, 'application/merge-patch+json')?.change.fields).toEqual([
    'metadata.labels',
    'spec.runStrategy',
  ])
  const steps = [
    { op: 'test', path: '/metadata/labels/hunter2-secret' },
    { op: 'replace', path: '/spec/template/spec/volumes/0', value: 'hunter2' },
    { op: 'add', path: '/spec/hunter2-secret', value: 1 },
  ]
  expect(operation('PATCH', `${team}/virtualmachines/web`, steps, 'application/json-patch+json')?.change.fields).toEqual([
    'metadata.labels',
    'spec.template',
  ])
  const secret = { metadata: { name: 'web-access' }, stringData: { password: 'hunter2' } }
  expect(JSON.stringify(operation('POST', '/api/v1/namespaces/team-a/secrets', secret))).not.toContain('hunter2')
})

test('takes no name from a body that could not be one', () => {
  const token = { metadata: { name: 'eyJhbGciOiJSUzI1NiJ9.e30.Zm9v' }, spec: { vmiName: ['web'] } }
  expect(operation('POST', `${team}/virtualmachineinstancemigrations`, token)?.target).not.toHaveProperty('name')
  expect(operationOf('POST', passGate('POST', `${team}/virtualmachines`), Buffer.from('{"metadata":'))?.target).not.toHaveProperty('name')
})

test('is nothing for reads and for questions about rights', () => {
  expect(operation('GET', `${team}/virtualmachines`)).toBeUndefined()
  expect(operation('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {})).toBeUndefined()
})

test('tells a console that is taken over from one that is opened [F138]', () => {
  const vnc = '/apis/subresources.kubevirt.io/v1/namespaces/team-a/virtualmachineinstances/web/vnc'
  expect(consoleOperation(passGate('CONNECT', vnc))).toMatchObject({ event: 'vm.vnc', target: { vm: 'web' }, change: { verb: 'get' } })
  expect(consoleOperation(passGate('CONNECT', `${vnc}?preserveSession=false`)).change.takeover).toBe(true)
})
