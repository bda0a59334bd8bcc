// The cluster of the captures before the first of them: its users and namespaces on the simulation's own base.
import type { KubeObject } from '@virtdeck/k8s'
import { seedBase } from '../scenarios/cluster-base.ts'
import type { Scenario } from '../sim-cluster.ts'
import { access, recordedUsers } from './world.ts'

const nodes = [1, 2, 3].map((index) => ({
  name: `node0${index}`,
  zone: `zone-${index}`,
  cores: 16,
  memoryGi: 64,
  index,
  ip: `10.88.0.2${index}`,
}))

const storageKey = ({ kind = '' }: KubeObject) => `${kind.toLowerCase()}s.rbac.authorization.k8s.io`

export const recordedScenario: Scenario = {
  users: recordedUsers.map(({ name, groups }) => ({ name, groups: [...groups], description: name })),
  seed(storage, clock) {
    seedBase(storage, {
      nowMs: clock.now(),
      namespaces: [{ name: 'team-a' }, { name: 'team-b' }],
      nodes,
      access: access.map((object) => [storageKey(object), object]),
    })
    for (const [name, volumeBindingMode] of [
      ['rig-rwx', 'Immediate'],
      ['rig-wffc', 'WaitForFirstConsumer'],
    ] as const) {
      storage.create('storageclasses.storage.k8s.io', {
        metadata: { name },
        provisioner: 'rig.local/fake',
        reclaimPolicy: 'Delete',
        allowVolumeExpansion: true,
        volumeBindingMode,
      })
      storage.create('storageprofiles.cdi.kubevirt.io', {
        metadata: { name },
        spec: {},
        status: { cloneStrategy: 'copy', dataImportCronSourceFormat: 'pvc', provisioner: 'rig.local/fake', storageClass: name },
      })
    }
    // The recorded KubeVirt leaves evictions to the default.
    const [kubeVirt] = storage.list('kubevirts.kubevirt.io')
    if (!kubeVirt) return
    const { configuration } = kubeVirt.spec as { configuration: Record<string, unknown> }
    const { evictionStrategy: _, migrations: __, ...kept } = configuration
    storage.update('kubevirts.kubevirt.io', { ...kubeVirt, spec: { ...(kubeVirt.spec as object), configuration: kept } })
  },
}
