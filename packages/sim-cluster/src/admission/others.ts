// The smaller webhooks: VMIs, snapshots, restores, clones, DataVolumes, the KubeVirt CR, and evictions of launchers.
// https://github.com/kubevirt/kubevirt/tree/d923fdb/pkg/virt-api/webhooks/validating-webhook/admitters
// https://github.com/kubevirt/containerized-data-importer/tree/v1.64.0/pkg/apiserver/webhooks
import type {
  DataVolume,
  KubeObject,
  StatusCause,
  VirtualMachineClone,
  VirtualMachineInstance,
  VirtualMachineRestore,
  VirtualMachineSnapshot,
} from '@virtdeck/k8s'
import { authorize } from '../api/authorization.ts'
import type { Admission } from '../api/context.ts'
import { failure } from '../api/status.ts'
import { timestamp, type Clock } from '../clock.ts'
import {
  clones,
  controllerOf,
  dataVolumes,
  restores,
  snapshots,
  vmExports,
  vmis,
  type Objects,
  type VirtualMachineExport,
} from '../controllers/objects.ts'
import { isMigratable } from '../controllers/evacuation.ts'
import { defaulted } from '../controllers/vmi-spec.ts'
import { initialStatus, observedVersions } from '../controllers/vmi-status.ts'
import type { Storage } from '../storage/storage.ts'
import { badRequestBy, invalidBy, invalidByCdi } from './denials.ts'

const invalid = (field: string | undefined, message: string, reason = 'FieldValueInvalid'): StatusCause => ({
  reason,
  message,
  ...(field ? { field } : {}),
})
const specChanged = (object: KubeObject, previous: KubeObject | undefined) =>
  previous !== undefined && JSON.stringify(object['spec']) !== JSON.stringify(previous['spec'])

/** Validates VMIs; a new one gets its defaults, where no virt-controller made it. */
export function vmiAdmission(objects: Objects, clock: Clock): Admission {
  return ({ verb, key, subresource, object, previous }) => {
    if (key !== vmis || subresource || verb === 'delete') return object
    const vmi = object as unknown as VirtualMachineInstance
    if (verb === 'create') {
      const { memory, resources } = vmi.spec?.domain ?? {}
      if (!memory?.guest && !memory?.hugepages?.pageSize && !(resources?.requests as Record<string, string> | undefined)?.['memory']) {
        throw invalidBy('virtualmachineinstances-create-validator.kubevirt.io', [
          invalid(
            undefined,
            "no memory requested, at least one of 'spec.domain.memory.guest', 'spec.domain.memory.hugepages.size' or 'spec.domain.resources.requests.memory' must be set",
            'FieldValueRequired',
          ),
        ])
      }
      const spec = defaulted(objects, vmi.spec)
      const finalizers = new Set([...(object.metadata.finalizers ?? []), 'foregroundDeleteVirtualMachine'])
      return {
        ...object,
        metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...observedVersions }, finalizers: [...finalizers] },
        spec,
        status: initialStatus(spec, timestamp(clock)),
      }
    }
    const webhook = 'virtualmachineinstances-update-validator.kubevirt.io'
    if (specChanged(object, previous))
      throw invalidBy(webhook, [invalid(undefined, 'update of VMI object is restricted', 'FieldValueNotSupported')])
    const reserved = (labels: Record<string, string> = {}) =>
      JSON.stringify(
        Object.entries(labels)
          .filter(([name]) => name.startsWith('kubevirt.io/'))
          .toSorted(([a], [b]) => (a < b ? -1 : 1)),
      )
    if (reserved(object.metadata.labels) !== reserved(previous?.metadata.labels)) {
      throw invalidBy(webhook, [
        invalid(
          undefined,
          'modification of the following reserved kubevirt.io/ labels on a VMI object is prohibited',
          'FieldValueNotSupported',
        ),
      ])
    }
    return object
  }
}

export const snapshotAdmission: Admission = ({ verb, key, subresource, object, previous }) => {
  if (key !== snapshots || subresource || verb === 'delete') return object
  const webhook = 'virtualmachinesnapshot-validator.snapshot.kubevirt.io'
  if (specChanged(object, previous)) throw invalidBy(webhook, [invalid('spec', 'spec in immutable after creation')])
  const source = (object as unknown as VirtualMachineSnapshot).spec?.source
  if (!source?.apiGroup) throw invalidBy(webhook, [invalid('spec.source.apiGroup', 'missing apiGroup', 'FieldValueNotFound')])
  if (source.apiGroup !== 'kubevirt.io') throw invalidBy(webhook, [invalid('spec.source.apiGroup', 'invalid apiGroup')])
  if (source.kind !== 'VirtualMachine') throw invalidBy(webhook, [invalid('spec.source.kind', 'invalid kind')])
  return object
}

export function restoreAdmission(objects: Objects): Admission {
  return ({ verb, key, subresource, object, previous }) => {
    if (key !== restores || subresource || verb === 'delete') return object
    const webhook = 'virtualmachinerestore-validator.snapshot.kubevirt.io'
    if (specChanged(object, previous)) throw invalidBy(webhook, [invalid('spec', 'spec in immutable after creation')])
    if (verb !== 'create') return object
    const { target } = (object as unknown as VirtualMachineRestore).spec ?? {}
    if (!target?.apiGroup) throw invalidBy(webhook, [invalid('spec.target.apiGroup', 'missing apiGroup', 'FieldValueNotFound')])
    if (target.apiGroup !== 'kubevirt.io') throw invalidBy(webhook, [invalid('spec.target.apiGroup', 'invalid apiGroup')])
    if (target.kind !== 'VirtualMachine') throw invalidBy(webhook, [invalid('spec.target.kind', 'invalid kind')])
    const { patches = [], virtualMachineSnapshotName } = (object as unknown as VirtualMachineRestore).spec ?? {}
    // Of a snapshot that is not there, nothing is looked at.
    const causes = objects.get(snapshots, object.metadata.namespace, virtualMachineSnapshotName) ? patches.flatMap(patchCauses) : []
    const going = objects
      .list(restores, object.metadata.namespace)
      .find((other) => other.spec?.target?.name === target.name && !other.status?.complete && !failed(other))
    if (going) causes.push(invalid('spec.target', `VirtualMachineRestore "${going.metadata.name}" in progress`))
    if (causes.length > 0) throw invalidBy(webhook, causes)
    return object
  }
}

/**
 * What the webhook has against a patch, which it takes apart at its commas and colons, and not as JSON.
 * https://github.com/kubevirt/kubevirt/blob/f33e2d3/pkg/storage/admitters/vmrestore.go (validatePatches)
 */
function patchCauses(patch: string): StatusCause[] {
  const pairs = patch.replaceAll(/^[{}]+|[{}]+$/g, '').split(',')
  return pairs.flatMap((pair) => {
    const [key = '', value, ...more] = pair.split(':').map((part) => part.trim())
    if (value === undefined || more.length > 0)
      return [invalid('spec.patches', `patch format is not valid - one ":" expected in a single key-value json patch: ${pair}`)]
    if (key !== '"path"' || /^"\/(metadata\/(labels|annotations)|spec)\//.test(value)) return []
    return [invalid('spec.patches', `patching is valid only for elements under /spec/ only: ${pair}`)]
  })
}

const failed = (restore: VirtualMachineRestore) => (restore.status?.conditions ?? []).some((condition) => condition.type === 'Failure')

/** https://github.com/kubevirt/kubevirt/blob/75581da/pkg/storage/admitters/vmexport.go */
export const exportAdmission: Admission = ({ verb, key, subresource, object, previous }) => {
  if (key !== vmExports || subresource || verb === 'delete') return object
  const webhook = 'virtualmachineexport-validator.export.kubevirt.io'
  if (specChanged(object, previous)) throw invalidBy(webhook, [invalid('spec', 'spec in immutable after creation')])
  const { kind, name, apiGroup } = (object as unknown as Partial<VirtualMachineExport>).spec?.source ?? {}
  const kinds: Record<string, [what: string, what: string, group: string]> = {
    VirtualMachine: ['Virtual Machine', 'VM', 'kubevirt.io'],
    VirtualMachineSnapshot: ['VMSnapshot', 'VMSnapshot', 'snapshot.kubevirt.io'],
  }
  const causes: StatusCause[] = []
  const known = kinds[kind ?? '']
  if (kind === 'PersistentVolumeClaim') {
    if (!name) causes.push(invalid('spec.source.name', 'PVC name must not be empty'))
    if (apiGroup) causes.push(invalid('spec.source.APIGroup', 'PVC API group must be missing or blank'))
  } else if (known) {
    if (!name) causes.push(invalid('spec.source.name', `${known[0]} name must not be empty`))
    if (apiGroup !== known[2]) causes.push(invalid('spec.source.APIGroup', `${known[1]} API group must be ${known[2]}`))
  } else {
    causes.push(invalid('spec.source.kind', 'invalid kind'))
  }
  if (causes.length > 0) throw invalidBy(webhook, causes)
  return object
}

export const cloneAdmission: Admission = ({ verb, key, subresource, object, previous }) => {
  if (key !== clones || subresource || verb === 'delete') return object
  const webhook = 'vm-clone-validator.kubevirt.io'
  if (specChanged(object, previous)) throw invalidBy(webhook, [invalid('spec', 'spec is immutable')])
  const { source, target } = (object as unknown as VirtualMachineClone).spec ?? {}
  if (source && target && source.kind === 'VirtualMachine' && target.kind === 'VirtualMachine' && source.name === target.name) {
    throw invalidBy(webhook, [invalid('spec.target.name', 'Target name cannot be equal to source name when both are VirtualMachines')])
  }
  return object
}

export function dataVolumeAdmission(storage: Storage): Admission {
  return ({ verb, key, subresource, object, user }) => {
    if (key !== dataVolumes || subresource || verb !== 'create') return object
    const validate = 'datavolume-validate.cdi.kubevirt.io'
    const { spec, metadata } = object as unknown as DataVolume
    const source = (spec?.source ?? undefined) as Record<string, { url?: string; namespace?: string } | undefined> | undefined
    const from = source?.['pvc']?.namespace ?? source?.['snapshot']?.namespace
    if (from && from !== metadata.namespace) {
      const asked = { verb: 'create', group: 'cdi.kubevirt.io', resource: 'datavolumes', subresource: 'source', namespace: from }
      if (!authorize(storage, user, asked).allowed) {
        throw invalidByCdi('datavolume-mutate.cdi.kubevirt.io', {
          reason: 'FieldValueInvalid',
          message: `User ${user.username} has insufficient permissions in clone source namespace ${from}`,
          field: 'spec.source.PVC.namespace',
        })
      }
    }
    if (spec?.pvc && spec.storage)
      throw invalidByCdi(validate, invalid('spec.PVC.Storage', 'Duplicate storage definition, both target storage and target pvc defined'))
    if (!source && !spec?.sourceRef) {
      throw invalidByCdi(validate, invalid('spec.source', 'Data volume should have either Source or SourceRef, or be externally populated'))
    }
    if (source && Object.values(source).filter(Boolean).length > 1)
      throw invalidByCdi(validate, invalid('spec.source', 'Multiple Data volume sources'))
    const http = source?.['http'] ?? source?.['s3'] ?? source?.['gcs']
    if (http && !/^(https?|s3|gs):\/\/[^/]/.test(http.url ?? '')) {
      throw invalidByCdi(validate, invalid('spec.source.HTTP.url', `spec.source Invalid source URL: ${http.url ?? ''}`))
    }
    const clone = source?.['pvc'] ?? source?.['snapshot'] ?? spec?.sourceRef
    const size = ((spec?.storage ?? spec?.pvc)?.resources?.requests as Record<string, string> | undefined)?.['storage']
    if (!size && !clone) throw invalidByCdi(validate, invalid('spec.Storage.resources.requests.size', 'Storage size is missing'))
    return object
  }
}

type Pool = {
  spec?: {
    selector?: { matchLabels?: Record<string, string> }
    virtualMachineTemplate?: { metadata?: { labels?: Record<string, string> } }
  }
}

/** https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-api/webhooks/validating-webhook/admitters/vmpool-admitter.go */
export const poolAdmission: Admission = ({ verb, key, subresource, object }) => {
  if (key !== 'virtualmachinepools.pool.kubevirt.io' || subresource || verb === 'delete') return object
  const { selector, virtualMachineTemplate } = (object as Pool).spec ?? {}
  const labels = virtualMachineTemplate?.metadata?.labels ?? {}
  if (Object.entries(selector?.matchLabels ?? {}).some(([name, value]) => labels[name] !== value)) {
    throw invalidBy('virtualmachinepool-validator.kubevirt.io', [invalid('spec.selector', 'selector does not match labels.')])
  }
  return object
}

export function kubeVirtAdmission(objects: Objects): Admission {
  return ({ verb, key, object }) => {
    if (key === 'kubevirts.kubevirt.io' && verb === 'create' && objects.list('kubevirts.kubevirt.io').length > 0) {
      throw badRequestBy('kubevirt-create-validator.kubevirt.io', 'Kubevirt is already created')
    }
    return object
  }
}

/**
 * virt-launcher pods are not evicted: their VMI is migrated, and the eviction is to be tried again.
 * https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-api/webhooks/validating-webhook/admitters/pod-eviction-admitter.go
 */
export function evictionAdmission(objects: Objects): Admission {
  return ({ verb, key, subresource, object, dryRun }) => {
    if (verb !== 'create' || key !== 'pods' || subresource !== 'eviction') return object
    const { namespace = '', name = '' } = object.metadata
    const pod = objects.get('pods', namespace, name)
    const owner = pod && controllerOf(pod)
    if (!pod || owner?.kind !== 'VirtualMachineInstance') return object
    if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return object
    const vmi = objects.get(vmis, namespace, owner.name)
    const webhook = 'virt-launcher-eviction-interceptor.kubevirt.io'
    const refuse = (message: string) => failure(429, 'TooManyRequests', `admission webhook "${webhook}" denied the request: ${message}`)
    if (!vmi) throw refuse(`kubevirt failed getting the vmi: virtualmachineinstances.kubevirt.io "${owner.name}" not found`)
    const strategy = vmi.spec?.evictionStrategy ?? 'None'
    const migratable = isMigratable(vmi)
    if (strategy === 'None' || (strategy === 'LiveMigrateIfPossible' && !migratable)) return object
    if (strategy === 'LiveMigrate' && !migratable) {
      throw refuse(`VMI ${vmi.metadata.name} is configured with an eviction strategy but is not live-migratable`)
    }
    const triggered = `Eviction triggered evacuation of VMI "${namespace}/${vmi.metadata.name}"`
    if (vmi.status?.evacuationNodeName) throw refuse(`Evacuation in progress: ${triggered}`)
    if (vmi.status?.nodeName !== pod.spec?.nodeName) throw refuse('Eviction request for target Pod')
    if (!dryRun && vmi.status?.nodeName) objects.setStatus(vmis, vmi, { ...vmi.status, evacuationNodeName: vmi.status.nodeName })
    throw refuse(triggered)
  }
}
