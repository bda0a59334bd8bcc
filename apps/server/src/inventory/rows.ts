// The rows of a fleet in the inventory's thread: JSON text by uid, in blocks that are written again only after a change.
import { addToSum, emptySum, encodeRows, sumOfText, type Fleet, type RowSum } from '@virtdeck/kubevirt'
import type { Variant } from './messages.ts'

/** A row's text, as rowText makes it. */
export type RowUpsert = [uid: string, namespace: string, json: string]
export type RowRemove = [uid: string, namespace: string]
export type RowChanges = { upsert: RowUpsert[]; remove: RowRemove[] }

type StoredRow = { json: string; block: RowBlock }

/** Some rows of one namespace, and their line in a snapshot: made again only after one of them has changed. */
export type RowBlock = { namespace: string; uids: Set<string>; line(): string }

const maxBlockRows = 256

/** All rows of one fleet, in one variant, from one source. */
export type RowStore = {
  fleet: Fleet
  variant: Variant
  /** Settles once every row was received that there was. */
  ready: Promise<void>
  complete(): void
  rows: ReadonlyMap<string, StoredRow>
  /** The rows in blocks of one namespace each. */
  blocks(): Iterable<RowBlock>
  /** Every namespace that has rows, with the sum of them. */
  sums(): ReadonlyMap<string, RowSum>
  /** Rows that came, changed or went, these by their uid. */
  receive(changes: { upsert: RowUpsert[]; remove: string[] }): void
  /** Called with what has really changed. */
  subscribe(listener: (changes: RowChanges) => void): () => void
}

export function createRowStore(fleet: Fleet, variant: Variant): RowStore {
  const rows = new Map<string, StoredRow>()
  const blocks = new Set<RowBlock>()
  const lines = new Map<RowBlock, string>()
  /** The block of each namespace that takes new rows. */
  const open = new Map<string, RowBlock>()
  const sums = new Map<string, RowSum>()
  const listeners = new Set<(changes: RowChanges) => void>()
  let complete = () => {}
  const ready = new Promise<void>((resolve) => (complete = resolve))

  const blockFor = (namespace: string): RowBlock => {
    const known = open.get(namespace)
    if (known && known.uids.size < maxBlockRows) return known
    const block: RowBlock = {
      namespace,
      uids: new Set(),
      line() {
        let line = lines.get(block)
        if (line === undefined) {
          line = encodeRows([...block.uids].map((uid) => JSON.parse(rows.get(uid)?.json ?? '') as object))
          lines.set(block, line)
        }
        return line
      },
    }
    open.set(namespace, block)
    blocks.add(block)
    return block
  }
  const addSum = (namespace: string, json: string, times: 1 | -1) => {
    const sum = addToSum(sums.get(namespace) ?? emptySum, sumOfText(json), times)
    if (sum.count > 0) sums.set(namespace, sum)
    else sums.delete(namespace)
  }
  const drop = (uid: string): RowBlock | undefined => {
    const row = rows.get(uid)
    if (!row) return undefined
    const { json, block } = row
    rows.delete(uid)
    addSum(block.namespace, json, -1)
    block.uids.delete(uid)
    lines.delete(block)
    return block
  }
  const put = ([uid, namespace, json]: RowUpsert) => {
    const former = drop(uid)
    const block = former?.namespace === namespace ? former : blockFor(namespace)
    block.uids.add(uid)
    lines.delete(block)
    rows.set(uid, { json, block })
    addSum(namespace, json, 1)
  }
  const dropForGood = (uid: string) => {
    const block = drop(uid)
    if (!block || block.uids.size > 0) return
    blocks.delete(block)
    if (open.get(block.namespace) === block) open.delete(block.namespace)
  }

  return {
    fleet,
    variant,
    ready,
    complete: () => complete(),
    rows,
    blocks: () => blocks,
    sums: () => sums,
    receive({ upsert, remove }) {
      const gone = remove.flatMap((uid): RowRemove[] => {
        const row = rows.get(uid)
        return row ? [[uid, row.block.namespace]] : []
      })
      for (const [uid] of gone) dropForGood(uid)
      const changed = upsert.filter(([uid, , json]) => rows.get(uid)?.json !== json)
      for (const one of changed) put(one)
      if (changed.length > 0 || gone.length > 0) for (const listener of listeners) listener({ upsert: changed, remove: gone })
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
