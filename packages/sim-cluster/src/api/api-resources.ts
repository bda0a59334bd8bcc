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
  /** Stored subresources that this server serves itself: `status`, `scale`, `finalize`, `eviction`, `binding`, `token`. */
  subresources: readonly string[]
  /** Served by a CustomResourceDefinition: list items carry apiVersion and kind, no strategic merge patch. */
  custom: boolean
  /** Virtual resources (access reviews) answer POST and store nothing. */
  virtual: boolean
  /** Versions that are served beside `version`, with the same schema. */
  otherVersions: readonly string[]
  /** The version that etcd would hold, where it is another one. */
  storageVersion?: string
}

/** `plural.group`, or the plural alone for the core group: the key under which objects are stored. */
export function resourceKey(resource: Pick<ApiResource, 'group' | 'plural'>): string {
  return resource.group ? `${resource.plural}.${resource.group}` : resource.plural
}

export const groupVersion = (resource: Pick<ApiResource, 'group' | 'version'>): string =>
  resource.group ? `${resource.group}/${resource.version}` : resource.version

const allVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
// In the order in which apiextensions-apiserver says them.
const customVerbs = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch']

const irregularSingulars: Record<string, string> = { NetworkAttachmentDefinition: 'network-attachment-definition', Endpoints: 'endpoints' }

type Row = [plural: string, kind: string, options?: Partial<ApiResource>]

function group(name: string, version: string, defaults: Partial<ApiResource>, rows: Row[]): ApiResource[] {
  return rows.map(([plural, kind, options]) => ({
    group: name,
    version,
    plural,
    singular: irregularSingulars[kind] ?? kind.toLowerCase(),
    kind,
    listKind: `${kind}List`,
    namespaced: true,
    shortNames: [],
    categories: [],
    verbs: defaults.custom ? customVerbs : allVerbs,
    subresources: [],
    custom: false,
    virtual: false,
    otherVersions: [],
    ...defaults,
    ...options,
  }))
}

const review = { namespaced: false, virtual: true, verbs: ['create'] }
const cluster = { namespaced: false }
const status = { subresources: ['status'] }
const scalable = { subresources: ['scale', 'status'] }
const inAll = { categories: ['all'] }
const extendsApi = { ...cluster, categories: ['api-extensions'] }

/** Groups in the order of their priority, as discovery lists them; those of CRDs and aggregated servers follow. */
export const apiResources: readonly ApiResource[] = [
  ...group('', 'v1', {}, [
    ['configmaps', 'ConfigMap', { shortNames: ['cm'] }],
    ['endpoints', 'Endpoints', { shortNames: ['ep'] }],
    ['events', 'Event', { shortNames: ['ev'] }],
    ['limitranges', 'LimitRange', { shortNames: ['limits'] }],
    [
      'namespaces',
      'Namespace',
      {
        ...cluster,
        subresources: ['finalize', 'status'],
        shortNames: ['ns'],
        verbs: allVerbs.filter((verb) => verb !== 'deletecollection'),
      },
    ],
    ['nodes', 'Node', { ...cluster, ...status, shortNames: ['no'] }],
    ['persistentvolumeclaims', 'PersistentVolumeClaim', { ...status, shortNames: ['pvc'] }],
    ['persistentvolumes', 'PersistentVolume', { ...cluster, ...status, shortNames: ['pv'] }],
    ['pods', 'Pod', { ...inAll, subresources: ['binding', 'eviction', 'status'], shortNames: ['po'] }],
    ['podtemplates', 'PodTemplate'],
    ['replicationcontrollers', 'ReplicationController', { ...inAll, ...scalable, shortNames: ['rc'] }],
    ['resourcequotas', 'ResourceQuota', { ...status, shortNames: ['quota'] }],
    ['secrets', 'Secret'],
    ['serviceaccounts', 'ServiceAccount', { shortNames: ['sa'], subresources: ['token'] }],
    ['services', 'Service', { ...inAll, ...status, shortNames: ['svc'] }],
  ]),
  ...group('apiregistration.k8s.io', 'v1', {}, [['apiservices', 'APIService', { ...extendsApi, ...status }]]),
  ...group('apps', 'v1', inAll, [
    ['controllerrevisions', 'ControllerRevision', { categories: [] }],
    ['daemonsets', 'DaemonSet', { ...status, shortNames: ['ds'] }],
    ['deployments', 'Deployment', { ...scalable, shortNames: ['deploy'] }],
    ['replicasets', 'ReplicaSet', { ...scalable, shortNames: ['rs'] }],
    ['statefulsets', 'StatefulSet', { ...scalable, shortNames: ['sts'] }],
  ]),
  ...group('authentication.k8s.io', 'v1', {}, [
    ['selfsubjectreviews', 'SelfSubjectReview', review],
    ['tokenreviews', 'TokenReview', review],
  ]),
  ...group('authorization.k8s.io', 'v1', {}, [
    ['localsubjectaccessreviews', 'LocalSubjectAccessReview', { ...review, namespaced: true }],
    ['selfsubjectaccessreviews', 'SelfSubjectAccessReview', review],
    ['selfsubjectrulesreviews', 'SelfSubjectRulesReview', review],
    ['subjectaccessreviews', 'SubjectAccessReview', review],
  ]),
  ...group('autoscaling', 'v2', { ...inAll, ...status }, [
    ['horizontalpodautoscalers', 'HorizontalPodAutoscaler', { shortNames: ['hpa'], otherVersions: ['v1'] }],
  ]),
  ...group('batch', 'v1', { ...inAll, ...status }, [
    ['cronjobs', 'CronJob', { shortNames: ['cj'] }],
    ['jobs', 'Job'],
  ]),
  ...group('certificates.k8s.io', 'v1', { ...cluster }, [
    ['certificatesigningrequests', 'CertificateSigningRequest', { subresources: ['approval', 'status'], shortNames: ['csr'] }],
  ]),
  ...group('networking.k8s.io', 'v1', {}, [
    ['ingressclasses', 'IngressClass', cluster],
    ['ingresses', 'Ingress', { ...status, shortNames: ['ing'] }],
    ['networkpolicies', 'NetworkPolicy', { shortNames: ['netpol'] }],
  ]),
  ...group('policy', 'v1', status, [['poddisruptionbudgets', 'PodDisruptionBudget', { shortNames: ['pdb'] }]]),
  ...group('rbac.authorization.k8s.io', 'v1', {}, [
    ['clusterrolebindings', 'ClusterRoleBinding', cluster],
    ['clusterroles', 'ClusterRole', cluster],
    ['rolebindings', 'RoleBinding'],
    ['roles', 'Role'],
  ]),
  ...group('storage.k8s.io', 'v1', cluster, [
    ['csidrivers', 'CSIDriver'],
    ['csinodes', 'CSINode'],
    ['csistoragecapacities', 'CSIStorageCapacity', { namespaced: true }],
    ['storageclasses', 'StorageClass', { shortNames: ['sc'] }],
    ['volumeattachments', 'VolumeAttachment', status],
  ]),
  ...group('admissionregistration.k8s.io', 'v1', extendsApi, [
    ['mutatingwebhookconfigurations', 'MutatingWebhookConfiguration'],
    ['validatingadmissionpolicies', 'ValidatingAdmissionPolicy', status],
    ['validatingadmissionpolicybindings', 'ValidatingAdmissionPolicyBinding'],
    ['validatingwebhookconfigurations', 'ValidatingWebhookConfiguration'],
  ]),
  ...group('apiextensions.k8s.io', 'v1', {}, [
    ['customresourcedefinitions', 'CustomResourceDefinition', { ...extendsApi, ...status, shortNames: ['crd', 'crds'] }],
  ]),
  ...group('scheduling.k8s.io', 'v1', {}, [['priorityclasses', 'PriorityClass', { ...cluster, shortNames: ['pc'] }]]),
  ...group('coordination.k8s.io', 'v1', {}, [['leases', 'Lease']]),
  ...group('node.k8s.io', 'v1', {}, [['runtimeclasses', 'RuntimeClass', cluster]]),
  ...group('discovery.k8s.io', 'v1', {}, [['endpointslices', 'EndpointSlice']]),
  ...group('flowcontrol.apiserver.k8s.io', 'v1', { ...cluster, ...status }, [
    ['flowschemas', 'FlowSchema'],
    ['prioritylevelconfigurations', 'PriorityLevelConfiguration'],
  ]),

  ...group('k8s.cni.cncf.io', 'v1', { custom: true }, [
    ['network-attachment-definitions', 'NetworkAttachmentDefinition', { shortNames: ['net-attach-def'] }],
  ]),
  ...group('kubevirt.io', 'v1', { custom: true, ...status, ...inAll, otherVersions: ['v1alpha3'] }, [
    ['kubevirts', 'KubeVirt', { shortNames: ['kv', 'kvs'] }],
    ['virtualmachineinstancemigrations', 'VirtualMachineInstanceMigration', { shortNames: ['vmim', 'vmims'] }],
    [
      'virtualmachineinstancepresets',
      'VirtualMachineInstancePreset',
      { shortNames: ['vmipreset', 'vmipresets'], subresources: [], storageVersion: 'v1alpha3' },
    ],
    ['virtualmachineinstancereplicasets', 'VirtualMachineInstanceReplicaSet', { ...scalable, shortNames: ['vmirs', 'vmirss'] }],
    ['virtualmachineinstances', 'VirtualMachineInstance', { shortNames: ['vmi', 'vmis'], subresources: [] }],
    ['virtualmachines', 'VirtualMachine', { shortNames: ['vm', 'vms'] }],
  ]),
  ...group('snapshot.storage.k8s.io', 'v1', { custom: true, ...status }, [
    ['volumesnapshotclasses', 'VolumeSnapshotClass', { ...cluster, subresources: [], shortNames: ['vsclass', 'vsclasses'] }],
    ['volumesnapshotcontents', 'VolumeSnapshotContent', { ...cluster, shortNames: ['vsc', 'vscs'] }],
    ['volumesnapshots', 'VolumeSnapshot', { shortNames: ['vs'] }],
  ]),
  ...group('spectrocloud.com', 'v1', { custom: true, ...cluster }, [['vmtemplates', 'VmTemplate']]),
  ...group('clone.kubevirt.io', 'v1beta1', { custom: true, ...status, ...inAll, otherVersions: ['v1alpha1'] }, [
    ['virtualmachineclones', 'VirtualMachineClone', { shortNames: ['vmclone', 'vmclones'] }],
  ]),
  ...group('export.kubevirt.io', 'v1beta1', { custom: true, ...status, ...inAll, otherVersions: ['v1alpha1'] }, [
    ['virtualmachineexports', 'VirtualMachineExport', { shortNames: ['vmexport', 'vmexports'] }],
  ]),
  ...group('migrations.kubevirt.io', 'v1alpha1', { custom: true, ...status }, [['migrationpolicies', 'MigrationPolicy', cluster]]),
  ...group('pool.kubevirt.io', 'v1alpha1', { custom: true, ...status, ...inAll }, [
    ['virtualmachinepools', 'VirtualMachinePool', { ...scalable, shortNames: ['vmpool', 'vmpools'] }],
  ]),
  ...group('snapshot.kubevirt.io', 'v1beta1', { custom: true, ...status, ...inAll, otherVersions: ['v1alpha1'] }, [
    ['virtualmachinerestores', 'VirtualMachineRestore', { shortNames: ['vmrestore', 'vmrestores'] }],
    ['virtualmachinesnapshotcontents', 'VirtualMachineSnapshotContent', { shortNames: ['vmsnapshotcontent', 'vmsnapshotcontents'] }],
    ['virtualmachinesnapshots', 'VirtualMachineSnapshot', { shortNames: ['vmsnapshot', 'vmsnapshots'] }],
  ]),
  ...group('cdi.kubevirt.io', 'v1beta1', { custom: true }, [
    ['cdiconfigs', 'CDIConfig', cluster],
    ['cdis', 'CDI', { ...cluster, shortNames: ['cdi', 'cdis'] }],
    ['dataimportcrons', 'DataImportCron', { ...inAll, shortNames: ['dic', 'dics'] }],
    ['datasources', 'DataSource', { ...inAll, shortNames: ['das'] }],
    ['datavolumes', 'DataVolume', { ...inAll, ...status, shortNames: ['dv', 'dvs'] }],
    ['objecttransfers', 'ObjectTransfer', { ...cluster, ...status, shortNames: ['ot', 'ots'] }],
    ['storageprofiles', 'StorageProfile', { ...cluster, ...status }],
    ['volumeclonesources', 'VolumeCloneSource'],
    ['volumeimportsources', 'VolumeImportSource'],
    ['volumeuploadsources', 'VolumeUploadSource'],
  ]),
  ...group('forklift.cdi.kubevirt.io', 'v1beta1', { custom: true }, [
    ['openstackvolumepopulators', 'OpenstackVolumePopulator', { shortNames: ['osvp', 'osvps'] }],
    ['ovirtvolumepopulators', 'OvirtVolumePopulator', { shortNames: ['ovvp', 'ovvps'] }],
  ]),
  ...group('instancetype.kubevirt.io', 'v1beta1', { custom: true }, [
    [
      'virtualmachineclusterinstancetypes',
      'VirtualMachineClusterInstancetype',
      { ...cluster, shortNames: ['vmclusterinstancetype', 'vmclusterinstancetypes', 'vmcf', 'vmcfs'] },
    ],
    ['virtualmachineclusterpreferences', 'VirtualMachineClusterPreference', { ...cluster, shortNames: ['vmcp', 'vmcps'] }],
    [
      'virtualmachineinstancetypes',
      'VirtualMachineInstancetype',
      { ...inAll, shortNames: ['vminstancetype', 'vminstancetypes', 'vmf', 'vmfs'] },
    ],
    ['virtualmachinepreferences', 'VirtualMachinePreference', { ...inAll, shortNames: ['vmpref', 'vmprefs', 'vmp', 'vmps'] }],
  ]),
  // Served by cdi-apiserver, which answers a create and stores nothing.
  ...group('upload.cdi.kubevirt.io', 'v1beta1', { ...review, namespaced: true }, [
    ['uploadtokenrequests', 'UploadTokenRequest', { shortNames: ['utr', 'utrs'] }],
  ]),
]

const byPath = new Map(
  apiResources.flatMap((resource) =>
    [resource.version, ...resource.otherVersions].map(
      (version) =>
        [`${resource.group}/${version}/${resource.plural}`, version === resource.version ? resource : { ...resource, version }] as const,
    ),
  ),
)

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
