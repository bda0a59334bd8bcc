// What tests ask of the cluster itself, as its admin: VMs of their own to work on, and what has become of them.
import { expect } from '@playwright/test'
import type { Stack } from './fixtures.ts'

type Condition = { type: string; status: string; reason?: string; message?: string }
export type Vm = {
  metadata: {
    namespace: string
    name: string
    uid: string
    labels?: Record<string, string>
    annotations?: Record<string, string>
    creationTimestamp: string
  }
  spec: { runStrategy?: string }
  status?: { printableStatus?: string; conditions?: Condition[] }
}
export type Vmi = {
  metadata: { uid: string; creationTimestamp: string }
  status?: {
    nodeName?: string
    phase?: string
    phaseTransitionTimestamps?: { phase: string; phaseTransitionTimestamp: string }[]
    interfaces?: { ipAddress?: string }[]
    conditions?: Condition[]
  }
}

export type Ref = { namespace: string; name: string }

export const paths = {
  vms: (namespace: string) => `/apis/kubevirt.io/v1/namespaces/${namespace}/virtualmachines`,
  vm: ({ namespace, name }: Ref) => `${paths.vms(namespace)}/${name}`,
  vmi: ({ namespace, name }: Ref) => `/apis/kubevirt.io/v1/namespaces/${namespace}/virtualmachineinstances/${name}`,
  migrations: (namespace: string) => `/apis/kubevirt.io/v1/namespaces/${namespace}/virtualmachineinstancemigrations`,
  snapshots: (namespace: string) => `/apis/snapshot.kubevirt.io/v1beta1/namespaces/${namespace}/virtualmachinesnapshots`,
  snapshotContents: (namespace: string) => `/apis/snapshot.kubevirt.io/v1beta1/namespaces/${namespace}/virtualmachinesnapshotcontents`,
  claims: (namespace: string) => `/api/v1/namespaces/${namespace}/persistentvolumeclaims`,
}

async function read<T>(stack: Stack, path: string): Promise<T | undefined> {
  const { status, body } = await stack.api('admin', 'GET', path)
  return status === 200 ? (body as T) : undefined
}

export const readVm = (stack: Stack, ref: Ref) => read<Vm>(stack, paths.vm(ref))
export const readVmi = (stack: Stack, ref: Ref) => read<Vmi>(stack, paths.vmi(ref))

export const condition = (object: Vm | Vmi | undefined, type: string) => object?.status?.conditions?.find((one) => one.type === type)

export async function create(stack: Stack, path: string, object: object): Promise<void> {
  const { status, body } = await stack.api('admin', 'POST', path, object)
  expect(body).not.toMatchObject({ kind: 'Status', status: 'Failure' })
  expect(status).toBe(201)
}

export type VmPlan = Ref & {
  runStrategy?: 'Always' | 'Halted'
  /** Blank disks of its own, which are deleted with it. */
  disks?: string[]
  storageClassName?: string
  /** Claims that are there already. */
  claims?: string[]
  labels?: Record<string, string>
  /** How its guest behaves: `simulation.virtdeck.io/…`. */
  guest?: Record<string, string>
}

/** A small VM that boots from an image and may have disks; waits until it has what it was asked to be. */
export async function createVm(stack: Stack, plan: VmPlan): Promise<void> {
  const { namespace, name, runStrategy = 'Always', disks = [], claims = [], labels, guest = {}, storageClassName = 'ceph-block' } = plan
  const blank = (disk: string) => ({
    metadata: { name: disk },
    spec: {
      source: { blank: {} },
      storage: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '1Gi' } }, storageClassName, volumeMode: 'Block' },
    },
  })
  await create(stack, paths.vms(namespace), {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { namespace, name, labels },
    spec: {
      runStrategy,
      dataVolumeTemplates: disks.map(blank),
      template: {
        metadata: {
          annotations: Object.fromEntries(Object.entries(guest).map(([key, value]) => [`simulation.virtdeck.io/${key}`, value])),
        },
        spec: {
          domain: {
            cpu: { cores: 1 },
            memory: { guest: '512Mi' },
            devices: {
              disks: ['root', ...disks, ...claims].map((disk) => ({ name: disk, disk: { bus: 'virtio' } })),
              interfaces: [{ name: 'default', masquerade: {}, model: 'virtio' }],
            },
          },
          networks: [{ name: 'default', pod: {} }],
          volumes: [
            { name: 'root', containerDisk: { image: 'quay.io/containerdisks/alpine:3.20' } },
            ...disks.map((disk) => ({ name: disk, dataVolume: { name: disk } })),
            ...claims.map((claim) => ({ name: claim, persistentVolumeClaim: { claimName: claim } })),
          ],
        },
      },
    },
  })
  const wanted = runStrategy === 'Always' ? 'Running' : 'Stopped'
  await expect.poll(async () => (await readVm(stack, plan))?.status?.printableStatus, { timeout: 60_000 }).toBe(wanted)
}

/** A stopped VM with neither disk nor network, of which nothing is waited for: for those that are many. */
export async function createBareVm(stack: Stack, { namespace, name, labels }: Ref & { labels?: Record<string, string> }): Promise<void> {
  await create(stack, paths.vms(namespace), {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { namespace, name, labels },
    spec: { runStrategy: 'Halted', template: { spec: { domain: { devices: {} }, volumes: [] } } },
  })
}

/** What goes wrong from now on with which requests: `docs/simulation.md`. */
export async function fault(stack: Stack, spec: object): Promise<void> {
  expect((await stack.api('admin', 'POST', '/sim/faults', spec)).status).toBe(200)
}

export async function createClaim(stack: Stack, { namespace, name }: Ref): Promise<void> {
  await create(stack, paths.claims(namespace), {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { namespace, name },
    spec: {
      accessModes: ['ReadWriteMany'],
      resources: { requests: { storage: '1Gi' } },
      storageClassName: 'ceph-block',
      volumeMode: 'Block',
    },
  })
}

export async function names(stack: Stack, path: string): Promise<string[]> {
  const { items } = (await stack.api('admin', 'GET', path)).body as { items: { metadata: { name: string } }[] }
  return items.map((item) => item.metadata.name)
}
