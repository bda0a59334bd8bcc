// Where the focus goes when a dialog closes whose opener is gone too, as the row that it deleted.
import { useEffect } from 'react'

/** What a list shows instead of rows. */
export const EMPTY = '.listempty'
/** Where a list's cursor is: the row that took the place of the one that went. */
const CURSOR = 'tr.cursor .name'

/** For a dialog, open as long as it is mounted. */
export function useFocusLeft(): void {
  useEffect(
    () => () => {
      // The dialog gives the focus back itself, once this is through: what it has found is right.
      requestAnimationFrame(() => {
        if (document.activeElement !== document.body) return
        document.querySelector<HTMLElement>(`main :is(${CURSOR}, ${EMPTY})`)?.focus({ preventScroll: true })
      })
    },
    [],
  )
}
