// The scale subresource: the replicas of a workload, in the same shape for every kind.
// https://github.com/kubernetes/apiextensions-apiserver/blob/release-1.32/pkg/registry/customresource/etcd.go (ScaleREST)
import type { KubeObject } from '@virtdeck/k8s'
import { selectorText, type LabelSelector } from '../controllers/label-selectors.ts'
import type { StoredObject } from '../storage/storage.ts'
import type { ApiResource } from './api-resources.ts'
import { conflict, invalid } from './status.ts'

export const scaleKind = { group: 'autoscaling', version: 'v1', kind: 'Scale' }

type Fields = Record<string, unknown>
type Scale = KubeObject & { spec?: { replicas?: unknown } }

const fields = (value: unknown) => (value ?? {}) as Fields

export function scaleOf(resource: ApiResource, object: StoredObject): StoredObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const spec = fields(object['spec'])
  const status = fields(object['status'])
  // Custom kinds say it themselves; a ReplicationController's selector is the labels alone.
  const selector = resource.custom
    ? status['labelSelector']
    : selectorText(
        resource.kind === 'ReplicationController'
          ? { matchLabels: (spec['selector'] ?? {}) as Record<string, string> }
          : (spec['selector'] as LabelSelector | undefined),
      )
  return {
    kind: scaleKind.kind,
    apiVersion: `${scaleKind.group}/${scaleKind.version}`,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), uid, resourceVersion, creationTimestamp },
    spec: spec['replicas'] === undefined ? {} : { replicas: spec['replicas'] },
    status: { replicas: status['replicas'] ?? 0, ...(selector ? { selector } : {}) },
  }
}

/** The object with as many replicas as the scale asks for. Throws 422 for what is no number of replicas, 409 for an old version. */
export function scaledTo(resource: ApiResource, object: StoredObject, scale: KubeObject): KubeObject {
  const { uid, resourceVersion } = scale.metadata
  const replicas = (scale as Scale).spec?.replicas ?? 0
  const ref = { ...scaleKind, plural: resource.plural }
  if (!Number.isInteger(replicas) || (replicas as number) < 0) {
    throw invalid(ref, object.metadata.name, [
      {
        reason: 'FieldValueInvalid',
        message: `Invalid value: ${JSON.stringify(replicas)}: must be greater than or equal to 0`,
        field: 'spec.replicas',
      },
    ])
  }
  if (uid && uid !== object.metadata.uid) {
    throw conflict(
      resource,
      object.metadata.name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${object.metadata.uid}`,
    )
  }
  const metadata = { ...object.metadata, ...(resourceVersion ? { resourceVersion } : {}) }
  return { ...object, metadata, spec: { ...fields(object['spec']), replicas } }
}
