import type { KubeObject } from '@virtdeck/k8s'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { conditionOf, dataVolumes, migrations } from './objects.ts'
import { startTestCluster } from './testing.ts'

let cluster: ReturnType<typeof startTestCluster>
beforeEach(() => {
  cluster = startTestCluster()
})
afterEach(() => {
  cluster.stop()
})

const setQuota = (hard: Record<string, string>) => {
  const quota = { metadata: { name: 'team', namespace: 'team-a' }, spec: { hard } } as KubeObject
  const existing = cluster.storage.get('resourcequotas', 'team-a', 'team')
  if (existing) cluster.storage.update('resourcequotas', { ...existing, spec: { hard } })
  else cluster.storage.create('resourcequotas', quota)
}

test('a VM whose launcher is over the quota stays Starting, says why, and starts once there is room', () => {
  setQuota({ 'requests.memory': '2Gi' })
  cluster.createVm('vm1', { memory: '1Gi' })
  cluster.seconds(5)
  cluster.createVm('vm2', { memory: '1Gi' })
  cluster.seconds(5)
  expect(cluster.vm('vm2').status?.printableStatus).toBe('Starting')
  expect(conditionOf(cluster.vmi('vm2'), 'Synchronized')).toMatchObject({
    status: 'False',
    reason: 'FailedCreate',
    message: expect.stringMatching(
      /^failed to create virtual machine pod: pods "virt-launcher-vm2-\w{5}" is forbidden: exceeded quota: team, requested: requests.memory=/,
    ),
  })
  expect(conditionOf(cluster.vm('vm2'), 'Ready')).toMatchObject({ status: 'False', reason: 'PodNotExists' })
  expect(cluster.events('FailedCreate')[0]).toMatchObject({
    message: expect.stringMatching(/^Error creating pod: pods .* is forbidden: exceeded quota/),
    involvedObject: { kind: 'VirtualMachineInstance', name: 'vm2' },
    type: 'Warning',
  })
  cluster.put('virtualmachines/stop', 'vm1')
  cluster.seconds(15)
  expect(cluster.vm('vm2').status?.printableStatus).toBe('Running')
  expect(conditionOf(cluster.vmi('vm2'), 'Synchronized')).toBeUndefined()
})

test('a migration whose target is over the quota waits, and goes on when the quota grows', () => {
  cluster.createVm('vm1')
  cluster.seconds(12)
  setQuota({ pods: '1' })
  cluster.migrate('vm1')
  cluster.seconds(5)
  const migration = () => cluster.objects.get(migrations, 'team-a', 'vm1-migration')
  expect(migration()?.status?.phase).toBe('Pending')
  expect(conditionOf(migration() as never, 'migrationRejectedByResourceQuota')?.status).toBe('True')
  setQuota({ pods: '3' })
  cluster.seconds(60)
  expect(migration()?.status?.phase).toBe('Succeeded')
  expect(conditionOf(migration() as never, 'migrationRejectedByResourceQuota')).toBeUndefined()
})

test('a DataVolume over the quota for storage says so, and keeps its VM from starting', () => {
  setQuota({ 'requests.storage': '10Gi' })
  cluster.createVm('vm1', { disk: {} })
  cluster.seconds(5)
  const dv = cluster.objects.get(dataVolumes, 'team-a', 'vm1-root')
  expect(dv?.status?.phase).toBe('Pending')
  expect(conditionOf(dv as never, 'Bound')).toMatchObject({ reason: 'ErrExceededQuota' })
  expect(cluster.vm('vm1').status?.printableStatus).toBe('Provisioning')
  setQuota({ 'requests.storage': '100Gi' })
  cluster.seconds(90)
  expect(cluster.vm('vm1').status?.printableStatus).toBe('Running')
})

test('a VM that may have no VMI says so in its Failure condition', () => {
  setQuota({ 'count/virtualmachineinstances.kubevirt.io': '0' })
  cluster.createVm('vm1')
  cluster.seconds(5)
  expect(cluster.vm('vm1').status?.printableStatus).toBe('Stopped')
  expect(conditionOf(cluster.vm('vm1'), 'Failure')).toMatchObject({
    reason: 'FailedCreate',
    message: expect.stringContaining(
      'Failure while starting VMI: virtualmachineinstances.kubevirt.io "vm1" is forbidden: exceeded quota: team',
    ),
  })
  setQuota({ 'count/virtualmachineinstances.kubevirt.io': '1' })
  cluster.seconds(60)
  expect(cluster.vm('vm1').status?.printableStatus).toBe('Running')
  expect(conditionOf(cluster.vm('vm1'), 'Failure')).toBeUndefined()
})
