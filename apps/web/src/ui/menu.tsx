// A menu's button. The menu itself, with all that places it, comes when somebody is about to press.
import { mergeProps } from '@base-ui/react/merge-props'
import { cloneElement, useEffect, useState } from 'react'
import type { ComponentProps, KeyboardEvent, ReactElement, ReactNode } from 'react'
import { onDemand, useOnDemand } from '../util/on-demand.ts'
import type { OnDemand } from '../util/on-demand.ts'
import type { MenuProps } from './opened-menu.tsx'

export const actionMenus = onDemand(() => import('./opened-menu.tsx'))

/** All actions, always in the same order; what is impossible is dim and says why. */
export function Menu(props: MenuProps) {
  return (
    <MenuOnDemand part={actionMenus} trigger={props.trigger} open={props.open} onOpen={() => props.onOpenChange?.(true)}>
      {({ OpenedMenu }) => <OpenedMenu {...props} />}
    </MenuOnDemand>
  )
}

type MenuOnDemandProps<M> = {
  part: OnDemand<M>
  trigger: ReactElement
  open?: boolean
  onOpen?: () => void
  /** The menu with its trigger, which opens as soon as it is there. */
  children: (part: M) => ReactNode
}

/** The trigger alone until it is first pressed: nothing of a menu is there for no more buttons than that. */
export function MenuOnDemand<M>({ part, trigger, open = false, onOpen, children }: MenuOnDemandProps<M>) {
  const [used, setUsed] = useState(open)
  if (open && !used) setUsed(true)
  const module = useOnDemand(part, used)
  useEffect(() => {
    if (used) part.want()
  }, [part, used])
  if (module) return children(module)

  function press() {
    part.want()
    setUsed(true)
    onOpen?.()
  }
  return cloneElement(
    trigger,
    mergeProps<'button'>(trigger.props as ComponentProps<'button'>, {
      'aria-haspopup': 'menu',
      'aria-expanded': used,
      onPointerEnter: part.want,
      onFocus: part.want,
      onClick: press,
      onKeyDown(event: KeyboardEvent) {
        if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
        event.preventDefault()
        press()
      },
    }),
  )
}
