// What a VMI's volume stands on.
import type { VirtualMachineInstance } from '@virtdeck/k8s'

export type Volume = NonNullable<VirtualMachineInstance['spec']['volumes']>[number]

/** The claim behind a volume; a DataVolume's claim has the DataVolume's name. */
export const claimNameOf = (volume: Volume): string | undefined =>
  volume.persistentVolumeClaim?.claimName ?? volume.dataVolume?.name ?? volume.memoryDump?.claimName

/** Whether it comes and goes while the VMI runs. */
export const isHotplugVolume = (volume: Volume | undefined): boolean =>
  Boolean(volume?.persistentVolumeClaim?.hotpluggable || volume?.dataVolume?.hotpluggable || volume?.memoryDump)
