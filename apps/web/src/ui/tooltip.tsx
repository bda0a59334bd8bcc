import { Tooltip as Base } from '@base-ui/react/tooltip'
import { useState } from 'react'
import type { ReactElement, ReactNode } from 'react'

type TooltipProps = {
  content: ReactNode
  side?: 'top' | 'bottom' | 'left' | 'right'
  /** A tap opens it as well: for a thing that does nothing else now, where there is no hovering. */
  onTap?: boolean
  /** The element it explains. It must have a name of its own: a tooltip is for the eye only. */
  children: ReactElement
}

/** Says more on hover and on keyboard focus. What it says must also be reachable in another way. */
export function Tooltip({ content, side = 'top', onTap, children }: TooltipProps) {
  const [open, setOpen] = useState(false)
  const tap = onTap ? { onClick: () => setOpen(true), onBlur: () => setOpen(false) } : undefined
  return (
    <Base.Root open={open} onOpenChange={setOpen}>
      <Base.Trigger render={children} delay={400} closeOnClick={!onTap} {...tap} />
      <Base.Portal>
        <Base.Positioner className="tip-pos" side={side} sideOffset={6} collisionPadding={8}>
          <Base.Popup className="tip">{content}</Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  )
}
