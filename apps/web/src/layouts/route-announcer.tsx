import { useEffect, useState } from 'react'
import { useLocation } from 'react-router'

/** Reads out a page's title once it has changed: a navigation without a page load is silent otherwise. */
export function RouteAnnouncer() {
  const { pathname } = useLocation()
  const [announced, setAnnounced] = useState('')
  useEffect(() => {
    // The page that arrives writes its title when it is rendered, maybe after its code has loaded.
    const observer = new MutationObserver(() => setAnnounced(document.title))
    observer.observe(document.head, { childList: true, subtree: true, characterData: true })
    return () => observer.disconnect()
  }, [pathname])
  return (
    <p className="sr" role="status" aria-label="Page">
      {announced}
    </p>
  )
}
