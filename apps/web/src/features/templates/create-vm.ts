// What "Create VM" sends, in its order: nothing is created before the cluster has accepted the VM on trial.
import { StatusError, resources, toStatus, type VirtualMachine, type VmTemplate } from '@virtdeck/k8s'
import { ownedByVm, vmFromTemplate, type TemplateValues } from '@virtdeck/kubevirt'
import { k8s } from '../../api/client.ts'
import { toast } from '../../stores/toasts.ts'

/** Throws the StatusError of whatever refused; then nothing is left behind. */
export async function createVm(template: VmTemplate, values: TemplateValues): Promise<VirtualMachine> {
  const { vm, secret } = vmFromTemplate(template, values)
  await k8s.create(resources.virtualMachines, vm, { dryRun: true })
  const login = secret && (await k8s.create(resources.secrets, secret))
  let created: VirtualMachine
  try {
    created = await k8s.create(resources.virtualMachines, vm)
  } catch (error) {
    if (login && refused(error)) await k8s.delete(resources.secrets, login.metadata, { uid: login.metadata.uid })
    throw error
  }
  if (login) await handOver(login.metadata, created)
  return created
}

/** Whether the API server said no, rather than nothing: then the VM may be there, and needs its Secret. */
function refused(error: unknown): boolean {
  return error instanceof StatusError && error.code < 500
}

/** The login goes when the VM goes. The VM is there in any case: what fails here is no reason to stay on the form. */
async function handOver(secret: { namespace?: string; name: string }, vm: VirtualMachine): Promise<void> {
  try {
    await k8s.patch(resources.secrets, secret, ownedByVm(vm.metadata), { type: 'merge' })
  } catch (error) {
    toast.failed(
      `secret ${vm.metadata.uid}`,
      `Secret ${secret.name} will stay when ${vm.metadata.name} is deleted`,
      toStatus(error).message,
    )
  }
}
