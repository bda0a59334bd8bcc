// The request that each verb is, and the command that does the same.
import {
  apiVersionOf,
  collectionPath,
  deleteOptions,
  objectPath,
  resources,
  subresourcePath,
  type ApiRequest,
  type Draft,
  type VirtualMachineInstanceMigration,
  type VirtualMachineRestore,
  type VirtualMachineSnapshot,
} from '@virtdeck/k8s'
import { stampedName } from './names.ts'
import type { VmRow } from './rows.ts'
import type { VmVerb } from './vm-can.ts'

/** What a request needs to know of a VM. */
export type VmTarget = Pick<VmRow, 'namespace' | 'name'> & Partial<Pick<VmRow, 'uid' | 'migration' | 'bare'>>

/** Verbs that one request carries out, with nothing more to choose. */
export type RequestVerb = Exclude<VmVerb, 'restore' | 'vnc' | 'console'>

export type VmRequestOptions = {
  /** Name of the object that the verb creates (migration, snapshot); else made of the VM's name and `now`. */
  name?: string
  now?: Date
  /** stop: seconds until the guest is killed; without it, the VM's own. */
  gracePeriodSeconds?: number
  /** migrate: the node to move to; without it, the scheduler chooses. */
  targetNode?: string
  /** restore: the snapshot to go back to. */
  snapshotName?: string
}

/** What a verb sends to the API server. That of a console is the request whose connection becomes the socket. */
export function vmRequest(verb: VmVerb, vm: VmTarget, options: VmRequestOptions = {}): ApiRequest {
  const { name, namespace } = vm
  switch (verb) {
    case 'start':
    case 'restart':
      return put('virtualmachines', vm, verb, {})
    case 'stop':
      return put('virtualmachines', vm, 'stop', options.gracePeriodSeconds === undefined ? {} : { gracePeriod: options.gracePeriodSeconds })
    case 'forceStop':
      return put('virtualmachines', vm, 'stop', { gracePeriod: 0 })
    case 'pause':
    case 'unpause':
      return put('virtualmachineinstances', vm, verb, {})
    case 'migrate':
      return post(resources.virtualMachineInstanceMigrations, migrationOf(vm, options))
    case 'cancelMigration': {
      if (!vm.migration) throw new TypeError('cancelMigration needs the migration that is to be cancelled')
      return {
        method: 'DELETE',
        path: objectPath(resources.virtualMachineInstanceMigrations, { namespace, name: vm.migration.name }),
        body: deleteOptions(),
      }
    }
    case 'snapshot':
      return post(resources.virtualMachineSnapshots, snapshotOf(vm, options))
    case 'restore': {
      if (!options.snapshotName) throw new TypeError('restore needs the snapshot that is to be restored')
      return restoreRequest(vm, options.snapshotName, options)
    }
    case 'vnc':
      // Never takes over: a second client would evict the first.
      return { method: 'GET', path: `${subresourcePath('virtualmachineinstances', { namespace, name }, 'vnc')}?preserveSession=true` }
    case 'console':
      return { method: 'GET', path: subresourcePath('virtualmachineinstances', { namespace, name }, 'console') }
    case 'delete': {
      const resource = vm.bare ? resources.virtualMachineInstances : resources.virtualMachines
      return { method: 'DELETE', path: objectPath(resource, { namespace, name }), body: deleteOptions(vm.uid ? { uid: vm.uid } : {}) }
    }
  }
}

/** Brings the VM back to what it was at the snapshot. The VM has to be stopped. */
export function restoreRequest(vm: VmTarget, snapshotName: string, options: Pick<VmRequestOptions, 'name' | 'now'> = {}): ApiRequest {
  return post(resources.virtualMachineRestores, restoreOf(vm, snapshotName, options))
}

/** The name that a migration or a snapshot of the VM gets when nobody gives one. */
export function autoName(vm: Pick<VmTarget, 'name'>, now: Date = new Date()): string {
  return stampedName(vm.name, now)
}

/**
 * An object, not the `migrate` subresource, which wraps every refusal in a 500; its name is known before it exists, so
 * that it can be watched and cancelled.
 */
function migrationOf(vm: VmTarget, { name, now, targetNode }: VmRequestOptions): Draft<VirtualMachineInstanceMigration> {
  return {
    ...typeMeta(resources.virtualMachineInstanceMigrations),
    metadata: { name: name ?? autoName(vm, now), namespace: vm.namespace },
    spec: { vmiName: vm.name, ...(targetNode && { addedNodeSelector: { 'kubernetes.io/hostname': targetNode } }) },
  }
}

function snapshotOf(vm: VmTarget, { name, now }: VmRequestOptions): Draft<VirtualMachineSnapshot> {
  return {
    ...typeMeta(resources.virtualMachineSnapshots),
    metadata: { name: name ?? autoName(vm, now), namespace: vm.namespace },
    spec: { source: vmReference(vm) },
  }
}

function restoreOf(
  vm: VmTarget,
  snapshotName: string,
  { name, now }: Pick<VmRequestOptions, 'name' | 'now'>,
): Draft<VirtualMachineRestore> {
  return {
    ...typeMeta(resources.virtualMachineRestores),
    metadata: { name: name ?? stampedName(`restore-${vm.name}`, now ?? new Date()), namespace: vm.namespace },
    spec: { target: vmReference(vm), virtualMachineSnapshotName: snapshotName },
  }
}

function vmReference({ name }: VmTarget) {
  return { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name }
}

/** The `virtctl` or `kubectl` command that does what the verb does. */
export function vmCommand(verb: VmVerb, vm: VmTarget, options: VmRequestOptions = {}): string {
  const { name, namespace } = vm
  const kind = vm.bare ? 'vmi' : 'vm'
  switch (verb) {
    case 'stop':
      return `virtctl stop ${name} -n ${namespace}${options.gracePeriodSeconds === undefined ? '' : ` --grace-period ${options.gracePeriodSeconds}`}`
    case 'forceStop':
      return `virtctl stop ${name} -n ${namespace} --grace-period 0 --force`
    case 'pause':
    case 'unpause':
      return `virtctl ${verb} ${kind} ${name} -n ${namespace}`
    case 'migrate':
      return `virtctl migrate ${name} -n ${namespace}${options.targetNode ? ` --addedNodeSelector kubernetes.io/hostname=${options.targetNode}` : ''}`
    case 'cancelMigration':
      return `virtctl migrate-cancel ${name} -n ${namespace}`
    case 'snapshot':
      return createCommand(snapshotOf(vm, options))
    case 'restore':
      return createCommand(restoreOf(vm, options.snapshotName ?? 'SNAPSHOT', options))
    case 'delete':
      return `kubectl delete ${kind} ${name} -n ${namespace}`
    case 'start':
    case 'restart':
    case 'vnc':
    case 'console':
      return `virtctl ${verb} ${name} -n ${namespace}`
  }
}

/** There is no command for these: the object itself, in JSON, which the shell takes as one word. */
function createCommand(object: unknown): string {
  return `echo '${JSON.stringify(object).replaceAll("'", String.raw`'\''`)}' | kubectl create -f -`
}

function put(
  plural: 'virtualmachines' | 'virtualmachineinstances',
  { namespace, name }: VmTarget,
  verb: string,
  body: unknown,
): ApiRequest {
  return { method: 'PUT', path: subresourcePath(plural, { namespace, name }, verb), body }
}

function post(resource: Parameters<typeof collectionPath>[0], object: { metadata: { namespace?: string } }): ApiRequest {
  return { method: 'POST', path: collectionPath(resource, object.metadata.namespace), body: object }
}

function typeMeta(resource: Parameters<typeof apiVersionOf>[0] & { kind: string }) {
  return { apiVersion: apiVersionOf(resource), kind: resource.kind }
}
