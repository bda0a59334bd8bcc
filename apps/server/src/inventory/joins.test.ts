import { expect, test } from 'vitest'
import type { KubeObject } from '@virtdeck/k8s'
import type { TemplateRow } from '@virtdeck/kubevirt'
import { createJoins, fleetResources, rightsNamespace } from './joins.ts'
import type { InventoryResource } from './messages.ts'

const full = fleetResources.virtualmachines.optional.join('+')

function cluster() {
  const shelves = new Map<InventoryResource, Map<string, KubeObject>>()
  const shelf = (resource: InventoryResource) => {
    const known = shelves.get(resource) ?? new Map<string, KubeObject>()
    shelves.set(resource, known)
    return known
  }
  const joins = createJoins({ get: (resource, key) => shelf(resource).get(key), keys: (resource) => shelf(resource).keys() })
  const put = (resource: InventoryResource, name: string, rest: Omit<KubeObject, 'metadata'>, metadata: KubeObject['metadata'] = {}) => {
    const object = {
      ...rest,
      metadata: { name, namespace: 'ns', uid: `${resource}-${name}`, creationTimestamp: '2026-11-20T10:00:00Z', ...metadata },
    }
    const key = `ns/${name}`
    const before = shelf(resource).get(key)
    shelf(resource).set(key, object)
    return joins.note(resource, key, before, object)
  }
  const drop = (resource: InventoryResource, name: string) => {
    const before = shelf(resource).get(`ns/${name}`)
    shelf(resource).delete(`ns/${name}`)
    return joins.note(resource, `ns/${name}`, before, undefined)
  }
  const row = (name: string, variant = full) => joins.row('virtualmachines', `ns/${name}`, variant)
  return { joins, put, drop, row }
}

const vmSpec = {
  spec: { runStrategy: 'Always', template: { spec: { domain: {}, volumes: [{ name: 'root', dataVolume: { name: 'web-root' } }] } } },
}
const migration = (phase: string) => ({ spec: { vmiName: 'web' }, status: { phase } })

test('makes a VM’s row again when its VMI, its migration or the volume it uses changes', () => {
  const { put } = cluster()
  expect(put('virtualmachines', 'web', vmSpec)).toEqual([
    ['virtualmachines', 'ns/web'],
    ['persistentvolumeclaims', 'ns/web-root'],
  ])
  expect(put('virtualmachines', 'web', vmSpec)).toEqual([['virtualmachines', 'ns/web']])
  expect(put('virtualmachineinstances', 'web', { status: { phase: 'Running' } })).toEqual([['virtualmachines', 'ns/web']])
  expect(put('virtualmachineinstancemigrations', 'm1', migration('Running'))).toEqual([
    ['virtualmachineinstancemigrations', 'ns/m1'],
    ['virtualmachines', 'ns/web'],
  ])
  expect(put('datavolumes', 'web-root', { status: { phase: 'ImportInProgress', progress: '40%' } })).toEqual([
    ['persistentvolumeclaims', 'ns/web-root'],
    ['virtualmachines', 'ns/web'],
  ])
})

test('has one row for a claim, its DataVolume and the VMs that use it, and says only what its variant includes', () => {
  const { joins, put, drop } = cluster()
  const volume = (variant: string) => joins.row('persistentvolumeclaims', 'ns/web-root', variant)
  put('virtualmachines', 'web', vmSpec)
  put('datavolumes', 'web-root', { spec: { source: { http: {} } }, status: { phase: 'ImportInProgress', progress: '40%' } })
  expect([...joins.keys('persistentvolumeclaims')]).toEqual(['ns/web-root'])
  expect(volume('')).toBeUndefined()
  const early = volume('datavolumes+virtualmachines')
  expect(early).toMatchObject({ phase: 'ImportInProgress', progress: 40, source: 'http', vms: ['web'], unclaimed: true })
  put('persistentvolumeclaims', 'web-root', {
    spec: { storageClassName: 'fast' },
    status: { phase: 'Bound', capacity: { storage: '10Gi' } },
  })
  expect([...joins.keys('persistentvolumeclaims')]).toEqual(['ns/web-root'])
  expect(volume('datavolumes+virtualmachines')).toMatchObject({ uid: early?.uid, storageClass: 'fast', sizeBytes: 10 * 2 ** 30 })
  const alone = volume('')
  expect(alone).toMatchObject({ phase: 'Bound' })
  for (const field of ['progress', 'source', 'vms', 'unclaimed']) expect(alone).not.toHaveProperty(field)
  expect(drop('virtualmachines', 'web')).toContainEqual(['persistentvolumeclaims', 'ns/web-root'])
  expect(volume('datavolumes+virtualmachines')).not.toHaveProperty('vms')
})

test('shows the newest migration that is not over', () => {
  const { put, drop, row } = cluster()
  put('virtualmachines', 'web', vmSpec)
  put('virtualmachineinstancemigrations', 'm1', migration('Running'), { creationTimestamp: '2026-11-20T10:00:00Z' })
  put('virtualmachineinstancemigrations', 'm2', migration('Pending'), { creationTimestamp: '2026-11-20T10:05:00Z' })
  expect(row('web')).toMatchObject({ migration: { name: 'm2' } })
  put('virtualmachineinstancemigrations', 'm2', migration('Failed'), { creationTimestamp: '2026-11-20T10:05:00Z' })
  expect(row('web')).toMatchObject({ migration: { name: 'm1' } })
  drop('virtualmachineinstancemigrations', 'm1')
  expect(row('web')).not.toHaveProperty('migration')
})

test('says where a migration goes while it runs, which only its VMI knows', () => {
  const { joins, put } = cluster()
  const migrationRow = (variant: string) => joins.row('virtualmachineinstancemigrations', 'ns/m1', variant)
  put('virtualmachineinstancemigrations', 'm1', migration('Running'))
  const migrationState = { migrationUid: 'virtualmachineinstancemigrations-m1', sourceNode: 'node-1', targetNode: 'node-2' }
  expect(put('virtualmachineinstances', 'web', { status: { phase: 'Running', migrationState } })).toContainEqual([
    'virtualmachineinstancemigrations',
    'ns/m1',
  ])
  expect(migrationRow('virtualmachineinstances')).toMatchObject({ sourceNode: 'node-1', targetNode: 'node-2' })
  expect(migrationRow('')).not.toHaveProperty('targetNode')
})

test('says how large a snapshot is and when it was restored, to those who may list what knows it', () => {
  const { joins, put, drop } = cluster()
  const snapshot = (variant: string) => joins.row('virtualmachinesnapshots', 'ns/before', variant)
  const storage = (size: string) => ({ persistentVolumeClaim: { spec: { resources: { requests: { storage: size } } } } })
  put('virtualmachinesnapshots', 'before', { spec: { source: { name: 'web' } }, status: { phase: 'Succeeded', readyToUse: true } })
  const touches = [['virtualmachinesnapshots', 'ns/before']]
  const named = { virtualMachineSnapshotName: 'before' }
  expect(put('virtualmachinesnapshotcontents', 'c1', { spec: { ...named, volumeBackups: [storage('1Gi'), storage('2Gi')] } })).toEqual(
    touches,
  )
  const restored = { complete: true, restoreTime: '2026-11-20T11:00:00Z' }
  expect(put('virtualmachinerestores', 'r1', { spec: named, status: restored })).toEqual(touches)
  const full = fleetResources.virtualmachinesnapshots.optional.join('+')
  expect(snapshot(full)).toMatchObject({ vmName: 'web', sizeBytes: 3 * 2 ** 30, restoredAt: Date.parse(restored.restoreTime) / 1000 })
  for (const field of ['sizeBytes', 'restoredAt']) expect(snapshot('')).not.toHaveProperty(field)
  expect(drop('virtualmachinerestores', 'r1')).toEqual(touches)
  expect(snapshot(full)).not.toHaveProperty('restoredAt')
})

test('says of a template whether the image that it clones is there, by the rights to the image’s namespace', () => {
  const { joins, put, drop } = cluster()
  const template = (variant: string) => joins.row('vmtemplates', 'ns/debian', variant) as TemplateRow
  const disk = (namespace: string) => [
    { metadata: { name: 'root' }, spec: { source: { pvc: { namespace, name: 'debian-12' } }, storage: {} } },
  ]
  const vm = { spec: { domain: { devices: { disks: [{ name: 'root' }] } }, volumes: [{ name: 'root', dataVolume: { name: 'root' } }] } }
  const touches = ['vmtemplates', 'ns/debian']
  expect(put('vmtemplates', 'debian', { spec: { template: vm, dataVolumeTemplates: disk('ns') } })).toEqual([touches])
  expect(rightsNamespace(template(''))).toBe('ns')
  const all = 'persistentvolumeclaims+datavolumes'
  expect([template(all).image, template('datavolumes').image, template('').image]).toEqual(['missing', 'ready', 'ready'])
  expect(
    put('datavolumes', 'debian-12', { spec: { source: { http: {} } }, status: { phase: 'ImportInProgress', progress: '40%' } }),
  ).toContainEqual(touches)
  expect(template(all)).toMatchObject({ image: 'importing', progress: 40 })
  expect(template('persistentvolumeclaims')).toMatchObject({ image: 'missing' })
  expect(template('')).not.toHaveProperty('progress')
  expect(put('persistentvolumeclaims', 'debian-12', { status: { phase: 'Bound' } })).toContainEqual(touches)
  drop('datavolumes', 'debian-12')
  expect(template(all)).toMatchObject({ image: 'ready' })
  put('vmtemplates', 'debian', { spec: { template: vm, dataVolumeTemplates: disk('elsewhere') } })
  expect(drop('persistentvolumeclaims', 'debian-12')).not.toContainEqual(touches)
  expect(rightsNamespace(template(all))).toBe('elsewhere')
})

test('leaves out of a row what its variant does not include', () => {
  const { put, row } = cluster()
  put('virtualmachines', 'web', vmSpec)
  put('virtualmachineinstances', 'web', { spec: { domain: {} }, status: { phase: 'Running', nodeName: 'node-1' } })
  put('virtualmachineinstancemigrations', 'm1', migration('Running'))
  put('datavolumes', 'web-root', { status: { phase: 'ImportInProgress', progress: '40%' } })
  expect(row('web')).toMatchObject({ node: 'node-1', migration: { name: 'm1' }, progress: 40 })
  const bare = row('web', '')
  for (const field of ['node', 'migration', 'progress']) expect(bare).not.toHaveProperty(field)
})

test('has a row for a VMI without a VirtualMachine, for those who may list VMIs', () => {
  const { joins, put, row } = cluster()
  put('virtualmachineinstances', 'lone', { spec: { domain: {} }, status: { phase: 'Running' } })
  expect([...joins.keys('virtualmachines')]).toEqual(['ns/lone'])
  expect(row('lone')).toMatchObject({ bare: true })
  expect(row('lone', 'datavolumes')).toBeUndefined()
})
