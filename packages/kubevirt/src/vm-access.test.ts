import { expect, test } from 'vitest'
import type { ApiRequest } from '@virtdeck/k8s'
import { verbAccess } from './vm-access.ts'
import type { VmVerb } from './vm-can.ts'
import { vmRequest } from './vm-requests.ts'

const vm = { uid: 'u1', namespace: 'team-a', name: 'web-01', migration: { name: 'm1', phase: 'Running' as const } }
const verbs = { GET: 'get', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }
const written: Exclude<VmVerb, 'vnc' | 'console'>[] = [
  'start',
  'stop',
  'forceStop',
  'restart',
  'pause',
  'unpause',
  'migrate',
  'cancelMigration',
  'snapshot',
  'restore',
  'delete',
]

/** What the API server asks RBAC about a request. */
function askedOf({ method, path }: ApiRequest) {
  const [, , group = '', , , , resource = '', , subresource] = path.split('?')[0]?.split('/') ?? []
  return { verb: verbs[method], group, resource, ...(subresource ? { subresource } : {}) }
}

test.each(written)('%s asks for the very right that its request needs [F140]', (verb) => {
  expect(verbAccess(verb)).toEqual(askedOf(vmRequest(verb, vm, { snapshotName: 'before' })))
})

test.each(['vnc', 'console'] as const)('%s asks for what opening it needs [F138]', (verb) => {
  expect(verbAccess(verb)).toEqual({
    verb: 'get',
    group: 'subresources.kubevirt.io',
    resource: 'virtualmachineinstances',
    subresource: verb,
  })
})
