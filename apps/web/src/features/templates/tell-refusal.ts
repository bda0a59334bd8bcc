// Where the refusal of a VM is told: once, and in sight.
import type { Status } from '@virtdeck/k8s'
import { toast } from '../../stores/toasts.ts'
import { refusedFields, type CreateValues } from './create-values.ts'

type SetError = (
  field: keyof CreateValues | 'root.server',
  error: { type?: string; message: string },
  options?: { shouldFocus: boolean },
) => void

/** On the form, at its fields where the cluster names them; as a toast where one has left it: `setError` is undefined then. */
export function tellRefusal(status: Status, answers: CreateValues, setError: SetError | undefined): void {
  if (!setError) return toast.failed(`create ${answers.namespace}/${answers.name}`, `Could not create ${answers.name}`, status.message)
  const { fields, form } = refusedFields(status, answers)
  for (const { field, message } of fields) setError(field, { type: 'server', message }, { shouldFocus: true })
  if (form !== undefined) setError('root.server', { message: form })
}
