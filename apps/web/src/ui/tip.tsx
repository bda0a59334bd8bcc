import { Tooltip as Base } from '@base-ui/react/tooltip'
import type { ReactNode } from 'react'

type TipProps = {
  /** What it stands beside. */
  anchor: Element
  side: 'top' | 'bottom' | 'left' | 'right'
  open: boolean
  /** Escape closes it, and a press elsewhere. */
  onOpenChange: (open: boolean) => void
  onPointerEnter: () => void
  onPointerLeave: () => void
  children: ReactNode
}

/** A tooltip's box: ui/tooltip.tsx says when. */
export function Tip({ anchor, side, open, onOpenChange, onPointerEnter, onPointerLeave, children }: TipProps) {
  return (
    <Base.Root open={open} onOpenChange={(next) => onOpenChange(next)}>
      <Base.Portal>
        <Base.Positioner className="tip-pos" anchor={anchor} side={side} sideOffset={6} collisionPadding={8}>
          <Base.Popup className="tip" onPointerEnter={onPointerEnter} onPointerLeave={onPointerLeave}>
            {children}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  )
}
