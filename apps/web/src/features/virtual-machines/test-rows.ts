import type { VmRow } from '@virtdeck/kubevirt'

/** A running VM, but for what a test says otherwise. */
export function vmRow(name: string, differences: Partial<VmRow> = {}): VmRow {
  const namespace = differences.namespace ?? 'shop'
  return { uid: `${namespace}/${name}`, namespace, name, createdAt: 0, status: 'Running', ...differences }
}
