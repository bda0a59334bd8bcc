import { labelSelectorOf, matchesLabels, type PodDisruptionBudget, type VirtualMachineInstance } from '@virtdeck/k8s'

/**
 * The PodDisruptionBudgets that protect a VMI, by the labels that its pod has from it. Not KubeVirt's own, which older versions
 * make for each VMI that can move: they turn an eviction into a migration.
 * https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-controller/watch/drain/disruptionbudget/disruptionbudget.go
 */
export function budgetsOf({ metadata }: VirtualMachineInstance, budgets: readonly PodDisruptionBudget[]): PodDisruptionBudget[] {
  const labels = {
    ...metadata.labels,
    'kubevirt.io': 'virt-launcher',
    'kubevirt.io/created-by': metadata.uid,
    'vm.kubevirt.io/name': metadata.name,
  }
  return budgets.filter(
    ({ metadata: { namespace, ownerReferences = [] }, spec }) =>
      namespace === metadata.namespace &&
      !ownerReferences.some(({ controller, kind }) => controller && kind === 'VirtualMachineInstance') &&
      spec?.selector !== undefined &&
      matchesLabels(labelSelectorOf(spec.selector), labels),
  )
}
