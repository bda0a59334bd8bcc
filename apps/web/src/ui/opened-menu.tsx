import { Menu as Base } from '@base-ui/react/menu'
import { Fragment, useId } from 'react'
import type { ReactElement, ReactNode } from 'react'
import type { Action } from './action.ts'
import { pressToLearn } from './button.tsx'
import { useExplain } from './explain.ts'
import { IconMark } from './icon.tsx'
import { Keys } from './kbd.tsx'
import { Tooltip } from './tooltip.tsx'

export type MenuProps = {
  /** What the menu is about, for assistive technology. */
  label: string
  actions: readonly Action[]
  /** A few words above the actions. */
  header?: ReactNode
  /** The button that opens it; it needs a name of its own. */
  trigger: ReactElement
  side?: 'bottom' | 'top' | 'right' | 'left'
  align?: 'start' | 'end'
  /** What has the focus after it was closed; without, the trigger. */
  finalFocus?: () => HTMLElement | null
  open?: boolean
  onOpenChange?: (open: boolean) => void
}

/** The menu behind its trigger: ui/menu.tsx asks for it when it is wanted. */
export function OpenedMenu({ label, actions, header, trigger, side = 'bottom', align = 'end', finalFocus, open, onOpenChange }: MenuProps) {
  return (
    <Base.Root modal={false} open={open} defaultOpen onOpenChange={onOpenChange}>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Backdrop className="menu-shade" />
        <Base.Positioner className="menu-pos" side={side} align={align} sideOffset={4} collisionPadding={8}>
          <Base.Popup className="menu" aria-label={label} finalFocus={finalFocus}>
            {header && <div className="menu-head">{header}</div>}
            <MenuItems actions={actions} />
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  )
}

/** The items alone, inside a Base UI menu popup of another kind (a context menu). */
function MenuItems({ actions }: { actions: readonly Action[] }) {
  return actions.map((action, index) => (
    <Fragment key={action.id}>
      {index > 0 && action.group !== actions[index - 1]?.group && <Base.Separator render={<hr />} />}
      <MenuItem action={action} />
    </Fragment>
  ))
}

function MenuItem({ action: { label, icon, shortcut, danger, disabled, run } }: { action: Action }) {
  const reasonId = useId()
  const explain = useExplain()(disabled)
  const item = (
    <Base.Item
      className={danger ? 'mi del' : 'mi'}
      label={label}
      disabled={disabled !== undefined && !explain}
      // It keeps its press: that says what would allow it.
      {...(explain && { 'aria-disabled': true })}
      aria-describedby={disabled && reasonId}
      aria-keyshortcuts={shortcut?.replace(' ', '+')}
      onClick={() => (explain ? explain() : void run())}
    >
      {icon && <IconMark icon={icon} />}
      <span>
        {label}
        {disabled && (
          <small id={reasonId} className="why">
            {disabled}
          </small>
        )}
      </span>
      {shortcut && <Keys keys={shortcut} />}
    </Base.Item>
  )
  return disabled ? (
    <Tooltip content={explain ? `${disabled} ${pressToLearn}` : disabled} side="left">
      {item}
    </Tooltip>
  ) : (
    item
  )
}
