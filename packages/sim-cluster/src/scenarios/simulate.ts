// A past for a scenario: the controllers run against the store on a clock of their own, up to now.
import type { KubeObject, VirtualMachine } from '@virtdeck/k8s'
import { manualClock, timestamp } from '../clock.ts'
import { createControllers } from '../controllers/create-controllers.ts'
import { runControllers } from '../controllers/controller.ts'
import { createObjects, restores, snapshots, vmis, vms, type Objects } from '../controllers/objects.ts'
import { createRandom, seedFor } from '../controllers/random.ts'
import type { Guests } from '../guests/guest.ts'
import type { Storage } from '../storage/storage.ts'
import { createSubresources } from '../subresources/create-subresources.ts'

type PowerListener = Parameters<Guests['onPower']>[0]

/** Nobody looks at a guest of the past; the ones that still run are booted again by the live controllers. */
const unseenGuests = (powerListeners: Set<PowerListener>): Guests => ({
  volumes: new Map(),
  boot: () => {},
  setPaused: () => {},
  migrated: () => {},
  shutdown: () => {},
  reset: () => {},
  agent: () => undefined,
  connect: () => undefined,
  exportDisk: () => undefined,
  importDisk: () => {},
  screenshot: () => undefined,
  onPower(listener) {
    powerListeners.add(listener)
    return () => powerListeners.delete(listener)
  },
  stop: () => {},
})

type TemplateSpec = NonNullable<VirtualMachine['spec']['template']['spec']>

export type Past = {
  objects: Objects
  nowMs(): number
  /** Stores what somebody created then. */
  create(key: string, object: KubeObject): void
  /** What somebody did then through a subresource, such as `virtualmachines/stop`. */
  act(subresource: string, namespace: string, name: string, body?: object): void
  patchTemplate(namespace: string, name: string, change: (spec: TemplateSpec) => TemplateSpec): void
  snapshot(namespace: string, vmName: string, name: string): void
  restore(namespace: string, vmName: string, snapshotName: string, name: string): void
  annotate(namespace: string, name: string, annotations: Record<string, string>): void
  /** As a guest that behaves differently from now on. */
  annotateVmi(namespace: string, name: string, annotations: Record<string, string>): void
  /** Somebody shut the guest down from inside. */
  powerOff(namespace: string, name: string): void
  /** Lets time pass until so many milliseconds before the end. */
  until(msBeforeEnd: number): void
  stop(): void
}

export function createPast(storage: Storage, { startMs, endMs, seed }: { startMs: number; endMs: number; seed: number }): Past {
  const clock = manualClock(startMs)
  const powerListeners = new Set<PowerListener>()
  const guests = unseenGuests(powerListeners)
  // Nobody reads the heartbeats of the past, and what happened then is told by the scenario.
  const controllers = createControllers({ storage, clock, guests, seed: seedFor('past', seed) }).filter(
    ({ name }) => name !== 'heartbeats' && name !== 'churn',
  )
  const running = runControllers(controllers, storage, clock, (name, key, error) => {
    throw new Error(`scenario: ${name} ${key}`, { cause: error })
  })
  const random = createRandom(seedFor('past objects', seed))
  const objects = createObjects(storage, clock, random.uuid)
  const subresources = createSubresources({ storage, clock, guests })
  const user = { username: 'admin', groups: ['system:masters'] }
  return {
    objects,
    nowMs: clock.now,
    create: (key, object) =>
      void storage.create(key, { ...object, metadata: { creationTimestamp: timestamp(clock), uid: random.uuid(), ...object.metadata } }),
    act(subresource, namespace, name, body) {
      subresources.get(subresource)?.handle({ method: 'PUT', namespace, name, query: new URLSearchParams(), body, user, accept: '*/*' })
    },
    patchTemplate(namespace, name, change) {
      const vm = objects.get(vms, namespace, name)
      if (!vm?.spec.template.spec) throw new Error(`no VM ${namespace}/${name}`)
      objects.setSpec(vms, vm, { ...vm.spec, template: { ...vm.spec.template, spec: change(vm.spec.template.spec) } })
    },
    snapshot(namespace, vmName, name) {
      objects.create(snapshots, {
        metadata: { name, namespace },
        spec: { source: { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: vmName } },
      })
    },
    restore(namespace, vmName, virtualMachineSnapshotName, name) {
      objects.create(restores, {
        metadata: { name, namespace },
        spec: { target: { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: vmName }, virtualMachineSnapshotName },
      })
    },
    annotate(namespace, name, annotations) {
      const vm = objects.get(vms, namespace, name)
      if (vm) objects.setMetadata(vms, vm, { annotations: { ...vm.metadata.annotations, ...annotations } })
    },
    annotateVmi(namespace, name, annotations) {
      const vmi = objects.get(vmis, namespace, name)
      if (vmi) objects.setMetadata(vmis, vmi, { annotations: { ...vmi.metadata.annotations, ...annotations } })
    },
    powerOff(namespace, name) {
      const vmi = objects.get(vmis, namespace, name)
      if (vmi) for (const listener of powerListeners) listener(vmi.metadata.uid, 'poweroff')
    },
    until(msBeforeEnd) {
      const left = endMs - msBeforeEnd - clock.now()
      if (left > 0) clock.advance(left)
    },
    stop: () => running.stop(),
  }
}
