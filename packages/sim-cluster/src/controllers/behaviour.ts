// How the simulation wants a guest to behave: annotations below simulation.virtdeck.io/.
import type { VirtualMachineInstance } from '@virtdeck/k8s'
import { vms, type Objects } from './objects.ts'

/** What is told of a guest on its VM, or in its template, such as `migration-stalls`; undefined where nothing is. */
export function behaviourOf(objects: Objects, vmi: VirtualMachineInstance, name: string): string | undefined {
  const annotation = `simulation.virtdeck.io/${name}`
  return (
    vmi.metadata.annotations?.[annotation] ??
    objects.get(vms, vmi.metadata.namespace, vmi.metadata.name)?.metadata.annotations?.[annotation]
  )
}
