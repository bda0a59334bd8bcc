import type { ReactNode } from 'react'

type SegmentedProps<T extends string> = {
  label: string
  /** Undefined where it is none of them. */
  value: T | undefined
  onValueChange: (value: T) => void
  options: readonly { value: T; label: ReactNode }[]
}

/** One of two or three words, side by side. */
export function Segmented<T extends string>({ label, value, onValueChange, options }: SegmentedProps<T>) {
  return (
    <div className="seg" role="group" aria-label={label}>
      {options.map((option) => (
        <button key={option.value} type="button" aria-pressed={option.value === value} onClick={() => onValueChange(option.value)}>
          {option.label}
        </button>
      ))}
    </div>
  )
}
