// A fleet of N VMs over many namespaces and nodes: a dozen VMs live their lives once, and are then stamped out.
import type { KubeObject } from '@virtdeck/k8s'
import { createRandom, seedFor, type Random } from '../controllers/random.ts'
import { createStorage, type Storage } from '../storage/storage.ts'
import { manualClock } from '../clock.ts'
import { localStorage, seedBase, type NodeSize } from './cluster-base.ts'
import { createPast, type Past } from './simulate.ts'
import { compileStamp, type Stamp } from './stamp.ts'
import { vmObject, type VmPlan } from './vm-object.ts'

const day = 86_400_000
const second = 1000

type Mould = {
  plan: Omit<VmPlan, 'name' | 'namespace'>
  /** Of how many VMs in a thousand it is. */
  share: number
  memoryGi: number
  /** What happened to it before it was cast. */
  before?: (past: Past, name: string) => void
  /** How long it lives before that, and before it is cast. */
  lifeSeconds?: number
}

const moulds: Mould[] = [
  { share: 240, memoryGi: 4, plan: { os: 'ubuntu', cpus: 2, memory: '4Gi' } },
  { share: 150, memoryGi: 8, plan: { os: 'centos', cpus: 4, memory: '8Gi' } },
  { share: 130, memoryGi: 4, plan: { os: 'debian', instancetype: 'u1.medium', preference: 'debian' } },
  { share: 80, memoryGi: 8, plan: { os: 'windows', cpus: 4, memory: '8Gi' } },
  { share: 70, memoryGi: 2, plan: { os: 'fedora', cpus: 2, memory: '2Gi', networks: ['vlan-120'] } },
  { share: 60, memoryGi: 16, plan: { os: 'centos', cpus: 8, memory: '16Gi', storageClass: localStorage, accessMode: 'ReadWriteOnce' } },
  { share: 50, memoryGi: 1, plan: { os: 'alpine', cpus: 1, memory: '1Gi', containerDisk: true } },
  { share: 40, memoryGi: 4, plan: { os: 'ubuntu', cpus: 2, memory: '4Gi', noAgent: true } },
  { share: 150, memoryGi: 0, plan: { os: 'ubuntu', cpus: 2, memory: '4Gi', runStrategy: 'Halted' } },
  {
    share: 12,
    memoryGi: 8,
    plan: { os: 'windows', cpus: 4, memory: '8Gi' },
    before: (past, name) => past.act('virtualmachineinstances/pause', 'mould', name),
  },
  {
    share: 9,
    memoryGi: 0,
    plan: { os: 'debian', cpus: 2, memory: '4Gi', startFailure: "LibvirtError(Code=38, Domain=7, Message='Cannot access storage file')" },
    lifeSeconds: 70,
  },
  { share: 5, memoryGi: 0, plan: { os: 'fedora', cpus: 2, memory: '4Gi', source: 'registry', transferSeconds: 5400 }, lifeSeconds: 2400 },
  { share: 3, memoryGi: 0, plan: { os: 'ubuntu', cpus: 2, memory: '4Gi', nodeSelector: { 'nvidia.com/gpu.present': 'true' } } },
  {
    share: 1,
    memoryGi: 0,
    plan: { os: 'alpine', cpus: 1, memory: '1Gi', containerDisk: true, image: 'registry.fra-prod.invalid/team/appliance:2.3' },
  },
]

/** Those with an end of their own are cast a little before now, the others long ago. */
const isRecent = (mould: Mould) => mould.plan.transferSeconds !== undefined || mould.plan.startFailure !== undefined

const teams = [
  'payments',
  'checkout',
  'search',
  'catalog',
  'identity',
  'billing',
  'logistics',
  'analytics',
  'media',
  'mobile',
  'risk',
  'support',
  'hr',
  'erp',
  'edge',
  'ci',
  'sandbox',
  'data',
  'vdi',
  'core',
]
const stages = ['prod', 'staging', 'dev']
const roles = ['web', 'api', 'db', 'cache', 'queue', 'batch', 'search', 'proxy', 'worker', 'build', 'desktop', 'app', 'report', 'gateway']

type Cast = { stamps: { key: string; stamp: Stamp<KubeObject> }[]; uids: string[]; createdMs: number }

const moulded = { name: 'mouldvmname', namespace: 'mould', node: 'mould-node' }

/** One VM's whole set of objects, as it is after its life, ready to be stamped. */
function cast(mould: Mould, nowMs: number, seed: number): Cast {
  const clock = manualClock(nowMs)
  const storage = createStorage(clock)
  const node: NodeSize = { name: moulded.node, zone: 'mould', cores: 64, memoryGi: 768, index: 1, ip: '10.20.255.255' }
  seedBase(storage, { nowMs, namespaces: [{ name: moulded.namespace }], nodes: [node] })
  const lifeMs = (mould.lifeSeconds ?? 120) * second
  const createdMs = nowMs - lifeMs
  const past = createPast(storage, { startMs: createdMs, endMs: nowMs, seed })
  const before = new Set(kinds.flatMap((key) => storage.list(key).map((object) => object.metadata.uid)))
  for (const [key, object] of vmObject(
    { ...mould.plan, name: moulded.name, namespace: moulded.namespace },
    past.objects,
    createRandom(seedFor('mould', seed)),
  )) {
    past.create(key, object)
  }
  if (mould.before) {
    past.until(30 * second)
    mould.before(past, moulded.name)
  }
  past.until(0)
  past.stop()
  const made = kinds.flatMap((key) =>
    storage
      .list(key)
      .filter((object) => !before.has(object.metadata.uid) && !isStartRevision(key, object))
      .map((object) => ({ key, object })),
  )
  const uids = made.map(({ object }) => object.metadata.uid)
  const pod = made.find(({ key }) => key === 'pods')?.object as { status?: { podIP?: string } } | undefined
  const vmi = made.find(({ key }) => key === 'virtualmachineinstances.kubevirt.io')?.object as
    | { status?: { interfaces?: { mac?: string; ipAddress?: string }[] } }
    | undefined
  const nics = vmi?.status?.interfaces ?? []
  const vm = made.find(({ key }) => key === 'virtualmachines.kubevirt.io')?.object as
    | { spec?: { template?: { spec?: { domain?: { firmware?: { uuid?: string; serial?: string } } } } } }
    | undefined
  const firmware = vm?.spec?.template?.spec?.domain?.firmware
  const unique = [...uids, ...(firmware?.uuid ? [firmware.uuid] : []), ...(firmware?.serial ? [firmware.serial] : [])]
  const words = [
    moulded.name,
    moulded.node,
    ...unique,
    ...(pod?.status?.podIP ? [pod.status.podIP] : []),
    ...nics.flatMap((nic) => nic.mac ?? []),
  ]
  const stamps = made.map(({ key, object }) => {
    const { resourceVersion: _, ...metadata } = object.metadata
    return { key, stamp: compileStamp({ ...object, metadata } as KubeObject, words) }
  })
  return { stamps: stamps.map(({ key, stamp }) => ({ key, stamp: inNamespace(stamp) })), uids: words.slice(1), createdMs }
}

const kinds = [
  'secrets',
  'virtualmachines.kubevirt.io',
  'virtualmachineinstances.kubevirt.io',
  'pods',
  'datavolumes.cdi.kubevirt.io',
  'persistentvolumeclaims',
  'persistentvolumes',
  'controllerrevisions.apps',
]

/** What a VMI was started from is left out: as many objects as there are VMs, for which nobody asks. */
const isStartRevision = (key: string, { metadata }: KubeObject) => key === 'controllerrevisions.apps' && !metadata.labels

function inNamespace(stamp: Stamp<KubeObject>): Stamp<KubeObject> {
  return (values) => {
    const object = stamp(values)
    return object.metadata.namespace ? { ...object, metadata: { ...object.metadata, namespace: values.words['namespace'] ?? '' } } : object
  }
}

function fleetNodes(vms: number): NodeSize[] {
  const count = Math.max(4, Math.ceil(vms / 75))
  return Array.from({ length: count }, (_, i) => ({
    name: `fra-w-${String(i + 1).padStart(count > 99 ? 3 : 2, '0')}`,
    zone: `fra-${(i % 3) + 1}`,
    cores: 64,
    memoryGi: 768,
    index: i % 250,
    ip: `10.20.${Math.floor(i / 200)}.${10 + (i % 200)}`,
  }))
}

function pickMould(random: Random): number {
  let ticket = random.integer(moulds.reduce((sum, mould) => sum + mould.share, 0))
  return moulds.findIndex((mould) => (ticket -= mould.share) < 0)
}

export function seedFleet(storage: Storage, { nowMs, seed, vms }: { nowMs: number; seed: number; vms: number }): void {
  const random = createRandom(seedFor('fleet', seed))
  const namespaceCount = Math.max(4, Math.min(60, Math.ceil(vms / 100)))
  const namespaces = ['team-a', 'team-b', ...teams.flatMap((team) => stages.map((stage) => `${team}-${stage}`))].slice(0, namespaceCount)
  const nodes = fleetNodes(vms)
  seedBase(storage, {
    nowMs,
    namespaces: namespaces.map((name) => ({ name, labels: { team: name.replace(/-(prod|staging|dev)$/, '') } })),
    nodes,
    kubeVirtAnnotations: { 'simulation.virtdeck.io/churn-per-minute': String(Math.min(60, Math.ceil(vms / 250))) },
  })
  const casts = moulds.map((mould, i) => cast(mould, nowMs, seedFor(`mould ${i}`, seed)))
  const free = nodes.map((node) => node.memoryGi - 24)
  const numbers = new Map<string, number>()
  let address = 0

  // In the order of the store's keys, which is how it takes them fastest.
  const planned = Array.from({ length: vms }, () => {
    const namespace = random.pick(namespaces)
    const role = `${namespace.split('-')[0]}-${random.pick(roles)}`
    const number = (numbers.get(`${namespace}/${role}`) ?? 0) + 1
    numbers.set(`${namespace}/${role}`, number)
    return { namespace, name: `${role}-${String(number).padStart(3, '0')}`, mould: pickMould(random), role }
  }).sort((a, b) => (a.namespace === b.namespace ? (a.name < b.name ? -1 : 1) : a.namespace < b.namespace ? -1 : 1))

  for (const [i, { namespace, name, mould: at }] of planned.entries()) {
    const mould = moulds[at] as Mould
    const { stamps, uids } = casts[at] as Cast
    const needGi = mould.memoryGi + 1
    let node = i % nodes.length
    for (let tries = 0; tries < nodes.length && (free[node] ?? 0) < needGi; tries += 1) node = (node + 1) % nodes.length
    if (mould.memoryGi > 0) free[node] = (free[node] ?? 0) - needGi
    const words: Record<string, string> = { namespace, [moulded.name]: name, [moulded.node]: nodes[node]?.name ?? '' }
    address += 1
    for (const token of uids) {
      if (token.startsWith('10.'))
        words[token] = `10.${244 + Math.floor(address / 62_500)}.${Math.floor(address / 250) % 250}.${(address % 250) + 2}`
      else if (token.startsWith('02:00:'))
        words[token] = `02:00:${hexPair(address >> 16)}:${hexPair(address >> 8)}:${hexPair(address)}:${token.slice(-2)}`
      else if (token !== moulded.node) words[token] = random.uuid()
    }
    const shiftMs = isRecent(mould)
      ? -random.integer(600) * second
      : -Math.floor(random.next() * random.next() * 300 * day) - 2 * 3_600 * second
    const values = { words, shiftMs }
    for (const { key, stamp } of stamps) storage.create(key, stamp(values))
  }
}

const hexPair = (value: number) => (value & 255).toString(16).padStart(2, '0')
