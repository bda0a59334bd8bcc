import type { DataVolume, VirtualMachine } from '@virtdeck/k8s'
import { describe, expect, test, vi } from 'vitest'
import { apiResources, resourceKey } from '../api/api-resources.ts'
import { manualClock } from '../clock.ts'
import { runControllers } from '../controllers/controller.ts'
import { createControllers } from '../controllers/create-controllers.ts'
import { conditionOf } from '../controllers/objects.ts'
import { createGuests } from '../guests/guests.ts'
import { createStorage } from '../storage/storage.ts'
import { seedScenario, type ScenarioName } from './seed-scenario.ts'

// Months of a cluster's life pass in each of these.
vi.setConfig({ testTimeout: 30_000 })

function seeded(name: ScenarioName, { vms, seed }: { vms?: number; seed?: number } = {}) {
  const clock = manualClock()
  const storage = createStorage(clock)
  seedScenario(name, { storage, clock, ...(vms === undefined ? {} : { vms }), ...(seed === undefined ? {} : { seed }) })
  const vmsOf = () => storage.list('virtualmachines.kubevirt.io') as unknown as VirtualMachine[]
  return {
    clock,
    storage,
    vms: vmsOf,
    statuses: () => new Set(vmsOf().map((vm) => vm.status?.printableStatus)),
    vm: (wanted: string) => vmsOf().find((vm) => vm.metadata.name === wanted),
    /** Starts the cluster's controllers and counts what they change in the first moment. */
    start() {
      const guests = createGuests({ clock, storage })
      const changed: string[] = []
      const errors: unknown[] = []
      const stopCounting = storage.subscribe((event) =>
        changed.push(`${event.type} ${event.resource.plural} ${event.object.metadata.namespace}/${event.object.metadata.name}`),
      )
      const runner = runControllers(createControllers({ storage, clock, guests, seed: 1 }), storage, clock, (name, key, error) =>
        errors.push([name, key, error]),
      )
      return {
        changed,
        errors,
        stop() {
          stopCounting()
          runner.stop()
          guests.stop()
        },
      }
    },
  }
}

describe('small', () => {
  const { vms, statuses, vm, storage } = seeded('small')

  test('shows every state worth seeing, in four namespaces on four nodes', () => {
    expect(vms()).toHaveLength(26)
    expect(new Set(vms().map((one) => one.metadata.namespace))).toEqual(new Set(['team-a', 'team-b', 'shop', 'platform']))
    expect(storage.count('nodes')).toBe(4)
    for (const status of [
      'Running',
      'Stopped',
      'Paused',
      'Migrating',
      'Provisioning',
      'ErrorUnschedulable',
      'CrashLoopBackOff',
      'ImagePullBackOff',
    ]) {
      expect(statuses()).toContain(status)
    }
    expect(conditionOf(vm('db-01'), 'LiveMigratable')?.reason).toBe('DisksNotLiveMigratable')
    expect(conditionOf(vm('legacy-erp'), 'LiveMigratable')?.reason).toBe('InterfaceNotLiveMigratable')
    expect(conditionOf(vm('analytics'), 'RestartRequired')?.status).toBe('True')
    expect(conditionOf(vm('jumphost'), 'AgentConnected')).toBeUndefined()
    const importing = storage.get('datavolumes.cdi.kubevirt.io', 'team-a', 'ci-cache-root') as unknown as DataVolume
    expect(Number.parseFloat(importing.status?.progress ?? '')).toBeGreaterThan(10)
  })

  test('has snapshots that are ready, and instance types and templates to create from [F043]', () => {
    const snapshots = storage.list('virtualmachinesnapshots.snapshot.kubevirt.io') as unknown as { status?: { readyToUse?: boolean } }[]
    expect(snapshots.map((snapshot) => snapshot.status?.readyToUse)).toEqual([true, true, true, true, true])
    expect(storage.count('virtualmachineclusterinstancetypes.instancetype.kubevirt.io')).toBe(55)
    expect(storage.count('vmtemplates.spectrocloud.com')).toBe(6)
  })

  test('no object is younger than now, no event older than an hour', () => {
    const { clock, storage: fresh } = seeded('small')
    for (const event of fresh.list('events') as unknown as { lastTimestamp: string | null; eventTime: string | null }[]) {
      const ageMs = clock.now() - Date.parse(event.lastTimestamp ?? event.eventTime ?? '')
      expect(ageMs).toBeGreaterThanOrEqual(0)
      expect(ageMs).toBeLessThanOrEqual(3_600_000)
    }
  })
})

test('the same seed gives the same cluster, uids and all', () => {
  const picture = (seed: number) =>
    JSON.stringify(
      seeded('small', { seed })
        .storage.list('virtualmachineinstances.kubevirt.io')
        .map(({ metadata: { resourceVersion: _, ...metadata }, ...rest }) => ({ metadata, ...rest })),
    )
  const one = picture(3)
  expect(picture(3)).toBe(one)
  expect(picture(4)).not.toBe(one)
})

test.each(['small', 'trouble', 'empty', 'fleet'] as const)('every object of %s has a uid of its own, what comes later too', (name) => {
  const cluster = seeded(name, { vms: 100 })
  const running = cluster.start()
  cluster.storage.create('virtualmachines.kubevirt.io', {
    metadata: { namespace: 'team-a', name: 'later' },
    spec: { runStrategy: 'Always', template: { spec: { domain: { memory: { guest: '1Gi' }, devices: {} } } } },
  })
  cluster.clock.advance(10_000)
  const objects = apiResources.filter((resource) => !resource.virtual).flatMap((resource) => cluster.storage.list(resourceKey(resource)))
  const byUid = new Map(objects.map((object) => [object.metadata.uid, object]))
  const sharing = objects.filter((object) => byUid.get(object.metadata.uid) !== object)
  expect(sharing.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([])
  expect(cluster.storage.get('virtualmachineinstances.kubevirt.io', 'team-a', 'later')).toBeDefined()
  running.stop()
})

test.each(['small', 'trouble', 'empty'] as const)('the controllers find %s as they would have left it', (name) => {
  const cluster = seeded(name)
  const running = cluster.start()
  cluster.clock.advance(1)
  expect(running.errors).toEqual([])
  // The crashing guest of `trouble` is on its way at any moment.
  expect(running.changed.filter((change) => !change.endsWith('/crashes'))).toEqual([])
  running.stop()
})

test('trouble has a VM for every way to fail', () => {
  const { statuses, vm, storage } = seeded('trouble')
  for (const status of [
    'ErrorUnschedulable',
    'CrashLoopBackOff',
    'ErrorPvcNotFound',
    'ImagePullBackOff',
    'DataVolumeError',
    'Provisioning',
    'Paused',
    'Stopping',
  ]) {
    expect(statuses()).toContain(status)
  }
  expect(conditionOf(vm('no-instancetype'), 'Failure')?.reason).toBe('FailedFindInstancetype')
  const failed = storage.get('virtualmachinesnapshots.snapshot.kubevirt.io', 'team-a', 'of-a-deleted-vm') as unknown as {
    status: { phase: string }
  }
  expect(failed.status.phase).toBe('Failed')
  const migration = (storage.list('virtualmachineinstancemigrations.kubevirt.io') as unknown as { status: { phase: string } }[]).map(
    (one) => one.status.phase,
  )
  expect(migration).toEqual(['Failed'])
})

describe('fleet', () => {
  test('stamps out as many VMs as asked for, each its own, with room for all that run', () => {
    const { vms, storage, statuses } = seeded('fleet', { vms: 400 })
    expect(vms()).toHaveLength(400)
    expect(new Set(vms().map((vm) => vm.metadata.uid)).size).toBe(400)
    const vmis = storage.list('virtualmachineinstances.kubevirt.io') as unknown as {
      metadata: { uid: string }
      status: { interfaces?: { ipAddress?: string; mac?: string }[]; nodeName?: string }
    }[]
    const ips = vmis.flatMap((vmi) => vmi.status.interfaces?.[0]?.ipAddress ?? [])
    expect(new Set(ips).size).toBe(ips.length)
    const macs = vmis.flatMap((vmi) => vmi.status.interfaces?.[0]?.mac ?? [])
    expect(new Set(macs).size).toBe(macs.length)
    const nodes = new Set(vmis.flatMap((vmi) => vmi.status.nodeName ?? []))
    expect(nodes.size).toBe(storage.count('nodes'))
    expect(JSON.stringify(vms()[0])).not.toContain('mould')
    for (const status of ['Running', 'Stopped', 'Paused', 'CrashLoopBackOff']) expect(statuses()).toContain(status)
  })

  test('is settled: what runs stays as it is when the controllers look at it', () => {
    const cluster = seeded('fleet', { vms: 400 })
    const settled = new Set(
      cluster
        .vms()
        .filter((vm) => ['Running', 'Stopped', 'Paused'].includes(vm.status?.printableStatus ?? ''))
        .map((vm) => `${vm.metadata.namespace}/${vm.metadata.name}`),
    )
    expect(settled.size).toBeGreaterThan(200)
    const running = cluster.start()
    cluster.clock.advance(1)
    expect(running.errors).toEqual([])
    expect(running.changed.filter((change) => settled.has(change.split(' ')[2] ?? ''))).toEqual([])
    running.stop()
  })

  test('a stamped VM that is edited asks for a restart, one that is only relabelled does not', () => {
    const cluster = seeded('fleet', { vms: 400 })
    const running = cluster.start()
    cluster.clock.advance(1)
    const [edited, relabelled] = cluster.vms().filter((vm) => vm.status?.printableStatus === 'Running')
    const now = (vm: VirtualMachine | undefined) =>
      cluster.storage.get('virtualmachines.kubevirt.io', vm?.metadata.namespace, vm?.metadata.name ?? '')!
    const spec = (vm: VirtualMachine | undefined, change: object) => ({
      ...vm?.spec,
      template: { ...vm?.spec.template, spec: { ...vm?.spec.template.spec, ...change } },
    })
    cluster.storage.update('virtualmachines.kubevirt.io', { ...now(edited), spec: spec(edited, { hostname: 'other' }) })
    cluster.storage.update('virtualmachines.kubevirt.io', { ...now(relabelled), spec: spec(relabelled, { nodeSelector: { disk: 'ssd' } }) })
    cluster.clock.advance(1)
    expect(conditionOf(now(edited) as never, 'RestartRequired')?.status).toBe('True')
    expect(conditionOf(now(relabelled) as never, 'RestartRequired')).toBeUndefined()
    running.stop()
  })

  test('lives: something changes every minute', () => {
    const cluster = seeded('fleet', { vms: 400 })
    const running = cluster.start()
    cluster.clock.advance(180_000)
    expect(running.errors).toEqual([])
    const migrations = cluster.storage.list('virtualmachineinstancemigrations.kubevirt.io')
    const restarted = running.changed.filter((change) => change.startsWith('ADDED virtualmachineinstances'))
    expect(migrations.length + restarted.length).toBeGreaterThan(0)
    running.stop()
  })
})
