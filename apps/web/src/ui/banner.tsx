import type { ReactNode } from 'react'
import { IconMark } from './icon.tsx'
import { InfoIcon, WarningIcon } from './icons.ts'
import { StateGlyph } from './state-glyph.tsx'
import { Told } from './bdi.tsx'

type BannerProps = {
  tone?: 'warning' | 'info' | 'error'
  title: ReactNode
  children?: ReactNode
  /** One small button. */
  action?: ReactNode
  /** Inside a panel or a dialog, with a frame of its own. */
  inline?: boolean
}

/** One line that concerns the whole page, and at most one button. */
export function Banner({ tone = 'warning', title, children, action, inline }: BannerProps) {
  const toneClass = { warning: '', info: ' info', error: ' err' }[tone]
  return (
    <div className={`banner${toneClass}${inline ? ' inl' : ''}`} role={tone === 'error' ? 'alert' : 'status'}>
      {tone === 'error' ? <StateGlyph state="error" /> : <IconMark icon={tone === 'info' ? InfoIcon : WarningIcon} />}
      <span>
        <b>
          <Told>{title}</Told>
        </b>{' '}
        {children && (
          <span className="dim">
            <Told>{children}</Told>
          </span>
        )}
      </span>
      {action && (
        <>
          <span className="grow" />
          {action}
        </>
      )}
    </div>
  )
}
