// Which label to set or to remove on rows, with what Kubernetes would refuse said while it is typed.
import { isReservedLabel, labelKeyProblem, labelValueProblem } from '@virtdeck/kubevirt'
import { useState } from 'react'
import type { ReactNode } from 'react'
import { Field } from '../../ui/field.tsx'
import { Segmented } from '../../ui/segmented.tsx'
import { TextInput } from '../../ui/text-input.tsx'

type Act = 'set' | 'remove'

type LabelChoice = {
  choices: ReactNode
  /** Why nothing can be done as it is chosen. */
  problem: string | undefined
  key: string
  /** Null takes the label away. */
  value: string | null
}

/** `having` says how many of the rows have a label, in words. */
export function useLabelChoice(having: (key: string) => string | undefined): LabelChoice {
  const [act, setAct] = useState<Act>('set')
  const [key, setKey] = useState('')
  const [value, setValue] = useState('')
  const wrong = labelKeyProblem(key) ?? (isReservedLabel(key) ? 'This key belongs to the cluster: virtdeck leaves it alone.' : undefined)
  const wrongValue = act === 'set' ? labelValueProblem(value) : undefined
  const choices = (
    <>
      <Segmented
        label="What to do"
        value={act}
        onValueChange={setAct}
        options={[
          { value: 'set', label: 'Set a label' },
          { value: 'remove', label: 'Remove a label' },
        ]}
      />
      <div className="bulklabel">
        <Field label="Key" error={key === '' ? undefined : wrong} hint={key === '' ? undefined : having(key)}>
          <TextInput mono autoComplete="off" maxLength={317} value={key} onChange={({ target }) => setKey(target.value.trim())} />
        </Field>
        {act === 'set' && (
          <Field label="Value" error={wrongValue}>
            <TextInput mono autoComplete="off" value={value} onChange={({ target }) => setValue(target.value.trim())} />
          </Field>
        )}
      </div>
    </>
  )
  return { choices, problem: key === '' ? 'Enter a key first.' : (wrong ?? wrongValue), key, value: act === 'set' ? value : null }
}
