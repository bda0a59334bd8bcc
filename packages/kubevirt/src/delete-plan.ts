// Deleting a VM and deciding what becomes of its disks and snapshots, as the requests in their order.
import {
  deleteOptions,
  objectPath,
  own,
  parseQuantity,
  patchContentTypes,
  resources,
  type ApiRequest,
  type DataVolume,
  type ObjectMeta,
  type PersistentVolumeClaim,
  type StoredMeta,
  type VirtualMachine,
  type VirtualMachineSnapshot,
} from '@virtdeck/k8s'
import { claimOf } from './disks.ts'

export type Fate = 'keep' | 'delete'

export type DeletableDisk = {
  /** The DataVolume's or the claim's name. */
  name: string
  kind: 'DataVolume' | 'PersistentVolumeClaim'
  sizeBytes?: number
  /** True where the VM is its owner: the cluster deletes it along with the VM, unless it is let go first. */
  owned: boolean
  /** Other VMs that use it. Where there are any, it is kept whatever one chooses. */
  usedBy: string[]
}

export type DeleteObjects = {
  dataVolumes: readonly DataVolume[]
  pvcs: readonly PersistentVolumeClaim[]
  snapshots?: readonly VirtualMachineSnapshot[]
  /** The other VMs of the namespace: who else uses a disk. */
  otherVms: readonly VirtualMachine[]
  /** The same as names, where it is known without the VMs themselves. */
  usersOf?: (claim: string) => readonly string[]
}

export type DeleteChoices = {
  /** By the disk's name; what is missing goes if the VM owns it, and stays if not. */
  disks?: Record<string, Fate>
  /** By the snapshot's name; what is missing stays. A snapshot lives on without its VM. */
  snapshots?: Record<string, Fate>
}

export type DeleteStep = {
  does: 'release-template' | 'release-disk' | 'delete-vm' | 'delete-disk' | 'delete-snapshot'
  name: string
  request: ApiRequest
}

/** The disks that a VM has for itself or shares, one line each. A DataVolume stands for its claim. */
export function disksToDecide(vm: VirtualMachine, objects: Omit<DeleteObjects, 'snapshots'>): DeletableDisk[] {
  const { dataVolumes, pvcs, otherVms, usersOf } = objects
  const referenced = claimNames(vm)
  const others = otherVms
    .filter((other) => other.metadata.uid !== vm.metadata.uid)
    .map((other) => ({ name: other.metadata.name, claims: claimNames(other) }))
  const usedBy = (name: string) => {
    const users = [...others.filter(({ claims }) => claims.has(name)).map((other) => other.name), ...(usersOf?.(name) ?? [])]
    return [...new Set(users)].filter((user) => user !== vm.metadata.name)
  }
  const claim = (name: string) => pvcs.find((pvc) => pvc.metadata.name === name)
  const dvNames = new Set(dataVolumes.map((dv) => dv.metadata.name))
  const ofDataVolumes = dataVolumes
    .filter((dv) => ownedBy(dv.metadata, vm) || referenced.has(dv.metadata.name))
    .map((dv) => disk(dv.metadata, 'DataVolume', vm, usedBy, claim(dv.metadata.name) ?? dv))
  const ofClaims = pvcs
    .filter((pvc) => !dvNames.has(pvc.metadata.name) && (ownedBy(pvc.metadata, vm) || referenced.has(pvc.metadata.name)))
    .map((pvc) => disk(pvc.metadata, 'PersistentVolumeClaim', vm, usedBy, pvc))
  return [...ofDataVolumes, ...ofClaims].toSorted((a, b) => a.name.localeCompare(b.name))
}

function disk(
  metadata: StoredMeta,
  kind: DeletableDisk['kind'],
  vm: VirtualMachine,
  usedBy: (name: string) => string[],
  sized: DataVolume | PersistentVolumeClaim,
): DeletableDisk {
  const sizeBytes = sizeOf(sized)
  return {
    name: metadata.name,
    kind,
    ...(sizeBytes !== undefined && { sizeBytes }),
    owned: ownedBy(metadata, vm),
    usedBy: usedBy(metadata.name),
  }
}

function sizeOf(object: DataVolume | PersistentVolumeClaim): number | undefined {
  const capacity = (object as PersistentVolumeClaim).status?.capacity?.['storage']
  const spec = object.spec as DataVolume['spec'] & PersistentVolumeClaim['spec']
  const request = spec?.resources?.requests?.['storage'] ?? (spec?.storage ?? spec?.pvc)?.resources?.requests?.['storage']
  return parseQuantity(capacity) ?? parseQuantity(request)
}

/** What is to become of a disk, the rule that what another VM uses stays included. */
export function diskFate({ name, owned, usedBy }: DeletableDisk, choices: DeleteChoices): Fate {
  if (usedBy.length > 0) return 'keep'
  return own(choices.disks, name) ?? (owned ? 'delete' : 'keep')
}

/**
 * The requests, in their order. A disk that the VM owns is kept by letting go of it before the VM is deleted: first out
 * of the VM's dataVolumeTemplates, since virt-controller would adopt it again by its name, then off its owner.
 * https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-controller/watch/vm/vm.go (ClaimMatchedDataVolumes)
 */
export function deletePlan(vm: VirtualMachine, objects: DeleteObjects, choices: DeleteChoices = {}): DeleteStep[] {
  const namespace = vm.metadata.namespace ?? ''
  const disks = disksToDecide(vm, objects)
  const released = disks.filter((item) => item.owned && diskFate(item, choices) === 'keep')
  const doomed = disks.filter((item) => !item.owned && diskFate(item, choices) === 'delete')
  const metadataOf = (item: DeletableDisk): StoredMeta | undefined =>
    (item.kind === 'DataVolume' ? objects.dataVolumes : objects.pvcs).find(({ metadata }) => metadata.name === item.name)?.metadata
  const templates = templateRemovals(vm, new Set(released.map(({ name }) => name)))
  return [
    ...(templates.length > 0
      ? [
          {
            does: 'release-template' as const,
            name: vm.metadata.name,
            request: jsonPatch(resources.virtualMachines, namespace, vm.metadata.name, templates),
          },
        ]
      : []),
    ...released.map((item): DeleteStep => {
      const patch = ownerRemoval(metadataOf(item), vm)
      return { does: 'release-disk', name: item.name, request: jsonPatch(diskResource(item), namespace, item.name, patch) }
    }),
    { does: 'delete-vm', name: vm.metadata.name, request: deletion(resources.virtualMachines, namespace, vm.metadata) },
    ...doomed.map((item): DeleteStep => ({
      does: 'delete-disk',
      name: item.name,
      request: deletion(diskResource(item), namespace, metadataOf(item) ?? { name: item.name }),
    })),
    ...(objects.snapshots ?? [])
      .filter((snapshot) => own(choices.snapshots, snapshot.metadata.name) === 'delete' && isOf(snapshot, vm))
      .map((snapshot): DeleteStep => ({
        does: 'delete-snapshot',
        name: snapshot.metadata.name,
        request: deletion(resources.virtualMachineSnapshots, namespace, snapshot.metadata),
      })),
  ]
}

type PatchOperation = { op: 'test' | 'remove'; path: string; value?: unknown }

/** From the last to the first, so that no removal shifts the next. The test fails where somebody changed the list. */
function templateRemovals(vm: VirtualMachine, names: ReadonlySet<string>): PatchOperation[] {
  return (vm.spec.dataVolumeTemplates ?? [])
    .map((template, index) => ({ name: template.metadata?.name ?? '', index }))
    .filter(({ name }) => names.has(name))
    .toReversed()
    .flatMap(({ name, index }) => removal(`/spec/dataVolumeTemplates/${index}`, '/metadata/name', name))
}

function ownerRemoval(metadata: StoredMeta | undefined, vm: VirtualMachine): PatchOperation[] {
  return (metadata?.ownerReferences ?? [])
    .map(({ uid }, index) => ({ uid, index }))
    .filter(({ uid }) => uid === vm.metadata.uid)
    .toReversed()
    .flatMap(({ uid, index }) => removal(`/metadata/ownerReferences/${index}`, '/uid', uid))
}

function removal(path: string, identity: string, value: string): PatchOperation[] {
  return [
    { op: 'test', path: path + identity, value },
    { op: 'remove', path },
  ]
}

type AnyResource = Parameters<typeof objectPath>[0]

function diskResource({ kind }: DeletableDisk): AnyResource {
  return kind === 'DataVolume' ? resources.dataVolumes : resources.persistentVolumeClaims
}

function jsonPatch(resource: AnyResource, namespace: string, name: string, body: PatchOperation[]): ApiRequest {
  return { method: 'PATCH', path: objectPath(resource, { namespace, name }), body, contentType: patchContentTypes.json }
}

function deletion(resource: AnyResource, namespace: string, { name = '', uid }: ObjectMeta): ApiRequest {
  return { method: 'DELETE', path: objectPath(resource, { namespace, name }), body: deleteOptions(uid ? { uid } : {}) }
}

function ownedBy(metadata: ObjectMeta, vm: VirtualMachine): boolean {
  return metadata.ownerReferences?.some(({ uid }) => uid === vm.metadata.uid) ?? false
}

function isOf(snapshot: VirtualMachineSnapshot, vm: VirtualMachine): boolean {
  return snapshot.spec.source.kind === 'VirtualMachine' && snapshot.spec.source.name === vm.metadata.name
}

/** The claims that a VM's volumes name. */
export function claimNames(vm: VirtualMachine): Set<string> {
  return new Set((vm.spec.template.spec?.volumes ?? []).map(claimOf).filter((name): name is string => name !== undefined))
}
