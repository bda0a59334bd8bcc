// What the simulated cluster serves: one row per resource, in the words of `kubectl api-resources`.

export type ApiResource = {
  group: string
  version: string
  plural: string
  singular: string
  kind: string
  listKind: string
  namespaced: boolean
  shortNames: readonly string[]
  categories: readonly string[]
  verbs: readonly string[]
  /** Stored subresources that this server serves itself: `status`, `scale`, `finalize`, `eviction`, `token`. */
  subresources: readonly string[]
  /** Served by a CustomResourceDefinition: list items carry apiVersion and kind, no strategic merge patch. */
  custom: boolean
  /** Virtual resources (access reviews) answer POST and store nothing. */
  virtual: boolean
}

/** `plural.group`, or the plural alone for the core group: the key under which objects are stored. */
export function resourceKey(resource: Pick<ApiResource, 'group' | 'plural'>): string {
  return resource.group ? `${resource.plural}.${resource.group}` : resource.plural
}

export const groupVersion = (resource: Pick<ApiResource, 'group' | 'version'>): string =>
  resource.group ? `${resource.group}/${resource.version}` : resource.version

const allVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

type Row = [plural: string, kind: string, options?: Partial<ApiResource>]

function group(name: string, version: string, defaults: Partial<ApiResource>, rows: Row[]): ApiResource[] {
  return rows.map(([plural, kind, options]) => ({
    group: name,
    version,
    plural,
    singular: kind === 'NetworkAttachmentDefinition' ? 'network-attachment-definition' : kind.toLowerCase(),
    kind,
    listKind: `${kind}List`,
    namespaced: true,
    shortNames: [],
    categories: [],
    verbs: allVerbs,
    subresources: [],
    custom: false,
    virtual: false,
    ...defaults,
    ...options,
  }))
}

const review = { namespaced: false, virtual: true, verbs: ['create'] }
const cluster = { namespaced: false }
const status = { subresources: ['status'] }

export const apiResources: readonly ApiResource[] = [
  ...group('', 'v1', {}, [
    [
      'namespaces',
      'Namespace',
      {
        ...cluster,
        subresources: ['status', 'finalize'],
        shortNames: ['ns'],
        verbs: allVerbs.filter((verb) => verb !== 'deletecollection'),
      },
    ],
    ['nodes', 'Node', { ...cluster, ...status, shortNames: ['no'] }],
    ['pods', 'Pod', { subresources: ['status', 'eviction'], shortNames: ['po'], categories: ['all'] }],
    ['events', 'Event', { shortNames: ['ev'] }],
    ['secrets', 'Secret'],
    ['configmaps', 'ConfigMap', { shortNames: ['cm'] }],
    ['persistentvolumeclaims', 'PersistentVolumeClaim', { ...status, shortNames: ['pvc'] }],
    ['persistentvolumes', 'PersistentVolume', { ...cluster, ...status, shortNames: ['pv'] }],
    ['services', 'Service', { ...status, shortNames: ['svc'], categories: ['all'] }],
    ['serviceaccounts', 'ServiceAccount', { shortNames: ['sa'] }],
    ['resourcequotas', 'ResourceQuota', { ...status, shortNames: ['quota'] }],
    ['limitranges', 'LimitRange', { shortNames: ['limits'] }],
  ]),
  ...group('apps', 'v1', {}, [['controllerrevisions', 'ControllerRevision']]),
  ...group('storage.k8s.io', 'v1', {}, [['storageclasses', 'StorageClass', { ...cluster, shortNames: ['sc'] }]]),
  ...group('scheduling.k8s.io', 'v1', {}, [['priorityclasses', 'PriorityClass', { ...cluster, shortNames: ['pc'] }]]),
  ...group('rbac.authorization.k8s.io', 'v1', {}, [
    ['roles', 'Role'],
    ['rolebindings', 'RoleBinding'],
    ['clusterroles', 'ClusterRole', cluster],
    ['clusterrolebindings', 'ClusterRoleBinding', cluster],
  ]),
  ...group('authorization.k8s.io', 'v1', {}, [
    ['selfsubjectaccessreviews', 'SelfSubjectAccessReview', review],
    ['selfsubjectrulesreviews', 'SelfSubjectRulesReview', review],
    ['subjectaccessreviews', 'SubjectAccessReview', review],
    ['localsubjectaccessreviews', 'LocalSubjectAccessReview', { ...review, namespaced: true }],
  ]),
  ...group('authentication.k8s.io', 'v1', {}, [
    ['selfsubjectreviews', 'SelfSubjectReview', review],
    ['tokenreviews', 'TokenReview', review],
  ]),
  ...group('apiextensions.k8s.io', 'v1', {}, [
    ['customresourcedefinitions', 'CustomResourceDefinition', { ...cluster, ...status, shortNames: ['crd', 'crds'] }],
  ]),
  ...group('apiregistration.k8s.io', 'v1', {}, [['apiservices', 'APIService', { ...cluster, ...status }]]),
  ...group('kubevirt.io', 'v1', { custom: true, ...status, categories: ['all'] }, [
    ['virtualmachines', 'VirtualMachine', { shortNames: ['vm', 'vms'] }],
    ['virtualmachineinstances', 'VirtualMachineInstance', { shortNames: ['vmi', 'vmis'], subresources: [] }],
    ['virtualmachineinstancemigrations', 'VirtualMachineInstanceMigration', { shortNames: ['vmim', 'vmims'] }],
    ['kubevirts', 'KubeVirt', { shortNames: ['kv', 'kvs'] }],
  ]),
  ...group('snapshot.kubevirt.io', 'v1beta1', { custom: true, ...status, categories: ['all'] }, [
    ['virtualmachinesnapshots', 'VirtualMachineSnapshot', { shortNames: ['vmsnapshot', 'vmsnapshots'] }],
    ['virtualmachinesnapshotcontents', 'VirtualMachineSnapshotContent', { shortNames: ['vmsnapshotcontent', 'vmsnapshotcontents'] }],
    ['virtualmachinerestores', 'VirtualMachineRestore', { shortNames: ['vmrestore', 'vmrestores'] }],
  ]),
  ...group('clone.kubevirt.io', 'v1beta1', { custom: true, ...status, categories: ['all'] }, [
    ['virtualmachineclones', 'VirtualMachineClone', { shortNames: ['vmclone', 'vmclones'] }],
  ]),
  ...group('instancetype.kubevirt.io', 'v1beta1', { custom: true, categories: ['all'] }, [
    ['virtualmachineinstancetypes', 'VirtualMachineInstancetype', { shortNames: ['vminstancetype', 'vminstancetypes', 'vmf', 'vmfs'] }],
    [
      'virtualmachineclusterinstancetypes',
      'VirtualMachineClusterInstancetype',
      { ...cluster, shortNames: ['vmclusterinstancetype', 'vmclusterinstancetypes', 'vmcf', 'vmcfs'] },
    ],
    ['virtualmachinepreferences', 'VirtualMachinePreference', { shortNames: ['vmpref', 'vmprefs', 'vmp', 'vmps'] }],
    ['virtualmachineclusterpreferences', 'VirtualMachineClusterPreference', { ...cluster, shortNames: ['vmcp', 'vmcps'] }],
  ]),
  ...group('cdi.kubevirt.io', 'v1beta1', { custom: true, ...status, categories: ['all'] }, [
    ['datavolumes', 'DataVolume', { shortNames: ['dv', 'dvs'] }],
    ['datasources', 'DataSource', { shortNames: ['das'], subresources: [] }],
    ['dataimportcrons', 'DataImportCron', { shortNames: ['dic', 'dics'], subresources: [] }],
    ['storageprofiles', 'StorageProfile', cluster],
    ['cdis', 'CDI', { ...cluster, shortNames: ['cdi', 'cdis'], subresources: [] }],
  ]),
  ...group('snapshot.storage.k8s.io', 'v1', { custom: true, ...status }, [
    ['volumesnapshots', 'VolumeSnapshot', { shortNames: ['vs'] }],
    ['volumesnapshotcontents', 'VolumeSnapshotContent', { ...cluster, shortNames: ['vsc', 'vscs'] }],
    ['volumesnapshotclasses', 'VolumeSnapshotClass', { ...cluster, subresources: [], shortNames: ['vsclass', 'vsclasses'] }],
  ]),
  ...group('k8s.cni.cncf.io', 'v1', { custom: true }, [
    ['network-attachment-definitions', 'NetworkAttachmentDefinition', { shortNames: ['net-attach-def'] }],
  ]),
  ...group('spectrocloud.com', 'v1', { custom: true, ...cluster }, [['vmtemplates', 'VmTemplate']]),
]

const byPath = new Map(apiResources.map((resource) => [`${resource.group}/${resource.version}/${resource.plural}`, resource]))

/** Finds what a request path names, or undefined. */
export function servedResource(group: string, version: string, plural: string): ApiResource | undefined {
  return byPath.get(`${group}/${version}/${plural}`)
}

const byKey = new Map(apiResources.map((resource) => [resourceKey(resource), resource]))

/** Finds a resource by `plural.group`; throws on a name that is not served (a mistake in this package). */
export function apiResource(key: string): ApiResource {
  const found = byKey.get(key)
  if (!found) throw new Error(`no such resource: ${key}`)
  return found
}
