import type { PersistentVolumeClaim, VirtualMachineInstance } from '@virtdeck/k8s'
import { expect, test } from 'vitest'
import { migrationBlockers } from './migration-blockers.ts'

const claim = (name: string, accessModes: string[]) =>
  ({ metadata: { name }, spec: { accessModes, storageClassName: 'local-nvme' } }) as unknown as PersistentVolumeClaim

const vmi = (spec: object, conditions: object[] = []) =>
  ({ spec: { domain: { devices: {} }, ...spec }, status: { conditions } }) as unknown as VirtualMachineInstance

test('lists a disk of one node, a bridge on the pod network and the CPU model, all of them [F122]', () => {
  const stuck = vmi({
    domain: { cpu: { model: 'host-passthrough' }, devices: { interfaces: [{ name: 'default', bridge: {} }] } },
    networks: [{ name: 'default', pod: {} }],
    volumes: [
      { name: 'root', dataVolume: { name: 'web-01-root' } },
      { name: 'data', persistentVolumeClaim: { claimName: 'web-01-data' } },
    ],
  })
  expect(migrationBlockers(stuck, [claim('web-01-root', ['ReadWriteMany']), claim('web-01-data', ['ReadWriteOnce'])])).toEqual([
    { what: 'Volume data', because: 'ReadWriteOnce on local-nvme: only one node at a time can use it' },
    { what: 'Interface default', because: 'bridge on the pod network: its address would change on the way' },
    { what: 'CPU model', because: 'host-passthrough: the exact processor of its node' },
  ])
})

test("falls back on KubeVirt's own words where nothing else is known", () => {
  const condition = { type: 'LiveMigratable', status: 'False', reason: 'SEVNotLiveMigratable', message: 'VMI uses SEV' }
  expect(migrationBlockers(vmi({}, [condition]), [])).toEqual([{ what: 'LiveMigratable', because: 'SEVNotLiveMigratable: VMI uses SEV' }])
})

test('a VMI that can move has none', () => {
  expect(
    migrationBlockers(vmi({ volumes: [{ name: 'root', dataVolume: { name: 'a' } }] }), [claim('a', ['ReadWriteMany', 'ReadWriteOnce'])]),
  ).toEqual([])
})
