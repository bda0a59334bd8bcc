// VMs as the teams of the scenarios write them.
import type { KubeObject, VirtualMachine } from '@virtdeck/k8s'
import { defaultVm } from '../admission/vm-defaults.ts'
import type { Objects } from '../controllers/objects.ts'
import type { Random } from '../controllers/random.ts'
import { sharedStorage } from './cluster-base.ts'

export type VmPlan = {
  name: string
  namespace: string
  /** Age. */
  days?: number
  minutes?: number
  os: keyof typeof images
  cpus?: number
  memory?: string
  instancetype?: string
  preference?: string
  labels?: Record<string, string>
  runStrategy?: 'Always' | 'Halted' | 'Manual' | 'RerunOnFailure' | 'Once'
  /** A root disk that lives and dies with the launcher. */
  containerDisk?: boolean
  image?: string
  storageClass?: string
  accessMode?: 'ReadWriteMany' | 'ReadWriteOnce'
  /** Where the root disk's content comes from: a golden image unless said otherwise. */
  source?: 'image' | 'registry' | { http: string }
  extraDisk?: string
  networks?: string[]
  binding?: 'masquerade' | 'bridge'
  password?: string
  nodeSelector?: Record<string, string>
  hostDevice?: string
  claim?: string
  // How its guest behaves.
  noAgent?: boolean
  startFailure?: string
  crashes?: boolean
  migrationSeconds?: number
  transferSeconds?: number
}

const images = {
  ubuntu: { golden: 'ubuntu-24-04', image: 'quay.io/containerdisks/ubuntu:24.04', os: 'ubuntu24.04', size: '20Gi' },
  debian: { golden: 'debian-12', image: 'quay.io/containerdisks/debian:12', os: 'debian12', size: '20Gi' },
  fedora: { golden: 'fedora-41', image: 'quay.io/containerdisks/fedora:41', os: 'fedora41', size: '20Gi' },
  centos: { golden: 'centos-stream-9', image: 'quay.io/containerdisks/centos-stream:9', os: 'centos-stream9', size: '40Gi' },
  alpine: { golden: 'debian-12', image: 'quay.io/containerdisks/alpine:3.20', os: 'alpine3.20', size: '2Gi' },
  freebsd: { golden: 'debian-12', image: 'quay.io/containerdisks/freebsd:14', os: 'freebsd14', size: '10Gi' },
  windows: { golden: 'windows-server-2022', image: '', os: 'windows2022', size: '64Gi' },
  windows2019: { golden: 'windows-server-2022', image: '', os: 'windows2019', size: '64Gi' },
} as const

const isWindows = (plan: VmPlan) => plan.os.startsWith('windows')

function annotationsOf(plan: VmPlan): Record<string, string> {
  const behaviour: [string, string | undefined][] = [
    ['guest-agent', plan.noAgent ? 'none' : undefined],
    ['start-failure', plan.startFailure],
    ['crash', plan.crashes ? 'true' : undefined],
    ['migration-seconds', plan.migrationSeconds?.toString()],
  ]
  return {
    'vm.kubevirt.io/os': images[plan.os].os,
    ...Object.fromEntries(behaviour.flatMap(([name, value]) => (value === undefined ? [] : [[`simulation.virtdeck.io/${name}`, value]]))),
  }
}

function dataVolumeTemplates(plan: VmPlan): object[] {
  const { golden, image, size } = images[plan.os]
  const storage = (bytes: string) => ({
    accessModes: [plan.accessMode ?? 'ReadWriteMany'],
    resources: { requests: { storage: bytes } },
    storageClassName: plan.storageClass ?? sharedStorage,
    volumeMode: plan.accessMode === 'ReadWriteOnce' ? 'Filesystem' : 'Block',
  })
  const source =
    plan.source === 'registry'
      ? { registry: { url: `docker://${image}` } }
      : typeof plan.source === 'object'
        ? { http: { url: plan.source.http } }
        : { pvc: { name: golden, namespace: 'vmo-golden-images' } }
  const slow = plan.transferSeconds ? { annotations: { 'simulation.virtdeck.io/transfer-seconds': String(plan.transferSeconds) } } : {}
  return [
    ...(plan.containerDisk || plan.claim
      ? []
      : [{ metadata: { name: `${plan.name}-root`, ...slow }, spec: { source, storage: storage(size) } }]),
    ...(plan.extraDisk
      ? [{ metadata: { name: `${plan.name}-data` }, spec: { source: { blank: {} }, storage: storage(plan.extraDisk) } }]
      : []),
  ]
}

/** A VM as the API server stores it, and the Secret of its cloud-init where it has one. */
export function vmObject(plan: VmPlan, objects: Objects, random: Random): [key: string, object: KubeObject][] {
  const { name, namespace } = plan
  const secretName = `${name}-cloud-init`
  const userData = `#cloud-config\nssh_pwauth: true\n${plan.password ? `password: ${plan.password}\nchpasswd: { expire: false }\n` : ''}packages:\n  - qemu-guest-agent\n`
  const dataVolumes = dataVolumeTemplates(plan)
  const cloudInit = !isWindows(plan)
  const root = plan.containerDisk
    ? { name: 'root', containerDisk: { image: plan.image ?? images[plan.os].image } }
    : plan.claim
      ? { name: 'root', persistentVolumeClaim: { claimName: plan.claim } }
      : { name: 'root', dataVolume: { name: `${name}-root` } }
  const binding = plan.binding === 'bridge' ? { bridge: {} } : { masquerade: {} }
  const model = plan.preference ? {} : { model: 'virtio' }
  const vm = {
    metadata: { name, namespace, uid: random.uuid(), labels: { ...plan.labels } },
    spec: {
      ...(dataVolumes.length > 0 ? { dataVolumeTemplates: dataVolumes } : {}),
      ...(plan.instancetype ? { instancetype: { name: plan.instancetype } } : {}),
      ...(plan.preference ? { preference: { name: plan.preference } } : {}),
      runStrategy: plan.runStrategy ?? 'Always',
      template: {
        metadata: { annotations: annotationsOf(plan), labels: { 'kubevirt.io/domain': name, ...plan.labels } },
        spec: {
          domain: {
            ...(plan.instancetype
              ? {}
              : { cpu: { cores: 1, sockets: plan.cpus ?? 1, threads: 1 }, memory: { guest: plan.memory ?? '2Gi' } }),
            devices: {
              disks: [
                { name: 'root', bootOrder: 1, disk: plan.preference ? {} : { bus: 'virtio' } },
                ...(plan.extraDisk ? [{ name: 'data', disk: { bus: 'virtio' } }] : []),
                ...(cloudInit ? [{ name: 'cloudinit', disk: { bus: 'virtio' } }] : []),
              ],
              interfaces: [
                { name: 'default', ...binding, ...model },
                ...(plan.networks ?? []).map((network) => ({ name: network, bridge: {}, ...model })),
              ],
              ...(plan.hostDevice ? { hostDevices: [{ name: 'host-device', deviceName: plan.hostDevice }] } : {}),
            },
          },
          networks: [
            { name: 'default', pod: {} },
            ...(plan.networks ?? []).map((network) => ({ name: network, multus: { networkName: network } })),
          ],
          ...(plan.nodeSelector ? { nodeSelector: plan.nodeSelector } : {}),
          terminationGracePeriodSeconds: isWindows(plan) ? 3600 : 180,
          volumes: [
            root,
            ...(plan.extraDisk ? [{ name: 'data', dataVolume: { name: `${name}-data` } }] : []),
            ...(cloudInit ? [{ name: 'cloudinit', cloudInitNoCloud: { secretRef: { name: secretName } } }] : []),
          ],
        },
      },
    },
  }
  const complete = defaultVm(objects, vm as unknown as VirtualMachine, random.uuid)
  const secret = { metadata: { name: secretName, namespace }, type: 'Opaque', data: { userdata: Buffer.from(userData).toString('base64') } }
  return [
    ...(cloudInit ? [['secrets', secret] as [string, KubeObject]] : []),
    ['virtualmachines.kubevirt.io', complete as unknown as KubeObject],
  ]
}
