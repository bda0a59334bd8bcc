import { cloneElement } from 'react'
import type { ReactElement, ReactNode } from 'react'

export type Tab = {
  id: string
  label: ReactNode
  count?: number
  /** A router's link to the tab's URL: `<Link to=… />`. */
  link: ReactElement<{ className?: string; children?: ReactNode; 'aria-current'?: 'page' }>
}

/** Tabs that are links: each has its URL. A navigation, therefore, and not an ARIA tablist. */
export function Tabs({ label, tabs, current }: { label: string; tabs: readonly Tab[]; current: string }) {
  return (
    <nav className="tabs" aria-label={label}>
      {tabs.map(({ id, label: text, count, link }) => (
        <span key={id} className="tab">
          {cloneElement(link, {
            'aria-current': id === current ? 'page' : undefined,
            children: (
              <>
                {text}
                {count !== undefined && <em>{count}</em>}
              </>
            ),
          })}
        </span>
      ))}
    </nav>
  )
}
