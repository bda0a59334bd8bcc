// What one looks at stays where it is while lines come and go above it.

/**
 * By how many places most of what was visible has moved: its names in order, and where the first of them stood. A single line
 * that has moved by itself, as one whose state the list is sorted by, takes nothing along.
 */
export function movedBy(visible: readonly string[], first: number, nameAt: (place: number) => string, count: number): number {
  const inPlace = visible.filter((name, at) => first + at < count && nameAt(first + at) === name).length
  if (inPlace * 2 >= visible.length) return 0
  const places = new Map(visible.map((name, at) => [name, first + at]))
  const moves: number[] = []
  for (let place = 0; place < count && moves.length < visible.length; place++) {
    const before = places.get(nameAt(place))
    if (before !== undefined) moves.push(place - before)
  }
  return moves.sort((a, b) => a - b)[moves.length >> 1] ?? 0
}
