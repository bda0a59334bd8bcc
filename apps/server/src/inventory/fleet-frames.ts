// What everybody with the same rights sees of a fleet, made in the inventory's thread: a picture, and a frame for each change.
import { setImmediate as turn } from 'node:timers/promises'
import { addToSum, digestOf, emptySum, type Fleet, type RowSum } from '@virtdeck/kubevirt'
import type { Access, SnapshotHead } from '../protocol.ts'
import type { Variant } from './messages.ts'
import type { RowStore } from './rows.ts'
import { visibleVariant, type Visibility } from './visibility.ts'

export type FleetFrames = {
  /** Once all rows are there; frames begin after it. */
  ready: Promise<void>
  /** A SnapshotHead and the blocks of rows, each on a line of its own, with its sequence number. */
  picture(): Promise<{ seq: number; text: string }>
  /** What those who have all frames up to `seq` should have. */
  digest(): { seq: number; digest: string }
  close(): void
}

/** `send` gets each frame once, in bytes that are its own. */
export type FleetFramesOptions = {
  fleet: Fleet
  epoch: string
  visibility: Visibility
  access: Access
  stores: readonly RowStore[]
  send(seq: number, frame: Uint8Array): void
}

const minGapMs = 16
/** How long a picture may keep frames waiting at a time. */
const maxTurnMs = 4

export function createFleetFrames({ fleet, epoch, visibility, access, stores, send }: FleetFramesOptions): FleetFrames {
  const pending = new Map<string, string | undefined>()
  const encoder = new TextEncoder()
  let seq = 0
  let flushedAt = -Infinity
  let timer: NodeJS.Timeout | undefined
  let closed = false
  let unsubscribe: (() => void)[] = []

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
    const text = `{"type":"delta","fleet":"${fleet}","epoch":"${epoch}","seq":${seq},"upsert":[${upsert.join(',')}],"remove":${JSON.stringify(remove)}}`
    send(seq, encoder.encode(text))
  }

  /** The first change goes out at once; those that follow wait for their turn, 16 ms after it. */
  const schedule = () => {
    const waitMs = flushedAt + minGapMs - performance.now()
    if (waitMs <= 0) flush()
    else timer ??= setTimeout(flush, waitMs)
  }

  const follow = (store: RowStore) =>
    store.subscribe(({ upsert, remove }) => {
      for (const [uid, namespace] of remove) if (sees(store.variant, namespace)) pending.set(uid, undefined)
      for (const [uid, namespace, json] of upsert) if (sees(store.variant, namespace)) pending.set(uid, json)
      if (pending.size > 0) schedule()
    })

  return {
    ready: Promise.all(stores.map((store) => store.ready)).then(() => {
      if (!closed) unsubscribe = stores.map(follow)
    }),
    /** Rows that change while it is made may be newer in it than `seq`: the frames after `seq` tell of them all the same. */
    async picture() {
      flush()
      const head: SnapshotHead = { fleet, epoch, seq, access }
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
      return { seq: head.seq, text: lines.join('\n') }
    },
    digest() {
      flush()
      let sum: RowSum = emptySum
      for (const store of stores) {
        for (const [namespace, part] of store.sums()) if (sees(store.variant, namespace)) sum = addToSum(sum, part)
      }
      return { seq, digest: digestOf(sum) }
    },
    close() {
      closed = true
      clearTimeout(timer)
      for (const stop of unsubscribe) stop()
    },
  }
}
