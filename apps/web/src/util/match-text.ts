type TextMatch = {
  /** What to highlight, as pairs of start and end. */
  ranges: readonly (readonly [number, number])[]
  /** Higher is better. */
  score: number
}

/**
 * How well a label answers what somebody typed: as a whole, at its beginning, at the beginning of a word, within, or
 * else letter by letter in order (`shw01` finds `shop-web-01`). Undefined where it does not.
 */
export function matchText(label: string, query: string): TextMatch | undefined {
  const text = label.toLowerCase()
  const wanted = query.toLowerCase()
  const at = text.indexOf(wanted)
  if (at >= 0) {
    const atWord = wordStart(text, wanted)
    const start = atWord ?? at
    const score = text === wanted ? 4 : start === 0 ? 3 : atWord !== undefined ? 2 : 1
    return { ranges: [[start, start + wanted.length]], score: score - text.length / 1_000 }
  }
  return scattered(text, wanted)
}

function wordStart(text: string, wanted: string): number | undefined {
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1))
    if (at === 0 || !/[a-z0-9]/.test(text[at - 1] ?? '')) return at
  return undefined
}

function scattered(text: string, wanted: string): TextMatch | undefined {
  if (wanted.length < 2) return undefined
  const ranges: [number, number][] = []
  let from = 0
  for (const letter of wanted) {
    const at = text.indexOf(letter, from)
    if (at < 0) return undefined
    const last = ranges.at(-1)
    if (last && last[1] === at) last[1] = at + 1
    else ranges.push([at, at + 1])
    from = at + 1
  }
  // The fewer pieces, the better; always after what has it in one.
  return { ranges, score: -ranges.length - text.length / 1_000 }
}
