// Kubernetes events of a VM and of what serves it, told once each, newest first.
import { own } from '@virtdeck/k8s'
import type { Event } from '@virtdeck/k8s'

export type VmEvent = {
  uid: string
  warning: boolean
  reason: string
  message: string
  /** How often it was seen. */
  count: number
  /** Who reported it. */
  component?: string
  kind: string
  name: string
  /** Seconds since the epoch. */
  firstAt: number
  lastAt: number
}

/** Recorders fill different fields: the scheduler leaves the timestamps null and sets eventTime, a series counts on its own. */
export function vmEvent(event: Event): VmEvent {
  const created = event.metadata.creationTimestamp
  const first = event.firstTimestamp ?? event.eventTime ?? created
  const last = event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? first
  return {
    uid: event.metadata.uid,
    warning: event.type !== undefined && event.type !== 'Normal',
    reason: event.reason ?? '',
    message: event.message ?? '',
    count: event.series?.count ?? event.count ?? 1,
    component: event.source?.component ?? event.reportingComponent ?? undefined,
    kind: event.involvedObject?.kind ?? '',
    name: event.involvedObject?.name ?? '',
    firstAt: Date.parse(String(first)) / 1000,
    lastAt: Date.parse(String(last)) / 1000,
  }
}

/** One entry per event object; the newest first, and among equals the later-made one first. */
export function mergeEvents(events: readonly Event[]): VmEvent[] {
  const byUid = new Map(events.map((event) => [event.metadata.uid, vmEvent(event)]))
  return [...byUid.values()].toSorted((a, b) => b.lastAt - a.lastAt || b.firstAt - a.firstAt || a.uid.localeCompare(b.uid))
}

type EventFilter = { text: string; warnings: boolean }

export function matchesEvent(event: VmEvent, { text, warnings }: EventFilter): boolean {
  if (warnings && !event.warning) return false
  const haystack = `${event.reason} ${event.message} ${event.kind} ${event.name} ${event.component ?? ''}`.toLowerCase()
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => haystack.includes(word))
}

/** Kinds by the words people use for them. */
export function kindWord(kind: string): string {
  const words: Record<string, string> = {
    VirtualMachine: 'VM',
    VirtualMachineInstance: 'VMI',
    VirtualMachineInstanceMigration: 'Migration',
    VirtualMachineSnapshot: 'Snapshot',
    VirtualMachineRestore: 'Restore',
    PersistentVolumeClaim: 'PVC',
  }
  return own(words, kind) ?? kind
}
