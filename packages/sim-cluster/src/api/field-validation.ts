// Unknown fields: refused, warned of or dropped without a word, as fieldValidation asks. Custom resources are known here by
// the fields of their spec; what lies deeper is taken as it comes.
// https://github.com/kubernetes/apiserver/blob/9d86305/pkg/endpoints/handlers/create.go
import type { ServerResponse } from 'node:http'
import type { KubeObject } from '@virtdeck/k8s'
import { resourceKey, type ApiResource } from './api-resources.ts'
import { badRequest } from './status.ts'

const specFields: Record<string, readonly string[]> = {
  'virtualmachines.kubevirt.io': [
    'dataVolumeTemplates',
    'instancetype',
    'preference',
    'runStrategy',
    'running',
    'template',
    'updateVolumesStrategy',
  ],
  'virtualmachineinstancemigrations.kubevirt.io': ['addedNodeSelector', 'receive', 'sendTo', 'vmiName'],
  'virtualmachinesnapshots.snapshot.kubevirt.io': ['deletionPolicy', 'failureDeadline', 'source'],
  'virtualmachinerestores.snapshot.kubevirt.io': [
    'patches',
    'target',
    'targetReadinessPolicy',
    'virtualMachineSnapshotName',
    'volumeRestoreOverrides',
    'volumeRestorePolicy',
  ],
  'virtualmachineclones.clone.kubevirt.io': [
    'annotationFilters',
    'labelFilters',
    'newMacAddresses',
    'newSMBiosSerial',
    'patches',
    'source',
    'target',
    'template',
  ],
  'datavolumes.cdi.kubevirt.io': [
    'checkpoints',
    'contentType',
    'finalCheckpoint',
    'preallocation',
    'priorityClassName',
    'pvc',
    'source',
    'sourceRef',
    'storage',
  ],
}

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The object without the fields that its kind does not have. Throws 400 for them where they are refused. */
export function withKnownFields(res: ServerResponse, resource: ApiResource, query: URLSearchParams, object: KubeObject): KubeObject {
  const known = specFields[resourceKey(resource)]
  const { spec } = object
  if (!known || !isMap(spec)) return object
  const unknown = Object.keys(spec).filter((field) => !known.includes(field))
  if (unknown.length === 0) return object
  const errors = unknown.map((field) => `unknown field "spec.${field}"`)
  switch (query.get('fieldValidation') ?? 'Warn') {
    case 'Strict':
      throw badRequest(
        `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: strict decoding error: ${errors.join(', ')}`,
      )
    case 'Warn':
      res.setHeader(
        'Warning',
        errors.map((error) => `299 - ${JSON.stringify(error)}`),
      )
  }
  return { ...object, spec: Object.fromEntries(Object.entries(spec).filter(([field]) => known.includes(field))) }
}
