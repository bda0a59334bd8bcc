import { Tooltip as Base } from '@base-ui/react/tooltip'
import type { ReactElement, ReactNode } from 'react'

type TooltipProps = {
  content: ReactNode
  side?: 'top' | 'bottom' | 'left' | 'right'
  /** The element it explains. It must have a name of its own: a tooltip is for the eye only. */
  children: ReactElement
}

/** Says more on hover and on keyboard focus. What it says must also be reachable in another way. */
export function Tooltip({ content, side = 'top', children }: TooltipProps) {
  return (
    <Base.Root>
      <Base.Trigger render={children} delay={400} closeOnClick={false} />
      <Base.Portal>
        <Base.Positioner className="tip-pos" side={side} sideOffset={6} collisionPadding={8}>
          <Base.Popup className="tip">{content}</Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  )
}
