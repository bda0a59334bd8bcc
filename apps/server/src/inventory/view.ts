// A fleet as the main thread has it for everybody with the same rights: frames that it passes on and a picture that it keeps,
// both made in the inventory's thread.
import type { Fleet } from '@virtdeck/kubevirt'
import type { Encoding } from '../encodings.ts'
import type { Access } from '../protocol.ts'

export type FleetView = {
  fleet: Fleet
  epoch: string
  seq(): number
  ready: Promise<void>
  access: Access
  /**
   * A SnapshotHead and the blocks of rows, each on a line of its own. `followed`: whoever asks goes on with the frames after
   * it, so that one which is some way behind will do.
   */
  snapshot(encoding: Encoding, followed?: boolean): Promise<{ etag: string; body: Buffer }>
  /** What those who have all frames up to `seq` should have; asked once for all who ask at a time. */
  digest(): Promise<Digest>
  /** The frames after `seq` of this epoch; undefined when they are no longer known. */
  since(epoch: string, seq: number): Buffer[] | undefined
  /** `ended`: there will be no more frames, and nobody knows whether some were lost. */
  subscribe(listener: FrameListener): () => void
  /** When somebody last used it, ms; with subscribers, always now. */
  usedAt(): number
}

export type FrameListener = { frame(frame: Buffer): void; ended(): void }
export type Digest = { seq: number; digest: string }

/** What the thread makes on demand. */
export type ViewMaker = {
  snapshot(encoding: Encoding): Promise<{ seq: number; body: Buffer }>
  digest(): Promise<Digest>
}

/** A view, and what the thread says to it. */
export type OpenView = { view: FleetView; begin(): void; push(seq: number, frame: Buffer): void; end(): void }

const snapshotTtlMs = 500
/** To tell what came since takes less than another picture, and a moment instead of a tenth of a second. */
const followedTtlMs = 5 * 60_000
const maxFollowedBytes = 64 * 1024
/** Whoever is given one that is older lets another be made, once they have begun: the next one is given that. */
const renewedAfterMs = 30_000
const renewalMs = 2_000
const maxRingFrames = 1024
/** At most eighty a second of those who follow a view that ended read the next one's picture. */
const betweenEndsMs = 12.5
/** Whoever has missed more is better off with a new snapshot, which is compressed. */
const maxRingBytes = 1024 * 1024

/** A picture, and how many bytes of frames came after it. */
type Known = { seq: number; at: number; behindBytes: number; made: ReturnType<ViewMaker['snapshot']>; renewed?: true }

export function createFleetView(fleet: Fleet, epoch: string, access: Access, maker: ViewMaker): OpenView {
  const listeners = new Set<FrameListener>()
  const ring: { seq: number; frame: Buffer }[] = []
  const snapshots = new Map<Encoding, Known>()
  let asked: Promise<Digest> | undefined
  let ringBytes = 0
  let seq = 0
  let usedAt = Date.now()
  let begin = () => {}
  const ready = new Promise<void>((resolve) => (begin = resolve))

  /** One that is a little old is as good as new: the socket continues it from its own sequence number. */
  const isCurrent = (known: Known, followed: boolean) => {
    const ageMs = performance.now() - known.at
    if (known.seq === seq) return true
    return followed ? ageMs < followedTtlMs && known.behindBytes <= maxFollowedBytes : ageMs < snapshotTtlMs
  }

  const make = (encoding: Encoding): Known => {
    const known: Known = { seq, at: performance.now(), behindBytes: 0, made: maker.snapshot(encoding) }
    snapshots.set(encoding, known)
    known.made.catch(() => snapshots.get(encoding) === known && snapshots.delete(encoding))
    return known
  }

  const renew = (encoding: Encoding, known: Known) => {
    if (known.renewed || known.seq === seq || performance.now() - known.at < renewedAfterMs) return
    known.renewed = true
    setTimeout(() => snapshots.get(encoding) === known && make(encoding), renewalMs).unref()
  }

  const view: FleetView = {
    fleet,
    epoch,
    access,
    ready,
    seq: () => seq,
    async snapshot(encoding, followed = false) {
      usedAt = Date.now()
      let known = snapshots.get(encoding)
      if (!known || !isCurrent(known, followed)) known = make(encoding)
      else renew(encoding, known)
      const { seq: madeAt, body } = await known.made
      known.seq = madeAt
      return { etag: `"${epoch}-${madeAt}-${encoding}"`, body }
    },
    digest() {
      asked ??= maker.digest().finally(() => (asked = undefined))
      return asked
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
  }

  return {
    view,
    begin: () => begin(),
    push(next, frame) {
      seq = next
      ring.push({ seq, frame })
      ringBytes += frame.length
      while (ring.length > maxRingFrames || ringBytes > maxRingBytes) ringBytes -= ring.shift()?.frame.length ?? 0
      for (const [encoding, known] of snapshots) {
        known.behindBytes += frame.length
        if (!isCurrent(known, true)) snapshots.delete(encoding)
      }
      for (const listener of listeners) listener.frame(frame)
    },
    end() {
      const [first, ...others] = listeners
      first?.ended()
      for (const [place, listener] of others.entries()) {
        // Somebody may have left meanwhile, or started over without being told.
        setTimeout(() => listeners.has(listener) && listener.ended(), (place + 1) * betweenEndsMs).unref()
      }
    },
  }
}
