import { createContext, use, useId } from 'react'
import type { ReactNode } from 'react'
import { IconMark } from './icon.tsx'
import { CheckIcon } from './icons.ts'

type FieldProps = {
  label: ReactNode
  /** What to enter, or what it does. */
  hint?: ReactNode
  /** What is wrong with the value; replaces the hint. */
  error?: string
  /** That the value is good; replaces the hint. */
  ok?: ReactNode
  optional?: boolean
  children: ReactNode
}

type Control = { id: string; 'aria-describedby'?: string; 'aria-invalid'?: true }

const ControlContext = createContext<Control | undefined>(undefined)

/** Label, control and one line below it. The control inside finds its id and description by itself. */
export function Field({ label, hint, error, ok, optional, children }: FieldProps) {
  const id = useId()
  const noteId = useId()
  const note = error ?? ok ?? hint
  return (
    <div className="field">
      <label htmlFor={id}>
        {label}
        {optional && <i>optional</i>}
      </label>
      <ControlContext value={{ id, 'aria-describedby': note ? noteId : undefined, 'aria-invalid': error ? true : undefined }}>
        {children}
      </ControlContext>
      {note && (
        <p id={noteId} className={`hint${error ? ' bad' : ok ? ' ok' : ''}`} aria-live={error || ok ? 'polite' : undefined}>
          {!error && ok && <IconMark icon={CheckIcon} />}
          {note}
        </p>
      )}
    </div>
  )
}

/** The attributes that tie a control to the Field around it. */
export const useFieldControl = (): Control | undefined => use(ControlContext)
