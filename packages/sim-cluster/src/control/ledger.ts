// What was written and what became of it: accepted writes of clients and every change of an object, in their order, for
// tests that prove that nothing was lost.
import { resourceKey } from '../api/api-resources.ts'
import type { Clock } from '../clock.ts'
import type { Storage, StorageEvent } from '../storage/storage.ts'

/** Who asks for what, as an audit log would have it. */
export type WriteRequest = {
  /** The answer's header Audit-Id. */
  auditId: string
  user: string
  verb: string
  /** `plural.group`. */
  resource: string
  subresource?: string
  namespace?: string
  name?: string
  dryRun?: true
}

type Place = { sequence: number; time: string }

/** A write that was answered with success; `changes` are the sequence numbers of what it changed at once. */
export type WriteEntry = Place & { entry: 'write'; changes: number[] } & WriteRequest

/** An event as watches send it. Without an `auditId` it is a controller's doing. */
export type ChangeEntry = Place & {
  entry: 'change'
  type: StorageEvent['type']
  resource: string
  namespace?: string
  name: string
  uid: string
  resourceVersion: string
  auditId?: string
}

/** The scenario was seeded again. */
export type ResetEntry = Place & { entry: 'reset'; scenario: string }

export type LedgerEntry = WriteEntry | ChangeEntry | ResetEntry

export type Ledger = {
  /** Entries after a sequence number, oldest first; everything that is kept unless told otherwise. */
  entries(after?: number): LedgerEntry[]
  /** The number of the newest entry; 0 when there is none. */
  sequence(): number
  /** How many of the oldest entries are no longer kept. */
  forgotten(): number
  /** Runs a write, to which the changes that it makes are put down. What throws was not accepted and leaves no entry. */
  during<T>(request: WriteRequest, write: () => T): T
  reset(scenario: string): void
  stop(): void
}

/** @param capacity how many entries are kept; older ones are forgotten in batches. */
export function createLedger(storage: Storage, clock: Clock, { capacity = 100_000 }: { capacity?: number } = {}): Ledger {
  let kept: LedgerEntry[] = []
  let sequence = 0
  let forgotten = 0
  let current: { request: WriteRequest; changes: number[] } | undefined

  const place = (): Place => ({ sequence: (sequence += 1), time: new Date(clock.now()).toISOString() })
  const append = (entry: LedgerEntry) => {
    kept.push(entry)
    if (kept.length < capacity * 1.25) return
    forgotten += kept.length - capacity
    kept = kept.slice(-capacity)
  }

  const unsubscribe = storage.subscribe(({ type, resource, object }) => {
    const { namespace, name, uid, resourceVersion } = object.metadata
    const entry: ChangeEntry = {
      ...place(),
      entry: 'change',
      type,
      resource: resourceKey(resource),
      ...(namespace === undefined ? {} : { namespace }),
      name,
      uid,
      resourceVersion,
      ...(current ? { auditId: current.request.auditId } : {}),
    }
    current?.changes.push(entry.sequence)
    append(entry)
  })

  return {
    entries: (after = 0) => {
      const first = kept[0]?.sequence ?? 0
      return kept.slice(Math.max(0, after + 1 - first))
    },
    sequence: () => sequence,
    forgotten: () => forgotten,
    during(request, write) {
      current = { request, changes: [] }
      try {
        const result = write()
        append({ ...place(), entry: 'write', ...request, changes: current.changes })
        return result
      } finally {
        current = undefined
      }
    },
    reset: (scenario) => append({ ...place(), entry: 'reset', scenario }),
    stop: unsubscribe,
  }
}
