// Which cells of a row flash: those whose content changed while one looked.
import type { FleetColumn, FleetRow } from './fleet-kind.ts'

/** By column. In turns, so that each change begins a new animation. */
type Flashes = Readonly<Record<string, 'a' | 'b'>>

const noFlashes: Flashes = {}

/** Remembers what a row showed. Another object in its place is no change; asked twice, it answers the same. */
export function createFlashes<R extends FleetRow>(): (row: R, columns: readonly FleetColumn<R>[]) => Flashes {
  let seen: R | undefined
  let flashes = noFlashes
  return (row, columns) => {
    const before = seen
    seen = row
    if (before === row) return flashes
    if (before?.uid !== row.uid) return (flashes = noFlashes)
    const changed = columns.filter(({ shown }) => shown && shown(before) !== shown(row))
    return (flashes = { ...flashes, ...Object.fromEntries(changed.map(({ id }) => [id, flashes[id] === 'a' ? 'b' : 'a'])) })
  }
}
