import { afterEach, beforeEach, expect, test } from 'vitest'
import { conditionOf, pvcs } from './objects.ts'
import { startTestCluster } from './testing.ts'

let cluster: ReturnType<typeof startTestCluster>
beforeEach(() => {
  cluster = startTestCluster()
  for (const [name, size, volumeMode] of [
    ['dump', '2Gi', 'Filesystem'],
    ['small', '64Mi', 'Filesystem'],
    ['block', '2Gi', 'Block'],
  ] as const) {
    cluster.create(pvcs, {
      metadata: { name, namespace: 'team-a' },
      spec: { accessModes: ['ReadWriteMany'], storageClassName: 'ceph-block', volumeMode, resources: { requests: { storage: size } } },
    })
  }
  cluster.createVm('vm1', { memory: '1Gi' })
  cluster.seconds(12)
})
afterEach(() => {
  cluster.stop()
})

const request = () => cluster.vm('vm1').status?.memoryDumpRequest as { phase?: string; fileName?: string } | undefined
const dump = (claimName?: string) => cluster.put('virtualmachines/memorydump', 'vm1', claimName ? { claimName } : {})
const volumesOf = (spec: { volumes?: { name: string }[] } | undefined) => spec?.volumes?.map((volume) => volume.name)

test('a memory dump is mounted, written, let go, and named on its claim', () => {
  const phases = cluster.follow(
    'virtualmachines.kubevirt.io',
    'vm1',
    (vm: { status?: { memoryDumpRequest?: { phase?: string } } }) => vm.status?.memoryDumpRequest?.phase,
  )
  expect(dump('dump')).toEqual({ code: 202 })
  cluster.seconds(2)
  expect(cluster.vmi('vm1')?.status?.volumeStatus?.find((status) => status.name === 'dump')).toMatchObject({
    phase: 'MemoryDumpInProgress',
    memoryDumpVolume: { claimName: 'dump', targetFileName: expect.stringMatching(/^vm1-dump-\d{8}-\d{6}\.memory\.dump$/) },
  })
  expect(() => dump('dump')).toThrow('memory dump request for pvc [dump] already in progress')
  cluster.seconds(10)
  expect(phases.filter(Boolean)).toEqual(['Associating', 'InProgress', 'Unmounting', 'Completed'])
  expect(request()?.fileName).toMatch(/\.memory\.dump$/)
  expect(cluster.objects.get(pvcs, 'team-a', 'dump')?.metadata.annotations?.['kubevirt.io/memory-dump']).toBe(request()?.fileName)
  expect(volumesOf(cluster.vm('vm1').spec.template.spec)).toEqual(['root', 'dump'])
  expect(volumesOf(cluster.vmi('vm1')?.spec)).toEqual(['root'])
  expect(conditionOf(cluster.vm('vm1'), 'RestartRequired')).toBeUndefined()
})

test('the association ends when it is removed, and a restart does not mount it again', () => {
  dump('dump')
  cluster.seconds(12)
  cluster.put('virtualmachines/restart', 'vm1')
  cluster.seconds(15)
  expect(volumesOf(cluster.vmi('vm1')?.spec)).toEqual(['root'])
  expect(cluster.put('virtualmachines/removememorydump', 'vm1')).toEqual({ code: 202 })
  cluster.seconds(3)
  expect(request()).toBeUndefined()
  expect(volumesOf(cluster.vm('vm1').spec.template.spec)).toEqual(['root'])
  expect(() => cluster.put('virtualmachines/removememorydump', 'vm1')).toThrow(
    "can't remove memory dump association for vm vm1, no association found",
  )
})

test.each([
  [undefined, 'Memory dump requires claim name to be set'],
  ['nosuch', 'persistentvolumeclaim.kubevirt.io "nosuch" not found'],
  ['block', 'pvc should be filesystem pvc'],
  ['small', 'pvc size [67109k] should be bigger then [111149056]'],
])('refuses a dump to %s', (claimName, words) => {
  expect(() => dump(claimName)).toThrow(words)
})

test('a dump that fails says why', () => {
  cluster.createVm('vm2', { annotations: { 'simulation.virtdeck.io/memory-dump': 'no space left on device' } })
  cluster.seconds(12)
  cluster.put('virtualmachines/memorydump', 'vm2', { claimName: 'dump' })
  cluster.seconds(12)
  expect(cluster.vm('vm2').status?.memoryDumpRequest).toMatchObject({
    phase: 'Failed',
    message: 'Memory dump to pvc dump failed: no space left on device',
  })
  expect(volumesOf(cluster.vmi('vm2')?.spec)).toEqual(['root'])
})
