import type { ReactNode } from 'react'
import { IconMark } from './icon.tsx'
import type { Icon } from './icon.tsx'
import { StateGlyph } from './state-glyph.tsx'
import { Told } from './bdi.tsx'

type EmptyStateProps = {
  title: ReactNode
  body?: ReactNode
  /** One button, or a row of them. */
  action?: ReactNode
  icon?: Icon
  /** Something failed, rather than nothing being there. */
  tone?: 'neutral' | 'error'
  /** It is all there is on the page: its title is the page's. */
  page?: boolean
  /** Small print: a request id, the next try. */
  hint?: ReactNode
}

export function EmptyState({ title, body, action, icon, tone = 'neutral', page, hint }: EmptyStateProps) {
  const heading = <Told>{title}</Told>
  const mark = tone === 'error' ? <StateGlyph state="error" /> : icon && <IconMark icon={icon} />
  return (
    <div className="empty" role={tone === 'error' ? 'alert' : undefined}>
      {mark && <span className={`eic${tone === 'error' ? ' c-error' : ''}`}>{mark}</span>}
      {page ? <h1>{heading}</h1> : <h2>{heading}</h2>}
      {body && (
        <p>
          <Told>{body}</Told>
        </p>
      )}
      {action && <div className="row wrap">{action}</div>}
      {hint && (
        <p className="mono hint">
          <Told>{hint}</Told>
        </p>
      )}
    </div>
  )
}
