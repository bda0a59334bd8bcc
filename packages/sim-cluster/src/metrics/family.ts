// A metric: what it means, and what its series are worth at any moment.
import type { Labels } from './labels.ts'

/** A series, or a part of one, while its target gave samples for it. */
export type Piece = {
  /** The same for the parts of one series, and for no other series of its family. */
  key: string
  labels: Labels
  fromMs: number
  /** When it ended; open while it goes on. */
  untilMs?: number | undefined
  at(timeMs: number): number
}

export type Family = {
  name: string
  type: 'counter' | 'gauge'
  help: string
  pieces(): Iterable<Piece>
  /**
   * How often virt-handler itself measures, for samples that carry their own time. Such series fade out after the last
   * one, where others end with the scrape that lacks them.
   */
  ownIntervalMs?: number
}
