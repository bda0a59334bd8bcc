// When a tooltip shows. What places it on the screen comes with the first that does.
import { mergeProps } from '@base-ui/react/merge-props'
import { cloneElement, useEffect, useState } from 'react'
import type { ComponentProps, FocusEvent, PointerEvent, ReactElement, ReactNode } from 'react'
import { create } from 'zustand'
import { onDemand, useOnDemand } from '../util/on-demand.ts'

type TooltipProps = {
  content: ReactNode
  side?: 'top' | 'bottom' | 'left' | 'right'
  /** A tap opens it as well: for a thing that does nothing else now, where there is no hovering. */
  onTap?: boolean
  /** The element it explains. It must have a name of its own: a tooltip is for the eye only. */
  children: ReactElement
}

/** A pointer that only passes by opens nothing. */
const REST_MS = 400
/** One is read after the other: the next comes at once. */
const NEXT_MS = 400
/** Time to move on to what it says (WCAG 1.4.13). */
const LEAVE_MS = 100

export const tooltips = onDemand(() => import('./tip.tsx'))

const useLastTip = create(() => ({ closedAt: -Infinity }))

/** Turns a tooltip on and off, now or in a while. */
function createTiming(show: (open: boolean) => void) {
  let timer: ReturnType<typeof setTimeout> | undefined
  let open = false
  function turn(next: boolean) {
    clearTimeout(timer)
    if (open && !next) useLastTip.setState({ closedAt: performance.now() })
    open = next
    show(next)
  }
  function turnIn(ms: number, next: boolean) {
    clearTimeout(timer)
    timer = setTimeout(() => turn(next), ms)
  }
  return {
    turn,
    rest() {
      if (performance.now() - useLastTip.getState().closedAt < NEXT_MS) turn(true)
      else turnIn(REST_MS, true)
    },
    leave: () => turnIn(LEAVE_MS, false),
    stop: () => clearTimeout(timer),
  }
}

const isMouse = ({ pointerType }: PointerEvent) => pointerType !== 'touch'

/** Says more on hover and on keyboard focus. What it says must also be reachable in another way. */
export function Tooltip({ content, side = 'top', onTap = false, children }: TooltipProps) {
  const [anchor, setAnchor] = useState<Element>()
  const [open, setOpen] = useState(false)
  const [timing] = useState(() => createTiming(setOpen))
  const tip = useOnDemand(tooltips, anchor !== undefined)
  useEffect(() => timing.stop, [timing])

  function near({ currentTarget }: { currentTarget: Element }) {
    tooltips.want()
    setAnchor(currentTarget)
  }
  const child = cloneElement(
    children,
    mergeProps<'button'>(children.props as ComponentProps<'button'>, {
      onPointerEnter(event: PointerEvent) {
        if (!isMouse(event)) return
        near(event)
        timing.rest()
      },
      onPointerLeave: (event: PointerEvent) => isMouse(event) && timing.leave(),
      onFocus(event: FocusEvent) {
        if (!event.currentTarget.matches(':focus-visible')) return
        near(event)
        timing.turn(true)
      },
      onBlur: () => timing.turn(false),
      onClick(event) {
        if (onTap) near(event)
        timing.turn(onTap)
      },
    }),
  )
  return (
    <>
      {child}
      {tip && anchor && (
        <tip.Tip
          anchor={anchor}
          side={side}
          open={open}
          onOpenChange={timing.turn}
          onPointerEnter={() => timing.turn(true)}
          onPointerLeave={timing.leave}
        >
          {content}
        </tip.Tip>
      )}
    </>
  )
}
