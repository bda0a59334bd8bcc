import type { DataVolume, PersistentVolumeClaim, VirtualMachine, VirtualMachineSnapshot } from '@virtdeck/k8s'
import { describe, expect, test } from 'vitest'
import { deletePlan, diskFate, disksToDecide, type DeleteChoices, type DeleteObjects } from './delete-plan.ts'

const metaOf = (name: string, owner?: string) => ({
  name,
  namespace: 'team-a',
  uid: `uid-${name}`,
  resourceVersion: '1',
  creationTimestamp: '2026-11-20T10:00:00Z',
  ...(owner && {
    ownerReferences: [{ apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', name: owner, uid: `uid-${owner}`, controller: true }],
  }),
})

function vmOf(name: string, claims: { dataVolume?: string; claim?: string }[], templates: string[] = []): VirtualMachine {
  const volumes = claims.map(({ dataVolume, claim }) =>
    dataVolume ? { name: dataVolume, dataVolume: { name: dataVolume } } : { name: claim, persistentVolumeClaim: { claimName: claim } },
  )
  return {
    metadata: metaOf(name),
    spec: {
      dataVolumeTemplates: templates.map((template) => ({ metadata: { name: template }, spec: {} })),
      template: { spec: { domain: { devices: {} }, volumes } },
    },
  } as unknown as VirtualMachine
}

const dvOf = (name: string, owner?: string, size = '20Gi') =>
  ({ metadata: metaOf(name, owner), spec: { storage: { resources: { requests: { storage: size } } } } }) as unknown as DataVolume
const pvcOf = (name: string, owner?: string) =>
  ({ metadata: metaOf(name, owner), spec: {}, status: { capacity: { storage: '100Gi' } } }) as unknown as PersistentVolumeClaim
const snapshotOf = (name: string, source: string) =>
  ({ metadata: metaOf(name), spec: { source: { kind: 'VirtualMachine', name: source } } }) as unknown as VirtualMachineSnapshot

const web = vmOf(
  'web',
  [{ dataVolume: 'web-root' }, { dataVolume: 'web-data' }, { claim: 'archive' }, { claim: 'shared-cfg' }],
  ['web-root', 'web-data'],
)
const objects: DeleteObjects = {
  dataVolumes: [dvOf('web-root', 'web'), dvOf('web-data', 'web'), dvOf('unrelated', 'db')],
  pvcs: [pvcOf('web-root'), pvcOf('web-data'), pvcOf('archive'), pvcOf('shared-cfg'), pvcOf('unrelated')],
  snapshots: [snapshotOf('web-1', 'web'), snapshotOf('db-1', 'db')],
  otherVms: [web, vmOf('db', [{ dataVolume: 'unrelated' }, { claim: 'shared-cfg' }])],
}

/** The plan in one line per step. */
const plan = (choices: DeleteChoices, given = objects) => deletePlan(web, given, choices).map(({ does, name }) => `${does} ${name}`)

describe('disksToDecide [F039]', () => {
  test('shows each disk once, with its size, its owner and who else uses it', () => {
    expect(disksToDecide(web, objects)).toEqual([
      { name: 'archive', kind: 'PersistentVolumeClaim', sizeBytes: 100 * 2 ** 30, owned: false, usedBy: [] },
      { name: 'shared-cfg', kind: 'PersistentVolumeClaim', sizeBytes: 100 * 2 ** 30, owned: false, usedBy: ['db'] },
      { name: 'web-data', kind: 'DataVolume', sizeBytes: 100 * 2 ** 30, owned: true, usedBy: [] },
      { name: 'web-root', kind: 'DataVolume', sizeBytes: 100 * 2 ** 30, owned: true, usedBy: [] },
    ])
  })

  test('takes the requested size where no claim is seen', () => {
    expect(disksToDecide(web, { ...objects, pvcs: [] }).find(({ name }) => name === 'web-root')?.sizeBytes).toBe(20 * 2 ** 30)
  })

  test('counts a claim that the VM owns without a DataVolume, as after garbage collection', () => {
    expect(disksToDecide(web, { ...objects, dataVolumes: [], pvcs: [pvcOf('web-root', 'web')] })).toMatchObject([
      { name: 'web-root', kind: 'PersistentVolumeClaim', owned: true },
    ])
  })
})

describe('deletePlan [F039]', () => {
  test('deletes what the VM owns along with it, and nothing else, if nothing is chosen', () => {
    expect(plan({})).toEqual(['delete-vm web'])
  })

  test('keeps a disk by letting go of it first: out of the template, off its owner, then the VM', () => {
    const steps = deletePlan(web, objects, { disks: { 'web-data': 'keep' } })
    expect(steps.map(({ does }) => does)).toEqual(['release-template', 'release-disk', 'delete-vm'])
    expect(steps[0]?.request).toMatchObject({
      method: 'PATCH',
      path: '/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines/web',
      contentType: 'application/json-patch+json',
      body: [
        { op: 'test', path: '/spec/dataVolumeTemplates/1/metadata/name', value: 'web-data' },
        { op: 'remove', path: '/spec/dataVolumeTemplates/1' },
      ],
    })
    expect(steps[1]?.request).toMatchObject({
      path: '/apis/cdi.kubevirt.io/v1beta1/namespaces/team-a/datavolumes/web-data',
      body: [
        { op: 'test', path: '/metadata/ownerReferences/0/uid', value: 'uid-web' },
        { op: 'remove', path: '/metadata/ownerReferences/0' },
      ],
    })
    expect(steps[2]?.request).toMatchObject({ method: 'DELETE', body: { preconditions: { uid: 'uid-web' } } })
  })

  test('removes several templates from the last to the first', () => {
    const [step] = deletePlan(web, objects, { disks: { 'web-data': 'keep', 'web-root': 'keep' } })
    expect(step?.request.body).toMatchObject([
      { op: 'test', value: 'web-data' },
      { op: 'remove', path: '/spec/dataVolumeTemplates/1' },
      { op: 'test', value: 'web-root' },
      { op: 'remove', path: '/spec/dataVolumeTemplates/0' },
    ])
  })

  test('deletes a disk that the VM only uses after the VM, if chosen', () => {
    expect(plan({ disks: { archive: 'delete' } })).toEqual(['delete-vm web', 'delete-disk archive'])
  })

  test('keeps what another VM uses, whatever is chosen', () => {
    expect(plan({ disks: { 'shared-cfg': 'delete' } })).toEqual(['delete-vm web'])
    const otherVms = [vmOf('db', [{ dataVolume: 'web-root' }])]
    expect(plan({ disks: { 'web-root': 'delete' } }, { ...objects, otherVms })).toEqual([
      'release-template web',
      'release-disk web-root',
      'delete-vm web',
    ])
    expect(diskFate({ name: 'x', kind: 'DataVolume', owned: true, usedBy: ['db'] }, { disks: { x: 'delete' } })).toBe('keep')
  })

  test('deletes the chosen snapshots of this VM, and none of another', () => {
    expect(plan({ snapshots: { 'web-1': 'delete', 'db-1': 'delete' } })).toEqual(['delete-vm web', 'delete-snapshot web-1'])
  })
})

test('a disk named as something that every object has is kept or deleted as any other [X-14]', () => {
  const disk = { name: 'constructor', kind: 'DataVolume' as const, usedBy: [] }
  expect(diskFate({ ...disk, owned: true }, { disks: {} })).toBe('delete')
  expect(diskFate({ ...disk, owned: false }, { disks: {} })).toBe('keep')
  expect(diskFate({ ...disk, owned: true }, { disks: Object.fromEntries([['constructor', 'keep' as const]]) })).toBe('keep')
})

test('what another VM is known to use is kept, also without that VM at hand [F229]', () => {
  const lonely = { ...objects, otherVms: [], usersOf: (claim: string) => (claim === 'web-data' ? ['web', 'db'] : []) }
  const disks = disksToDecide(web, lonely)
  expect(disks.find(({ name }) => name === 'web-data')?.usedBy).toEqual(['db'])
  expect(plan({ disks: { 'web-data': 'delete' } }, lonely)).toEqual(['release-template web', 'release-disk web-data', 'delete-vm web'])
})
