// A VM's snapshots as the page shows them: their state, how they were made, and which of them "now" came from.
import { parseQuantity, type VirtualMachineRestore, type VirtualMachineSnapshot, type VirtualMachineSnapshotContent } from '@virtdeck/k8s'

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

const seconds = (time: string | null | undefined) => (time ? Date.parse(time) / 1000 : undefined)

/** https://github.com/kubevirt/kubevirt/blob/d923fdb/staging/src/kubevirt.io/api/snapshot/v1beta1/types.go (Indication) */
export function snapshotEntry(
  snapshot: VirtualMachineSnapshot,
  content: VirtualMachineSnapshotContent | undefined,
  restores: readonly VirtualMachineRestore[],
): SnapshotEntry {
  const { metadata, status } = snapshot
  const askedAt = seconds(metadata.creationTimestamp) ?? 0
  const takenAt = seconds(status?.creationTime)
  const indications = status?.sourceIndications?.map((one) => one.indication) ?? status?.indications ?? []
  const restored = restores
    .filter((restore) => restore.spec.virtualMachineSnapshotName === metadata.name && restore.status?.complete)
    .map((restore) => seconds(restore.status?.restoreTime) ?? 0)
  const sizes =
    content?.spec.volumeBackups?.map((backup) =>
      parseQuantity(backup.persistentVolumeClaim.spec?.resources?.requests?.['storage'] as string | undefined),
    ) ?? []
  return {
    uid: metadata.uid,
    name: metadata.name,
    takenAt: takenAt ?? askedAt,
    state: stateOf(snapshot),
    message: messageOf(snapshot),
    madeWith: status?.phase === undefined ? [] : madeWith(indications),
    warning: warningOf(snapshot, indications),
    disks: status?.snapshotVolumes?.includedVolumes ?? [],
    leftOut: status?.snapshotVolumes?.excludedVolumes ?? [],
    sizeBytes: sizes.length > 0 ? sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0) : undefined,
    tookSeconds: takenAt === undefined ? undefined : Math.max(0, takenAt - askedAt),
    restoredAt: restored.length > 0 ? Math.max(...restored) : undefined,
    contentName: status?.virtualMachineSnapshotContentName,
  }
}

function stateOf({ metadata, status }: VirtualMachineSnapshot): SnapshotEntry['state'] {
  if (metadata.deletionTimestamp) return 'deleting'
  if (status?.phase === 'Failed') return 'failed'
  return status?.readyToUse ? 'ready' : 'taking'
}

/** Conditions of snapshots put the sentence into `reason`. */
function messageOf({ status }: VirtualMachineSnapshot): string | undefined {
  if (status?.error?.message) return status.error.message
  if (status?.readyToUse) return undefined
  const condition =
    status?.conditions?.find((one) => one.type === 'Failure' && one.status === 'True') ??
    status?.conditions?.find((one) => one.type === 'Progressing')
  return condition?.message ?? condition?.reason
}

function madeWith(indications: readonly string[]): string[] {
  if (!indications.includes('Online')) return ['offline']
  const words = ['online']
  if (indications.includes('GuestAgent')) words.push('agent')
  if (indications.includes('NoGuestAgent')) words.push('no agent')
  if (indications.includes('QuiesceFailed')) words.push('quiesce failed')
  if (indications.includes('Paused')) words.push('paused')
  return words
}

function warningOf({ status }: VirtualMachineSnapshot, indications: readonly string[]): string | undefined {
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

export type TreeLine = { entry: SnapshotEntry; level: number; first: boolean } | { now: true; level: number; first: boolean }

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
      .map((restore) => ({ at: seconds(restore.status?.restoreTime) ?? 0, restored: restore.spec.virtualMachineSnapshotName })),
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
