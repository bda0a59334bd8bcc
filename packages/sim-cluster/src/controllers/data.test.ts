import type { DataVolume, VirtualMachineInstanceMigration, VirtualMachineRestore, VirtualMachineSnapshot } from '@virtdeck/k8s'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { conditionOf, conditionsOf, dataVolumes, migrations, restores, snapshots } from './objects.ts'
import { startTestCluster } from './testing.ts'

let cluster: ReturnType<typeof startTestCluster>
beforeEach(() => {
  cluster = startTestCluster()
})
afterEach(() => {
  cluster.stop()
})

const migration = (name = 'vm1-migration') => cluster.objects.get(migrations, 'team-a', name) as VirtualMachineInstanceMigration
const snapshot = (name: string) => cluster.objects.get(snapshots, 'team-a', name) as VirtualMachineSnapshot
const restore = (name: string) => cluster.objects.get(restores, 'team-a', name) as VirtualMachineRestore
const dv = (name: string) => cluster.objects.get(dataVolumes, 'team-a', name) as DataVolume
const reasons = (object: { status?: { conditions?: unknown } }) =>
  Object.fromEntries(conditionsOf(object as never).map(({ type, status, reason }) => [type, `${status} ${reason}`]))
const takeSnapshot = (name: string, vmName: string, spec: object = {}) =>
  cluster.create(snapshots, {
    metadata: { name, namespace: 'team-a' },
    spec: { source: { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: vmName }, ...spec },
  })
const startRestore = (name: string, vmName: string, virtualMachineSnapshotName: string, spec: object = {}) =>
  cluster.create(restores, {
    metadata: { name, namespace: 'team-a' },
    spec: { target: { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: vmName }, virtualMachineSnapshotName, ...spec },
  })

describe('live migration', () => {
  test('goes through every phase to another node, with a new pod and address [F118]', () => {
    cluster.createVm('vm1')
    cluster.seconds(12)
    const before = cluster.vmi('vm1')
    const statuses = cluster.follow(
      'virtualmachines.kubevirt.io',
      'vm1',
      (vm: { status?: { printableStatus?: string } }) => vm.status?.printableStatus,
    )
    cluster.migrate('vm1')
    cluster.seconds(20)
    expect(migration().status?.phaseTransitionTimestamps?.map((transition) => transition.phase)).toEqual([
      'Pending',
      'Scheduling',
      'Scheduled',
      'PreparingTarget',
      'TargetReady',
      'Running',
      'Succeeded',
    ])
    const after = cluster.vmi('vm1')
    expect(after?.status?.nodeName).not.toBe(before?.status?.nodeName)
    expect(after?.metadata.labels?.['kubevirt.io/nodeName']).toBe(after?.status?.nodeName)
    expect(after?.status?.interfaces?.[0]?.ipAddress).not.toBe(before?.status?.interfaces?.[0]?.ipAddress)
    expect(after?.status?.interfaces?.[0]?.mac).toBe(before?.status?.interfaces?.[0]?.mac)
    expect(Object.values(after?.status?.activePods ?? {})).toEqual([before?.status?.nodeName, after?.status?.nodeName])
    expect(migration().status?.migrationState).toMatchObject({
      completed: true,
      sourceNode: before?.status?.nodeName,
      targetNode: after?.status?.nodeName,
      migrationUid: migration().metadata.uid,
      mode: 'PreCopy',
    })
    expect(statuses).toEqual(['Migrating', 'Running'])
    expect(cluster.events('Migrated')[0]?.message).toBe(`The VirtualMachineInstance migrated to node ${after?.status?.nodeName}.`)
    expect(migration().metadata.finalizers).toBeUndefined()
  })

  test('goes to the node that it is told to [F119]', () => {
    cluster.createVm('vm1')
    cluster.seconds(12)
    const target = ['fra-w-01', 'fra-w-02', 'fra-w-03', 'fra-w-04'].find((node) => node !== cluster.vmi('vm1')?.status?.nodeName) ?? ''
    cluster.migrate('vm1', 'there', { 'kubernetes.io/hostname': target })
    cluster.seconds(20)
    expect(cluster.vmi('vm1')?.status?.nodeName).toBe(target)
  })

  test('is cancelled by deleting it: the guest stays where it is [F121]', () => {
    cluster.createVm('vm1', { annotations: { 'simulation.virtdeck.io/migration-seconds': '120' } })
    cluster.seconds(12)
    const node = cluster.vmi('vm1')?.status?.nodeName
    cluster.migrate('vm1')
    cluster.seconds(10)
    expect(migration().status?.phase).toBe('Running')
    cluster.remove(migrations, 'vm1-migration')
    cluster.seconds(3)
    expect(migration()).toBeUndefined()
    expect(cluster.vmi('vm1')?.status).toMatchObject({
      nodeName: node,
      migrationState: { abortRequested: true, abortStatus: 'Succeeded', completed: true, failed: true },
    })
    expect(cluster.vm('vm1').status?.printableStatus).toBe('Running')
    expect(cluster.objects.list('pods', 'team-a')).toHaveLength(1)
  })

  test('fails when nothing moves for the progress timeout', () => {
    cluster.createVm('vm1', { annotations: { 'simulation.virtdeck.io/migration-stalls': 'true' }, memory: '4Gi' })
    cluster.seconds(12)
    cluster.migrate('vm1')
    cluster.seconds(170)
    expect(migration().status).toMatchObject({
      phase: 'Failed',
      migrationState: { failed: true, failureReason: 'Live migration stuck for 150 seconds and has been aborted' },
    })
    expect(cluster.vm('vm1').status?.printableStatus).toBe('Running')
  })

  test('waits its turn: two leave a node at once, not three', () => {
    const selector = { templateSpec: { nodeSelector: { 'kubernetes.io/hostname': 'fra-w-01' } } }
    for (const n of [1, 2, 3])
      cluster.createVm(`vm${n}`, { ...selector, annotations: { 'simulation.virtdeck.io/migration-seconds': '60' } })
    cluster.seconds(12)
    for (const n of [1, 2, 3]) cluster.migrate(`vm${n}`)
    cluster.seconds(10)
    const phases = [1, 2, 3].map((n) => migration(`vm${n}-migration`).status?.phase)
    expect(phases.filter((phase) => phase === 'Pending')).toHaveLength(1)
  })

  test('is not possible with a node-local disk, and the VMI says why [F122]', () => {
    cluster.createVm('vm1', { disk: { storageClassName: 'local-path', accessMode: 'ReadWriteOnce' } })
    cluster.seconds(60)
    expect(cluster.vm('vm1').status?.printableStatus).toBe('Running')
    expect(conditionOf(cluster.vmi('vm1'), 'LiveMigratable')).toMatchObject({
      status: 'False',
      reason: 'DisksNotLiveMigratable',
      message:
        'cannot migrate VMI: PVC vm1-root is not shared, live migration requires that all PVCs must be shared (using ReadWriteMany access mode)',
    })
  })

  test('a node that is drained is left by its VMs', () => {
    cluster.createVm('vm1')
    cluster.seconds(12)
    const name = cluster.vmi('vm1')?.status?.nodeName
    const node = cluster.objects.get('nodes', undefined, name)!
    cluster.objects.update('nodes', {
      ...node,
      spec: { ...node.spec, unschedulable: true, taints: [{ key: 'kubevirt.io/drain', effect: 'NoSchedule' }] } as never,
    })
    cluster.seconds(20)
    expect(cluster.vmi('vm1')?.status?.nodeName).not.toBe(name)
    expect(cluster.objects.list(migrations, 'team-a')[0]).toMatchObject({
      metadata: { generateName: 'kubevirt-evacuation-', annotations: { 'kubevirt.io/evacuationMigration': name } },
      status: { phase: 'Succeeded' },
    })
  })
})

describe('disks', () => {
  test('a VM waits in Provisioning while its disk is imported, with progress [F083]', () => {
    cluster.createVm('vm1', { disk: { source: { http: { url: 'http://images.example/f.qcow2' } } } })
    const progress = cluster.follow(
      'datavolumes.cdi.kubevirt.io',
      'vm1-root',
      (found: { status?: { progress?: string } }) => found.status?.progress,
    )
    const phases = cluster.follow(
      'datavolumes.cdi.kubevirt.io',
      'vm1-root',
      (found: { status?: { phase?: string } }) => found.status?.phase,
    )
    cluster.seconds(8)
    expect(cluster.vm('vm1').status?.printableStatus).toBe('Provisioning')
    cluster.seconds(60)
    expect(cluster.vm('vm1').status?.printableStatus).toBe('Running')
    expect(phases.filter(Boolean)).toEqual(['Pending', 'ImportScheduled', 'ImportInProgress', 'Succeeded'])
    expect(progress.filter((value) => /^\d+\.\d%$/.test(String(value))).length).toBeGreaterThan(3)
    expect(progress.at(-1)).toBe('100.0%')
  })

  test('an import from a host that does not exist restarts and fails the VM', () => {
    cluster.createVm('vm1', { disk: { source: { http: { url: 'http://mirror.invalid/f.qcow2' } } } })
    cluster.seconds(70)
    expect(cluster.vm('vm1').status?.printableStatus).toBe('DataVolumeError')
    expect(dv('vm1-root').status).toMatchObject({ phase: 'ImportInProgress', restartCount: 4 })
    expect(conditionOf(dv('vm1-root') as never, 'Running')?.message).toContain('lookup mirror.invalid: no such host')
  })

  test('a filesystem volume is made larger by the overhead, as CDI does', () => {
    cluster.create(dataVolumes, {
      metadata: { name: 'fs', namespace: 'team-a' },
      spec: {
        source: { blank: {} },
        storage: { accessModes: ['ReadWriteMany'], volumeMode: 'Filesystem', resources: { requests: { storage: '2Gi' } } },
      },
    })
    cluster.seconds(5)
    const pvc = cluster.objects.get('persistentvolumeclaims', 'team-a', 'fs')
    expect(pvc?.spec?.resources?.requests).toEqual({ storage: '2276332667' })
    expect(dv('fs').status).toMatchObject({ phase: 'Succeeded', progress: '100.0%', claimName: 'fs' })
  })
})

describe('snapshot and restore', () => {
  beforeEach(() => {
    cluster.createVm('vm1', { disk: {} })
    cluster.seconds(60)
  })

  test('a snapshot of a running VM is online and quiesced by the agent [F106]', () => {
    takeSnapshot('snap1', 'vm1')
    cluster.seconds(0.1)
    expect(snapshot('snap1').status?.phase).toBe('InProgress')
    expect(cluster.vm('vm1').status?.snapshotInProgress).toBe('snap1')
    expect(cluster.vmi('vm1')?.status?.fsFreezeStatus).toBe('frozen')
    cluster.seconds(2)
    expect(snapshot('snap1').status).toMatchObject({
      phase: 'Succeeded',
      readyToUse: true,
      indications: ['GuestAgent', 'Online'],
      snapshotVolumes: { includedVolumes: ['root'] },
    })
    expect(reasons(snapshot('snap1'))).toEqual({ Progressing: 'False Operation complete', Ready: 'True Ready' })
    expect(cluster.vm('vm1').status?.snapshotInProgress).toBeUndefined()
    expect(cluster.vmi('vm1')?.status?.fsFreezeStatus).toBeUndefined()
    const content = cluster.objects.get(
      'virtualmachinesnapshotcontents.snapshot.kubevirt.io',
      'team-a',
      snapshot('snap1').status?.virtualMachineSnapshotContentName,
    )
    expect(content?.status?.readyToUse).toBe(true)
  })

  test('a snapshot of a VM that is not there fails at its deadline', () => {
    takeSnapshot('snap1', 'nosuch', { failureDeadline: '1m' })
    cluster.seconds(5)
    expect(reasons(snapshot('snap1'))).toEqual({ Progressing: 'False Source does not exist', Ready: 'False Not ready' })
    cluster.seconds(60)
    expect(snapshot('snap1').status?.phase).toBe('Failed')
  })

  test('a snapshot of a paused VM is not quiesced, nor one of a guest without an agent', () => {
    cluster.put('virtualmachineinstances/pause', 'vm1')
    cluster.createVm('mute', { disk: {}, annotations: { 'simulation.virtdeck.io/guest-agent': 'none' } })
    cluster.seconds(60)
    takeSnapshot('snap1', 'vm1')
    takeSnapshot('snap2', 'mute')
    cluster.seconds(2)
    expect(snapshot('snap1').status).toMatchObject({ phase: 'Succeeded', indications: ['Online', 'Paused'] })
    expect(snapshot('snap2').status).toMatchObject({ phase: 'Succeeded', indications: ['NoGuestAgent', 'Online'] })
    cluster.put('virtualmachines/stop', 'mute')
    cluster.seconds(8)
    takeSnapshot('snap3', 'mute')
    cluster.seconds(2)
    expect(snapshot('snap3').status?.indications).toBeUndefined()
  })

  test('a snapshot waits for a disk that is imported, and for another snapshot, and says so', () => {
    cluster.createVm('late', { runStrategy: 'Halted', disk: { source: { http: { url: 'http://images.example/f.qcow2' } } } })
    cluster.seconds(5)
    takeSnapshot('snap1', 'late')
    cluster.seconds(1)
    expect(reasons(snapshot('snap1')).Progressing).toBe('False Source not locked source team-a/late volume not populated: late-root')
    takeSnapshot('snap2', 'vm1')
    takeSnapshot('snap3', 'vm1')
    cluster.seconds(0.5)
    expect(reasons(snapshot('snap3')).Progressing).toBe('False Source not locked snapshot "snap2" in progress')
    cluster.seconds(60)
    for (const name of ['snap1', 'snap2', 'snap3']) expect(snapshot(name).status?.phase).toBe('Succeeded')
  })

  test('a snapshot that is deleted takes its content along, unless it is to stay', () => {
    takeSnapshot('snap1', 'vm1')
    cluster.seconds(2)
    takeSnapshot('snap2', 'vm1', { deletionPolicy: 'Retain' })
    cluster.seconds(2)
    for (const name of ['snap1', 'snap2']) cluster.remove('virtualmachinesnapshots.snapshot.kubevirt.io', name)
    cluster.seconds(1)
    const contents = cluster.objects.list('virtualmachinesnapshotcontents.snapshot.kubevirt.io', 'team-a')
    expect(contents.map((content) => content.spec?.virtualMachineSnapshotName)).toEqual(['snap2'])
    expect(cluster.objects.list('volumesnapshots.snapshot.storage.k8s.io', 'team-a')).toHaveLength(1)
  })

  test('a restore that may not wait fails at once when its target runs, and spares it', () => {
    takeSnapshot('snap1', 'vm1')
    cluster.seconds(2)
    startRestore('restore1', 'vm1', 'snap1', { targetReadinessPolicy: 'FailImmediate' })
    cluster.seconds(1)
    expect(conditionOf(restore('restore1') as never, 'Failure')?.reason).toBe('Restore target not ready')
    expect(cluster.vm('vm1').status).toMatchObject({ printableStatus: 'Running' })
    expect(cluster.vm('vm1').status?.restoreInProgress).toBeUndefined()
  })

  test('a clone of a snapshot is the VM as it was then, and leaves the snapshot [F092]', () => {
    takeSnapshot('snap1', 'vm1')
    cluster.seconds(2)
    cluster.create('virtualmachineclones.clone.kubevirt.io', {
      metadata: { name: 'clone1', namespace: 'team-a' },
      spec: {
        source: { apiGroup: 'snapshot.kubevirt.io', kind: 'VirtualMachineSnapshot', name: 'snap1' },
        target: { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: 'copy' },
      },
    })
    cluster.seconds(6)
    expect(cluster.objects.get('virtualmachineclones.clone.kubevirt.io', 'team-a', 'clone1')?.status?.phase).toBe('Succeeded')
    expect(cluster.vm('copy').spec.runStrategy).toBe('Halted')
    expect(snapshot('snap1').status?.phase).toBe('Succeeded')
  })

  test('a restore waits for the VM to stop, then brings back spec and disk content [F109]', () => {
    const written = (text: string) => ({ ...(cluster.guests.exportDisk(cluster.vmi('vm1')?.metadata.uid ?? '') as object), marker: text })
    const uid = () => cluster.vmi('vm1')?.metadata.uid ?? ''
    const pristine = cluster.guests.exportDisk(uid())
    takeSnapshot('snap1', 'vm1')
    cluster.seconds(2)
    cluster.guests.importDisk(uid(), written('broken'))
    startRestore('restore1', 'vm1', 'snap1')
    cluster.seconds(5)
    expect(reasons(restore('restore1'))).toEqual({
      Progressing: 'False Waiting for target to be ready',
      Ready: 'False Waiting for target to be ready',
    })
    cluster.put('virtualmachines/stop', 'vm1')
    cluster.seconds(8)
    expect(restore('restore1').status).toMatchObject({
      complete: true,
      deletedDataVolumes: ['vm1-root'],
      restores: [{ volumeName: 'root', dataVolumeName: `restore-${restore('restore1').metadata.uid}-root` }],
    })
    expect(reasons(restore('restore1'))).toEqual({ Progressing: 'False Operation complete', Ready: 'True Operation complete' })
    expect(cluster.vm('vm1').spec.template.spec?.volumes?.[0]?.dataVolume?.name).toBe(`restore-${restore('restore1').metadata.uid}-root`)
    expect(cluster.vm('vm1').spec.runStrategy).toBe('Halted')
    expect(dv('vm1-root')).toBeUndefined()
    cluster.put('virtualmachines/start', 'vm1')
    cluster.seconds(6)
    expect(cluster.vm('vm1').status?.printableStatus).toBe('Running')
    expect(cluster.guests.exportDisk(uid())).toEqual(pristine)
  })

  test('a restore that may stop its target does [F109]', () => {
    takeSnapshot('snap1', 'vm1')
    cluster.seconds(2)
    startRestore('restore1', 'vm1', 'snap1', { targetReadinessPolicy: 'StopTarget' })
    cluster.seconds(10)
    expect(restore('restore1').status?.complete).toBe(true)
    expect(cluster.vm('vm1').status?.printableStatus).toBe('Stopped')
  })

  test('a restore fails when its target keeps running for five minutes', () => {
    takeSnapshot('snap1', 'vm1')
    cluster.seconds(2)
    startRestore('restore1', 'vm1', 'snap1')
    cluster.seconds(305)
    expect(conditionOf(restore('restore1') as never, 'Failure')).toMatchObject({
      status: 'True',
      reason: 'Restore target failed to be ready within 5m0s',
    })
  })

  test('a restore from a snapshot that is not there says so in its conditions', () => {
    cluster.put('virtualmachines/stop', 'vm1')
    cluster.seconds(6)
    startRestore('restore1', 'vm1', 'nosuch')
    cluster.seconds(1)
    expect(conditionOf(restore('restore1') as never, 'Ready')?.reason).toBe('VMSnapshot team-a/nosuch does not exist')
  })

  test('a restore whose patches are no JSON says so in its conditions, and makes no VM', () => {
    takeSnapshot('snap1', 'vm1')
    cluster.seconds(3)
    startRestore('restore1', 'copy', 'snap1', { patches: ['{"op": "add", "path": "/spec/x", "value": x}'] })
    cluster.seconds(10)
    expect(conditionOf(restore('restore1') as never, 'Ready')?.reason).toMatch(/^error patching VM copy: cannot decode vm patches \[/)
    expect(cluster.vm('copy')).toBeUndefined()
  })

  test('what is on the disk survives stop and start', () => {
    const uid = () => cluster.vmi('vm1')?.metadata.uid ?? ''
    const disk = { ...(cluster.guests.exportDisk(uid()) as object), marker: 'kept' }
    cluster.guests.importDisk(uid(), disk)
    cluster.put('virtualmachines/stop', 'vm1')
    cluster.seconds(6)
    cluster.put('virtualmachines/start', 'vm1')
    cluster.seconds(6)
    expect(cluster.guests.exportDisk(uid())).toEqual(disk)
  })

  test('a clone is another machine with its own disks [F092]', () => {
    cluster.create('virtualmachineclones.clone.kubevirt.io', {
      metadata: { name: 'clone1', namespace: 'team-a' },
      spec: {
        source: { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: 'vm1' },
        target: { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: 'copy' },
      },
    })
    cluster.seconds(6)
    const clone = cluster.objects.get('virtualmachineclones.clone.kubevirt.io', 'team-a', 'clone1')
    expect(clone?.status).toMatchObject({ phase: 'Succeeded', targetName: 'copy' })
    expect(cluster.vm('copy').spec.runStrategy).toBe('Halted')
    expect(cluster.vm('copy').spec.template.spec?.domain.firmware?.uuid).not.toBe(
      cluster.vm('vm1').spec.template.spec?.domain.firmware?.uuid,
    )
    expect(snapshot(`tmp-snapshot-${clone?.metadata.uid}`)).toBeUndefined()
    cluster.put('virtualmachines/start', 'copy')
    cluster.seconds(6)
    expect(cluster.vm('copy').status?.printableStatus).toBe('Running')
  })
})

test('a volume is plugged into a running VM and out again', () => {
  cluster.createVm('vm1')
  cluster.create(dataVolumes, {
    metadata: { name: 'extra', namespace: 'team-a' },
    spec: { source: { blank: {} }, storage: { resources: { requests: { storage: '1Gi' } } } },
  })
  cluster.seconds(12)
  expect(
    cluster.put('virtualmachines/addvolume', 'vm1', {
      name: 'extra',
      disk: { disk: { bus: 'scsi' } },
      volumeSource: { dataVolume: { name: 'extra' } },
    }),
  ).toEqual({ code: 202 })
  cluster.seconds(3)
  expect(cluster.vmi('vm1')?.status?.volumeStatus?.find((status) => status.name === 'extra')).toMatchObject({
    phase: 'Ready',
    reason: 'VolumeReady',
    target: 'sda',
  })
  expect(conditionOf(cluster.vm('vm1'), 'RestartRequired')).toBeUndefined()
  cluster.put('virtualmachines/removevolume', 'vm1', { name: 'extra' })
  cluster.seconds(3)
  expect(cluster.vmi('vm1')?.status?.volumeStatus?.some((status) => status.name === 'extra')).toBe(false)
})

test('what is written before the agent connects, and before a migration, is still there after it', () => {
  cluster.createVm('vm1', { disk: {} })
  cluster.seconds(60)
  const uid = () => cluster.vmi('vm1')?.metadata.uid ?? ''
  cluster.put('virtualmachines/stop', 'vm1')
  cluster.seconds(6)
  cluster.put('virtualmachines/start', 'vm1')
  cluster.seconds(4)
  expect(conditionOf(cluster.vmi('vm1'), 'AgentConnected')).toBeUndefined()
  const disk = { ...(cluster.guests.exportDisk(uid()) as object), marker: 'early' }
  cluster.guests.importDisk(uid(), disk)
  cluster.seconds(10)
  expect(conditionOf(cluster.vmi('vm1'), 'AgentConnected')?.status).toBe('True')
  cluster.migrate('vm1')
  cluster.seconds(20)
  expect(migration().status?.phase).toBe('Succeeded')
  expect(cluster.guests.exportDisk(uid())).toEqual(disk)
})
