// What rows do not tell and a drain's plan needs: where its VMs may run, and who asks for them to stay. Read only while the
// plan is open, by the user's own rights.
import { resources, type PodDisruptionBudget, type VirtualMachineInstance } from '@virtdeck/k8s'
import type { NodeRow, VmRow } from '@virtdeck/kubevirt'
import { useWatchMany } from '../../api/watch-many.ts'
import type { WatchScope, WatchState } from '../../api/watch.ts'
import { vmsOn } from './drain-plan.ts'

export type DrainFacts = { vmis: WatchState<VirtualMachineInstance>; budgets: WatchState<PodDisruptionBudget> }

/** A watch for each namespace: of more than these nothing is known, as a socket has only so many. */
const MOST_NAMESPACES = 20

type DrainFactsInput = { node: NodeRow; vms: readonly VmRow[]; allVisible: boolean }

export function useDrainFacts({ node, vms, allVisible }: DrainFactsInput): DrainFacts {
  const namespaces = [...new Set(vmsOn(node, vms).map(({ namespace }) => namespace))].toSorted().slice(0, MOST_NAMESPACES)
  const scopes: WatchScope[] = allVisible ? [{}] : namespaces.map((namespace) => ({ namespace }))
  const labelSelector = `kubevirt.io/nodeName=${node.name}`
  return {
    vmis: useWatchMany(
      resources.virtualMachineInstances,
      scopes.map((scope) => ({ ...scope, labelSelector })),
    ),
    budgets: useWatchMany(resources.podDisruptionBudgets, scopes),
  }
}
