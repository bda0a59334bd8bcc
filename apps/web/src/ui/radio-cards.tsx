import { Radio } from '@base-ui/react/radio'
import { RadioGroup } from '@base-ui/react/radio-group'
import type { ReactNode } from 'react'

type RadioCardsProps<T extends string> = {
  /** The question. */
  label: string
  value: T | undefined
  onValueChange: (value: T) => void
  options: readonly { value: T; label: ReactNode; hint?: ReactNode; disabled?: boolean }[]
  className?: string
}

/** One of a few, each on a card that says what it means. */
export function RadioCards<T extends string>({ label, value, onValueChange, options, className = 'picks' }: RadioCardsProps<T>) {
  return (
    <RadioGroup
      className={className}
      aria-label={label}
      value={value ?? null}
      onValueChange={(next) => next !== null && onValueChange(next as T)}
    >
      {options.map((option) => (
        <Radio.Root key={option.value} value={option.value} disabled={option.disabled} className="pick">
          <b>{option.label}</b>
          {option.hint && <span className="s">{option.hint}</span>}
        </Radio.Root>
      ))}
    </RadioGroup>
  )
}
