import type { ComponentProps, MouseEvent } from 'react'
import { useFieldControl } from './field.tsx'
import { IconMark } from './icon.tsx'
import { CheckIcon, MinusIcon } from './icons.ts'

type ToggleProps = Omit<ComponentProps<'button'>, 'onChange' | 'type' | 'role' | 'children' | 'value'> & {
  checked: boolean
  /** The event tells which keys were held down. */
  onCheckedChange: (checked: boolean, event: MouseEvent) => void
}

const checkMark = <IconMark icon={CheckIcon} />
const minusMark = <IconMark icon={MinusIcon} />

/** Wrap it in a label (see OptionRow), or give it an `aria-label`. */
export function Checkbox({ checked, indeterminate, onCheckedChange, className, ...rest }: ToggleProps & { indeterminate?: boolean }) {
  const control = useFieldControl()
  return (
    <button
      type="button"
      role="checkbox"
      aria-checked={indeterminate ? 'mixed' : checked}
      {...control}
      {...rest}
      className={`cb${className ? ` ${className}` : ''}`}
      onClick={(event) => onCheckedChange(indeterminate ? true : !checked, event)}
    >
      {indeterminate ? minusMark : checked && checkMark}
    </button>
  )
}

/** For what takes effect, or belongs to a form, as on or off. */
export function Switch({ checked, onCheckedChange, className, ...rest }: ToggleProps) {
  const control = useFieldControl()
  return (
    <button
      type="button"
      role="switch"
      aria-checked={checked}
      {...control}
      {...rest}
      className={`switch${className ? ` ${className}` : ''}`}
      onClick={(event) => onCheckedChange(!checked, event)}
    />
  )
}

/** A checkbox or switch with its words at the right; the whole row toggles it. */
export function OptionRow({ control, label, hint }: { control: React.ReactNode; label: React.ReactNode; hint?: React.ReactNode }) {
  return (
    <label className="optrow">
      {control}
      <span>
        {label}
        {hint && <small>{hint}</small>}
      </span>
    </label>
  )
}
