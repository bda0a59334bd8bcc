// Who stands on a line that goes, as a row that somebody deletes, stands on the one that takes its place.
import { useLayoutEffect, useRef } from 'react'
import type { RefObject } from 'react'
import { EMPTY } from '../../util/focus-left.ts'

/**
 * Steps to the place where the cursor's line was, if the line went by itself. Where its focus went with it, that has to follow:
 * without, whoever uses the keyboard would be thrown to the top of the page.
 *
 * @param place of the cursor's line among the lines; -1 where there is none, or no longer
 * @param origin what the lines were searched, sorted and grouped by: another list has other places
 * @param step is not to scroll: what somebody looks at may be far from where the cursor stands
 */
export function useNeighbour(
  place: number,
  origin: string,
  table: RefObject<HTMLElement | null>,
  step: (place: number, focus: boolean) => void,
): void {
  const before = useRef({ place, origin })
  useLayoutEffect(() => {
    const { current: old } = before
    before.current = { place, origin }
    if (place >= 0 || old.place < 0 || old.origin !== origin) return
    const focused = document.activeElement
    // Whoever is somewhere else stays there. An element that was given to another row took the focus along.
    step(old.place, focused === document.body || table.current?.querySelector('tbody')?.contains(focused) === true)
  })
}

/** Says what a list shows instead of rows to whoever stood on the last of them. */
export function useEmptied(rows: boolean, page: RefObject<HTMLElement | null>): void {
  const before = useRef(rows)
  useLayoutEffect(() => {
    if (before.current && !rows && document.activeElement === document.body) page.current?.querySelector<HTMLElement>(EMPTY)?.focus()
    before.current = rows
  }, [rows, page])
}
