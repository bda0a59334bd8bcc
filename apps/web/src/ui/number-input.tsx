import type { ComponentProps } from 'react'
import { useFieldControl } from './field.tsx'

type NumberInputProps = Omit<ComponentProps<'input'>, 'type' | 'value' | 'onChange'> & {
  /** `undefined` while the field is empty or holds no number. */
  value: number | undefined
  onValueChange: (value: number | undefined) => void
  /** Shown inside, at the right: `GiB`. */
  unit?: string
}

export function NumberInput({ value, onValueChange, unit, className, ...rest }: NumberInputProps) {
  const control = useFieldControl()
  const input = (
    <input
      type="number"
      inputMode="numeric"
      {...control}
      {...rest}
      value={value ?? ''}
      onChange={({ target }) => onValueChange(target.value === '' || Number.isNaN(target.valueAsNumber) ? undefined : target.valueAsNumber)}
    />
  )
  return (
    <span className={`input within num mono${control?.['aria-invalid'] ? ' bad' : ''}${className ? ` ${className}` : ''}`}>
      {input}
      {unit && (
        <span className="u" aria-hidden="true">
          {unit}
        </span>
      )}
    </span>
  )
}
