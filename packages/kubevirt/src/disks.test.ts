import type { DataVolume, PersistentVolumeClaim, VirtualMachine, VirtualMachineInstance } from '@virtdeck/k8s'
import { describe, expect, test } from 'vitest'
import { captured, withoutCaptures } from './captures.testing.ts'
import { disksOf } from './disks.ts'
import { networksOf } from './networks.ts'

const vm = {
  metadata: { name: 'web' },
  spec: {
    dataVolumeTemplates: [
      {
        metadata: { name: 'web-root' },
        spec: { storage: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '20Gi' } }, storageClassName: 'fast' } },
      },
    ],
    template: {
      spec: {
        domain: {
          devices: {
            disks: [
              { name: 'root', bootOrder: 1, disk: { bus: 'virtio' } },
              { name: 'iso', cdrom: { bus: 'sata' } },
            ],
            interfaces: [{ name: 'default', masquerade: {}, model: 'virtio' }],
          },
        },
        networks: [{ name: 'default', pod: {} }],
        volumes: [
          { name: 'root', dataVolume: { name: 'web-root' } },
          { name: 'iso', containerDisk: { image: 'virtio-win' } },
        ],
      },
    },
  },
} as unknown as VirtualMachine

describe('disksOf', () => {
  test('tells of a VM that never ran what its templates say', () => {
    expect(disksOf(vm, undefined)).toEqual([
      {
        name: 'root',
        source: 'dataVolume',
        device: 'disk',
        bus: 'virtio',
        bootOrder: 1,
        claimName: 'web-root',
        dataVolumeName: 'web-root',
        sizeBytes: 20 * 2 ** 30,
        storageClass: 'fast',
        accessModes: ['ReadWriteMany'],
        hotplugged: false,
        readOnly: false,
      },
      { name: 'iso', source: 'containerDisk', device: 'cdrom', bus: 'sata', image: 'virtio-win', hotplugged: false, readOnly: true },
    ])
  })

  test('shows how far an import is, and the size of the real claim once there is one', () => {
    const dv = {
      metadata: { name: 'web-root' },
      spec: {},
      status: { phase: 'ImportInProgress', progress: '47.36%' },
    } as unknown as DataVolume
    const pvc = {
      metadata: { name: 'web-root' },
      spec: { storageClassName: 'slow' },
      status: { phase: 'Bound', capacity: { storage: '21Gi' } },
    } as unknown as PersistentVolumeClaim
    expect(disksOf(vm, undefined, { dataVolumes: [dv], pvcs: [pvc] })[0]).toMatchObject({
      phase: 'ImportInProgress',
      progress: 47.36,
      sizeBytes: 21 * 2 ** 30,
      storageClass: 'slow',
    })
  })

  test.skipIf(withoutCaptures)('adds what was plugged into the running guest, with the guest’s device names', () => {
    const vmi = captured<VirtualMachineInstance>('lifecycle/51-vmi-with-hotplug.json')
    expect(disksOf(undefined, vmi)).toMatchObject([
      { name: 'root', source: 'containerDisk', target: 'vdb' },
      { name: 'cloudinit', source: 'cloudInit', target: 'vda' },
      { name: 'hp-pvc', source: 'persistentVolumeClaim', target: 'sda', hotplugged: true, sizeBytes: 2 ** 30, claimName: 'hp-pvc' },
    ])
  })
})

describe('networksOf', () => {
  test('shows the interfaces of a VM that does not run', () => {
    expect(networksOf(vm, undefined)).toEqual([
      { name: 'default', network: { kind: 'pod' }, binding: 'masquerade', model: 'virtio', ips: [] },
    ])
  })

  test('joins what the guest reports, and adds what the guest made itself', () => {
    const vmi = {
      spec: vm.spec.template.spec,
      status: {
        interfaces: [
          { name: 'default', mac: '02:00', ipAddress: '10.0.0.2', ipAddresses: ['10.0.0.2'], interfaceName: 'eth0', linkState: 'up' },
          { mac: '03:00', interfaceName: 'docker0', ipAddress: '172.17.0.1' },
        ],
      },
    } as unknown as VirtualMachineInstance
    expect(networksOf(vm, vmi)).toEqual([
      {
        name: 'default',
        network: { kind: 'pod' },
        binding: 'masquerade',
        model: 'virtio',
        mac: '02:00',
        ips: ['10.0.0.2'],
        linkState: 'up',
        guestName: 'eth0',
      },
      { name: 'docker0', network: { kind: 'guest' }, mac: '03:00', ips: ['172.17.0.1'], guestName: 'docker0' },
    ])
  })
})
