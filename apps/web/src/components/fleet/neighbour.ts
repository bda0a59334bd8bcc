// Who stands on a line that goes, as a row that somebody deletes, stands on the one that takes its place.
import { useLayoutEffect, useRef } from 'react'
import type { RefObject } from 'react'

/**
 * Steps to the place where the cursor's line was, if the line went by itself and its focus with it: without, whoever uses the
 * keyboard would be thrown to the top of the page.
 *
 * @param place of the cursor's line among the lines; -1 where there is none, or no longer
 * @param origin what the lines were searched, sorted and grouped by: another list has other places
 * @param step is not to scroll: what somebody looks at may be far from where the cursor stands
 */
export function useNeighbour(place: number, origin: string, table: RefObject<HTMLElement | null>, step: (place: number) => void): void {
  const before = useRef({ place, origin })
  useLayoutEffect(() => {
    const { current: old } = before
    before.current = { place, origin }
    if (place >= 0 || old.place < 0 || old.origin !== origin) return
    const focused = document.activeElement
    // Whoever is somewhere else stays there. An element that was given to another row took the focus along.
    if (focused === document.body || table.current?.querySelector('tbody')?.contains(focused)) step(old.place)
  })
}
