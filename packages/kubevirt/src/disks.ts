// A VM's disks: what its spec asks for, what the cluster made of it, and what the guest sees.
import { parseQuantity, type DataVolume, type PersistentVolumeClaim, type VirtualMachine, type VirtualMachineInstance } from '@virtdeck/k8s'
import { percentOf } from './projections.ts'

export type DiskSource =
  | 'dataVolume'
  | 'persistentVolumeClaim'
  | 'ephemeral'
  | 'containerDisk'
  | 'emptyDisk'
  | 'hostDisk'
  | 'cloudInit'
  | 'sysprep'
  | 'configMap'
  | 'secret'
  | 'serviceAccount'
  | 'other'

export type DiskFacts = {
  /** The volume's name in the spec. */
  name: string
  source: DiskSource
  device: 'disk' | 'cdrom' | 'lun' | 'filesystem' | 'none'
  bus?: string
  /** What the guest calls it: `vda`. Only while it runs. */
  target?: string
  bootOrder?: number
  /** The PersistentVolumeClaim behind it; a DataVolume's claim has its name. */
  claimName?: string
  dataVolumeName?: string
  /** containerDisk: the image. */
  image?: string
  sizeBytes?: number
  storageClass?: string
  accessModes?: string[]
  volumeMode?: string
  /** The DataVolume's phase, else the claim's. */
  phase?: string
  /** Percent, while a DataVolume is being filled. */
  progress?: number
  hotplugged: boolean
  readOnly: boolean
}

type VmiSpec = NonNullable<VirtualMachineInstance['spec']>
type Volume = NonNullable<VmiSpec['volumes']>[number]

export type DiskObjects = { dataVolumes?: readonly DataVolume[] | undefined; pvcs?: readonly PersistentVolumeClaim[] | undefined }

/** Every volume of the VM in the order of its spec, then those that were plugged into the running guest only. */
export function disksOf(vm: VirtualMachine | undefined, vmi: VirtualMachineInstance | undefined, objects: DiskObjects = {}): DiskFacts[] {
  const specs = [vm?.spec.template.spec, vmi?.spec].filter((spec): spec is VmiSpec => spec !== undefined)
  const seen = new Set<string>()
  return specs.flatMap((spec) =>
    (spec.volumes ?? [])
      .filter((volume) => !seen.has(volume.name) && seen.add(volume.name))
      .map((volume) => diskFacts(volume, spec, vm, vmi, objects)),
  )
}

function diskFacts(
  volume: Volume,
  spec: VmiSpec,
  vm: VirtualMachine | undefined,
  vmi: VirtualMachineInstance | undefined,
  objects: DiskObjects,
): DiskFacts {
  const disk = spec.domain?.devices?.disks?.find((item) => item.name === volume.name)
  const shared = spec.domain?.devices?.filesystems?.some((item) => item.name === volume.name) ?? false
  const status = vmi?.status?.volumeStatus?.find((item) => item.name === volume.name)
  const claimName = claimOf(volume)
  const dataVolumeName = volume.dataVolume?.name
  const dv = objects.dataVolumes?.find((item) => item.metadata.name === (dataVolumeName ?? claimName))
  const pvc = objects.pvcs?.find((item) => item.metadata.name === claimName)
  const template = vm?.spec.dataVolumeTemplates?.find((item) => item.metadata?.name === dataVolumeName)
  const asked = dv?.spec ?? template?.spec
  const storage = asked?.storage ?? asked?.pvc
  const target = disk?.disk ?? disk?.cdrom ?? disk?.lun
  const sizeBytes =
    parseQuantity(pvc?.status?.capacity?.['storage']) ??
    parseQuantity(status?.persistentVolumeClaimInfo?.capacity?.['storage']) ??
    parseQuantity(storage?.resources?.requests?.['storage']) ??
    parseQuantity(volume.emptyDisk?.capacity) ??
    parseQuantity(volume.hostDisk?.capacity)
  const filling = dv && dv.status?.phase !== 'Succeeded' ? percentOf(dv.status?.progress) : undefined
  const facts: { [K in keyof DiskFacts]: DiskFacts[K] | undefined } = {
    name: volume.name,
    source: sourceOf(volume),
    device: shared ? 'filesystem' : disk?.cdrom ? 'cdrom' : disk?.lun ? 'lun' : disk ? 'disk' : 'none',
    bus: target?.bus,
    target: status?.target || undefined,
    bootOrder: disk?.bootOrder,
    claimName,
    dataVolumeName,
    image: volume.containerDisk?.image,
    sizeBytes,
    storageClass: pvc?.spec?.storageClassName ?? storage?.storageClassName,
    accessModes: pvc?.spec?.accessModes ?? status?.persistentVolumeClaimInfo?.accessModes ?? storage?.accessModes,
    volumeMode: pvc?.spec?.volumeMode ?? status?.persistentVolumeClaimInfo?.volumeMode ?? storage?.volumeMode,
    phase: dv?.status?.phase ?? pvc?.status?.phase,
    progress: filling,
    hotplugged:
      status?.hotplugVolume !== undefined ||
      volume.dataVolume?.hotpluggable === true ||
      volume.persistentVolumeClaim?.hotpluggable === true,
    readOnly: Boolean(disk?.cdrom ? disk.cdrom.readonly !== false : (disk?.disk?.readonly ?? disk?.lun?.readonly)),
  }
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as DiskFacts
}

/** The claim that a volume is on, whichever way it names it. */
export function claimOf(volume: Volume): string | undefined {
  return volume.dataVolume?.name ?? volume.persistentVolumeClaim?.claimName ?? volume.ephemeral?.persistentVolumeClaim?.claimName
}

function sourceOf(volume: Volume): DiskSource {
  if (volume.dataVolume) return 'dataVolume'
  if (volume.persistentVolumeClaim) return 'persistentVolumeClaim'
  if (volume.ephemeral) return 'ephemeral'
  if (volume.containerDisk) return 'containerDisk'
  if (volume.emptyDisk) return 'emptyDisk'
  if (volume.hostDisk) return 'hostDisk'
  if (volume.cloudInitNoCloud || volume.cloudInitConfigDrive) return 'cloudInit'
  if (volume.sysprep) return 'sysprep'
  if (volume.configMap) return 'configMap'
  if (volume.secret) return 'secret'
  if (volume.serviceAccount) return 'serviceAccount'
  return 'other'
}
