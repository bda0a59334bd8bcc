// Rows for tests.
import type { NodeRow, VmRow } from '@virtdeck/kubevirt'

/** A running VM, but for what a test says otherwise. */
export function vmRow(name: string, differences: Partial<VmRow> = {}): VmRow {
  const namespace = differences.namespace ?? 'shop'
  return { uid: `${namespace}/${name}`, namespace, name, createdAt: 0, status: 'Running', ...differences }
}

/** A node of 16 cores and 64 GiB that takes VMs, but for what a test says otherwise. */
export const nodeRow = (name: string, differences: Partial<NodeRow> = {}): NodeRow => ({
  uid: name,
  name,
  createdAt: 0,
  ready: true,
  unschedulable: false,
  schedulable: true,
  cpuMillicores: 16_000,
  memoryBytes: 64 * 2 ** 30,
  ...differences,
})
