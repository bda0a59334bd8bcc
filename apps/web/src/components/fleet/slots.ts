// Which rows are in the DOM while a list is scrolled, and in which elements. Rows that come take the elements of rows that
// have gone: to change the words of a row costs a browser much less than to make one.

/** Rows beyond the visible ones: so many before and after them. */
type Margin = { before: number; after: number }

const atRest: Margin = { before: 5, after: 5 }
const down: Margin = { before: 2, after: 8 }
const up: Margin = { before: 8, after: 2 }
/** Who comes further than what is in sight, as by dragging the scroll bar, comes upon new rows in any case. */
const none: Margin = { before: 0, after: 0 }

/** Tells for each picture of a list how far it reaches beyond what is visible: to where one scrolls, mostly. */
export function createMargins(): (first: number, last: number, scrolling: boolean) => Margin {
  let from = 0
  let margin = atRest
  return (first, last, scrolling) => {
    const by = first - from
    if (!scrolling) margin = atRest
    else if (Math.abs(by) > last - first) margin = none
    else if (by !== 0) margin = by > 0 ? down : up
    from = first
    return margin
  }
}

/**
 * The places in the DOM, in order: what is visible (places in a row, or none), the margin around it, and those that stay
 * wherever one scrolls: what has the focus must not go, nor the head of the group that one reads. -1 is none.
 */
export function placesAround(visible: readonly number[], count: number, { before, after }: Margin, ...staying: number[]): number[] {
  const [first, last] = [visible[0], visible.at(-1)]
  if (first === undefined || last === undefined) return []
  const from = Math.max(0, first - before)
  const to = Math.min(count - 1, last + after)
  const places = Array.from({ length: to - from + 1 }, (_, at) => from + at)
  const others = [...new Set(staying)].filter((place) => place >= 0 && place < count && (place < from || place > to))
  return others.length === 0 ? places : [...places, ...others].sort((a, b) => a - b)
}

/**
 * Gives each row in the DOM a number, that of its element. Whoever stays keeps it, and whoever comes gets one that has become
 * free, in order: so that where all rows are others, none has to move. Asked twice, it answers the same.
 */
export function createSlots(): (keys: readonly string[]) => ReadonlyMap<string, number> {
  let taken = new Map<string, number>()
  let made = 0
  return (keys) => {
    const staying = new Set(keys)
    const free = [...taken].filter(([key]) => !staying.has(key)).map(([, slot]) => slot)
    let reused = 0
    taken = new Map(keys.map((key) => [key, taken.get(key) ?? free[reused++] ?? made++]))
    return taken
  }
}
