// Plain links of a list: what the router's own do, done once for all of them. Each of those works out where it leads from
// the routes around it, which takes longer than the rest of its row.
import type { MouseEvent } from 'react'
import { useNavigate } from 'react-router'

/** A handler for an element around links: a plain click on one of the app's own leads there without leaving the app. */
export function useFollowedLinks(): (event: MouseEvent) => void {
  const navigate = useNavigate()
  return (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null
    if (!link || event.defaultPrevented || !isPlain(event) || link.target || link.origin !== location.origin) return
    event.preventDefault()
    void navigate(link.pathname + link.search + link.hash)
  }
}

/** Every other click is the browser's: another tab, another window, a download. */
const isPlain = ({ button, metaKey, ctrlKey, shiftKey, altKey }: MouseEvent) => button === 0 && !metaKey && !ctrlKey && !shiftKey && !altKey
