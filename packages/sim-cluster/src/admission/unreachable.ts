// With virt-api down, what its webhooks guard cannot be written: their failurePolicy is Fail.
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-operator/resource/generate/components/webhooks.go
import type { Admission, ApiServerContext } from '../api/context.ts'
import { internalError } from '../api/status.ts'

type Webhook = [name: string, path: string]

/** The first webhook of virt-api that a created object passes. */
const createWebhooks: Record<string, Webhook> = {
  'virtualmachines.kubevirt.io': ['virtualmachines-mutator.kubevirt.io', 'virtualmachines-mutate'],
  'virtualmachineinstances.kubevirt.io': ['virtualmachineinstances-mutator.kubevirt.io', 'virtualmachineinstances-mutate'],
  'virtualmachineinstancemigrations.kubevirt.io': ['migrations-mutator.kubevirt.io', 'migration-mutate-create'],
  'virtualmachineclones.clone.kubevirt.io': ['virtualmachineclones-mutator.kubevirt.io', 'vm-clone-mutate-create'],
  'virtualmachinesnapshots.snapshot.kubevirt.io': [
    'virtualmachinesnapshot-validator.snapshot.kubevirt.io',
    'virtualmachinesnapshots-validate',
  ],
  'virtualmachinerestores.snapshot.kubevirt.io': [
    'virtualmachinerestore-validator.snapshot.kubevirt.io',
    'virtualmachinerestores-validate',
  ],
}

export const unreachableAdmission =
  (virtApi: ApiServerContext['virtApi']): Admission =>
  ({ verb, key, subresource, object }) => {
    const webhook = createWebhooks[key]
    if (virtApi?.reachable !== false || verb === 'delete' || subresource || !webhook) return object
    const [name, path] = webhook
    const dial = 'dial tcp 10.96.0.10:8443: connect: connection refused'
    throw internalError(
      `failed calling webhook "${name}": failed to call webhook: Post "https://virt-api.kubevirt.svc:443/${path}?timeout=10s": ${dial}`,
    )
  }
