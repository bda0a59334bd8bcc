import type { ComponentProps } from 'react'
import { useFieldControl } from './field.tsx'

type TextInputProps = ComponentProps<'input'> & {
  /** What could be pasted into a terminal. */
  mono?: boolean
}

export function TextInput({ mono, className, type = 'text', ...rest }: TextInputProps) {
  const control = useFieldControl()
  return (
    <input
      type={type}
      autoComplete="off"
      spellCheck={false}
      {...control}
      {...rest}
      className={inputClass({ mono, bad: control?.['aria-invalid'], className })}
    />
  )
}

export function TextArea({ mono, className, rows = 3, ...rest }: ComponentProps<'textarea'> & { mono?: boolean }) {
  const control = useFieldControl()
  return (
    <textarea
      rows={rows}
      spellCheck={false}
      {...control}
      {...rest}
      className={inputClass({ mono, bad: control?.['aria-invalid'], className })}
    />
  )
}

function inputClass({ mono, bad, className }: { mono?: boolean; bad?: boolean; className?: string }) {
  return `input${mono ? ' mono' : ''}${bad ? ' bad' : ''}${className ? ` ${className}` : ''}`
}
