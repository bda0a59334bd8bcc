import type { ComponentProps } from 'react'
import { useFieldControl } from './field.tsx'
import { IconMark } from './icon.tsx'
import { ChevronDownIcon } from './icons.ts'

type SelectProps = Omit<ComponentProps<'select'>, 'onChange' | 'value'> & {
  value: string
  onValueChange: (value: string) => void
  options: readonly { value: string; label: string; disabled?: boolean }[]
  /** The empty choice's words, where nothing need be chosen yet. */
  placeholder?: string
}

/** The platform's own list: known to every screen reader and every phone. */
export function Select({ value, onValueChange, options, placeholder, className, ...rest }: SelectProps) {
  const control = useFieldControl()
  return (
    <span className={`input within select${control?.['aria-invalid'] ? ' bad' : ''}${className ? ` ${className}` : ''}`}>
      <select {...control} {...rest} value={value} onChange={({ target }) => onValueChange(target.value)}>
        {placeholder !== undefined && <option value="">{placeholder}</option>}
        {options.map((option) => (
          <option key={option.value} value={option.value} disabled={option.disabled}>
            {option.label}
          </option>
        ))}
      </select>
      <IconMark icon={ChevronDownIcon} className="caret" />
    </span>
  )
}
