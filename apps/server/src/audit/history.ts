// The latest operations in memory: what the Activity page of this replica shows, as objects that can be watched.
import type { Activity } from '../protocol.ts'
import type { AuditRecord } from './record.ts'

export type HistoryEvent = { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: Activity }

export type History = {
  add(record: AuditRecord): void
  /** Oldest first. */
  list(): Activity[]
  /** Told of each operation as it begins, of its outcome, and when it is too old to be kept. Returns how to stop. */
  onChange(listener: (event: HistoryEvent) => void): () => void
}

const historySize = 2_000

export function createHistory(size = historySize): History {
  const byKey = new Map<string, Activity>()
  const listeners = new Set<(event: HistoryEvent) => void>()
  const tell = (event: HistoryEvent) => {
    for (const listener of listeners) listener(event)
  }
  return {
    add(record) {
      const key = `${record.id}|${record.event}`
      const known = byKey.get(key)
      const object = activityOf(record, known)
      byKey.set(key, object)
      tell({ type: known ? 'MODIFIED' : 'ADDED', object })
      const [oldest] = byKey
      if (byKey.size <= size || !oldest) return
      byKey.delete(oldest[0])
      tell({ type: 'DELETED', object: oldest[1] })
    },
    list: () => [...byKey.values()],
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** An operation is named by where it began; its outcome changes it, and changes who it was where nobody knew before. */
function activityOf(record: AuditRecord, known: Activity | undefined): Activity {
  const { id, event, phase, actor, client, target, change, gate, chain, seq, ts, hash } = record
  const result = phase === 'start' ? undefined : record.result
  return {
    apiVersion: 'virtdeck.io/v1',
    kind: 'Activity',
    metadata: known?.metadata ?? { name: `${chain}-${seq}`, uid: `${chain}-${seq}`, creationTimestamp: ts },
    requestId: id,
    event,
    actor,
    running: phase === 'start',
    position: `${chain}:${seq}:${hash}`,
    ...(client ? { client } : {}),
    ...(target ? { target } : {}),
    ...(change ? { change } : {}),
    ...(gate ? { gate } : {}),
    ...(result ? { result } : {}),
    ...(phase === 'event' && record.missing ? { missing: record.missing } : {}),
  }
}
