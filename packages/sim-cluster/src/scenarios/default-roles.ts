// The ClusterRoles that Kubernetes, KubeVirt and CDI install.
// https://github.com/kubernetes/kubernetes/blob/v1.32.0/plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-operator/resource/generate/rbac/cluster.go
// https://github.com/kubevirt/containerized-data-importer/blob/v1.64.0/pkg/operator/resources/cluster/rbac.go
import type { KubeObject } from '@virtdeck/k8s'

type Rule = { apiGroups: string[]; resources: string[]; verbs: string[] }

const rule = (apiGroups: string | string[], resources: string[], verbs: string[]): Rule => ({
  apiGroups: typeof apiGroups === 'string' ? [apiGroups] : apiGroups,
  resources,
  verbs,
})

const read = ['get', 'list', 'watch']
const write = ['create', 'delete', 'deletecollection', 'patch', 'update']

/** What makes the user-facing roles of others: a role labelled so is part of them. */
const aggregateTo = (role: string) => ({ [`rbac.authorization.k8s.io/aggregate-to-${role}`]: 'true' })

const viewCore: Rule[] = [
  rule(
    '',
    [
      'configmaps',
      'endpoints',
      'persistentvolumeclaims',
      'persistentvolumeclaims/status',
      'pods',
      'replicationcontrollers',
      'replicationcontrollers/scale',
      'serviceaccounts',
      'services',
      'services/status',
    ],
    read,
  ),
  rule(
    '',
    [
      'bindings',
      'events',
      'limitranges',
      'namespaces/status',
      'pods/log',
      'pods/status',
      'replicationcontrollers/status',
      'resourcequotas',
      'resourcequotas/status',
    ],
    read,
  ),
  rule('', ['namespaces'], read),
  rule('discovery.k8s.io', ['endpointslices'], read),
  rule(
    'apps',
    [
      'controllerrevisions',
      'daemonsets',
      'daemonsets/status',
      'deployments',
      'deployments/scale',
      'deployments/status',
      'replicasets',
      'replicasets/scale',
      'replicasets/status',
      'statefulsets',
      'statefulsets/scale',
      'statefulsets/status',
    ],
    read,
  ),
  rule('autoscaling', ['horizontalpodautoscalers', 'horizontalpodautoscalers/status'], read),
  rule('batch', ['cronjobs', 'cronjobs/status', 'jobs', 'jobs/status'], read),
  rule(
    'extensions',
    [
      'daemonsets',
      'daemonsets/status',
      'deployments',
      'deployments/scale',
      'deployments/status',
      'ingresses',
      'ingresses/status',
      'networkpolicies',
      'replicasets',
      'replicasets/scale',
      'replicasets/status',
      'replicationcontrollers/scale',
    ],
    read,
  ),
  rule('policy', ['poddisruptionbudgets', 'poddisruptionbudgets/status'], read),
  rule('networking.k8s.io', ['ingresses', 'ingresses/status', 'networkpolicies'], read),
]

const podConnections = ['pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy']

const editCore: Rule[] = [
  rule('', [...podConnections, 'secrets', 'services/proxy'], read),
  rule('', ['serviceaccounts'], ['impersonate']),
  rule('', ['pods', ...podConnections], write),
  rule('', ['pods/eviction'], ['create']),
  rule(
    '',
    [
      'configmaps',
      'endpoints',
      'events',
      'persistentvolumeclaims',
      'replicationcontrollers',
      'replicationcontrollers/scale',
      'secrets',
      'serviceaccounts',
      'services',
      'services/proxy',
    ],
    write,
  ),
  rule('', ['serviceaccounts/token'], ['create']),
  rule(
    'apps',
    [
      'daemonsets',
      'deployments',
      'deployments/rollback',
      'deployments/scale',
      'replicasets',
      'replicasets/scale',
      'statefulsets',
      'statefulsets/scale',
    ],
    write,
  ),
  rule('autoscaling', ['horizontalpodautoscalers'], write),
  rule('batch', ['cronjobs', 'jobs'], write),
  rule(
    'extensions',
    [
      'daemonsets',
      'deployments',
      'deployments/rollback',
      'deployments/scale',
      'ingresses',
      'networkpolicies',
      'replicasets',
      'replicasets/scale',
      'replicationcontrollers/scale',
    ],
    write,
  ),
  rule('policy', ['poddisruptionbudgets'], write),
  rule('networking.k8s.io', ['ingresses', 'networkpolicies'], write),
  rule('coordination.k8s.io', ['leases'], ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']),
]

const adminCore: Rule[] = [
  rule('authorization.k8s.io', ['localsubjectaccessreviews'], ['create']),
  rule(
    'rbac.authorization.k8s.io',
    ['rolebindings', 'roles'],
    ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
  ),
]

const subresources = 'subresources.kubevirt.io'
const ofVms = (names: string[]) => names.map((name) => `virtualmachines/${name}`)
const ofVmis = (names: string[]) => names.map((name) => `virtualmachineinstances/${name}`)
const sevReads = ['sev/fetchcertchain', 'sev/querylaunchmeasurement']
const guestReads = ['guestosinfo', 'filesystemlist', 'userlist', ...sevReads]
const objectGraphs = ['virtualmachines/objectgraph', 'virtualmachineinstances/objectgraph']

const vmKinds = ['virtualmachines', 'virtualmachineinstances', 'virtualmachineinstancepresets', 'virtualmachineinstancereplicasets']
const snapshotKinds = ['virtualmachinesnapshots', 'virtualmachinesnapshotcontents', 'virtualmachinerestores']
const clusterInstancetypeKinds = ['virtualmachineclusterinstancetypes', 'virtualmachineclusterpreferences']
const instancetypeKinds = [
  'virtualmachineinstancetypes',
  'virtualmachineclusterinstancetypes',
  'virtualmachinepreferences',
  'virtualmachineclusterpreferences',
]

const kubevirtRules = (verbs: string[]): Rule[] => [
  rule('snapshot.kubevirt.io', snapshotKinds, verbs),
  rule('export.kubevirt.io', ['virtualmachineexports'], verbs),
  rule('clone.kubevirt.io', ['virtualmachineclones'], verbs),
  rule('instancetype.kubevirt.io', instancetypeKinds, verbs),
  rule('pool.kubevirt.io', ['virtualmachinepools'], verbs),
]

const change = ['get', 'delete', 'create', 'update', 'patch', 'list', 'watch']
const readMigrationPolicies = rule('migrations.kubevirt.io', ['migrationpolicies'], read)

/** What KubeVirt's admin and edit share: they differ in deletecollection and in who sees the KubeVirt object. */
const workWithKubeVirt = (verbs: string[]): Rule[] => [
  rule(
    subresources,
    [
      ...ofVmis(['console', 'vnc', 'vnc/screenshot', 'portforward', 'guestosinfo', 'filesystemlist', 'userlist', ...sevReads, 'usbredir']),
      ...objectGraphs,
    ],
    ['get'],
  ),
  rule(
    subresources,
    ofVmis([
      'pause',
      'unpause',
      'addvolume',
      'removevolume',
      'freeze',
      'unfreeze',
      'softreboot',
      'reset',
      'sev/setupsession',
      'sev/injectlaunchsecret',
    ]),
    ['update'],
  ),
  rule(subresources, ofVms(['expand-spec', 'portforward']), ['get']),
  rule(subresources, ofVms(['start', 'stop', 'restart', 'addvolume', 'removevolume', 'memorydump']), ['update']),
  rule(subresources, ['expand-vm-spec'], ['update']),
  rule('kubevirt.io', vmKinds, verbs),
  rule('kubevirt.io', ['virtualmachineinstancemigrations'], read),
  ...kubevirtRules(verbs),
]

const readKubeVirts = rule('kubevirt.io', ['kubevirts'], ['get', 'list'])

const viewKubeVirt: Rule[] = [
  readKubeVirts,
  rule(subresources, [...ofVms(['expand-spec']), ...ofVmis(guestReads), ...objectGraphs], ['get']),
  rule(subresources, ['expand-vm-spec'], ['update']),
  rule('kubevirt.io', [...vmKinds, 'virtualmachineinstancemigrations'], read),
  ...kubevirtRules(read),
  readMigrationPolicies,
]

const cdiKinds = ['datavolumes', 'dataimportcrons', 'datasources', 'volumeimportsources', 'volumeuploadsources', 'volumeclonesources']
const forkliftKinds = ['ovirtvolumepopulators', 'openstackvolumepopulators']

const useCdi: Rule[] = [
  rule('cdi.kubevirt.io', cdiKinds, ['*']),
  rule('cdi.kubevirt.io', ['datavolumes/source'], ['create']),
  rule('upload.cdi.kubevirt.io', ['uploadtokenrequests'], ['*']),
  rule('forklift.cdi.kubevirt.io', forkliftKinds, ['*']),
]

const viewCdi: Rule[] = [
  rule(
    'cdi.kubevirt.io',
    [
      'cdiconfigs',
      'dataimportcrons',
      'datasources',
      'datavolumes',
      'objecttransfers',
      'storageprofiles',
      'volumeimportsources',
      'volumeuploadsources',
      'volumeclonesources',
    ],
    read,
  ),
  rule('forklift.cdi.kubevirt.io', forkliftKinds, read),
  rule('cdi.kubevirt.io', ['datavolumes/source'], ['create']),
]

const bootstrapping = { 'kubernetes.io/bootstrapping': 'rbac-defaults' }
const kubevirtLabels = { 'app.kubernetes.io/component': 'kubevirt', 'app.kubernetes.io/managed-by': 'virt-operator', 'kubevirt.io': '' }
const cdiLabels = {
  app: 'containerized-data-importer',
  'app.kubernetes.io/component': 'storage',
  'app.kubernetes.io/managed-by': 'cdi-operator',
  'cdi.kubevirt.io': '',
}

const everybody = ['system:authenticated']
const anybody = ['system:authenticated', 'system:unauthenticated']

type NamedObject = [key: string, object: KubeObject]

const clusterRole = (name: string, labels: Record<string, string>, rules: object[]): NamedObject => [
  'clusterroles.rbac.authorization.k8s.io',
  { metadata: { name, labels }, rules },
]

/** A role that others fill by their labels; the controller of the API machinery keeps it up to date. */
const aggregated = (name: string, partOf?: string): NamedObject => [
  'clusterroles.rbac.authorization.k8s.io',
  {
    metadata: { name, labels: { ...bootstrapping, ...(partOf ? aggregateTo(partOf) : {}) } },
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: aggregateTo(name) }] },
    rules: [],
  },
]

const boundTo = (role: string, labels: Record<string, string>, groups: string[]): NamedObject => [
  'clusterrolebindings.rbac.authorization.k8s.io',
  {
    metadata: { name: role, labels },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: groups.map((name) => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name })),
  },
]

/** Roles and bindings that every cluster with KubeVirt and CDI has, as [storage key, object]. */
export function defaultRoles(): NamedObject[] {
  const health = ['/healthz', '/livez', '/readyz', '/version', '/version/']
  const discovery = [
    '/api',
    '/api/*',
    '/apis',
    '/apis/*',
    '/healthz',
    '/livez',
    '/openapi',
    '/openapi/*',
    '/readyz',
    '/version',
    '/version/',
  ]
  return [
    clusterRole('cluster-admin', bootstrapping, [rule('*', ['*'], ['*']), { verbs: ['*'], nonResourceURLs: ['*'] }]),
    boundTo('cluster-admin', bootstrapping, ['system:masters']),
    clusterRole('system:basic-user', bootstrapping, [
      rule('authorization.k8s.io', ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'], ['create']),
      rule('authentication.k8s.io', ['selfsubjectreviews'], ['create']),
    ]),
    boundTo('system:basic-user', bootstrapping, everybody),
    clusterRole('system:discovery', bootstrapping, [{ verbs: ['get'], nonResourceURLs: discovery }]),
    boundTo('system:discovery', bootstrapping, everybody),
    clusterRole('system:public-info-viewer', bootstrapping, [{ verbs: ['get'], nonResourceURLs: health }]),
    boundTo('system:public-info-viewer', bootstrapping, anybody),
    clusterRole('system:service-account-issuer-discovery', bootstrapping, [
      {
        verbs: ['get'],
        nonResourceURLs: ['/.well-known/openid-configuration', '/.well-known/openid-configuration/', '/openid/v1/jwks', '/openid/v1/jwks/'],
      },
    ]),
    boundTo('system:service-account-issuer-discovery', bootstrapping, ['system:serviceaccounts']),

    aggregated('admin'),
    aggregated('edit', 'admin'),
    aggregated('view', 'edit'),
    clusterRole('system:aggregate-to-admin', { ...bootstrapping, ...aggregateTo('admin') }, adminCore),
    clusterRole('system:aggregate-to-edit', { ...bootstrapping, ...aggregateTo('edit') }, editCore),
    clusterRole('system:aggregate-to-view', { ...bootstrapping, ...aggregateTo('view') }, viewCore),

    clusterRole('kubevirt.io:admin', { ...kubevirtLabels, ...aggregateTo('admin') }, [
      ...workWithKubeVirt([...change, 'deletecollection']),
      readMigrationPolicies,
    ]),
    clusterRole('kubevirt.io:edit', { ...kubevirtLabels, ...aggregateTo('edit') }, [
      ...workWithKubeVirt(change),
      readKubeVirts,
      readMigrationPolicies,
    ]),
    clusterRole('kubevirt.io:view', { ...kubevirtLabels, ...aggregateTo('view') }, viewKubeVirt),
    clusterRole('kubevirt.io:migrate', kubevirtLabels, [
      rule(subresources, ['virtualmachines/migrate'], ['update']),
      rule('kubevirt.io', ['virtualmachineinstancemigrations'], [...change, 'deletecollection']),
    ]),
    clusterRole('kubevirt.io:default', { ...kubevirtLabels, ...bootstrapping }, [
      readKubeVirts,
      rule(subresources, ['version', 'guestfs'], ['get', 'list']),
    ]),
    boundTo('kubevirt.io:default', { ...kubevirtLabels, ...bootstrapping }, everybody),
    clusterRole('instancetype.kubevirt.io:view', kubevirtLabels, [rule('instancetype.kubevirt.io', clusterInstancetypeKinds, read)]),
    boundTo('instancetype.kubevirt.io:view', kubevirtLabels, everybody),
    clusterRole('kubevirt.io:operator', { 'operator.kubevirt.io': '', ...aggregateTo('admin') }, [
      rule('kubevirt.io', ['kubevirts'], [...change, 'deletecollection']),
    ]),

    clusterRole('cdi.kubevirt.io:admin', { ...cdiLabels, ...aggregateTo('admin') }, useCdi),
    clusterRole('cdi.kubevirt.io:edit', { ...cdiLabels, ...aggregateTo('edit') }, useCdi),
    clusterRole('cdi.kubevirt.io:view', { ...cdiLabels, ...aggregateTo('view') }, viewCdi),
    clusterRole('cdi.kubevirt.io:config-reader', cdiLabels, [rule('cdi.kubevirt.io', ['cdiconfigs', 'storageprofiles'], read)]),
    boundTo('cdi.kubevirt.io:config-reader', cdiLabels, everybody),
  ]
}
