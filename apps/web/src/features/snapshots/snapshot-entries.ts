// A VM's snapshots as the page shows them: their state, how they were made, and which of them "now" came from.
import type { VirtualMachineRestore, VirtualMachineSnapshot, VirtualMachineSnapshotContent } from '@virtdeck/k8s'
import { epochSeconds, madeWith, projectSnapshotRow, snapshotMessage, type SnapshotRow } from '@virtdeck/kubevirt'

export type SnapshotEntry = {
  uid: string
  name: string
  /** When its disks were at rest, seconds since the epoch; else when it was asked for. */
  takenAt: number
  state: 'ready' | 'taking' | 'failed' | 'deleting'
  /** Why it failed, or what it waits for, in the cluster's own words. */
  message?: string
  /** `online`, `agent`, …; only what the snapshot says of itself. */
  madeWith: string[]
  /** Why its disks may be less than consistent. */
  warning?: string
  disks: string[]
  leftOut: string[]
  sizeBytes?: number
  tookSeconds?: number
  restoredAt?: number
  contentName?: string
}

/** https://github.com/kubevirt/kubevirt/blob/d923fdb/staging/src/kubevirt.io/api/snapshot/v1beta1/types.go (Indication) */
export function snapshotEntry(
  snapshot: VirtualMachineSnapshot,
  content: VirtualMachineSnapshotContent | undefined,
  restores: readonly VirtualMachineRestore[],
): SnapshotEntry {
  const { metadata, status } = snapshot
  const row = projectSnapshotRow(snapshot, {
    content,
    restores: restores.filter((restore) => restore.spec.virtualMachineSnapshotName === metadata.name),
  })
  const { uid, name, createdAt, takenAt, disks = [], leftOut = [], sizeBytes, restoredAt } = row
  return {
    uid,
    name,
    takenAt: takenAt ?? createdAt,
    state: stateOf(row),
    message: snapshotMessage(status),
    madeWith: madeWith(row).words,
    warning: warningOf(snapshot, row),
    disks,
    leftOut,
    sizeBytes,
    tookSeconds: takenAt === undefined ? undefined : Math.max(0, takenAt - createdAt),
    restoredAt,
    contentName: status?.virtualMachineSnapshotContentName,
  }
}

function stateOf({ phase, ready }: SnapshotRow): SnapshotEntry['state'] {
  if (phase === 'Deleting') return 'deleting'
  if (phase === 'Failed') return 'failed'
  return ready ? 'ready' : 'taking'
}

function warningOf({ status }: VirtualMachineSnapshot, { indications = [] }: SnapshotRow): string | undefined {
  const bad = ['QuiesceFailed', 'NoGuestAgent'].find((indication) => indications.includes(indication))
  if (!bad) return undefined
  const own = status?.sourceIndications?.find((one) => one.indication === bad)?.message
  return (
    own ||
    (bad === 'NoGuestAgent'
      ? 'The guest agent did not answer: the disks are as after a power cut.'
      : 'The file systems could not be brought to rest: the disks are as after a power cut.')
  )
}

export const newestFirst = (entries: readonly SnapshotEntry[]) =>
  entries.toSorted((a, b) => b.takenAt - a.takenAt || a.name.localeCompare(b.name))

type TreeLine = { entry: SnapshotEntry; level: number; first: boolean } | { now: true; level: number; first: boolean }

/**
 * Where "now" hangs. Each snapshot follows what the VM was then: the snapshot before it, or the one that had been
 * restored. The line that leads to now stays at the left; what a restore left behind stands aside of it.
 */
export function snapshotTree(entries: readonly SnapshotEntry[], restores: readonly VirtualMachineRestore[]): TreeLine[] {
  type Step = { at: number; entry?: SnapshotEntry; restored?: string }
  const steps: Step[] = [
    ...entries.filter((entry) => entry.state !== 'failed').map((entry) => ({ at: entry.takenAt, entry })),
    ...restores
      .filter((restore) => restore.status?.complete)
      .map((restore) => ({ at: epochSeconds(restore.status?.restoreTime) ?? 0, restored: restore.spec.virtualMachineSnapshotName })),
  ].toSorted((a, b) => a.at - b.at)

  const children = new Map<string, (SnapshotEntry | 'now')[]>()
  const known = new Set(entries.map((entry) => entry.name))
  let current = ''
  for (const { entry, restored } of steps) {
    if (restored !== undefined) {
      if (known.has(restored)) current = restored
      continue
    }
    if (!entry) continue
    children.set(current, [...(children.get(current) ?? []), entry])
    current = entry.name
  }
  children.set(current, [...(children.get(current) ?? []), 'now'])

  const lines: TreeLine[] = []
  const visit = (parent: string, level: number) => {
    const nodes = children.get(parent) ?? []
    nodes.forEach((node, index) => {
      const aside = index < nodes.length - 1
      const at = aside ? level + 1 : level
      const first = aside && index === 0
      if (node === 'now') lines.push({ now: true, level: at, first })
      else {
        lines.push({ entry: node, level: at, first })
        visit(node.name, at)
      }
    })
  }
  visit('', 0)
  return [...lines, ...newestFirst(entries.filter((entry) => entry.state === 'failed')).map((entry) => ({ entry, level: 0, first: false }))]
}
