// What "Create VM" sends, in its order: nothing is created before the cluster has accepted the VM on trial.
import {
  StatusError,
  resources,
  toStatus,
  type Client,
  type Secret,
  type Status,
  type VirtualMachine,
  type VmTemplate,
} from '@virtdeck/k8s'
import { ownedByVm, vmFromTemplate, type TemplateValues } from '@virtdeck/kubevirt'

type Created = {
  vm: VirtualMachine
  /** The login could not be handed over to the VM: it will outlive it. */
  orphan?: { secretName: string; status: Status }
}

/** Throws the StatusError of whatever refused; then nothing is left behind. */
export async function createVm(k8s: Client, template: VmTemplate, values: TemplateValues): Promise<Created> {
  const { vm: draft, secret: login } = vmFromTemplate(template, values)
  await k8s.create(resources.virtualMachines, draft, { dryRun: true })
  const secret = login && (await k8s.create(resources.secrets, login))
  const vm = await createOrRemove(k8s, draft, secret)
  if (!secret) return { vm }
  try {
    await k8s.patch(resources.secrets, secret.metadata, ownedByVm(vm.metadata), { type: 'merge' })
    return { vm }
  } catch (error) {
    // The VM is there all the same, and that is what was asked for.
    return { vm, orphan: { secretName: secret.metadata.name, status: toStatus(error) } }
  }
}

async function createOrRemove(
  k8s: Client,
  draft: Parameters<typeof k8s.create<VirtualMachine>>[1],
  secret: Secret | undefined,
): Promise<VirtualMachine> {
  try {
    return await k8s.create(resources.virtualMachines, draft)
  } catch (error) {
    if (secret && refused(error)) await k8s.delete(resources.secrets, secret.metadata, { uid: secret.metadata.uid })
    throw error
  }
}

/** Whether the API server said no, rather than nothing: then the VM may be there, and needs its Secret. */
function refused(error: unknown): boolean {
  return error instanceof StatusError && error.code < 500
}
