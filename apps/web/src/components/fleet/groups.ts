// A list in groups: the rows of each value of a facet under a head of their own, which folds.
import { parseQuantity } from '@virtdeck/k8s'
import { compareValues, naturalKey } from './order.ts'
import type { RowIndex } from './scan.ts'

/** Rows that have the same value. Of a row with several values the first counts, so that no row stands twice. */
export type Group<R> = {
  /** Undefined for what has none; these come last. */
  value: string | undefined
  rows: readonly R[]
  failing: number
  warnings: number
}

/** Names a group among the others of a list; no facet has an empty value. */
export const groupName = ({ value = '' }: Pick<Group<unknown>, 'value'>): string => value

/** As in the URL of a row, but no row's: a namespace has no `#`. */
export const groupDataKey = (group: Pick<Group<unknown>, 'value'>) => `#${groupName(group)}`

/** In groups by a facet, each with its rows in the order given. Sizes stand by size, all other values as people count. */
export function groupRows<R extends object>(index: RowIndex<R>, rows: readonly R[], key: string, sizes = false): readonly Group<R>[] {
  const at = index.facets.findIndex((facet) => facet.key === key)
  const facet = index.facets[at]
  if (!facet) return []
  type Growing = Group<R> & { rows: R[] }
  const byValue = new Map<string | undefined, Growing>()
  const byCode: Growing[] = []
  for (const row of rows) {
    const { codes, attention } = index.entry(row)
    // As many codes as facets.
    const code = codes[at] as number
    let group = byCode[code]
    if (!group) {
      const value = facet.sets[code]?.[0]
      group = byValue.get(value) ?? { value, rows: [], failing: 0, warnings: 0 }
      byValue.set(value, group)
      byCode[code] = group
    }
    group.rows.push(row)
    if (attention === 1) group.failing += 1
    else if (attention === 2) group.warnings += 1
  }
  const place = (value: string): string | number => {
    if (sizes) return parseQuantity(value) ?? 0
    const known = facet.always.indexOf(value)
    return known < 0 ? naturalKey(value) : String(known).padStart(3, '0')
  }
  return [...byValue.values()]
    .map((group) => ({ group, place: group.value === undefined ? undefined : place(group.value) }))
    .sort((a, b) => compareValues(a.place, b.place))
    .map(({ group }) => group)
}
