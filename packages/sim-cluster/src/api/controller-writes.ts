// Controllers' writes, with the record of who manages which fields that the API server keeps for them as for anybody.
import type { KubeObject } from '@virtdeck/k8s'
import { timestamp, type Clock } from '../clock.ts'
import { jsonEqual } from '../storage/json-equal.ts'
import type { Storage } from '../storage/storage.ts'
import { apiResource, type ApiResource } from './api-resources.ts'
import { recordUpdate, type Writer } from './managed-fields.ts'

/** Which component of a real cluster writes objects of a kind. */
function managerOf({ group, plural }: ApiResource): string {
  if (group === 'cdi.kubevirt.io') return 'cdi-controller'
  if (group === 'snapshot.storage.k8s.io') return 'snapshot-controller'
  if (group === 'kubevirt.io' && plural === 'kubevirts') return 'virt-operator'
  if (group.endsWith('kubevirt.io')) return 'virt-controller'
  if (group === '' && (plural === 'nodes' || plural === 'pods')) return 'kubelet'
  return 'kube-controller-manager'
}

// Written all the time, and nobody applies them.
const unrecorded = new Set(['events', 'leases.coordination.k8s.io', 'resourcequotas'])

/** The same store for controllers. */
export function recordingStorage(storage: Storage, clock: Clock): Storage {
  const writer = (resource: ApiResource, subresource?: string): Writer => ({
    manager: managerOf(resource),
    time: timestamp(clock),
    ...(subresource === undefined ? {} : { subresource }),
  })
  return {
    ...storage,
    create(key, object) {
      const resource = apiResource(key)
      if (unrecorded.has(key)) return storage.create(key, object)
      const { status, ...withoutStatus } = object
      // Where status is a subresource, a create brings none: it is written right afterwards.
      if (status === undefined || !resource.subresources.includes('status')) {
        return storage.create(key, recordUpdate(resource, undefined, object, writer(resource)))
      }
      const created = recordUpdate(resource, undefined, withoutStatus, writer(resource))
      return storage.create(key, recordUpdate(resource, created, { ...created, status }, writer(resource, 'status')))
    },
    update(key, object) {
      const resource = apiResource(key)
      const previous = storage.get(key, object.metadata.namespace, object.metadata.name ?? '')
      // Without a record at its creation, an object gets one when it is first applied.
      // https://github.com/kubernetes/apimachinery/blob/59e9003/pkg/util/managedfields/internal/skipnonapplied.go
      if (!previous?.metadata.managedFields || unrecorded.has(key)) return storage.update(key, object)
      if (!resource.subresources.includes('status') || jsonEqual(previous.status, object.status)) {
        return storage.update(key, recordUpdate(resource, previous, object, writer(resource)))
      }
      const { status: _status, ...rest } = object
      const before: KubeObject = previous.status === undefined ? rest : { ...rest, status: previous.status }
      const main = recordUpdate(resource, previous, before, writer(resource))
      const { managedFields } = main.metadata
      const metadata = { ...object.metadata, ...(managedFields ? { managedFields } : {}) }
      return storage.update(key, recordUpdate(resource, main, { ...object, metadata }, writer(resource, 'status')))
    },
  }
}
