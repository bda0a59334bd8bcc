// The scenario that people see first: four teams, four nodes, and a VM in every state worth seeing.
import type { Storage } from '../storage/storage.ts'
import { createRandom, seedFor } from '../controllers/random.ts'
import { localStorage, seedBase, type NodeSize } from './cluster-base.ts'
import { createPast } from './simulate.ts'
import { vmObject, type VmPlan } from './vm-object.ts'

const day = 86_400_000
const minute = 60_000

export const smallNodes: NodeSize[] = [1, 2, 3, 4].map((n) => ({
  name: `fra-w-0${n}`,
  zone: n % 2 ? 'fra-1' : 'fra-2',
  cores: 32,
  memoryGi: 128,
  index: n,
  ip: `10.20.0.${10 + n}`,
}))

const vms: VmPlan[] = [
  {
    name: 'web-01',
    namespace: 'team-a',
    days: 41,
    os: 'ubuntu',
    cpus: 2,
    memory: '4Gi',
    labels: { app: 'web', tier: 'frontend' },
    password: 'web',
  },
  {
    name: 'web-02',
    namespace: 'team-a',
    days: 41,
    os: 'ubuntu',
    cpus: 2,
    memory: '4Gi',
    labels: { app: 'web', tier: 'frontend' },
    password: 'web',
  },
  {
    name: 'api-01',
    namespace: 'team-a',
    days: 38,
    os: 'debian',
    cpus: 4,
    memory: '8Gi',
    labels: { app: 'api', tier: 'backend' },
    networks: ['vlan-120'],
  },
  {
    name: 'db-01',
    namespace: 'team-a',
    days: 38,
    os: 'centos',
    cpus: 4,
    memory: '16Gi',
    labels: { app: 'db', tier: 'data' },
    storageClass: localStorage,
    accessMode: 'ReadWriteOnce',
  },
  {
    name: 'build-runner',
    namespace: 'team-a',
    days: 12,
    os: 'fedora',
    cpus: 8,
    memory: '16Gi',
    password: 'build',
    labels: { app: 'ci' },
    runStrategy: 'Halted',
  },
  {
    name: 'ci-cache',
    namespace: 'team-a',
    os: 'fedora',
    cpus: 2,
    memory: '4Gi',
    labels: { app: 'ci' },
    minutes: 9,
    transferSeconds: 1500,
    source: 'registry',
  },
  {
    name: 'scratch',
    namespace: 'team-a',
    days: 2,
    os: 'alpine',
    cpus: 1,
    memory: '512Mi',
    containerDisk: true,
    labels: { app: 'scratch' },
  },

  { name: 'desktop-01', namespace: 'team-b', days: 30, os: 'windows', cpus: 4, memory: '8Gi', labels: { app: 'desktop', user: 'maria' } },
  { name: 'desktop-02', namespace: 'team-b', days: 30, os: 'windows', cpus: 4, memory: '8Gi', labels: { app: 'desktop', user: 'jonas' } },
  { name: 'jumphost', namespace: 'team-b', days: 77, os: 'alpine', cpus: 1, memory: '512Mi', containerDisk: true, labels: { app: 'ssh' } },
  {
    name: 'report-batch',
    namespace: 'team-b',
    days: 22,
    os: 'debian',
    cpus: 2,
    memory: '4Gi',
    labels: { app: 'reports' },
    runStrategy: 'Manual',
  },
  { name: 'analytics', namespace: 'team-b', days: 16, os: 'centos', cpus: 8, memory: '32Gi', labels: { app: 'analytics' } },
  {
    name: 'legacy-erp',
    namespace: 'team-b',
    days: 64,
    os: 'windows2019',
    cpus: 4,
    memory: '12Gi',
    labels: { app: 'erp' },
    binding: 'bridge',
  },

  {
    name: 'shop-web-01',
    namespace: 'shop',
    days: 25,
    os: 'ubuntu',
    instancetype: 'u1.medium',
    preference: 'ubuntu',
    labels: { app: 'shop-web', tier: 'frontend' },
  },
  {
    name: 'shop-web-02',
    namespace: 'shop',
    days: 25,
    os: 'ubuntu',
    instancetype: 'u1.medium',
    preference: 'ubuntu',
    labels: { app: 'shop-web', tier: 'frontend' },
  },
  {
    name: 'shop-web-03',
    namespace: 'shop',
    days: 11,
    os: 'ubuntu',
    instancetype: 'u1.large',
    preference: 'ubuntu',
    labels: { app: 'shop-web', tier: 'frontend' },
  },
  {
    name: 'shop-db-01',
    namespace: 'shop',
    days: 33,
    os: 'centos',
    cpus: 8,
    memory: '32Gi',
    labels: { app: 'shop-db', tier: 'data' },
    networks: ['vlan-240'],
  },
  {
    name: 'shop-cache-01',
    namespace: 'shop',
    days: 33,
    os: 'debian',
    cpus: 2,
    memory: '8Gi',
    labels: { app: 'shop-cache', tier: 'data' },
    noAgent: true,
  },
  { name: 'shop-search-01', namespace: 'shop', minutes: 47, os: 'ubuntu', cpus: 16, memory: '256Gi', labels: { app: 'shop-search' } },
  {
    name: 'shop-payments',
    namespace: 'shop',
    minutes: 53,
    os: 'debian',
    cpus: 2,
    memory: '4Gi',
    labels: { app: 'shop-payments' },
    startFailure: "LibvirtError(Code=1, Domain=10, Message='internal error: qemu unexpectedly closed the monitor')",
  },
  {
    name: 'shop-export',
    namespace: 'shop',
    days: 5,
    os: 'alpine',
    cpus: 1,
    memory: '1Gi',
    containerDisk: true,
    labels: { app: 'shop-export' },
    runStrategy: 'Once',
  },

  { name: 'gitlab', namespace: 'platform', days: 58, os: 'debian', cpus: 8, memory: '16Gi', labels: { app: 'gitlab' } },
  {
    name: 'monitoring',
    namespace: 'platform',
    days: 58,
    os: 'fedora',
    cpus: 4,
    memory: '8Gi',
    labels: { app: 'monitoring' },
    extraDisk: '100Gi',
  },
  {
    name: 'ad-dc-01',
    namespace: 'platform',
    days: 71,
    os: 'windows',
    cpus: 2,
    memory: '8Gi',
    labels: { app: 'active-directory' },
    networks: ['vlan-120'],
  },
  {
    name: 'edge-fw',
    namespace: 'platform',
    days: 71,
    os: 'freebsd',
    cpus: 2,
    memory: '2Gi',
    labels: { app: 'firewall' },
    networks: ['vlan-120', 'vlan-240'],
    containerDisk: true,
  },
  {
    name: 'image-builder',
    namespace: 'platform',
    minutes: 26,
    os: 'fedora',
    cpus: 2,
    memory: '4Gi',
    labels: { app: 'packer' },
    containerDisk: true,
    image: 'registry.fra-prod.invalid/golden/fedora-builder:41',
  },
]

export function seedSmall(storage: Storage, { nowMs, seed }: { nowMs: number; seed: number }): void {
  const random = createRandom(seedFor('small', seed))
  const namespaces = ['team-a', 'team-b', 'shop', 'platform'].map((name) => ({ name, labels: { team: name.replace('team-', '') } }))
  seedBase(storage, { nowMs, namespaces, nodes: smallNodes })
  const past = createPast(storage, { startMs: nowMs - 80 * day, endMs: nowMs, seed })

  const timeline: { at: number; act(): void }[] = vms.map((plan) => ({
    at: plan.minutes === undefined ? (plan.days ?? 1) * day - random.integer(9 * 60) * minute : plan.minutes * minute,
    act() {
      for (const [key, object] of vmObject(plan, past.objects, random)) past.create(key, object)
    },
  }))
  const later = (at: number, act: () => void) => timeline.push({ at, act })

  later(9 * day, () => past.act('virtualmachines/start', 'team-a', 'build-runner'))
  later(8 * day, () => past.act('virtualmachines/stop', 'team-a', 'build-runner'))
  later(14 * minute, () => past.act('virtualmachineinstances/pause', 'team-b', 'desktop-02'))
  for (const [at, name] of [
    [12 * day, 'before-upgrade-17.5'],
    [5 * day, 'weekly-46'],
    [26 * minute, 'before-upgrade-17.6'],
  ] as const) {
    later(at, () => past.snapshot('platform', 'gitlab', name))
  }
  later(4 * day, () => past.snapshot('team-a', 'web-01', 'pre-patch'))
  later(2 * day, () => past.snapshot('team-b', 'desktop-01', 'clean-install'))
  // A busy database: its memory changes almost as fast as it can be copied, and the descheduler keeps trying.
  later(16 * minute, () =>
    past.annotate('shop', 'shop-db-01', {
      'simulation.virtdeck.io/migration-seconds': '2400',
      'simulation.virtdeck.io/migrate-every-seconds': '300',
    }),
  )
  later(3 * day, () => past.powerOff('shop', 'shop-export'))
  later(31 * minute, () =>
    past.patchTemplate('team-b', 'analytics', (spec) => ({
      ...spec,
      domain: { ...spec.domain, devices: { ...spec.domain.devices, rng: {} } },
    })),
  )

  for (const { at, act } of timeline.sort((a, b) => b.at - a.at)) {
    past.until(at)
    act()
  }
  past.until(0)
  past.stop()
}
