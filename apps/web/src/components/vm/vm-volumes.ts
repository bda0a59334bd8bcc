import type { VirtualMachine, VirtualMachineInstance } from '@virtdeck/k8s'
import { claimOf } from '@virtdeck/kubevirt'

/** The names of the PersistentVolumeClaims a VM uses; a DataVolume's claim has its name. */
export function claimNames(vm: VirtualMachine | undefined, vmi: VirtualMachineInstance | undefined): string[] {
  const volumes = [...(vm?.spec.template.spec?.volumes ?? []), ...(vmi?.spec.volumes ?? [])]
  return [...new Set(volumes.flatMap((volume) => claimOf(volume) ?? []))].toSorted()
}
