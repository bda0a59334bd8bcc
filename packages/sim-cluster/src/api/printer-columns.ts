// The columns of each resource after its name, as the CRDs and kube-apiserver's printers define them.
import type { StoredObject } from '../storage/storage.ts'
import { since } from './duration.ts'

/** Any object, looked into by path; every step may be missing. */
type Loose = StoredObject & { spec?: Record<string, unknown>; status?: Record<string, unknown> }

export type Column = {
  name: string
  type: 'string' | 'integer' | 'boolean' | 'date'
  description: string
  priority: number
  /** The field whose documentation describes the column, as `PodSpec.nodeName` of core/v1. */
  of?: string
  /** Of a CRD's column. */
  jsonPath?: string
  value(object: Loose, nowMs: number): unknown
}

function at(object: unknown, path: string): unknown {
  let found: unknown = object
  for (const step of path.split('.')) found = (found as Record<string, unknown> | undefined | null)?.[step]
  return found
}

type ColumnOptions = { type?: Column['type']; description?: string; priority?: number; of?: string }

/** A CRD's additionalPrinterColumn over a plain path. */
function path(name: string, jsonPath: string, { type = 'string', description, priority = 0 }: ColumnOptions = {}): Column {
  return {
    name,
    type,
    priority,
    description: description ?? `Custom resource definition column (in JSONPath format): .${jsonPath}`,
    jsonPath: `.${jsonPath}`,
    value: (object) => at(object, jsonPath),
  }
}

type Condition = { type: string; status: string; reason?: string }

const conditionOf = (object: Loose, type: string) =>
  (at(object, 'status.conditions') as Condition[] | undefined)?.find((condition) => condition.type === type)

function condition(name: string, type: string, priority = 0): Column {
  return {
    name,
    type: 'string',
    priority,
    description: `Custom resource definition column (in JSONPath format): .status.conditions[?(@.type=='${type}')].status`,
    jsonPath: `.status.conditions[?(@.type=='${type}')].status`,
    value: (object) => conditionOf(object, type)?.status,
  }
}

const age = path('Age', 'metadata.creationTimestamp', { type: 'date' })

const createdDescription =
  'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata'

// What a kind without columns of its own is given is no part of its definition.
const { jsonPath: _ofDefinition, ...ageAlone } = age
const genericAge: Column = { ...ageAlone, description: createdDescription }

function printed(
  name: string,
  value: (object: Loose, nowMs: number) => unknown,
  { type = 'string', description = '', priority = 0, of }: ColumnOptions = {},
): Column {
  return { name, type, description, priority, ...(of === undefined ? {} : { of }), value }
}

const builtinAge = printed('Age', (object, nowMs) => since(object.metadata.creationTimestamp, nowMs), { description: createdDescription })

const orNone = (value: unknown) => (value === undefined || value === null || value === '' ? '<none>' : value)

const replicaColumns = (of: string): Column[] => [
  path('Desired', 'spec.replicas', { type: 'integer', description: `Number of desired ${of}` }),
  path('Current', 'status.replicas', { type: 'integer', description: `Number of managed and not final or deleted ${of}` }),
  path('Ready', 'status.readyReplicas', {
    type: 'integer',
    description: `Number of managed ${of} which are ready to receive traffic`,
  }),
  age,
]

const crdColumns: Record<string, readonly Column[]> = {
  'virtualmachines.kubevirt.io': [
    age,
    path('Status', 'status.printableStatus', { description: 'Human Readable Status' }),
    condition('Ready', 'Ready'),
  ],
  'virtualmachineinstances.kubevirt.io': [
    age,
    path('Phase', 'status.phase'),
    {
      ...path('IP', 'status.interfaces[0].ipAddress'),
      value: (object) => (at(object, 'status.interfaces') as { ipAddress?: string }[] | undefined)?.[0]?.ipAddress,
    },
    path('NodeName', 'status.nodeName'),
    condition('Ready', 'Ready'),
    condition('Live-Migratable', 'LiveMigratable', 1),
    condition('Paused', 'Paused', 1),
  ],
  'virtualmachineinstancemigrations.kubevirt.io': [
    path('Phase', 'status.phase', { description: 'The current phase of VM instance migration' }),
    path('VMI', 'spec.vmiName', { description: 'The name of the VMI to perform the migration on' }),
  ],
  'virtualmachineinstancereplicasets.kubevirt.io': replicaColumns('VirtualMachineInstances'),
  'virtualmachinepools.pool.kubevirt.io': replicaColumns('VirtualMachines'),
  'virtualmachineexports.export.kubevirt.io': [
    path('SourceKind', 'spec.source.kind'),
    path('SourceName', 'spec.source.name'),
    path('Phase', 'status.phase'),
  ],
  'kubevirts.kubevirt.io': [age, path('Phase', 'status.phase')],
  'virtualmachinesnapshots.snapshot.kubevirt.io': [
    path('SourceKind', 'spec.source.kind'),
    path('SourceName', 'spec.source.name'),
    path('Phase', 'status.phase'),
    path('ReadyToUse', 'status.readyToUse', { type: 'boolean' }),
    path('CreationTime', 'status.creationTime', { type: 'date' }),
    path('Error', 'status.error.message'),
  ],
  'virtualmachinesnapshotcontents.snapshot.kubevirt.io': [
    path('ReadyToUse', 'status.readyToUse', { type: 'boolean' }),
    path('CreationTime', 'status.creationTime', { type: 'date' }),
    path('Error', 'status.error.message'),
  ],
  'virtualmachinerestores.snapshot.kubevirt.io': [
    path('TargetKind', 'spec.target.kind'),
    path('TargetName', 'spec.target.name'),
    path('Complete', 'status.complete', { type: 'boolean' }),
    path('RestoreTime', 'status.restoreTime', { type: 'date' }),
  ],
  'virtualmachineclones.clone.kubevirt.io': [
    path('Phase', 'status.phase'),
    path('SourceVirtualMachine', 'spec.source.name'),
    path('TargetVirtualMachine', 'spec.target.name'),
  ],
  'datavolumes.cdi.kubevirt.io': [
    path('Phase', 'status.phase', { description: 'The phase the data volume is in' }),
    path('Progress', 'status.progress', { description: 'Transfer progress in percentage if known, N/A otherwise' }),
    path('Restarts', 'status.restartCount', { type: 'integer', description: 'The number of times the transfer has been restarted.' }),
    age,
  ],
  'dataimportcrons.cdi.kubevirt.io': [
    path('Format', 'status.sourceFormat', { description: 'The format in which created sources are saved' }),
  ],
  'objecttransfers.cdi.kubevirt.io': [age, path('Phase', 'status.phase', { description: 'The phase of the ObjectTransfer' })],
  'cdis.cdi.kubevirt.io': [age, path('Phase', 'status.phase')],
  'volumesnapshots.snapshot.storage.k8s.io': [
    path('ReadyToUse', 'status.readyToUse', {
      type: 'boolean',
      description: 'Indicates if the snapshot is ready to be used to restore a volume.',
    }),
    path('SourcePVC', 'spec.source.persistentVolumeClaimName'),
    path('SourceSnapshotContent', 'spec.source.volumeSnapshotContentName'),
    path('RestoreSize', 'status.restoreSize'),
    path('SnapshotClass', 'spec.volumeSnapshotClassName'),
    path('SnapshotContent', 'status.boundVolumeSnapshotContentName'),
    path('CreationTime', 'status.creationTime', { type: 'date' }),
    age,
  ],
  'volumesnapshotclasses.snapshot.storage.k8s.io': [path('Driver', 'driver'), path('DeletionPolicy', 'deletionPolicy'), age],
  'volumesnapshotcontents.snapshot.storage.k8s.io': [
    path('ReadyToUse', 'status.readyToUse', { type: 'boolean' }),
    path('RestoreSize', 'status.restoreSize', { type: 'integer' }),
    path('DeletionPolicy', 'spec.deletionPolicy'),
    path('Driver', 'spec.driver'),
    path('VolumeSnapshotClass', 'spec.volumeSnapshotClassName'),
    path('VolumeSnapshot', 'spec.volumeSnapshotRef.name'),
    path('VolumeSnapshotNamespace', 'spec.volumeSnapshotRef.namespace'),
    age,
  ],
}

type ContainerStatus = {
  ready?: boolean
  restartCount?: number
  state?: Record<string, { reason?: string; exitCode?: number } | undefined>
}

const containerStatuses = (pod: Loose) => (at(pod, 'status.containerStatuses') as ContainerStatus[] | undefined) ?? []

function podStatus(pod: Loose): string {
  let status = String(at(pod, 'status.reason') ?? at(pod, 'status.phase') ?? 'Unknown')
  for (const { state } of containerStatuses(pod)) {
    const reason = state?.waiting?.reason ?? state?.terminated?.reason
    if (reason) status = reason
  }
  if (conditionOf(pod, 'PodScheduled')?.reason === 'SchedulingGated') status = 'SchedulingGated'
  return pod.metadata.deletionTimestamp ? 'Terminating' : status
}

function nodeStatus(node: Loose): string {
  const ready = conditionOf(node, 'Ready')?.status
  const status = ready === 'True' ? 'Ready' : ready === undefined ? 'Unknown' : 'NotReady'
  return at(node, 'spec.unschedulable') ? `${status},SchedulingDisabled` : status
}

function nodeRoles(node: Loose): string {
  const prefix = 'node-role.kubernetes.io/'
  const roles = Object.keys(node.metadata.labels ?? {})
    .filter((label) => label.startsWith(prefix))
    .map((label) => label.slice(prefix.length))
  return roles.toSorted().join(',') || '<none>'
}

const nodeAddress = (type: string) => (node: Loose) =>
  orNone(
    (at(node, 'status.addresses') as { type: string; address: string }[] | undefined)?.find((address) => address.type === type)?.address,
  )

const accessModes: Record<string, string> = { ReadWriteOnce: 'RWO', ReadOnlyMany: 'ROX', ReadWriteMany: 'RWX', ReadWriteOncePod: 'RWOP' }
const shortModes = (modes: unknown) => (Array.isArray(modes) ? modes.map((mode) => accessModes[String(mode)] ?? mode).join(',') : '')
const countOf = (value: unknown) => (value && typeof value === 'object' ? Object.keys(value).length : 0)

function pvcStatus(pvc: Loose): string {
  return pvc.metadata.deletionTimestamp ? 'Terminating' : String(at(pvc, 'status.phase') ?? '')
}

/** `requests.cpu: 100m/1, pods: 2/10` */
function quotaUse(quota: Loose, wanted: (resource: string) => boolean): string {
  const hard = (at(quota, 'status.hard') ?? {}) as Record<string, string>
  const used = (at(quota, 'status.used') ?? {}) as Record<string, string>
  return Object.keys(hard)
    .filter(wanted)
    .toSorted()
    .map((resource) => `${resource}: ${used[resource] ?? 0}/${hard[resource]}`)
    .join(', ')
}

const builtinColumns: Record<string, readonly Column[]> = {
  pods: [
    printed('Ready', (pod) => `${containerStatuses(pod).filter((status) => status.ready).length}/${countOf(at(pod, 'spec.containers'))}`, {
      description: 'The aggregate readiness state of this pod for accepting traffic.',
    }),
    printed('Status', podStatus, { description: 'The aggregate status of the containers in this pod.' }),
    printed('Restarts', (pod) => String(containerStatuses(pod).reduce((sum, status) => sum + (status.restartCount ?? 0), 0)), {
      description:
        'The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.',
    }),
    builtinAge,
    printed('IP', (pod) => orNone(at(pod, 'status.podIP')), { priority: 1, of: 'PodStatus.podIP' }),
    printed('Node', (pod) => orNone(at(pod, 'spec.nodeName')), { priority: 1, of: 'PodSpec.nodeName' }),
    printed('Nominated Node', (pod) => orNone(at(pod, 'status.nominatedNodeName')), { priority: 1, of: 'PodStatus.nominatedNodeName' }),
    printed('Readiness Gates', () => '<none>', { priority: 1, of: 'PodSpec.readinessGates' }),
  ],
  nodes: [
    printed('Status', nodeStatus, { description: 'The status of the node' }),
    printed('Roles', nodeRoles, { description: 'The roles of the node' }),
    builtinAge,
    printed('Version', (node) => at(node, 'status.nodeInfo.kubeletVersion'), { description: 'Kubelet Version reported by the node.' }),
    printed('Internal-IP', nodeAddress('InternalIP'), { priority: 1, of: 'NodeStatus.addresses' }),
    printed('External-IP', nodeAddress('ExternalIP'), { priority: 1, of: 'NodeStatus.addresses' }),
    printed('OS-Image', (node) => at(node, 'status.nodeInfo.osImage') ?? '<unknown>', { priority: 1, of: 'NodeSystemInfo.osImage' }),
    printed('Kernel-Version', (node) => at(node, 'status.nodeInfo.kernelVersion') ?? '<unknown>', {
      priority: 1,
      of: 'NodeSystemInfo.kernelVersion',
    }),
    printed('Container-Runtime', (node) => at(node, 'status.nodeInfo.containerRuntimeVersion') ?? '<unknown>', {
      priority: 1,
      of: 'NodeSystemInfo.containerRuntimeVersion',
    }),
  ],
  namespaces: [printed('Status', (namespace) => at(namespace, 'status.phase'), { description: 'The status of the namespace' }), builtinAge],
  persistentvolumeclaims: [
    printed('Status', pvcStatus, { of: 'PersistentVolumeClaimStatus.phase' }),
    printed('Volume', (pvc) => at(pvc, 'spec.volumeName') ?? '', { of: 'PersistentVolumeClaimSpec.volumeName' }),
    printed('Capacity', (pvc) => at(pvc, 'status.capacity.storage') ?? '', { of: 'PersistentVolumeClaimStatus.capacity' }),
    printed('Access Modes', (pvc) => shortModes(at(pvc, 'status.accessModes')), { of: 'PersistentVolumeClaimStatus.accessModes' }),
    printed('StorageClass', (pvc) => at(pvc, 'spec.storageClassName') ?? '', { of: 'PersistentVolumeClaimSpec.storageClassName' }),
    printed('VolumeAttributesClass', () => '<unset>', { of: 'PersistentVolumeClaimSpec.volumeAttributesClassName' }),
    builtinAge,
    printed('VolumeMode', (pvc) => at(pvc, 'spec.volumeMode') ?? '<unset>', { priority: 1, of: 'PersistentVolumeClaimSpec.volumeMode' }),
  ],
  persistentvolumes: [
    printed('Capacity', (pv) => at(pv, 'spec.capacity.storage') ?? ''),
    printed('Access Modes', (pv) => shortModes(at(pv, 'spec.accessModes'))),
    printed('Reclaim Policy', (pv) => at(pv, 'spec.persistentVolumeReclaimPolicy') ?? ''),
    printed('Status', pvcStatus),
    printed('Claim', (pv) => (at(pv, 'spec.claimRef') ? `${at(pv, 'spec.claimRef.namespace')}/${at(pv, 'spec.claimRef.name')}` : '')),
    printed('StorageClass', (pv) => at(pv, 'spec.storageClassName') ?? ''),
    printed('VolumeAttributesClass', () => '<unset>'),
    printed('Reason', (pv) => at(pv, 'status.reason') ?? ''),
    builtinAge,
    printed('VolumeMode', (pv) => at(pv, 'spec.volumeMode') ?? '<unset>', { priority: 1 }),
  ],
  events: [
    printed('Last Seen', (event, nowMs) => since(event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp, nowMs)),
    printed('Type', (event) => event.type),
    printed('Reason', (event) => event.reason),
    printed('Object', (event) => `${String(at(event, 'involvedObject.kind')).toLowerCase()}/${at(event, 'involvedObject.name')}`),
    printed('Subobject', (event) => at(event, 'involvedObject.fieldPath') ?? '', { priority: 1 }),
    printed('Source', (event) => at(event, 'source.component') ?? event.reportingComponent ?? '', { priority: 1 }),
    printed('Message', (event) => String(event.message ?? '').trim()),
    printed('First Seen', (event, nowMs) => since(event.firstTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp, nowMs), {
      priority: 1,
    }),
    printed('Count', (event) => event.count ?? 1, { type: 'integer', priority: 1 }),
    printed('Name', (event) => event.metadata.name, { priority: 1 }),
  ],
  secrets: [printed('Type', (secret) => secret.type), printed('Data', (secret) => countOf(secret.data), { type: 'integer' }), builtinAge],
  configmaps: [printed('Data', (map) => countOf(map.data) + countOf(map.binaryData), { type: 'integer' }), builtinAge],
  serviceaccounts: [printed('Secrets', (account) => countOf(account.secrets), { type: 'integer' }), builtinAge],
  services: [
    printed('Type', (service) => at(service, 'spec.type')),
    printed('Cluster-IP', (service) => orNone(at(service, 'spec.clusterIP'))),
    printed('External-IP', () => '<none>'),
    printed(
      'Port(s)',
      (service) =>
        ((at(service, 'spec.ports') as { port: number; nodePort?: number; protocol?: string }[] | undefined) ?? [])
          .map((port) => `${port.port}${port.nodePort ? `:${port.nodePort}` : ''}/${port.protocol ?? 'TCP'}`)
          .join(',') || '<none>',
    ),
    builtinAge,
    printed(
      'Selector',
      (service) =>
        Object.entries((at(service, 'spec.selector') as Record<string, string> | undefined) ?? {})
          .map(([key, value]) => `${key}=${value}`)
          .join(',') || '<none>',
      { priority: 1 },
    ),
  ],
  'storageclasses.storage.k8s.io': [
    printed('Provisioner', (storageClass) => storageClass.provisioner),
    printed('ReclaimPolicy', (storageClass) => storageClass.reclaimPolicy ?? 'Delete'),
    printed('VolumeBindingMode', (storageClass) => storageClass.volumeBindingMode ?? 'Immediate'),
    printed('AllowVolumeExpansion', (storageClass) => storageClass.allowVolumeExpansion ?? false, { type: 'boolean' }),
    builtinAge,
  ],
  'apiservices.apiregistration.k8s.io': [
    printed('Service', (apiService) =>
      at(apiService, 'spec.service') ? `${at(apiService, 'spec.service.namespace')}/${at(apiService, 'spec.service.name')}` : 'Local',
    ),
    printed('Available', (apiService) => {
      const { status = 'Unknown', reason } = conditionOf(apiService, 'Available') ?? {}
      return status === 'True' ? 'True' : `${status} (${reason})`
    }),
    builtinAge,
  ],
  'customresourcedefinitions.apiextensions.k8s.io': [
    printed('Created At', (definition) => definition.metadata.creationTimestamp, { description: createdDescription }),
  ],
  resourcequotas: [
    printed('Age', (quota, nowMs) => since(quota.metadata.creationTimestamp, nowMs), { description: createdDescription }),
    printed('Request', (quota) => quotaUse(quota, (resource) => !resource.startsWith('limits.'))),
    printed('Limit', (quota) => quotaUse(quota, (resource) => resource.startsWith('limits.'))),
  ],
  limitranges: [printed('Created At', (range) => range.metadata.creationTimestamp)],
  'poddisruptionbudgets.policy': [
    printed('Min Available', (pdb) => at(pdb, 'spec.minAvailable') ?? 'N/A'),
    printed('Max Unavailable', (pdb) => at(pdb, 'spec.maxUnavailable') ?? 'N/A'),
    printed('Allowed Disruptions', (pdb) => at(pdb, 'status.disruptionsAllowed') ?? 0, { type: 'integer' }),
    builtinAge,
  ],
  'rolebindings.rbac.authorization.k8s.io': [
    printed('Role', (binding) => `${at(binding, 'roleRef.kind')}/${at(binding, 'roleRef.name')}`),
    builtinAge,
  ],
  'clusterrolebindings.rbac.authorization.k8s.io': [
    printed('Role', (binding) => `${at(binding, 'roleRef.kind')}/${at(binding, 'roleRef.name')}`),
    builtinAge,
  ],
  'roles.rbac.authorization.k8s.io': [printed('Created At', (role) => role.metadata.creationTimestamp)],
  'clusterroles.rbac.authorization.k8s.io': [printed('Created At', (role) => role.metadata.creationTimestamp)],
}

/** Where nothing is defined, the age alone. */
export function columnsOf(key: string): readonly Column[] {
  return crdColumns[key] ?? builtinColumns[key] ?? [genericAge]
}
