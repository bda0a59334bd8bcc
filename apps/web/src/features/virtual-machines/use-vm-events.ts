import { resources, type Status } from '@virtdeck/k8s'
import { useMemo } from 'react'
import { useWatchList } from '../../api/watch.ts'
import { useWatchMany } from '../../api/watch-many.ts'
import type { VmRef } from '../../paths.ts'
import { mergeEvents, type VmEvent } from './vm-events.ts'
import type { VmObjects } from '../../components/vm/use-vm.ts'

/** Newest pods and tasks whose events are worth a watch of their own: a tab has fifty watches, and the cluster drops events after an hour. */
const recent = 3

const newest = (items: readonly { metadata: { name: string; creationTimestamp: string } }[]) =>
  items
    .toSorted((a, b) => b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp))
    .slice(0, recent)
    .map((item) => item.metadata.name)

/**
 * Events of the VM, its VMI, launcher pods, volumes, migrations and snapshots. Each name is one watch with a field
 * selector: a namespace's whole events can be tens of thousands.
 */
export function useVmEvents(
  { namespace, name }: VmRef,
  { migrations, dataVolumes, claims }: Pick<VmObjects, 'migrations' | 'dataVolumes' | 'claims'>,
): { events: VmEvent[]; status: 'loading' | 'ready' | 'error'; error?: Status } {
  const pods = useWatchList(resources.pods, { namespace, labelSelector: `kubevirt.io=virt-launcher,vm.kubevirt.io/name=${name}` }).items
  const snapshots = useWatchList(resources.virtualMachineSnapshots, { namespace }).items.filter(
    (snapshot) => snapshot.spec.source.name === name,
  )
  const restores = useWatchList(resources.virtualMachineRestores, { namespace }).items.filter(
    (restore) => restore.spec.target.name === name,
  )
  const names = [
    ...new Set([
      name,
      ...newest(pods),
      ...newest(migrations),
      ...newest(snapshots),
      ...newest(restores),
      ...newest(dataVolumes),
      ...newest(claims),
    ]),
  ]
  const { items, status, error } = useWatchMany(
    resources.events,
    names.map((involved) => ({ namespace, fieldSelector: `involvedObject.name=${involved}` })),
  )
  return { events: useMemo(() => mergeEvents(items), [items]), status, error }
}
