import { Dialog as Base } from '@base-ui/react/dialog'
import { useId, useRef } from 'react'
import type { ReactNode, RefObject } from 'react'
import { useFocusLeft } from '../util/focus-left.ts'
import { IconButton } from './button.tsx'
import { CloseIcon } from './icons.ts'

type DialogProps = {
  /** Names the object: `Delete pay-db-02?` */
  title: ReactNode
  children: ReactNode
  footer?: ReactNode
  onClose: () => void
  /** What takes the focus; without, the dialog itself, so that it is read out. */
  initialFocus?: RefObject<HTMLElement | null>
  wide?: boolean
  className?: string
}

/** Open as long as it is mounted. A sheet from the bottom edge on phones. */
export function Dialog({ title, children, footer, onClose, initialFocus, wide, className }: DialogProps) {
  const bodyId = useId()
  const popup = useRef<HTMLDivElement>(null)
  useFocusLeft()
  return (
    <Base.Root open onOpenChange={(open) => !open && onClose()}>
      <Base.Portal>
        <Base.Viewport className="scrim">
          <Base.Popup
            className={`dialog${wide ? ' wide' : ''}${className ? ` ${className}` : ''}`}
            ref={popup}
            initialFocus={initialFocus ?? popup}
            aria-describedby={bodyId}
          >
            <header>
              <Base.Title>{title}</Base.Title>
              <Base.Close render={<IconButton label="Close" icon={CloseIcon} />} />
            </header>
            <div className="body" id={bodyId}>
              {children}
            </div>
            {footer && <footer>{footer}</footer>}
          </Base.Popup>
        </Base.Viewport>
      </Base.Portal>
    </Base.Root>
  )
}

/** A panel at the right edge, over the page and modal; full width on phones. */
export function Drawer({ title, children, footer, onClose, initialFocus }: Omit<DialogProps, 'wide' | 'className'>) {
  useFocusLeft()
  return (
    <Base.Root open onOpenChange={(open) => !open && onClose()}>
      <Base.Portal>
        <Base.Viewport className="scrim side-scrim">
          <Base.Popup className="drawer over" initialFocus={initialFocus}>
            <header>
              <Base.Title>{title}</Base.Title>
              <span className="grow" />
              <Base.Close render={<IconButton label="Close" icon={CloseIcon} />} />
            </header>
            <div className="drawer-body">{children}</div>
            {footer && <footer>{footer}</footer>}
          </Base.Popup>
        </Base.Viewport>
      </Base.Portal>
    </Base.Root>
  )
}
