// Which rows of a fleet a page shows, in which order, and how many each of its facets would show. Pure.
export type FleetFacet<R> = { id: string; label: string; test: (row: R) => boolean }

export type FleetOrder = { column: string; descending: boolean }

export type FleetScan<R> = { rows: R[]; counts: ReadonlyMap<string, number> }

type FleetQuestion<R> = {
  rows: readonly R[]
  /** Words that must all be found in a row's text. */
  text: string
  textOf: (row: R) => string
  facets: readonly FleetFacet<R>[]
  /** Facets' ids; any of them will do. None is all. */
  chosen: ReadonlySet<string>
  /** What a row is sorted by; what is undefined stands last. Equal ones keep the order of `tie`. */
  valueOf: (row: R) => string | number | undefined
  tie: (row: R) => string
  descending: boolean
}

export function scanFleet<R>({ rows, text, textOf, facets, chosen, valueOf, tie, descending }: FleetQuestion<R>): FleetScan<R> {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const found = rows.filter((row) => {
    const hay = textOf(row).toLowerCase()
    return words.every((word) => hay.includes(word))
  })
  const counts = new Map(facets.map(({ id, test }) => [id, found.filter(test).length]))
  const tests = facets.filter(({ id }) => chosen.has(id))
  const shown = tests.length === 0 ? found : found.filter((row) => tests.some(({ test }) => test(row)))
  const keyed = shown.map((row) => ({ row, value: valueOf(row), name: tie(row) }))
  const sign = descending ? -1 : 1
  keyed.sort((a, b) => {
    if (a.value === undefined || b.value === undefined) {
      const missing = Number(a.value === undefined) - Number(b.value === undefined)
      return missing || compare(a.name, b.name)
    }
    return sign * compare(a.value, b.value) || compare(a.name, b.name)
  })
  return { rows: keyed.map(({ row }) => row), counts }
}

const compare = (a: string | number, b: string | number) => (a < b ? -1 : a > b ? 1 : 0)

/** `-memory` is by memory, largest first. What is no column's id is the page's own order. */
export function parseOrder(text: string | null, columns: readonly string[], own: FleetOrder): FleetOrder {
  const descending = text?.startsWith('-') ?? false
  const column = columns.find((id) => id === text?.slice(descending ? 1 : 0))
  return column === undefined ? own : { column, descending }
}

export const formatOrder = ({ column, descending }: FleetOrder) => `${descending ? '-' : ''}${column}`
