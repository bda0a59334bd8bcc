// The line of a list on which somebody stands: it stays theirs while lines come and go, and the focus follows where it is sent.
import { useLayoutEffect, useMemo, useRef, useState } from 'react'
import type { RefObject } from 'react'
import type { FleetRow } from './fleet-kind.ts'
import { groupName } from './groups.ts'
import { isRow, lineKey, placeOf } from './lines.ts'
import type { Line } from './lines.ts'
import { useNeighbour } from './neighbour.ts'
import type { Scrolling } from './use-scrolling.ts'

export type Cursor<R extends FleetRow> = {
  /** As it was when the cursor came to it. */
  line: Line<R> | undefined
  key: string | undefined
  /** Of that line among the lines of now; -1 where it is not among them. */
  place: number
  /** To stand on what has the focus already. */
  set: (line: Line<R>) => void
  /** Scrolls to the line at a place, or to the nearest there is, and takes the focus along. */
  goTo: (place: number) => Line<R> | undefined
  /** So many lines on; who stood nowhere begins with the first in sight. */
  move: (by: number) => Line<R> | undefined
}

type CursorOptions<R extends FleetRow> = {
  wrap: RefObject<HTMLDivElement | null>
  lines: readonly Line<R>[]
  folded: ReadonlySet<string>
  scrolling: Scrolling
  /** Of the lines: see {@link useScrolling}. */
  origin: string
  rowHeight: number
}

export function useCursor<R extends FleetRow>(options: CursorOptions<R>): Cursor<R> {
  const { wrap, lines, folded, scrolling, origin, rowHeight } = options
  const { virtualizer, heightOf } = scrolling
  const [cursor, setCursor] = useState<Line<R>>()
  const focusNext = useRef<string>(undefined)
  const place = useMemo(() => (cursor ? placeOf(lines, cursor) : -1), [lines, cursor])

  // A row that the cursor has gone to may only come into the DOM with the scrolling.
  useLayoutEffect(() => {
    if (!focusNext.current) return
    const link = wrap.current?.querySelector<HTMLElement>(`tr[data-key="${CSS.escape(focusNext.current)}"] .name`)
    if (!link) return
    focusNext.current = undefined
    link.focus({ preventScroll: true })
  })

  useNeighbour(place, origin, wrap, (left, focus) => {
    const line = lines[Math.min(left, lines.length - 1)]
    if (!line) return
    setCursor(line)
    if (focus) focusNext.current = lineKey(line)
  })

  /** Who folds a group from amidst its rows sees its head, and what comes after it. */
  const foldedBefore = useRef(folded)
  useLayoutEffect(() => {
    const { current: before } = foldedBefore
    foldedBefore.current = folded
    const line = lines[place]
    if (before === folded || !line || isRow(line) || before.has(groupName(line)) || !folded.has(groupName(line))) return
    const start = heightOf(0, place)
    if ((virtualizer.scrollOffset ?? 0) > start) virtualizer.scrollToOffset(start)
  })

  const goTo = (wanted: number): Line<R> | undefined => {
    const index = Math.min(Math.max(wanted, 0), lines.length - 1)
    const line = lines[index]
    if (!line) return undefined
    setCursor(line)
    focusNext.current = lineKey(line)
    virtualizer.scrollToIndex(index)
    return line
  }
  const firstInSight = () => Math.ceil((virtualizer.scrollOffset ?? 0) / rowHeight)
  const move = (by: number) => goTo(place < 0 ? firstInSight() : place + by)

  return { line: cursor, key: cursor && lineKey(cursor), place, set: setCursor, goTo, move }
}
