// What kubectl drain asks of a node: cordon it, then evict its pods again and again until they are gone.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createAdmission } from '../admission/create-admission.ts'
import { migrations } from './objects.ts'
import { startTestCluster } from './testing.ts'

let cluster: ReturnType<typeof startTestCluster>
beforeEach(() => {
  cluster = startTestCluster()
})
afterEach(() => {
  cluster.stop()
})

const podsOf = (name: string) =>
  cluster.objects.list('pods', 'team-a').filter((pod) => pod.metadata.labels?.['vm.kubevirt.io/name'] === name)
const nodeOf = (name: string) => cluster.vmi(name)?.status?.nodeName ?? ''

function cordon(name: string): void {
  const node = cluster.objects.get('nodes', undefined, name)!
  cluster.objects.update('nodes', { ...node, spec: { ...node.spec, unschedulable: true } as never })
}

/** Evicts a pod as the API server does; the webhook's words where it is refused. */
function evict(pod: ReturnType<typeof podsOf>[number]): string {
  try {
    for (const admission of createAdmission({ storage: cluster.storage, clock: cluster.clock })) {
      admission({
        verb: 'create',
        key: 'pods',
        subresource: 'eviction',
        object: pod as never,
        user: { username: 'admin', groups: [] },
        dryRun: false,
      })
    }
  } catch (error) {
    return (error as Error).message.replace('admission webhook "virt-launcher-eviction-interceptor.kubevirt.io" denied the request: ', '')
  }
  cluster.objects.remove('pods', pod, pod.status?.phase === 'Succeeded' ? 0 : 60)
  return 'evicted'
}

function createVm(name: string, evictionStrategy: string | undefined, options: object = {}): void {
  cluster.createVm(name, { ...options, ...(evictionStrategy ? { templateSpec: { evictionStrategy } } : {}) })
  cluster.seconds(60)
}

test.each([undefined, 'LiveMigrate', 'LiveMigrateIfPossible'])(
  'a VM with the eviction strategy %s leaves a drained node alive',
  (strategy) => {
    createVm('vm1', strategy)
    const [node, uid] = [nodeOf('vm1'), cluster.vmi('vm1')?.metadata.uid]
    cordon(node)
    expect(evict(podsOf('vm1')[0]!)).toBe('Eviction triggered evacuation of VMI "team-a/vm1"')
    cluster.seconds(1)
    expect(evict(podsOf('vm1').find((pod) => pod.spec?.nodeName === node)!)).toBe(
      'Evacuation in progress: Eviction triggered evacuation of VMI "team-a/vm1"',
    )
    cluster.seconds(20)
    expect(nodeOf('vm1')).not.toBe(node)
    expect(cluster.vmi('vm1')?.metadata.uid).toBe(uid)
    expect(cluster.vmi('vm1')?.status?.evacuationNodeName).toBeUndefined()
    expect(evict(podsOf('vm1').find((pod) => pod.spec?.nodeName === node)!)).toBe('evicted')
    cluster.seconds(2)
    expect(podsOf('vm1').map((pod) => pod.spec?.nodeName)).toEqual([nodeOf('vm1')])
  },
)

test('a VM with the eviction strategy None is shut down, and starts elsewhere', () => {
  createVm('vm1', 'None')
  const [node, uid] = [nodeOf('vm1'), cluster.vmi('vm1')?.metadata.uid]
  cordon(node)
  expect(evict(podsOf('vm1')[0]!)).toBe('evicted')
  cluster.seconds(20)
  expect(cluster.vmi('vm1')?.metadata.uid).not.toBe(uid)
  expect(nodeOf('vm1')).not.toBe(node)
  expect(cluster.objects.list(migrations, 'team-a')).toEqual([])
})

test('a VM that cannot migrate blocks the drain, unless it need not survive it', () => {
  const disk = { storageClassName: 'local-path', accessMode: 'ReadWriteOnce' }
  createVm('stuck', 'LiveMigrate', { disk })
  createVm('loose', 'LiveMigrateIfPossible', { disk })
  expect(evict(podsOf('stuck')[0]!)).toBe('VMI stuck is configured with an eviction strategy but is not live-migratable')
  expect(evict(podsOf('loose')[0]!)).toBe('evicted')
})

test('a VM with the eviction strategy External is marked, and left to whoever looks after it', () => {
  createVm('vm1', 'External')
  const node = nodeOf('vm1')
  cordon(node)
  expect(evict(podsOf('vm1')[0]!)).toBe('Eviction triggered evacuation of VMI "team-a/vm1"')
  cluster.seconds(60)
  expect(cluster.vmi('vm1')?.status).toMatchObject({ evacuationNodeName: node, nodeName: node })
  expect(cluster.objects.list(migrations, 'team-a')).toEqual([])
})

test('a cordon alone moves nobody', () => {
  createVm('vm1', 'LiveMigrate')
  const node = nodeOf('vm1')
  cordon(node)
  cluster.seconds(60)
  expect(nodeOf('vm1')).toBe(node)
})
