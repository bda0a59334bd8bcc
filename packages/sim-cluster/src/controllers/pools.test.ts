import type { KubeObject } from '@virtdeck/k8s'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { conditionOf, pools, replicaSets, vmis, vms } from './objects.ts'
import { startTestCluster } from './testing.ts'

let cluster: ReturnType<typeof startTestCluster>
beforeEach(() => {
  cluster = startTestCluster()
})
afterEach(() => {
  cluster.stop()
})

const template = (memory = '1Gi') => ({
  spec: {
    domain: {
      devices: { disks: [{ name: 'root', disk: { bus: 'virtio' } }], interfaces: [{ name: 'default', masquerade: {} }] },
      memory: { guest: memory },
    },
    networks: [{ name: 'default', pod: {} }],
    volumes: [{ name: 'root', dataVolume: { name: 'root' } }],
  },
})
const dataVolumeTemplates = [
  { metadata: { name: 'root' }, spec: { source: { blank: {} }, storage: { resources: { requests: { storage: '1Gi' } } } } },
]

function createPool(spec: object = {}, memory?: string): void {
  cluster.create(pools, {
    metadata: { name: 'web', namespace: 'team-a', generation: 1 },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'web' } },
      virtualMachineTemplate: {
        metadata: { labels: { app: 'web' } },
        spec: { runStrategy: 'Always', dataVolumeTemplates, template: template(memory) },
      },
      ...spec,
    },
  } as KubeObject)
}
const pool = () => cluster.objects.get(pools, 'team-a', 'web')!
const members = () => cluster.objects.list(vms, 'team-a').map((vm) => vm.metadata.name)
const setSpec = (change: object) => cluster.objects.setSpec(pools, pool(), { ...pool().spec, ...change })

describe('a pool', () => {
  test('makes numbered VMs with disks of their own, and counts those that are ready', () => {
    createPool()
    cluster.seconds(20)
    expect(members()).toEqual(['web-0', 'web-1', 'web-2'])
    expect(cluster.vm('web-1').spec.dataVolumeTemplates?.[0]?.metadata?.name).toBe('root-1')
    expect(cluster.vm('web-1').metadata).toMatchObject({
      labels: { app: 'web', 'kubevirt.io/vm-pool-revision-name': 'web-1' },
      ownerReferences: [{ kind: 'VirtualMachinePool', name: 'web', controller: true }],
    })
    expect(pool().status).toEqual({ labelSelector: 'app=web', readyReplicas: 3, replicas: 3 })
    expect(cluster.events('SuccessfulCreate').map((event) => event.message)).toContain('Created VM team-a/web-2')
  })

  test('grows and shrinks as it is scaled, and fills the gap that a deleted VM leaves', () => {
    createPool({ scaleInStrategy: { proactive: { selectionPolicy: { basePolicy: 'DescendingOrder' } } } })
    cluster.seconds(20)
    setSpec({ replicas: 4 })
    cluster.seconds(20)
    expect(members()).toEqual(['web-0', 'web-1', 'web-2', 'web-3'])
    setSpec({ replicas: 1 })
    cluster.seconds(20)
    expect(members()).toEqual(['web-0'])
    setSpec({ replicas: 2 })
    cluster.seconds(20)
    cluster.remove(vms, 'web-0')
    cluster.seconds(30)
    expect(members()).toEqual(['web-0', 'web-1'])
    expect(pool().status?.readyReplicas).toBe(2)
  })

  test('brings a new template to its VMs, one after the other where only one may be unavailable', () => {
    createPool({ maxUnavailable: 1 })
    cluster.seconds(20)
    const before = cluster.objects.list(vmis, 'team-a').map((vmi) => vmi.metadata.uid)
    setSpec({
      virtualMachineTemplate: {
        metadata: { labels: { app: 'web' } },
        spec: { runStrategy: 'Always', dataVolumeTemplates, template: template('2Gi') },
      },
    })
    let fewest = 3
    cluster.storage.subscribe((event) => {
      if (event.resource.plural !== 'virtualmachinepools') return
      fewest = Math.min(fewest, (event.object.status as { readyReplicas?: number } | undefined)?.readyReplicas ?? 0)
    })
    cluster.seconds(120)
    expect(cluster.objects.list(vmis, 'team-a').map((vmi) => vmi.spec.domain.memory?.guest)).toEqual(['2Gi', '2Gi', '2Gi'])
    expect(cluster.objects.list(vmis, 'team-a').some((vmi) => before.includes(vmi.metadata.uid))).toBe(false)
    expect(fewest).toBe(2)
    const revisions = cluster.objects.list('controllerrevisions.apps', 'team-a').filter(({ metadata }) => metadata.name.startsWith('web-'))
    expect(revisions).toHaveLength(1)
  })

  test('does nothing while it is paused, and says so', () => {
    createPool()
    cluster.seconds(20)
    setSpec({ paused: true, replicas: 5 })
    cluster.seconds(20)
    expect(members()).toHaveLength(3)
    expect(conditionOf(pool() as never, 'ReplicaPaused')).toMatchObject({ status: 'True', message: 'Pool controller is paused' })
    setSpec({ paused: false })
    cluster.seconds(20)
    expect(members()).toHaveLength(5)
    expect(cluster.events('SuccessfulResume')[0]?.message).toBe('Pool is unpaused')
  })

  test('whose template no webhook would let through says why it has no VMs', () => {
    createPool({
      virtualMachineTemplate: {
        metadata: { labels: { app: 'web' } },
        spec: {
          runStrategy: 'Sometimes',
          template: { spec: { ...template().spec, volumes: [], domain: { devices: {}, memory: { guest: '1Gi' } } } },
        },
      },
    })
    cluster.seconds(1)
    expect(members()).toEqual([])
    expect(conditionOf(pool() as never, 'ReplicaFailure')).toMatchObject({
      reason: 'FailedScaleOut',
      message: expect.stringContaining('Invalid RunStrategy (Sometimes)'),
    })
  })
})

test('a replica set keeps as many VMIs as asked, and replaces those that end', () => {
  cluster.create(replicaSets, {
    metadata: { name: 'batch', namespace: 'team-a', generation: 1 },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'batch' } },
      template: {
        metadata: { labels: { app: 'batch' } },
        spec: { ...template().spec, volumes: [{ name: 'root', containerDisk: { image: 'quay.io/containerdisks/fedora:41' } }] },
      },
    },
  } as KubeObject)
  cluster.seconds(15)
  const set = () => cluster.objects.get(replicaSets, 'team-a', 'batch')!
  const running = () => cluster.objects.list(vmis, 'team-a')
  expect(running().map((vmi) => vmi.metadata.name)).toEqual([expect.stringMatching(/^batch\w{5}$/), expect.stringMatching(/^batch\w{5}$/)])
  expect(set().status).toEqual({ labelSelector: 'app=batch', readyReplicas: 2, replicas: 2 })
  const first = running()[0]!
  cluster.objects.remove(
    'pods',
    cluster.objects.list('pods', 'team-a').find((pod) => pod.metadata.ownerReferences?.[0]?.uid === first.metadata.uid)!,
    30,
  )
  cluster.seconds(20)
  expect(running()).toHaveLength(2)
  expect(running().some((vmi) => vmi.metadata.uid === first.metadata.uid)).toBe(false)
  cluster.objects.setSpec(replicaSets, set(), { ...set().spec, replicas: 0 })
  cluster.seconds(20)
  expect(running()).toEqual([])
  expect(set().status).toEqual({ labelSelector: 'app=batch' })
})
