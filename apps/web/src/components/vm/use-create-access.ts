import { resources } from '@virtdeck/k8s'
import { resourceAccess } from '@virtdeck/kubevirt'
import { whyDenied } from '../../api/access.ts'
import { useAccessIn } from '../../api/access-in.ts'
import { useNamespaces } from '../../api/namespaces.ts'

const createVm = resourceAccess('create', resources.virtualMachines)

export type CreateAccess = {
  status: 'loading' | 'ready'
  /** Where the user may create VMs, and where not. */
  namespaces: readonly { name: string; allowed: boolean }[]
  /** Why nothing can be created anywhere. */
  disabledReason?: string
}

export function useCreateAccess(): CreateAccess {
  const { status, names } = useNamespaces()
  const { pending, allowed } = useAccessIn(names, createVm)
  const namespaces = names.map((name) => ({ name, allowed: allowed(name) }))
  const nowhere = status === 'ready' && !pending && names.length > 0 && namespaces.every((namespace) => !namespace.allowed)
  return {
    status: status === 'loading' || pending ? 'loading' : 'ready',
    namespaces,
    ...(nowhere && { disabledReason: createDeniedIn(names) }),
  }
}

/** Names the right and where it is missing; with many namespaces, only that it is missing everywhere. */
function createDeniedIn(names: readonly string[]): string {
  const [namespace, ...others] = names
  const reason = whyDenied({ ...createVm, ...(namespace !== undefined && { namespace }) })
  if (others.length === 0) return reason
  return `${reason} Nor in ${others.length <= 2 ? others.join(' and ') : `any of the ${others.length} other namespaces`}.`
}
