// Every printableStatus that a VM can show, by what brings it about: the table of docs/simulation.md.
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { vms } from './objects.ts'
import { startTestCluster } from './testing.ts'

type Cluster = ReturnType<typeof startTestCluster>

let cluster: Cluster
beforeEach(() => {
  cluster = startTestCluster()
})
afterEach(() => {
  cluster.stop()
})

const imported = { disk: { source: { http: { url: 'http://images.example/f.qcow2' } } } }
const root = (volume: object) => ({ templateSpec: { volumes: [{ name: 'root', ...volume }] } })

const causes: Record<string, (cluster: Cluster) => void> = {
  Stopped(c) {
    c.createVm('vm1', { runStrategy: 'Halted' })
    c.seconds(1)
  },
  Provisioning(c) {
    c.createVm('vm1', imported)
    c.seconds(8)
  },
  WaitingForVolumeBinding(c) {
    // Nobody consumes the claim of a VM that is told to run, until its VMI is there: KubeVirt shows it in between.
    c.createVm('vm1', {
      runStrategy: 'Halted',
      disk: { storageClassName: 'local-path', accessMode: 'ReadWriteOnce', source: { blank: {} } },
    })
    c.seconds(3)
    c.put('virtualmachines/start', 'vm1')
    c.seconds(0.2)
  },
  Starting(c) {
    c.createVm('vm1')
    c.seconds(1)
  },
  Running(c) {
    c.createVm('vm1')
    c.seconds(5)
  },
  Paused(c) {
    causes['Running']?.(c)
    c.put('virtualmachineinstances/pause', 'vm1')
    c.seconds(1)
  },
  Migrating(c) {
    c.createVm('vm1', { annotations: { 'simulation.virtdeck.io/migration-seconds': '30' } })
    c.seconds(12)
    c.migrate('vm1')
    c.seconds(10)
  },
  Stopping(c) {
    causes['Running']?.(c)
    c.put('virtualmachines/stop', 'vm1')
    c.seconds(1)
  },
  Terminating(c) {
    causes['Running']?.(c)
    c.remove(vms, 'vm1')
    c.seconds(1)
  },
  CrashLoopBackOff(c) {
    c.createVm('vm1', { annotations: { 'simulation.virtdeck.io/start-failure': 'no such device' } })
    c.seconds(6)
  },
  ErrorUnschedulable(c) {
    c.createVm('vm1', { memory: '512Gi' })
    c.seconds(3)
  },
  ErrImagePull(c) {
    c.createVm('vm1', root({ containerDisk: { image: 'registry.invalid/none:1' } }))
    c.seconds(3)
  },
  ImagePullBackOff(c) {
    causes['ErrImagePull']?.(c)
    c.seconds(5)
  },
  ErrorPvcNotFound(c) {
    c.createVm('vm1', root({ persistentVolumeClaim: { claimName: 'nosuch' } }))
    c.seconds(2)
  },
  DataVolumeError(c) {
    c.createVm('vm1', { disk: { source: { http: { url: 'http://mirror.invalid/f.qcow2' } } } })
    c.seconds(8)
  },
}

test.each(Object.entries(causes))('a VM is %s', (status, bringAbout) => {
  bringAbout(cluster)
  expect(cluster.vm('vm1').status?.printableStatus).toBe(status)
})

test('docs/simulation.md tells how to see each of them', () => {
  const documentation = readFileSync(new URL('../../../../docs/simulation.md', import.meta.url), 'utf8')
  for (const status of Object.keys(causes)) expect(documentation).toContain(`| \`${status}\` |`)
})

test('an image that cannot be pulled is tried again, ever later', () => {
  causes['ErrImagePull']?.(cluster)
  const statuses = cluster.follow(vms, 'vm1', (vm: { status?: { printableStatus?: string } }) => vm.status?.printableStatus)
  cluster.seconds(200)
  expect(statuses).toEqual([
    'ImagePullBackOff',
    'ErrImagePull',
    'ImagePullBackOff',
    'ErrImagePull',
    'ImagePullBackOff',
    'ErrImagePull',
    'ImagePullBackOff',
  ])
  expect(cluster.events('BackOff')[0]).toMatchObject({ message: 'Back-off pulling image "registry.invalid/none:1"', count: 4 })
})
