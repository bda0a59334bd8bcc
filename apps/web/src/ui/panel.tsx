import { useId } from 'react'
import type { ReactNode } from 'react'

type PanelProps = {
  title: ReactNode
  /** At the right of the title: small quiet buttons, or a few words. */
  actions?: ReactNode
  children: ReactNode
  /** With an inner margin; tables and facts go without. */
  padded?: boolean
  className?: string
}

export function Panel({ title, actions, children, padded, className }: PanelProps) {
  const id = useId()
  return (
    <section className={`panel${className ? ` ${className}` : ''}`} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {actions && <div className="r">{actions}</div>}
      </header>
      {padded ? <div className="pad">{children}</div> : children}
    </section>
  )
}
