// Who signs in to the simulated cluster, and what they may do: Spectro's four VM roles as real RBAC objects.
// https://docs.spectrocloud.com/vm-management/rbac/vm-roles-permissions/
import type { KubeObject } from '@virtdeck/k8s'

export type DemoUser = { name: string; description: string; groups: string[] }

export const demoUsers: readonly DemoUser[] = [
  { name: 'admin', description: 'Cluster admin: everything, everywhere', groups: ['system:masters'] },
  { name: 'operator', description: 'Runs the fleet: every VM operation in every namespace, and the nodes', groups: ['vmo-operators'] },
  { name: 'power-user', description: 'Owns team-a: creates, clones, migrates and deletes VMs there', groups: ['team-a'] },
  {
    name: 'user',
    description: 'Uses the VMs of team-b: power, console and snapshots, but no create, delete or migrate',
    groups: ['team-b'],
  },
  { name: 'viewer', description: 'Sees every VM, changes nothing, opens no console', groups: ['vmo-viewers'] },
  {
    name: 'virtdeck',
    description: "The server's own account: reads the fleets, no secrets",
    groups: ['system:serviceaccounts', 'system:serviceaccounts:virtdeck'],
  },
]

type Rule = { apiGroups: string[]; resources: string[]; verbs: string[]; nonResourceURLs?: undefined }

const rule = (apiGroup: string, resources: string[], verbs: string[]): Rule => ({ apiGroups: [apiGroup], resources, verbs })
const read = ['get', 'list', 'watch']
const change = ['update', 'patch']
const all = ['*']
const vmVerbs = (verbs: string[]) => verbs.map((verb) => `virtualmachines/${verb}`)
const vmiVerbs = (verbs: string[]) => verbs.map((verb) => `virtualmachineinstances/${verb}`)

/** What every role sees of VMs and what belongs to them; secrets are not among it. */
const viewRules: Rule[] = [
  rule('kubevirt.io', ['virtualmachines', 'virtualmachineinstances', 'virtualmachineinstancemigrations'], read),
  rule('snapshot.kubevirt.io', ['virtualmachinesnapshots', 'virtualmachinesnapshotcontents', 'virtualmachinerestores'], read),
  rule('clone.kubevirt.io', ['virtualmachineclones'], read),
  rule('instancetype.kubevirt.io', ['virtualmachineinstancetypes', 'virtualmachinepreferences'], read),
  rule('cdi.kubevirt.io', ['datavolumes', 'datasources', 'dataimportcrons'], read),
  rule('', ['pods', 'events', 'persistentvolumeclaims', 'services', 'configmaps', 'resourcequotas', 'limitranges'], read),
  rule('k8s.cni.cncf.io', ['network-attachment-definitions'], read),
  rule('subresources.kubevirt.io', [...vmVerbs(['expand-spec']), ...vmiVerbs(['guestosinfo', 'filesystemlist', 'userlist'])], ['get']),
]

/** Uses VMs made by others: power, consoles, snapshots, edits. */
const useRules: Rule[] = [
  ...viewRules,
  rule('kubevirt.io', ['virtualmachines', 'virtualmachineinstances'], change),
  rule(
    'subresources.kubevirt.io',
    [...vmVerbs(['start', 'stop', 'restart']), ...vmiVerbs(['pause', 'unpause', 'softreboot', 'reset', 'freeze', 'unfreeze'])],
    ['update'],
  ),
  rule('subresources.kubevirt.io', vmiVerbs(['console', 'vnc', 'vnc/screenshot', 'portforward']), ['get']),
  rule('snapshot.kubevirt.io', ['virtualmachinesnapshots', 'virtualmachinerestores'], ['create', 'delete', ...change]),
]

/** Owns the VMs of a namespace. */
const powerRules: Rule[] = [
  ...useRules,
  rule(
    'kubevirt.io',
    ['virtualmachines', 'virtualmachineinstances', 'virtualmachineinstancemigrations'],
    ['create', 'delete', 'deletecollection', ...change],
  ),
  rule('clone.kubevirt.io', ['virtualmachineclones'], ['create', 'delete', ...change]),
  rule(
    'subresources.kubevirt.io',
    [...vmVerbs(['migrate', 'addvolume', 'removevolume']), ...vmiVerbs(['addvolume', 'removevolume'])],
    ['update'],
  ),
  rule('cdi.kubevirt.io', ['datavolumes', 'datavolumes/source'], ['create', 'delete', ...change]),
  rule('', ['persistentvolumeclaims'], ['create', 'delete', ...change]),
  rule('', ['secrets'], ['create', 'get', 'delete', ...change]),
  rule('', ['services', 'configmaps'], ['create', 'delete', ...change]),
  rule('upload.cdi.kubevirt.io', ['uploadtokenrequests'], ['create']),
]

const inventoryRules: Rule[] = [
  rule('', ['namespaces', 'nodes', 'events', 'persistentvolumeclaims'], read),
  rule('kubevirt.io', ['virtualmachines', 'virtualmachineinstances', 'virtualmachineinstancemigrations', 'kubevirts'], read),
  rule('snapshot.kubevirt.io', ['virtualmachinesnapshots', 'virtualmachinesnapshotcontents', 'virtualmachinerestores'], read),
  rule('cdi.kubevirt.io', ['datavolumes'], read),
  rule('spectrocloud.com', ['vmtemplates'], read),
]

const adminRules: Rule[] = [
  ...powerRules,
  rule('kubevirt.io', all, all),
  rule('subresources.kubevirt.io', all, all),
  rule('snapshot.kubevirt.io', all, all),
  rule('clone.kubevirt.io', all, all),
  rule('instancetype.kubevirt.io', all, all),
  rule('cdi.kubevirt.io', all, all),
  rule('spectrocloud.com', ['vmtemplates'], all),
  rule('k8s.cni.cncf.io', ['network-attachment-definitions'], all),
  rule('', ['secrets'], [...read, 'create', 'delete', ...change]),
  rule('', ['pods'], ['delete']),
  rule('', ['pods/eviction'], ['create']),
  rule('', ['pods/log'], ['get']),
  rule('', ['namespaces'], [...read, 'create', 'delete', ...change]),
  rule('', ['nodes'], [...read, ...change]),
  rule('', ['persistentvolumes'], read),
  rule('policy', ['poddisruptionbudgets'], read),
  rule('storage.k8s.io', ['storageclasses'], read),
  rule('snapshot.storage.k8s.io', ['volumesnapshots', 'volumesnapshotcontents', 'volumesnapshotclasses'], read),
  rule('virtdeck.io', ['activities'], ['list']),
]

/** Reads what people did, across the cluster. */
const auditorRules: Rule[] = [rule('virtdeck.io', ['activities'], ['list'])]

const clusterRole = (name: string, rules: object[], labels?: Record<string, string>): [key: string, KubeObject] => [
  'clusterroles.rbac.authorization.k8s.io',
  { metadata: { name, ...(labels ? { labels } : {}) }, rules },
]
const subjects = (kind: 'User' | 'Group' | 'ServiceAccount', name: string, namespace?: string) => [
  kind === 'ServiceAccount' ? { kind, name, namespace } : { apiGroup: 'rbac.authorization.k8s.io', kind, name },
]
const everywhere = (name: string, role: string, to: object[]): [key: string, KubeObject] => [
  'clusterrolebindings.rbac.authorization.k8s.io',
  { metadata: { name }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role }, subjects: to },
]
const within = (namespace: string, role: string, to: object[]): [key: string, KubeObject] => [
  'rolebindings.rbac.authorization.k8s.io',
  {
    metadata: { name: role, namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: to,
  },
]

/** Roles and bindings beside the defaults, as [storage key, object]. */
export function rbacObjects(): [key: string, KubeObject][] {
  return [
    clusterRole('spectro-list-vmtemplates', [rule('spectrocloud.com', ['vmtemplates'], read)]),
    everywhere('spectro-list-vmtemplates', 'spectro-list-vmtemplates', subjects('Group', 'system:authenticated')),
    clusterRole('spectro-storage-viewer', [
      rule('storage.k8s.io', ['storageclasses'], read),
      rule('cdi.kubevirt.io', ['storageprofiles'], read),
    ]),
    everywhere('spectro-storage-viewer', 'spectro-storage-viewer', subjects('Group', 'system:authenticated')),
    clusterRole('spectro-vm-admin', adminRules),
    clusterRole('spectro-vm-power-user', powerRules),
    clusterRole('spectro-vm-user', useRules),
    clusterRole('spectro-vm-viewer', [...viewRules, rule('', ['namespaces'], read)]),
    clusterRole('virtdeck-auditor', auditorRules),
    clusterRole('virtdeck-inventory', inventoryRules),
    everywhere('spectro-vm-admin', 'spectro-vm-admin', subjects('User', 'operator')),
    everywhere('spectro-vm-viewer', 'spectro-vm-viewer', subjects('User', 'viewer')),
    everywhere('virtdeck-inventory', 'virtdeck-inventory', [
      ...subjects('ServiceAccount', 'virtdeck', 'virtdeck'),
      ...subjects('User', 'virtdeck'),
    ]),
    within('team-a', 'spectro-vm-power-user', subjects('User', 'power-user')),
    within('team-b', 'spectro-vm-user', subjects('User', 'user')),
    // Golden images may be read and cloned from every namespace.
    clusterRole('vmo-golden-images:clone', [
      rule('cdi.kubevirt.io', ['datavolumes/source'], ['create']),
      rule('cdi.kubevirt.io', ['datavolumes', 'datasources'], read),
      rule('', ['persistentvolumeclaims'], read),
    ]),
    within('vmo-golden-images', 'vmo-golden-images:clone', [
      ...subjects('Group', 'system:authenticated'),
      ...subjects('Group', 'system:serviceaccounts'),
    ]),
    ['serviceaccounts', { metadata: { name: 'virtdeck', namespace: 'virtdeck' } }],
  ]
}
