// What a resource makes of an object before it is stored: defaults, what clients may not write, what may not change.
// https://github.com/kubernetes/apiserver/blob/9d86305/pkg/registry/rest/create.go
import type { KubeObject, StatusCause } from '@virtdeck/k8s'
import type { StoredObject } from '../storage/storage.ts'
import { resourceKey, type ApiResource } from './api-resources.ts'

type Fields = Record<string, unknown>
type Defaults = (object: KubeObject) => KubeObject

const spec = (object: KubeObject) => (object.spec ?? {}) as Fields

function secretDefaults(secret: KubeObject): KubeObject {
  const { stringData, ...rest } = secret
  const data = { ...(secret.data as Fields | undefined) }
  for (const [key, value] of Object.entries((stringData ?? {}) as Record<string, string>)) data[key] = Buffer.from(value).toString('base64')
  return { ...rest, ...(Object.keys(data).length > 0 ? { data } : {}), type: secret.type ?? 'Opaque' }
}

function namespaceDefaults(namespace: KubeObject): KubeObject {
  return {
    ...namespace,
    metadata: {
      ...namespace.metadata,
      labels: { ...namespace.metadata.labels, 'kubernetes.io/metadata.name': namespace.metadata.name ?? '' },
    },
    spec: { finalizers: ['kubernetes'], ...spec(namespace) },
    status: { phase: 'Active' },
  }
}

const defaults: Record<string, Defaults> = {
  namespaces: namespaceDefaults,
  secrets: secretDefaults,
  persistentvolumeclaims: (pvc) => ({
    ...pvc,
    spec: { volumeMode: 'Filesystem', ...spec(pvc) },
    status: pvc.status ?? { phase: 'Pending' },
  }),
  pods: (pod) => ({
    ...pod,
    spec: {
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      serviceAccountName: 'default',
      schedulerName: 'default-scheduler',
      ...spec(pod),
    },
    status: pod.status ?? { phase: 'Pending', qosClass: 'BestEffort' },
  }),
  services: (service) => ({
    ...service,
    spec: { type: 'ClusterIP', sessionAffinity: 'None', ...spec(service) },
    status: service.status ?? { loadBalancer: {} },
  }),
  'storageclasses.storage.k8s.io': (storageClass) => ({ reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate', ...storageClass }),
}

/** A new object as its resource wants it: no status from clients where status is a subresource. */
const emptied = new Set(['labels', 'annotations'])

export function prepareForCreate(resource: ApiResource, object: KubeObject): KubeObject {
  const { status: _status, ...withoutStatus } = object
  const {
    resourceVersion: _resourceVersion,
    uid: _uid,
    creationTimestamp: _creationTimestamp,
    deletionTimestamp: _deletionTimestamp,
    deletionGracePeriodSeconds: _grace,
    generation: _generation,
    ...metadata
  } = object.metadata
  // Go leaves out what is empty.
  const kept = Object.fromEntries(
    Object.entries(metadata).filter(([field, value]) => !(emptied.has(field) && Object.keys(value ?? {}).length === 0)),
  )
  const prepared: KubeObject = { ...(resource.subresources.includes('status') ? withoutStatus : object), metadata: kept }
  return (defaults[resourceKey(resource)] ?? ((same: KubeObject) => same))(prepared)
}

/** A replacement with what clients may not change taken from the stored object. */
export function prepareForUpdate(
  resource: ApiResource,
  previous: StoredObject,
  object: KubeObject,
  subresource: string | undefined,
): KubeObject {
  const identity = {
    uid: previous.metadata.uid,
    creationTimestamp: previous.metadata.creationTimestamp,
    ...(previous.metadata.generation === undefined ? {} : { generation: previous.metadata.generation }),
    ...(previous.metadata.deletionTimestamp ? { deletionTimestamp: previous.metadata.deletionTimestamp } : {}),
    ...(previous.metadata.deletionGracePeriodSeconds === undefined
      ? {}
      : { deletionGracePeriodSeconds: previous.metadata.deletionGracePeriodSeconds }),
  }
  if (subresource === 'status') {
    return {
      ...previous,
      ...(object.status === undefined ? {} : { status: object.status }),
      metadata: { ...previous.metadata, ...(object.metadata.managedFields ? { managedFields: object.metadata.managedFields } : {}) },
    }
  }
  const {
    generation: _generation,
    deletionTimestamp: _deletionTimestamp,
    deletionGracePeriodSeconds: _grace,
    ...metadata
  } = object.metadata
  const { status: _status, ...withoutStatus } = object
  const keepsStatus = resource.subresources.includes('status')
  const prepared: KubeObject = {
    ...(keepsStatus ? withoutStatus : object),
    ...(keepsStatus && previous.status !== undefined ? { status: previous.status } : {}),
    metadata: { ...metadata, ...identity },
  }
  return resourceKey(resource) === 'secrets' ? secretDefaults(prepared) : prepared
}

const required = (object: KubeObject, path: readonly string[]): StatusCause[] => {
  let value: unknown = object
  for (const step of path) value = (value as Fields | undefined)?.[step]
  return value === undefined || (Array.isArray(value) && value.length === 0)
    ? [{ reason: 'FieldValueRequired', message: 'Required value', field: path.join('.') }]
    : []
}

const validations: Record<string, (object: KubeObject, previous?: KubeObject) => StatusCause[]> = {
  persistentvolumeclaims: (pvc) => [
    ...(Array.isArray(spec(pvc).accessModes)
      ? []
      : [{ reason: 'FieldValueRequired', message: 'Required value: at least 1 access mode is required', field: 'spec.accessModes' }]),
    ...required(pvc, ['spec', 'resources', 'requests', 'storage']).map((cause) => ({ ...cause, field: 'spec.resources[storage]' })),
  ],
  pods: (pod) => required(pod, ['spec', 'containers']),
  'rolebindings.rbac.authorization.k8s.io': (binding) => required(binding, ['roleRef', 'name']),
  'clusterrolebindings.rbac.authorization.k8s.io': (binding) => required(binding, ['roleRef', 'name']),
  'storageclasses.storage.k8s.io': (storageClass) => required(storageClass, ['provisioner']),
}

export function validate(resource: ApiResource, object: KubeObject): StatusCause[] {
  return validations[resourceKey(resource)]?.(object) ?? []
}
