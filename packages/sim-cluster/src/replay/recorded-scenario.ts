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
  },
}
