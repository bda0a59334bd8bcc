import { existsSync, readFileSync } from 'node:fs'
import type {
  DataVolume,
  KubeObject,
  Node,
  PersistentVolumeClaim,
  VirtualMachine,
  VirtualMachineInstance,
  VirtualMachineInstanceMigration,
  VirtualMachineSnapshot,
  VmTemplate,
} from '@virtdeck/k8s'
import {
  projectMigrationRow,
  projectNodeRow,
  projectSnapshotRow,
  projectTemplateRow,
  projectVmRow,
  projectVolumeRow,
} from '@virtdeck/kubevirt'
import { beforeAll, describe, expect, test } from 'vitest'
import { keeperOf } from './kept.ts'
import { inventoryResources, type InventoryResource } from './messages.ts'
import { createSharing } from './sharing.ts'

const captures = new URL('../../../../../shared/captures/', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, captures), 'utf8')
const bodyOf = <T>(path: string) => (JSON.parse(read(path)) as { response: { body: T } }).response.body
const objectsOf = (path: string): KubeObject[] =>
  read(path)
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { type: string; object: KubeObject })
    .filter(({ type }) => type !== 'BOOKMARK')
    .map(({ object }) => object)
const kept = <T>(resource: InventoryResource, object: T): T => keeperOf(resource)(structuredClone(object) as KubeObject) as T

describe.skipIf(!existsSync(captures))('what is kept of recorded objects', () => {
  let vms: VirtualMachine[]
  let vmis: VirtualMachineInstance[]
  let migrations: VirtualMachineInstanceMigration[]

  beforeAll(() => {
    vms = [
      ...(objectsOf('watch/vm-lifecycle.ndjson') as unknown as VirtualMachine[]),
      ...['ps-unsched', 'ps-crashloop', 'ps-nodv', 'ps-errimage', 'ps-noit', 'ps-it', '30-vm-with-RestartRequired'].map((name) =>
        bodyOf<VirtualMachine>(`lifecycle/${name}.json`),
      ),
    ]
    vmis = ['05-get-vmi-running', '08-get-vmi-paused'].map((name) => bodyOf<VirtualMachineInstance>(`lifecycle/${name}.json`))
    migrations = objectsOf('watch/vmim-lifecycle.ndjson') as unknown as VirtualMachineInstanceMigration[]
  })

  test('makes the same rows of VMs as the whole objects do', () => {
    expect(vms.length).toBeGreaterThan(25)
    const both = <T>(resource: InventoryResource, objects: T[]) => objects.map((whole) => ({ whole, cut: kept(resource, whole) }))
    const none = { whole: undefined, cut: undefined }
    const running = [none, ...both('virtualmachineinstances', vmis)]
    const moving = [none, ...both('virtualmachineinstancemigrations', migrations)]
    const others = running.flatMap((vmi) => moving.map((migration) => ({ vmi, migration })))
    for (const vm of both('virtualmachines', vms)) {
      const rows = (of: 'whole' | 'cut') =>
        others.map(({ vmi, migration }) => projectVmRow({ vm: vm[of], vmi: vmi[of], migration: migration[of] }))
      expect(rows('cut')).toEqual(rows('whole'))
    }
    for (const vmi of vmis) expect(projectVmRow({ vmi: kept('virtualmachineinstances', vmi) })).toEqual(projectVmRow({ vmi }))
  })

  test('makes the same rows of migrations and nodes', () => {
    for (const migration of migrations)
      expect(projectMigrationRow(kept('virtualmachineinstancemigrations', migration))).toEqual(projectMigrationRow(migration))
    const { items } = bodyOf<{ items: Node[] }>('list/nodes.json')
    const tainted = items.map((node) => ({
      ...node,
      spec: { ...node.spec, taints: [{ key: 'gpu', value: 'a100', effect: 'NoSchedule' }] },
    }))
    for (const node of [...items, ...tainted]) expect(projectNodeRow(kept('nodes', node))).toEqual(projectNodeRow(node))
  })

  test('makes the same rows of snapshots and volumes', () => {
    const snapshots = objectsOf('watch/snapshot-lifecycle.ndjson') as unknown as VirtualMachineSnapshot[]
    for (const snapshot of snapshots)
      expect(projectSnapshotRow(kept('virtualmachinesnapshots', snapshot))).toEqual(projectSnapshotRow(snapshot))
    const pvcs = objectsOf('watch/pvc-lifecycle.ndjson') as unknown as PersistentVolumeClaim[]
    const dataVolumes = objectsOf('watch/dv-lifecycle.ndjson') as unknown as DataVolume[]
    expect(Math.min(snapshots.length, pvcs.length, dataVolumes.length)).toBeGreaterThan(3)
    const keptVolumes = dataVolumes.map((dataVolume) => kept('datavolumes', dataVolume))
    for (const pvc of pvcs) {
      const cut = kept('persistentvolumeclaims', pvc)
      expect(keptVolumes.map((dataVolume) => projectVolumeRow({ pvc: cut, dataVolume }))).toEqual(
        dataVolumes.map((dataVolume) => projectVolumeRow({ pvc, dataVolume })),
      )
    }
  })

  test('is a small part of a VM and its VMI', () => {
    const size = (object: unknown) => JSON.stringify(object).length
    const vm = bodyOf<VirtualMachine>('lifecycle/04-get-vm-running.json')
    const [vmi] = vmis
    expect(size(kept('virtualmachines', vm)) / size(vm)).toBeLessThan(0.4)
    expect(size(kept('virtualmachineinstances', vmi)) / size(vmi)).toBeLessThan(0.4)
  })
})

const meta = { name: 'web', namespace: 'shop', uid: 'u1', resourceVersion: '1', creationTimestamp: '2026-11-20T10:00:00Z' }

test('keeps neither user data nor annotations, but for those that name the operating system', () => {
  const vm = {
    metadata: {
      ...meta,
      annotations: { 'vm.kubevirt.io/os': 'rhel9', 'kubectl.kubernetes.io/last-applied-configuration': '{"password":"hunter2"}' },
      managedFields: [{ manager: 'hunter2' }],
    },
    spec: {
      runStrategy: 'Always',
      template: {
        metadata: { annotations: { note: 'hunter2' } },
        spec: {
          domain: { devices: {} },
          accessCredentials: [{ userPassword: 'hunter2' }],
          volumes: [
            { name: 'cloud', cloudInitNoCloud: { userData: 'password: hunter2' } },
            { name: 'root', dataVolume: { name: 'web-root' } },
          ],
        },
      },
    },
  }
  const cut = kept('virtualmachines', vm)
  expect(JSON.stringify(cut)).not.toContain('hunter2')
  expect(cut.metadata.annotations).toEqual({ 'vm.kubevirt.io/os': 'rhel9' })
  expect(cut.spec.template.spec.volumes).toEqual([{}, { dataVolume: { name: 'web-root' } }])
})

test('keeps of a template what its row tells, and no cloud-init, no password of an image and no annotation', () => {
  const root = (source: object) => ({
    metadata: { name: 'root' },
    spec: { source, storage: { resources: { requests: { storage: '20Gi' } } } },
  })
  const template = (source: object) =>
    ({
      metadata: { ...meta, namespace: undefined, labels: { tier: 'db' }, annotations: { note: 'hunter2', 'vm.kubevirt.io/os': 'rhel9' } },
      spec: {
        displayName: 'RHEL',
        description: 'For databases',
        icon: 'hunter2',
        dataVolumeTemplates: [root(source)],
        template: {
          spec: {
            domain: {
              cpu: { cores: 2 },
              memory: { guest: '2Gi' },
              devices: { disks: [{ name: 'root', bootOrder: 1, disk: {} }, { name: 'seed' }] },
            },
            volumes: [
              { name: 'root', dataVolume: { name: 'root' } },
              { name: 'seed', cloudInitNoCloud: { userData: 'password: hunter2' } },
            ],
          },
        },
      },
    }) as unknown as VmTemplate
  for (const source of [
    { pvc: { namespace: 'golden', name: 'rhel' } },
    { http: { url: 'https://me:hunter2@images.example.com/rhel.img?token=hunter2', secretRef: 'hunter2' } },
    { registry: { url: 'docker://quay.io/rhel' } },
    { blank: {} },
  ]) {
    const cut = kept('vmtemplates', template(source))
    expect(projectTemplateRow(cut)).toEqual(projectTemplateRow(template(source)))
    expect(JSON.stringify(cut)).not.toContain('hunter2')
  }
})

test('keeps of a DataVolume whose it is, what kind of source it has and how far it is, but not where from', () => {
  const dataVolume = {
    metadata: { ...meta, ownerReferences: [{ apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', name: 'web', uid: 'u2' }] },
    spec: { source: { http: { url: 'https://images.example.com/a.img' } } },
    status: { phase: 'ImportInProgress', progress: '47%', conditions: [{ type: 'Bound', status: 'True' }] },
  } as unknown as DataVolume
  expect(kept('datavolumes', dataVolume)).toEqual({
    metadata: { ...meta, ownerReferences: [{ kind: 'VirtualMachine', name: 'web' }] },
    spec: { source: { http: {} } },
    status: { phase: 'ImportInProgress', progress: '47%', conditions: [{ type: 'Bound', status: 'True' }] },
  })
})

test.each([
  { metadata: meta },
  { metadata: meta, spec: 'none', status: [] },
  { metadata: meta, spec: { template: null }, status: { conditions: 'x', interfaces: [null, 3] } },
])('takes objects that are not what their kind promises: %j', (object) => {
  for (const resource of inventoryResources) expect(kept(resource, object).metadata.uid).toBe('u1')
})

test('holds on to one of what VMs and VMIs have alike', () => {
  const sharing = createSharing()
  const condition = { type: 'Ready', status: 'True', lastTransitionTime: '2026-11-20T10:00:00Z' }
  const domain = { cpu: { cores: 2 } }
  const labels = { app: 'shop' }
  const object = (name: string) => ({ metadata: { ...meta, name, labels }, status: { conditions: [condition] } })
  const keep = (resource: InventoryResource, whole: unknown) => keeperOf(resource, sharing)(structuredClone(whole) as KubeObject) as never
  const vm: VirtualMachine = keep('virtualmachines', { ...object('a'), spec: { template: { spec: { domain } } } })
  const vmi: VirtualMachineInstance = keep('virtualmachineinstances', { ...object('b'), spec: { domain } })
  expect(vm.metadata.labels).toBe(vmi.metadata.labels)
  expect(vm.status?.conditions?.[0]).toBe(vmi.status?.conditions?.[0])
  expect(vm.spec.template.spec?.domain).toBe(vmi.spec.domain)
})

test.each(['Pending', 'Scheduled', 'Running', 'Succeeded', 'Failed'])(
  'makes the same row of a VMI that is %s by its last phases',
  (phase) => {
    const passed = ['Pending', 'Scheduling', 'Scheduled', 'Running', 'Succeeded', 'Failed']
    const phaseTransitionTimestamps = passed
      .slice(0, passed.indexOf(phase) + 1)
      .map((past, index) => ({ phase: past, phaseTransitionTimestamp: `2026-11-20T10:00:0${index}Z` }))
    const vmi = { metadata: meta, spec: { domain: {} }, status: { phase, phaseTransitionTimestamps } } as unknown as VirtualMachineInstance
    expect(projectVmRow({ vmi: kept('virtualmachineinstances', vmi) })).toEqual(projectVmRow({ vmi }))
  },
)
