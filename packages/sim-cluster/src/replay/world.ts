// Who and what the captures take for granted.
import type { KubeObject } from '@virtdeck/k8s'

/** The users of the captures, as their README describes them. */
export const recordedUsers = [
  { name: 'admin', groups: ['system:masters'] },
  { name: 'operator', groups: ['kv-operators'] },
  { name: 'viewer', groups: ['kv-viewers'] },
  { name: 'alice', groups: ['team-a'] },
  { name: 'bob', groups: ['team-b'] },
] as const

const rbac = 'rbac.authorization.k8s.io'

const bound = (name: string, role: string, group: string, namespace?: string): KubeObject => ({
  apiVersion: `${rbac}/v1`,
  kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: role },
  subjects: [{ apiGroup: rbac, kind: 'Group', name: group }],
})

export const access: readonly KubeObject[] = [
  bound('kv-operators-admin', 'admin', 'kv-operators'),
  bound('kv-operators-migrate', 'kubevirt.io:migrate', 'kv-operators'),
  bound('kv-viewers-view', 'view', 'kv-viewers'),
  bound('team-a-edit', 'edit', 'team-a', 'team-a'),
  bound('team-b-edit', 'edit', 'team-b', 'team-b'),
  // The recording's API server is MicroShift's, which lets everybody read this, too.
  {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRole',
    metadata: { name: 'replay:well-known' },
    rules: [{ nonResourceURLs: ['/.well-known', '/.well-known/*'], verbs: ['get'] }],
  },
  bound('replay:well-known', 'replay:well-known', 'system:authenticated'),
]

type VmOptions = { runStrategy?: string; annotations?: Record<string, string>; spec?: object; templateSpec?: object; domain?: object }

/** The VM that the captures were made with. Its guest has no agent, unless the test asks for one. */
export function recordedVm(
  name: string,
  {
    runStrategy = 'Halted',
    annotations = { 'simulation.virtdeck.io/guest-agent': 'none' },
    spec = {},
    templateSpec = {},
    domain = { cpu: { cores: 1 }, memory: { guest: '512Mi' } },
  }: VmOptions = {},
): KubeObject {
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name, namespace: 'team-a', labels: { app: 'web' } },
    spec: {
      runStrategy,
      template: {
        metadata: { labels: { 'kubevirt.io/vm': name }, annotations },
        spec: {
          domain: {
            ...domain,
            devices: {
              disks: [
                { name: 'root', disk: { bus: 'virtio' } },
                { name: 'cloudinit', disk: { bus: 'virtio' } },
              ],
              interfaces: [{ name: 'default', masquerade: {} }],
            },
          },
          networks: [{ name: 'default', pod: {} }],
          volumes: [
            { name: 'root', containerDisk: { image: 'quay.io/containerdisks/fedora:41' } },
            { name: 'cloudinit', cloudInitNoCloud: { userData: '#cloud-config\npassword: fedora\n' } },
          ],
          ...templateSpec,
        },
      },
      ...spec,
    },
  }
}
