// The right that each verb needs: exactly what its request does, never inferred from a role.
import { resources, type AccessQuestion, type Resource } from '@virtdeck/k8s'
import type { VmVerb } from './vm-can.ts'

const subresources = 'subresources.kubevirt.io'
const onVm = (subresource: string): AccessQuestion => ({ verb: 'update', group: subresources, resource: 'virtualmachines', subresource })
const onVmi = (subresource: string): AccessQuestion => ({
  verb: 'update',
  group: subresources,
  resource: 'virtualmachineinstances',
  subresource,
})
const stream = (subresource: string): AccessQuestion => ({
  verb: 'get',
  group: subresources,
  resource: 'virtualmachineinstances',
  subresource,
})

/** The question about a plain verb on a resource, without a namespace. */
export function resourceAccess(
  verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete',
  { group, plural }: Resource<unknown>,
): AccessQuestion {
  return { verb, group, resource: plural }
}

const questions: Record<VmVerb, AccessQuestion> = {
  start: onVm('start'),
  stop: onVm('stop'),
  forceStop: onVm('stop'),
  restart: onVm('restart'),
  pause: onVmi('pause'),
  unpause: onVmi('unpause'),
  migrate: resourceAccess('create', resources.virtualMachineInstanceMigrations),
  cancelMigration: resourceAccess('delete', resources.virtualMachineInstanceMigrations),
  snapshot: resourceAccess('create', resources.virtualMachineSnapshots),
  restore: resourceAccess('create', resources.virtualMachineRestores),
  delete: resourceAccess('delete', resources.virtualMachines),
  vnc: stream('vnc'),
  console: stream('console'),
}

/** What to ask the API server before offering a verb; the namespace is the caller's. */
export function verbAccess(verb: VmVerb): AccessQuestion {
  return questions[verb]
}
