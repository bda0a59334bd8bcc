import type {
  DataVolume,
  Node,
  PersistentVolumeClaim,
  VirtualMachine,
  VirtualMachineInstance,
  VirtualMachineInstanceMigration,
  VirtualMachineSnapshot,
} from '@virtdeck/k8s'
import { describe, expect, test } from 'vitest'
import { captured, capturedEvents, withoutCaptures } from './captures.testing.ts'
import { projectMigrationRow, projectNodeRow, projectSnapshotRow, projectVmRow, projectVolumeRow } from './projections.ts'
import type { VmRow } from './rows.ts'
import { statusWords, vmState } from './vm-state.ts'

const seconds = (time: string) => Date.parse(time) / 1000

const meta = { name: 'web-01', namespace: 'team-a', uid: 'u1', resourceVersion: '1', creationTimestamp: '2026-11-20T10:00:00Z' }
const vmOf = (spec: object = {}, status: object = {}, metadata: object = {}): VirtualMachine =>
  ({
    metadata: { ...meta, ...metadata },
    spec: { runStrategy: 'Always', template: { spec: { domain: { devices: {} } } }, ...spec },
    status,
  }) as VirtualMachine
const vmiOf = (status: object = {}, spec: object = {}): VirtualMachineInstance =>
  ({
    metadata: { ...meta, uid: 'u2' },
    spec: { domain: { devices: {} }, ...spec },
    status: { phase: 'Running', ...status },
  }) as VirtualMachineInstance
const dvOf = (phase: string, progress: string): DataVolume =>
  ({ metadata: { ...meta, uid: progress }, spec: {}, status: { phase, progress } }) as DataVolume

describe.skipIf(withoutCaptures)('rows of recorded objects', () => {
  test('a running VM shows what its guest and its node say', () => {
    const row = projectVmRow({ vm: captured('lifecycle/04-get-vm-running.json'), vmi: captured('lifecycle/05-get-vmi-running.json') })
    expect(row).toEqual({
      uid: 'df371545-7670-4015-8503-f94e2a0c55cd',
      namespace: 'team-a',
      name: 'vm1',
      createdAt: seconds('2026-11-20T23:04:57Z'),
      status: 'Running',
      statusSince: seconds('2026-11-20T23:05:02Z'),
      runStrategy: 'Always',
      cpus: 1,
      memoryBytes: 512 * 2 ** 20,
      os: 'fedora',
      osName: 'Fedora Linux 41 (Cloud Edition)',
      node: 'node03',
      ips: ['10.88.1.2'],
      labels: { app: 'web' },
      agent: true,
    } satisfies VmRow)
  })

  test('a paused VMI without its VM is a row, since the moment it was paused', () => {
    const row = projectVmRow({ vmi: captured('lifecycle/08-get-vmi-paused.json') })
    expect(row).toMatchObject({ bare: true, status: 'Paused', statusSince: seconds('2026-11-20T23:05:05Z') })
  })

  test.each([
    ['ps-unsched', 'error', 'Unschedulable', '0/3 nodes are available: 3 Insufficient cpu.'],
    ['ps-crashloop', 'error', 'Crash loop', 'virt-launcher pod is terminating'],
    ['ps-nodv', 'error', 'Volume missing', 'PVC team-a/nosuch does not exist'],
    ['ps-errimage', 'error', 'Image pull failed', 'Guest VM is not reported as running'],
    ['ps-imagepull', 'error', 'Image pull failed', 'Guest VM is not reported as running'],
    ['ps-noit', 'error', "Can't start", 'virtualmachineclusterinstancetypes.instancetype.kubevirt.io "nosuch" not found'],
    ['ps-guestshutdown', 'stopped', 'Stopped', undefined],
    ['ps-it', 'running', 'Running', undefined],
  ])('%s is %s in the words %j', (name, state, words, message) => {
    const row = projectVmRow({ vm: captured<VirtualMachine>(`lifecycle/${name}.json`) })
    expect([vmState(row), statusWords(row)]).toEqual([state, words])
    expect(row.message?.slice(0, message?.length)).toBe(message)
  })

  test('an instance type leaves CPU and memory blank until a VMI resolves it', () => {
    const row = projectVmRow({ vm: captured<VirtualMachine>('lifecycle/ps-it.json') })
    expect(row).toMatchObject({ instancetype: 'u1.small', preference: 'fedora', os: 'fedora' })
    expect(row.cpus).toBeUndefined()
    expect(row.memoryBytes).toBeUndefined()
  })

  test('a VM that waits for a restart says so', () => {
    expect(projectVmRow({ vm: captured<VirtualMachine>('lifecycle/30-vm-with-RestartRequired.json') }).restartRequired).toBe(true)
  })

  test('every object of a whole life becomes a row of at most 400 bytes in the median', () => {
    const vms = capturedEvents<VirtualMachine>('watch/vm-lifecycle.ndjson').filter(({ type }) => type !== 'BOOKMARK')
    const vmi = captured<VirtualMachineInstance>('lifecycle/05-get-vmi-running.json')
    const rows = vms.map(({ object: vm }) => projectVmRow({ vm, vmi }))
    const sizes = rows.map((row) => JSON.stringify(row).length).toSorted((a, b) => a - b)
    expect(sizes.length).toBeGreaterThan(20)
    expect(sizes[Math.floor(sizes.length / 2)]).toBeLessThanOrEqual(400)
    expect(new Set(rows.map(vmState))).not.toContain('unknown')
  })

  test('a migration is in the row while it runs, and not after', () => {
    const vmi = captured<VirtualMachineInstance>('lifecycle/05-get-vmi-running.json')
    const vm = captured<VirtualMachine>('lifecycle/04-get-vm-running.json')
    const seen = capturedEvents<VirtualMachineInstanceMigration>('watch/vmim-lifecycle.ndjson')
      .filter(({ type }) => type !== 'BOOKMARK')
      .map(({ object: migration }) => projectVmRow({ vm, vmi, migration }).migration?.phase)
    expect([...new Set(seen)].slice(0, 3)).toEqual(['Pending', 'Scheduling', 'Scheduled'])
    expect(seen.at(-1)).toBeUndefined()
  })

  test('a migration’s own row tells where from and where to, and how long', () => {
    const last = capturedEvents<VirtualMachineInstanceMigration>('watch/vmim-lifecycle.ndjson').findLast(({ type }) => type === 'DELETED')
    expect(last && projectMigrationRow(last.object)).toMatchObject({
      vmiName: 'vm1',
      phase: 'Succeeded',
      sourceNode: 'node03',
      targetNode: 'node02',
      startedAt: seconds('2026-11-20T23:05:11Z'),
      endedAt: seconds('2026-11-20T23:05:17Z'),
    })
  })

  test('nodes show what they have and whether VMs may go there', () => {
    const rows = captured<{ items: Node[] }>('list/nodes.json').items.map(projectNodeRow)
    expect(rows[0]).toMatchObject({ name: 'node01', ready: true, schedulable: true, unschedulable: false })
    expect(rows.every(({ cpuMillicores, memoryBytes }) => cpuMillicores > 0 && memoryBytes > 0)).toBe(true)
  })
})

test('a node has the taints that keep VMs away, but for those that say what its state says', () => {
  const taints = [
    { key: 'gpu', value: 'true', effect: 'NoSchedule' },
    { key: 'old', value: '', effect: 'NoExecute' },
    { key: 'busy', effect: 'PreferNoSchedule' },
    { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' },
  ]
  const node: Node = { metadata: { ...meta, name: 'node-1' }, spec: { unschedulable: true, taints } }
  expect(projectNodeRow(node).taints).toEqual([
    { key: 'gpu', value: 'true', effect: 'NoSchedule' },
    { key: 'old', effect: 'NoExecute' },
  ])
  expect(projectNodeRow({ ...node, spec: { taints: taints.slice(2) } })).not.toHaveProperty('taints')
})

describe('projectVmRow', () => {
  test('multiplies sockets, cores and threads', () => {
    expect(
      projectVmRow({ vm: vmOf({ template: { spec: { domain: { cpu: { sockets: 2, cores: 4, threads: 2 }, devices: {} } } } }) }).cpus,
    ).toBe(16)
  })

  test('knows where a VM moves to from the VMI, as long as the VMI speaks of this migration', () => {
    const migration = {
      metadata: { name: 'm', namespace: 'shop', uid: 'm1', resourceVersion: '1', creationTimestamp: '2026-11-20T10:00:00Z' },
      spec: { vmiName: 'web' },
      status: { phase: 'Running', migrationState: { sourcePod: 'virt-launcher-web' } },
    } satisfies VirtualMachineInstanceMigration
    const vmi = (migrationUid: string) =>
      ({
        metadata: { name: 'web', namespace: 'shop', uid: 'i1', resourceVersion: '1', creationTimestamp: '2026-11-20T09:00:00Z' },
        spec: { domain: { devices: {} } },
        status: { phase: 'Running', migrationState: { migrationUid, targetNode: 'node02' } },
      }) satisfies VirtualMachineInstance
    expect(projectVmRow({ vmi: vmi('m1'), migration }).migration).toMatchObject({ name: 'm', targetNode: 'node02' })
    expect(projectVmRow({ vmi: vmi('earlier'), migration }).migration).not.toHaveProperty('targetNode')
  })

  test('takes CPU and memory of requests where the domain names none', () => {
    const domain = { devices: {}, resources: { requests: { cpu: '1500m', memory: '3Gi' } } }
    expect(projectVmRow({ vm: vmOf({ template: { spec: { domain } } }) })).toMatchObject({ cpus: 2, memoryBytes: 3 * 2 ** 30 })
  })

  test('prefers what the running guest has over what the spec would give it next time', () => {
    const vm = vmOf({ template: { spec: { domain: { cpu: { cores: 8 }, memory: { guest: '16Gi' }, devices: {} } } } })
    const vmi = vmiOf(
      { currentCPUTopology: { cores: 2, sockets: 2 }, memory: { guestCurrent: '4Gi' } },
      { domain: { cpu: { cores: 2 }, devices: {} } },
    )
    expect(projectVmRow({ vm, vmi })).toMatchObject({ cpus: 4, memoryBytes: 4 * 2 ** 30 })
  })

  test('keeps the reason why it cannot migrate, and shows it only while it runs', () => {
    const conditions = [{ type: 'LiveMigratable', status: 'False', reason: 'DisksNotLiveMigratable', message: 'PVC data is not shared' }]
    expect(projectVmRow({ vm: vmOf(), vmi: vmiOf({ conditions }) }).notMigratable).toEqual({
      reason: 'DisksNotLiveMigratable',
      message: 'PVC data is not shared',
    })
    expect(projectVmRow({ vm: vmOf(), vmi: vmiOf({ conditions, phase: 'Scheduled' }) }).notMigratable).toBeUndefined()
  })

  test('lists every address once, the primary one first', () => {
    const interfaces = [
      { name: 'default', ipAddress: '10.0.0.2', ipAddresses: ['10.0.0.2', 'fd00::2'] },
      { name: 'lan', ipAddress: '192.168.0.5' },
    ]
    expect(projectVmRow({ vmi: vmiOf({ interfaces }) }).ips).toEqual(['10.0.0.2', 'fd00::2', '192.168.0.5'])
  })

  test('averages the progress of its imports until all are done', () => {
    const provisioning = { printableStatus: 'Provisioning' }
    const row = projectVmRow({ vm: vmOf({}, provisioning), dataVolumes: [dvOf('ImportInProgress', '47.36%'), dvOf('Succeeded', '100.0%')] })
    expect(row.progress).toBe(73)
    expect(statusWords(row)).toBe('Importing disk')
    expect(projectVmRow({ vm: vmOf({}, provisioning), dataVolumes: [dvOf('ImportScheduled', 'N/A')] }).progress).toBeUndefined()
    expect(projectVmRow({ vm: vmOf(), dataVolumes: [dvOf('Succeeded', '100.0%')] }).progress).toBeUndefined()
  })

  test('reads `running: true` of older VMs as run strategy Always', () => {
    expect(projectVmRow({ vm: vmOf({ runStrategy: undefined, running: true }) }).runStrategy).toBe('Always')
    expect(projectVmRow({ vm: vmOf({ runStrategy: undefined, running: false }) }).runStrategy).toBe('Halted')
  })

  test('carries no annotation, no user data and no managed field', () => {
    const volumes = [{ name: 'c', cloudInitNoCloud: { userData: 'password: hunter2' } }]
    const vm = vmOf(
      { template: { spec: { domain: { devices: {} }, volumes } } },
      {},
      { annotations: { note: 'hunter2' }, managedFields: [{ manager: 'hunter2' }] },
    )
    expect(JSON.stringify(projectVmRow({ vm }))).not.toContain('hunter2')
  })

  test('cuts a long message at 200 characters', () => {
    const status = {
      printableStatus: 'ErrorUnschedulable',
      conditions: [{ type: 'PodScheduled', status: 'False', message: 'no '.repeat(200) }],
    }
    expect(projectVmRow({ vm: vmOf({}, status) }).message).toHaveLength(200)
  })

  test('has no key without a value', () => {
    expect(Object.values(projectVmRow({ vm: vmOf() }))).not.toContain(undefined)
  })
})

test('a VM without a status yet counts as stopped, one with a word nobody knows as unknown', () => {
  expect(vmState(projectVmRow({ vm: vmOf({}, {}) }))).toBe('stopped')
  expect(vmState({ status: 'Levitating' })).toBe('unknown')
  expect(statusWords({ status: 'Levitating' })).toBe('Levitating')
})

describe.skipIf(withoutCaptures)('rows of recorded snapshots and volumes', () => {
  test('follow a snapshot from its request to its readiness', () => {
    const rows = capturedEvents<VirtualMachineSnapshot>('watch/snapshot-lifecycle.ndjson')
      .filter(({ type }) => type !== 'BOOKMARK')
      .map(({ object }) => projectSnapshotRow(object))
    expect(rows[0]).toMatchObject({ phase: 'InProgress', ready: false })
    const ready = rows.find((row) => row.ready)
    expect(ready).toMatchObject({ phase: 'Succeeded', vmName: expect.any(String), takenAt: expect.any(Number), disks: expect.any(Array) })
    expect(ready).not.toHaveProperty('message')
  })

  test('follow a volume from its import to its binding', () => {
    const dataVolumes = capturedEvents<DataVolume>('watch/dv-lifecycle.ndjson').filter(({ type }) => type !== 'BOOKMARK')
    const phases = new Set(dataVolumes.map(({ object }) => projectVolumeRow({ dataVolume: object }).phase))
    expect([...phases]).toEqual(expect.arrayContaining(['Succeeded']))
    const { object: dataVolume } = dataVolumes.findLast(({ object }) => object.status?.phase === 'Succeeded')!
    const pvcs = capturedEvents<PersistentVolumeClaim>('watch/pvc-lifecycle.ndjson').map(({ object }) => object)
    const pvc = pvcs.find(({ status }) => status?.phase === 'Bound')
    expect(projectVolumeRow({ pvc, dataVolume, vms: ['web'] })).toMatchObject({
      uid: dataVolume.metadata.uid,
      phase: 'Bound',
      sizeBytes: expect.any(Number),
      storageClass: expect.any(String),
      accessModes: expect.any(Array),
      vms: ['web'],
    })
  })
})

test('says why a snapshot failed and a volume is not filled', () => {
  const snapshot = {
    metadata: meta,
    spec: { source: { kind: 'VirtualMachine', name: 'web-01' } },
    status: { phase: 'Failed', readyToUse: false, conditions: [{ type: 'Failure', status: 'True', reason: 'snapshot deadline exceeded' }] },
  } as unknown as VirtualMachineSnapshot
  expect(projectSnapshotRow(snapshot)).toMatchObject({ vmName: 'web-01', phase: 'Failed', message: 'snapshot deadline exceeded' })
  const dataVolume = {
    metadata: meta,
    spec: { source: { http: { url: 'https://user:hunter2@example.com/x' } }, storage: { resources: { requests: { storage: '5Gi' } } } },
    status: {
      phase: 'ImportInProgress',
      progress: '12%',
      conditions: [{ type: 'Running', status: 'False', message: 'Unable to connect to http data source' }],
    },
  } as unknown as DataVolume
  const row = projectVolumeRow({ dataVolume })
  expect(row).toMatchObject({ phase: 'ImportInProgress', progress: 12, source: 'http', sizeBytes: 5 * 2 ** 30, unclaimed: true })
  expect(row.message).toBe('Unable to connect to http data source')
  expect(JSON.stringify(row)).not.toContain('hunter2')
})
