// The scrolling of a list: which lines are in sight, where each of them stands, and what keeps its place while others come and go.
import { elementScroll, useVirtualizer } from '@tanstack/react-virtual'
import type { Virtualizer, observeElementRect } from '@tanstack/react-virtual'
import { useCallback, useLayoutEffect, useMemo, useRef } from 'react'
import type { RefObject } from 'react'
import { create } from 'zustand'
import { movedBy } from './anchor.ts'
import type { FleetRow } from './fleet-kind.ts'
import { isGroup, lineKey, startsOf } from './lines.ts'
import type { Line } from './lines.ts'
import { useSelection } from './selection.ts'
import type { Room } from './use-room.ts'

/** Room for the bar of what is selected, so that no row is behind it. */
const BAR_ROOM = 64

export type ListVirtualizer = Virtualizer<HTMLDivElement, Element>

export type Scrolling = {
  virtualizer: ListVirtualizer
  /** Of the lines from one place up to another, that one not included, in px. */
  heightOf: (from: number, to: number) => number
}

type ScrollingOptions<R extends FleetRow> = {
  wrap: RefObject<HTMLDivElement | null>
  lines: readonly Line<R>[]
  grouped: boolean
  /** What the rows were searched and sorted by: where one was in it is remembered, and another search is read from its top. */
  search: string
  /** The search, its groups and the lines' heights: among other lines nothing keeps its place. */
  origin: string
  room: Room
}

export function useScrolling<R extends FleetRow>({ wrap, lines, grouped, search, origin, room }: ScrollingOptions<R>): Scrolling {
  const { width, height, rowHeight, headHeight, groupHeight } = room
  /** Where heads are as high as rows, their places do not matter. */
  const uneven = grouped && groupHeight !== rowHeight ? lines : undefined
  const starts = useMemo(() => uneven && startsOf(uneven, rowHeight, groupHeight), [uneven, rowHeight, groupHeight])
  const selecting = useSelection(({ uids }) => uids.size > 0)
  const sizeOf = useCallback(
    (index: number) => {
      const line = uneven?.[index]
      return line && isGroup(line) ? groupHeight : rowHeight
    },
    [rowHeight, groupHeight, uneven],
  )
  // oxlint-disable-next-line react/incompatible-library -- its functions go to no memoized child
  const virtualizer = useVirtualizer({
    count: lines.length,
    getScrollElement: () => wrap.current,
    estimateSize: sizeOf,
    overscan: 0,
    initialRect: { width, height },
    observeElementRect: observeRect,
    initialOffset: () => offsetOf(search),
    scrollToFn: scrollTo,
    scrollPaddingStart: headHeight + (grouped ? groupHeight : 0),
    scrollPaddingEnd: selecting ? BAR_ROOM : 0,
    scrollMargin: headHeight,
  })
  const measuredBy = useRef(sizeOf)
  useLayoutEffect(() => {
    if (measuredBy.current !== sizeOf) virtualizer.measure()
    measuredBy.current = sizeOf
  }, [virtualizer, sizeOf])
  useStillness(virtualizer, lines, origin, rowHeight)
  useScrollMemory(virtualizer, search)
  const heightOf = (from: number, to: number) => (starts ? (starts[to] ?? 0) - (starts[from] ?? 0) : (to - from) * rowHeight)
  return { virtualizer, heightOf }
}

/** Where the list was when it was left; for as long as the tab lives. */
const useLeft = create(() => ({ origin: '', offset: 0 }))

function offsetOf(origin: string): number {
  const left = useLeft.getState()
  return left.origin === origin ? left.offset : 0
}

/** Begins every other search at its top, and remembers where this one was left. */
function useScrollMemory(virtualizer: ListVirtualizer, origin: string) {
  const begun = useRef(origin)
  useLayoutEffect(() => {
    // Asking for the offset first saves a layout for every letter typed at the top.
    if (begun.current !== origin && virtualizer.scrollOffset) virtualizer.scrollToOffset(0)
    begun.current = origin
  }, [virtualizer, origin])
  useLayoutEffect(
    () => () => {
      useLeft.setState({ origin: begun.current, offset: virtualizer.scrollOffset ?? 0 })
    },
    [virtualizer],
  )
}

/** Keeps what one reads in its place while lines come and go above it. At the top of the list one sees what comes. */
function useStillness<R extends FleetRow>(virtualizer: ListVirtualizer, lines: readonly Line<R>[], origin: string, rowHeight: number) {
  const before = useRef({ lines, origin, visible: [] as readonly number[] })
  useLayoutEffect(() => {
    const { current: old } = before
    const offset = virtualizer.scrollOffset ?? 0
    if (old.lines !== lines && old.origin === origin && offset > 0 && !virtualizer.isScrolling) {
      // What was visible is within the lines of then; places are asked for within those of now.
      const names = old.visible.map((place) => lineKey(old.lines[place] as Line<R>))
      const by = movedBy(names, old.visible[0] ?? 0, (at) => lineKey(lines[at] as Line<R>), lines.length)
      if (by !== 0) virtualizer.scrollToOffset(offset + by * rowHeight)
    }
    before.current = { lines, origin, visible: virtualizer.getVirtualIndexes() }
  })
}

/** The first answer is there already, from the room: to read it once more would lay out what has just been rendered. */
const observeRect: typeof observeElementRect = ({ scrollElement }, told) => {
  if (!scrollElement) return undefined
  const observer = new ResizeObserver(() => told({ width: scrollElement.clientWidth, height: scrollElement.clientHeight }))
  observer.observe(scrollElement)
  return () => observer.disconnect()
}

/** So would scrolling a new list to its top, where it is. */
const scrollTo: typeof elementScroll<HTMLDivElement> = (offset, options, virtualizer) => {
  if (offset !== 0 || virtualizer.scrollOffset !== 0) elementScroll(offset, options, virtualizer)
}
