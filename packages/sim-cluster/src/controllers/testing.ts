// A cluster without its API server: store, controllers and guests on a clock that tests move.
import type { KubeObject, VirtualMachine, VirtualMachineInstance } from '@virtdeck/k8s'
import { defaultVm } from '../admission/vm-defaults.ts'
import { manualClock, timestamp } from '../clock.ts'
import { createGuests } from '../guests/guests.ts'
import { seedBase } from '../scenarios/cluster-base.ts'
import { smallNodes } from '../scenarios/small.ts'
import { createStorage } from '../storage/storage.ts'
import { createSubresources } from '../subresources/create-subresources.ts'
import { runControllers } from './controller.ts'
import { createControllers } from './create-controllers.ts'
import { createObjects, vmis, vms } from './objects.ts'

type VmOptions = {
  runStrategy?: string
  cpus?: number
  memory?: string
  annotations?: Record<string, string>
  disk?: { storageClassName?: string; accessMode?: string; source?: object; annotations?: Record<string, string> }
  spec?: object
  templateSpec?: object
}

export function startTestCluster() {
  const clock = manualClock()
  const storage = createStorage(clock)
  const guests = createGuests({ clock, storage })
  seedBase(storage, { nowMs: clock.now(), namespaces: [{ name: 'team-a' }, { name: 'team-b' }], nodes: smallNodes })
  const errors: unknown[] = []
  const runner = runControllers(createControllers({ storage, clock, guests, seed: 1 }), storage, clock, (name, key, error) => {
    errors.push(new Error(`${name} ${key}`, { cause: error }))
  })
  const subresources = createSubresources({ storage, clock, guests })
  const objects = createObjects(storage, clock)
  const user = { username: 'admin', groups: ['system:masters'] }

  return {
    clock,
    storage,
    guests,
    objects,
    seconds: (count: number) => clock.advance(count * 1000),
    vm: (name: string) => objects.get(vms, 'team-a', name) as VirtualMachine,
    vmi: (name: string): VirtualMachineInstance | undefined => objects.get(vmis, 'team-a', name),
    createVm(
      name: string,
      { runStrategy = 'Always', cpus = 1, memory = '1Gi', annotations = {}, disk, spec = {}, templateSpec = {} }: VmOptions = {},
    ) {
      const vm = {
        metadata: { name, namespace: 'team-a' },
        spec: {
          runStrategy,
          ...(disk
            ? {
                dataVolumeTemplates: [
                  {
                    metadata: { name: `${name}-root`, annotations: disk.annotations ?? {} },
                    spec: {
                      source: disk.source ?? { pvc: { name: 'ubuntu-24-04', namespace: 'vmo-golden-images' } },
                      storage: {
                        accessModes: [disk.accessMode ?? 'ReadWriteMany'],
                        storageClassName: disk.storageClassName ?? 'ceph-block',
                        volumeMode: 'Block',
                        resources: { requests: { storage: '20Gi' } },
                      },
                    },
                  },
                ],
              }
            : {}),
          template: {
            metadata: { annotations },
            spec: {
              domain: {
                cpu: { sockets: cpus },
                memory: { guest: memory },
                devices: { disks: [{ name: 'root', disk: { bus: 'virtio' } }], interfaces: [{ name: 'default', masquerade: {} }] },
              },
              networks: [{ name: 'default', pod: {} }],
              volumes: [
                disk
                  ? { name: 'root', dataVolume: { name: `${name}-root` } }
                  : { name: 'root', containerDisk: { image: 'quay.io/containerdisks/fedora:41' } },
              ],
              ...templateSpec,
            },
          },
          ...spec,
        },
      }
      objects.create(vms, defaultVm(objects, vm as unknown as VirtualMachine) as never)
    },
    create: (key: string, object: KubeObject) => storage.create(key, object),
    /** PUTs (or, without a body to send, GETs) a subresource as an admin would. */
    put(subresource: string, name: string, body?: object) {
      const entry = subresources.get(subresource)
      if (!entry) throw new Error(`no subresource ${subresource}`)
      return entry.handle({ method: 'PUT', namespace: 'team-a', name, query: new URLSearchParams(), body, user, accept: '*/*' })
    },
    migrate(name: string, migration = `${name}-migration`, addedNodeSelector?: Record<string, string>) {
      storage.create('virtualmachineinstancemigrations.kubevirt.io', {
        metadata: { name: migration, namespace: 'team-a', finalizers: ['kubevirt.io/migrationJobFinalize'] },
        spec: { vmiName: name, ...(addedNodeSelector ? { addedNodeSelector } : {}) },
      })
    },
    /** Deletes as the API server does: at once, or by marking where there are finalizers. */
    remove(key: Parameters<typeof objects.remove>[0], name: string) {
      const object = objects.get(key, 'team-a', name)
      if (object) objects.remove(key, object)
    },
    /** Every value that a field of an object takes from now on. */
    follow(key: string, name: string, read: (object: never) => unknown): unknown[] {
      const seen: unknown[] = []
      storage.subscribe((event) => {
        if (`${event.resource.plural}.${event.resource.group}` !== key || event.object.metadata.name !== name) return
        const value = event.type === 'DELETED' ? 'DELETED' : read(event.object as never)
        if (seen.at(-1) !== value) seen.push(value)
      })
      return seen
    },
    events: (reason: string) => objects.list('events').filter((event) => event.reason === reason),
    now: () => timestamp(clock),
    /** Ends it; a reconcile that threw fails the test. */
    stop() {
      runner.stop()
      guests.stop()
      if (errors.length > 0) throw new AggregateError(errors, 'controllers failed')
    },
  }
}
