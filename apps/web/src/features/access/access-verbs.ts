// The questions of the "My access" page: what one does with VMs, each as the right that it needs.
import { resources } from '@virtdeck/k8s'
import type { AccessQuestion } from '@virtdeck/k8s'
import { resourceAccess, verbAccess } from '@virtdeck/kubevirt'

export type AccessVerb = { id: string; label: string; question: AccessQuestion }

const { virtualMachines, virtualMachineClones, secrets } = resources

/** In the order of a VM's life. */
export const accessVerbs: readonly AccessVerb[] = [
  { id: 'list', label: 'See', question: resourceAccess('list', virtualMachines) },
  { id: 'create', label: 'Create', question: resourceAccess('create', virtualMachines) },
  { id: 'edit', label: 'Edit', question: resourceAccess('patch', virtualMachines) },
  { id: 'start', label: 'Start', question: verbAccess('start') },
  { id: 'stop', label: 'Stop', question: verbAccess('stop') },
  { id: 'restart', label: 'Restart', question: verbAccess('restart') },
  { id: 'pause', label: 'Pause', question: verbAccess('pause') },
  { id: 'vnc', label: 'Console', question: verbAccess('vnc') },
  { id: 'console', label: 'Serial', question: verbAccess('console') },
  { id: 'migrate', label: 'Migrate', question: verbAccess('migrate') },
  { id: 'snapshot', label: 'Snapshot', question: verbAccess('snapshot') },
  { id: 'restore', label: 'Restore', question: verbAccess('restore') },
  { id: 'clone', label: 'Clone', question: resourceAccess('create', virtualMachineClones) },
  { id: 'delete', label: 'Delete', question: verbAccess('delete') },
  { id: 'secrets', label: 'Secrets', question: resourceAccess('create', secrets) },
]

/** Everything that virtdeck may ask about, as kubectl writes it: to choose from. */
export const knownResources: readonly string[] = [
  ...new Set([
    ...Object.values(resources).map(({ plural, group }) => written(plural, group)),
    'virtualmachines.subresources.kubevirt.io/start',
    'virtualmachines.subresources.kubevirt.io/stop',
    'virtualmachines.subresources.kubevirt.io/restart',
    'virtualmachineinstances.subresources.kubevirt.io/vnc',
    'virtualmachineinstances.subresources.kubevirt.io/console',
    'virtualmachineinstances.subresources.kubevirt.io/pause',
  ]),
].toSorted()

function written(plural: string, group: string): string {
  return group ? `${plural}.${group}` : plural
}

export type Asked = { verb: string; resource: string; namespace: string; name: string }

/**
 * The question that a form's texts make; a resource is written `PLURAL.GROUP/SUBRESOURCE`. A string says what is wrong
 * with one of them.
 */
export function questionOf({ verb, resource, namespace, name }: Asked): AccessQuestion | { field: keyof Asked; problem: string } {
  if (!/^[a-z]+$|^\*$/.test(verb)) return { field: 'verb', problem: 'A verb is one word in lower case, such as get or create.' }
  const [, plural = '', group = '', subresource = ''] = /^([a-z0-9*-]+)(?:\.([a-z0-9.-]+))?(?:\/([a-z0-9/-]+))?$/.exec(resource) ?? []
  if (!plural) return { field: 'resource', problem: 'A resource is written as virtualmachines.kubevirt.io, its plural and its group.' }
  for (const [field, text] of [
    ['namespace', namespace],
    ['name', name],
  ] as const) {
    if (text && !/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(text)) return { field, problem: 'Lower case letters, digits and hyphens, please.' }
  }
  return {
    verb,
    group,
    resource: plural,
    ...(subresource && { subresource }),
    ...(namespace && { namespace }),
    ...(name && { name }),
  }
}
