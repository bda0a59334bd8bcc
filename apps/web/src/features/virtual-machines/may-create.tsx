import type { ReactNode } from 'react'
import { useCreateAccess } from '../../components/vm/use-create-access.ts'

type MayCreateProps = { yes: ReactNode; no?: ReactNode }

/** One for whoever may create VMs somewhere, as far as is known yet, the other for who only looks at them. */
export default function MayCreate({ yes, no }: MayCreateProps) {
  const { disabledReason } = useCreateAccess()
  return disabledReason === undefined ? yes : no
}
