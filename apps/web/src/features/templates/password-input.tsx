import { useState, type ComponentProps } from 'react'
import { IconButton } from '../../ui/button.tsx'
import { useFieldControl } from '../../ui/field.tsx'
import { EyeIcon, EyeOffIcon } from '../../ui/icons.ts'

/** A password that is being chosen: it is typed once, so one can look at it. */
export function PasswordInput(props: ComponentProps<'input'>) {
  const control = useFieldControl()
  const [shown, setShown] = useState(false)
  return (
    <span className={`input within${control?.['aria-invalid'] ? ' bad' : ''}`}>
      <input {...control} {...props} type={shown ? 'text' : 'password'} autoComplete="new-password" spellCheck={false} />
      <IconButton
        small
        label={shown ? 'Hide what is typed' : 'Show what is typed'}
        icon={shown ? EyeOffIcon : EyeIcon}
        onClick={() => setShown(!shown)}
      />
    </span>
  )
}
