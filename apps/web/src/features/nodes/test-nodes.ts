import type { NodeRow } from '@virtdeck/kubevirt'

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
