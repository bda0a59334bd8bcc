// Everything that goes wrong, at once: the scenario for diagnosis.
import type { Storage } from '../storage/storage.ts'
import { createRandom, seedFor } from '../controllers/random.ts'
import { seedBase } from './cluster-base.ts'
import { createPast } from './simulate.ts'
import { smallNodes } from './small.ts'
import { vmObject, type VmPlan } from './vm-object.ts'

const minute = 60_000
const namespace = 'team-a'
const base = { namespace, os: 'ubuntu', cpus: 2, memory: '4Gi', minutes: 100 } as const satisfies Partial<VmPlan>

const vms: VmPlan[] = [
  { ...base, name: 'healthy' },
  { ...base, name: 'no-room', memory: '512Gi', minutes: 50 },
  { ...base, name: 'no-such-node', nodeSelector: { 'topology.kubernetes.io/zone': 'fra-9' }, minutes: 50 },
  {
    ...base,
    name: 'crash-loop',
    startFailure: "LibvirtError(Code=1, Domain=10, Message='internal error: process exited while connecting to monitor')",
    minutes: 50,
  },
  { ...base, name: 'crashes', crashes: true, containerDisk: true, minutes: 20 },
  { ...base, name: 'no-claim', claim: 'deleted-by-mistake', minutes: 50 },
  { ...base, name: 'no-image', containerDisk: true, image: 'registry.fra-prod.invalid/golden/ubuntu:24.04', minutes: 50 },
  { ...base, name: 'no-mirror', source: { http: 'http://mirror.fra-prod.invalid/ubuntu-24.04.qcow2' }, minutes: 40 },
  { ...base, name: 'slow-import', source: 'registry', transferSeconds: 7200, minutes: 35 },
  { ...base, name: 'no-instancetype', instancetype: 'u9.colossal', minutes: 50 },
  { ...base, name: 'no-preference', preference: 'plan9', instancetype: 'u1.small', minutes: 50 },
  { ...base, name: 'no-agent', noAgent: true },
  { ...base, name: 'paused' },
  { ...base, name: 'restart-required' },
  { ...base, name: 'local-disk', storageClass: 'local-path', accessMode: 'ReadWriteOnce' },
  { ...base, name: 'bridged', binding: 'bridge' },
  { ...base, name: 'migration-stalls' },
  { ...base, name: 'stuck-stopping', os: 'windows', cpus: 4, memory: '8Gi' },
  { ...base, name: 'snapshot-fails' },
  { ...base, name: 'restore-waits' },
]

export function seedTrouble(storage: Storage, { nowMs, seed }: { nowMs: number; seed: number }): void {
  const random = createRandom(seedFor('trouble', seed))
  // One node is cordoned, and one has lost its virt-handler.
  seedBase(storage, { nowMs, namespaces: [{ name: namespace }, { name: 'team-b' }], nodes: smallNodes })
  const past = createPast(storage, { startMs: nowMs - 110 * minute, endMs: nowMs, seed })
  for (const node of past.objects.list('nodes')) {
    if (node.metadata.name === 'fra-w-04') past.objects.update('nodes', { ...node, spec: { ...node.spec, unschedulable: true } as never })
    if (node.metadata.name === 'fra-w-03') {
      past.objects.setMetadata('nodes', node, { labels: { ...node.metadata.labels, 'kubevirt.io/schedulable': 'false' } })
    }
  }

  const timeline: { at: number; act(): void }[] = vms.map((plan) => ({
    at: (plan.minutes ?? 60) * minute,
    act() {
      for (const [key, object] of vmObject(plan, past.objects, random)) past.create(key, object)
    },
  }))
  const later = (minutes: number, act: () => void) => timeline.push({ at: minutes * minute, act })

  later(30, () => past.act('virtualmachineinstances/pause', namespace, 'paused'))
  later(29, () =>
    past.patchTemplate(namespace, 'restart-required', (spec) => ({
      ...spec,
      domain: { ...spec.domain, devices: { ...spec.domain.devices, rng: {} } },
    })),
  )
  later(28, () => past.annotate(namespace, 'migration-stalls', { 'simulation.virtdeck.io/migration-stalls': 'true' }))
  later(27, () => past.act('virtualmachines/migrate', namespace, 'migration-stalls'))
  later(26, () => past.snapshot(namespace, 'snapshot-fails', 'before-upgrade'))
  later(25, () => past.snapshot(namespace, 'deleted-vm', 'of-a-deleted-vm'))
  later(24, () => past.snapshot(namespace, 'restore-waits', 'good'))
  later(2, () => past.restore(namespace, 'restore-waits', 'good', 'restore-good'))
  later(1, () => {
    past.annotateVmi(namespace, 'stuck-stopping', { 'simulation.virtdeck.io/shutdown': 'ignored' })
    past.act('virtualmachines/stop', namespace, 'stuck-stopping')
  })

  for (const { at, act } of timeline.sort((a, b) => b.at - a.at)) {
    past.until(at)
    act()
  }
  past.until(0)
  past.stop()
}
