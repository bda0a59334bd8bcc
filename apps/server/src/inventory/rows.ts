// Rows as the main thread has them: JSON text by uid, as the inventory's thread made it. And what one permission group sees of them.
import { randomBytes } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { addToSum, digestOf, emptySum, encodeRows, type Fleet, type RowSum } from '@virtdeck/kubevirt'
import { encode, type Encoding } from '../encodings.ts'
import type { Access, SnapshotHead } from '../protocol.ts'
import type { RowRemove, RowUpsert, Variant } from './messages.ts'
import { visibleVariant, type Visibility } from './visibility.ts'

export type RowChanges = { upsert: RowUpsert[]; remove: RowRemove[] }

type StoredRow = { namespace: string; json: string; high: number; low: number; block: RowBlock }

/** Some rows of one namespace, and their line in a snapshot: made again only after one of them has changed. */
export type RowBlock = { namespace: string; uids: Set<string>; line(): string }

const maxBlockRows = 256

/** All rows of one fleet, in one variant, from one source. */
export type RowStore = {
  fleet: Fleet
  variant: Variant
  /** Settles with the first whole picture. */
  ready: Promise<void>
  rows: ReadonlyMap<string, StoredRow>
  /** The rows in blocks of one namespace each. */
  blocks(): Iterable<RowBlock>
  /** Every namespace that has rows, with the sum of them. */
  sums(): ReadonlyMap<string, RowSum>
  receive(whole: boolean, changes: RowChanges): void
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
  const { promise: ready, resolve } = promiseWithResolver()

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
  const drop = (uid: string): RowBlock | undefined => {
    const row = rows.get(uid)
    if (!row) return undefined
    const { namespace, block, high, low } = row
    rows.delete(uid)
    const sum = addToSum(sums.get(namespace) ?? emptySum, { count: 1, high, low }, -1)
    if (sum.count > 0) sums.set(namespace, sum)
    else sums.delete(namespace)
    block.uids.delete(uid)
    lines.delete(block)
    return block
  }
  const put = ([uid, namespace, json, high, low]: RowUpsert) => {
    const former = drop(uid)
    const block = former?.namespace === namespace ? former : blockFor(namespace)
    block.uids.add(uid)
    lines.delete(block)
    rows.set(uid, { namespace, json, high, low, block })
    sums.set(namespace, addToSum(sums.get(namespace) ?? emptySum, { count: 1, high, low }))
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
    rows,
    blocks: () => blocks,
    sums: () => sums,
    receive(whole, { upsert, remove }) {
      const kept = new Set(whole ? upsert.map(([uid]) => uid) : [])
      const missing = whole ? [...rows].filter(([uid]) => !kept.has(uid)).map(([uid, { namespace }]): RowRemove => [uid, namespace]) : []
      const changed = upsert.filter(([uid, , json]) => rows.get(uid)?.json !== json)
      const gone = [...remove, ...missing]
      for (const [uid] of gone) dropForGood(uid)
      for (const upsert of changed) put(upsert)
      if (changed.length > 0 || gone.length > 0) for (const listener of listeners) listener({ upsert: changed, remove: gone })
      resolve()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function promiseWithResolver(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {}
  const promise = new Promise<void>((settle) => (resolve = settle))
  return { promise, resolve }
}

/** What everybody with the same rights sees of a fleet: one snapshot, and one frame for each change. */
export type FleetView = {
  fleet: Fleet
  epoch: string
  seq(): number
  ready: Promise<void>
  access: Access
  /** A SnapshotHead and the blocks of rows, each on a line of its own. */
  snapshot(encoding: Encoding): Promise<{ etag: string; body: Buffer }>
  /** What those who have all frames up to `seq` should have. */
  digest(): { seq: number; digest: string }
  /** The frames after `seq` of this epoch; undefined when they are no longer known. */
  since(epoch: string, seq: number): Buffer[] | undefined
  subscribe(listener: (frame: Buffer) => void): () => void
  /** When somebody last used it, ms; with subscribers, always now. */
  usedAt(): number
  close(): void
}

const minGapMs = 16
const snapshotTtlMs = 500
/** How long a picture may keep frames and consoles waiting at a time. */
const maxTurnMs = 4
const maxRingFrames = 1024
/** Whoever has missed more is better off with a new snapshot, which is compressed. */
const maxRingBytes = 1024 * 1024

export function createFleetView(fleet: Fleet, visibility: Visibility, access: Access, stores: readonly RowStore[]): FleetView {
  const epoch = randomBytes(9).toString('base64url')
  const listeners = new Set<(frame: Buffer) => void>()
  const ring: { seq: number; frame: Buffer }[] = []
  const pending = new Map<string, string | undefined>()
  const snapshots = new Map<Encoding, { seq: number; at: number; body: Promise<Buffer> }>()
  let ringBytes = 0
  let seq = 0
  let flushedAt = -Infinity
  let timer: NodeJS.Timeout | undefined
  let usedAt = Date.now()

  const variants = new Map<string, Variant | undefined>()
  const sees = (variant: Variant, namespace: string) => {
    if (!variants.has(namespace)) variants.set(namespace, visibleVariant(visibility, fleet, namespace))
    return variants.get(namespace) === variant
  }

  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    if (pending.size === 0) return
    flushedAt = performance.now()
    seq += 1
    const upsert: string[] = []
    const remove: string[] = []
    for (const [uid, json] of pending) {
      if (json === undefined) remove.push(uid)
      else upsert.push(json)
    }
    pending.clear()
    const frame = Buffer.from(
      `{"type":"delta","fleet":"${fleet}","epoch":"${epoch}","seq":${seq},"upsert":[${upsert.join(',')}],"remove":${JSON.stringify(remove)}}`,
    )
    ring.push({ seq, frame })
    ringBytes += frame.length
    while (ring.length > maxRingFrames || ringBytes > maxRingBytes) ringBytes -= ring.shift()?.frame.length ?? 0
    for (const listener of listeners) listener(frame)
  }

  /** The first change goes out at once; those that follow wait for their turn, 16 ms after it. */
  const schedule = () => {
    const waitMs = flushedAt + minGapMs - performance.now()
    if (waitMs <= 0) flush()
    else timer ??= setTimeout(flush, waitMs)
  }

  const unsubscribe = stores.map((store) =>
    store.subscribe(({ upsert, remove }) => {
      for (const [uid, namespace] of remove) if (sees(store.variant, namespace)) pending.set(uid, undefined)
      for (const [uid, namespace, json] of upsert) if (sees(store.variant, namespace)) pending.set(uid, json)
      if (pending.size > 0) schedule()
    }),
  )

  /** Rows that change while it is made may be newer in it than `at`: the frames after `at` tell of them all the same. */
  const picture = async (at: number): Promise<string> => {
    const head: SnapshotHead = { fleet, epoch, seq: at, access }
    const lines = [JSON.stringify(head)]
    let startedAt = performance.now()
    for (const store of stores) {
      for (const block of store.blocks()) {
        if (sees(store.variant, block.namespace)) lines.push(block.line())
        if (performance.now() - startedAt < maxTurnMs) continue
        await turn()
        startedAt = performance.now()
      }
    }
    return lines.join('\n')
  }
  const compressed = async (at: number, encoding: Encoding) => encode(Buffer.from(await picture(at)), encoding)

  return {
    fleet,
    epoch,
    access,
    seq: () => seq,
    ready: Promise.all(stores.map((store) => store.ready)).then(() => undefined),
    async snapshot(encoding) {
      usedAt = Date.now()
      let known = snapshots.get(encoding)
      // One that is a little old is as good as new: the socket continues it from its own sequence number.
      const current = known && (known.seq === seq || performance.now() - known.at < snapshotTtlMs) && pending.size === 0
      if (!known || !current) {
        flush()
        known = { seq, at: performance.now(), body: compressed(seq, encoding) }
        snapshots.set(encoding, known)
      }
      return { etag: `"${epoch}-${known.seq}-${encoding}"`, body: await known.body }
    },
    digest() {
      flush()
      let sum = emptySum
      for (const store of stores) {
        for (const [namespace, part] of store.sums()) if (sees(store.variant, namespace)) sum = addToSum(sum, part)
      }
      return { seq, digest: digestOf(sum) }
    },
    since(ofEpoch, after) {
      if (ofEpoch !== epoch || after > seq) return undefined
      if (after === seq) return []
      const first = ring[0]
      if (!first || first.seq > after + 1) return undefined
      return ring.filter((entry) => entry.seq > after).map(({ frame }) => frame)
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => {
        usedAt = Date.now()
        listeners.delete(listener)
      }
    },
    usedAt: () => (listeners.size > 0 ? Date.now() : usedAt),
    close() {
      clearTimeout(timer)
      for (const stop of unsubscribe) stop()
    },
  }
}
