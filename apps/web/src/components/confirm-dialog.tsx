import { toStatus } from '@virtdeck/k8s'
import { useId, useRef, useState } from 'react'
import type { FormEvent, ReactNode } from 'react'
import { Banner } from '../ui/banner.tsx'
import { Button } from '../ui/button.tsx'
import { CommandLine } from '../ui/code-block.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Field } from '../ui/field.tsx'
import { TextInput } from '../ui/text-input.tsx'

type ConfirmDialogProps = {
  /** Names the object: `Stop pay-db-02?` */
  title: ReactNode
  /** The consequence, in its first sentence. */
  children: ReactNode
  /** The button's words: `Stop VM`. */
  verb: string
  /** It destroys something. */
  danger?: boolean
  /** The command that does the same. */
  command?: string
  /** What must be typed before the button works. */
  typedName?: string
  /** Why it can't be done as things are now. */
  disabledReason?: string
  pending: boolean
  /** What went wrong, as it was thrown. The dialog stays open. */
  error?: unknown
  wide?: boolean
  onConfirm: () => void
  onClose: () => void
}

/** Says the consequence, then the verb. Cancel has the focus, or the field in which the name is typed. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const { title, children, verb, danger, command, typedName, disabledReason, pending, error, wide, onConfirm, onClose } = props
  const cancel = useRef<HTMLButtonElement>(null)
  const nameField = useRef<HTMLInputElement>(null)
  const formId = useId()
  const [typed, setTyped] = useState('')
  const reason = disabledReason ?? (typedName !== undefined && typed !== typedName ? `Type ${typedName} first.` : undefined)

  function submit(event: FormEvent) {
    event.preventDefault()
    if (!reason && !pending) onConfirm()
  }

  return (
    <Dialog
      title={title}
      wide={wide}
      onClose={onClose}
      initialFocus={typedName === undefined ? cancel : nameField}
      footer={
        <>
          {command && <CommandLine command={command} />}
          <Button ref={cancel} onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" form={formId} variant={danger ? 'danger' : 'primary'} loading={pending} disabledReason={reason}>
            {verb}
          </Button>
        </>
      }
    >
      {children}
      <form id={formId} onSubmit={submit}>
        {typedName !== undefined && (
          <Field
            label={
              <>
                Type <span className="mono">{typedName}</span> to confirm
              </>
            }
          >
            <TextInput ref={nameField} mono value={typed} onChange={({ target }) => setTyped(target.value)} />
          </Field>
        )}
      </form>
      {error !== undefined && error !== null && (
        <Banner tone="error" inline title={`Could not ${verb.charAt(0).toLowerCase()}${verb.slice(1)}.`}>
          {toStatus(error).message}
        </Banner>
      )}
    </Dialog>
  )
}
