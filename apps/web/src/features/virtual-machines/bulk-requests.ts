// What the verbs of many VMs send beyond a VM's own verbs.
import { StatusError, failure, resources, toStatus } from '@virtdeck/k8s'
import type { Resource } from '@virtdeck/k8s'
import { deletePlan, type DeleteStep, type Fate, type VmRow, type VolumeRow } from '@virtdeck/kubevirt'
import { k8s } from '../../api/client.ts'
import { finishVmRequest } from '../../api/mutations.ts'
import type { Outcome } from '../../api/outcome.ts'

/** Sets a label of a VirtualMachine, or takes it away with null; nothing else of it is sent. */
export async function labelVm({ namespace, name }: VmRow, key: string, value: string | null): Promise<Outcome> {
  await k8s.patch(resources.virtualMachines, { namespace, name }, { metadata: { labels: { [key]: value } } }, { type: 'merge' })
  return { kind: 'done' }
}

type FateOf = (disk: VolumeRow) => Fate | undefined

/**
 * Deletes VMs, each with a fate for each of its disks; what another VM uses stays whatever is chosen. Where a disk could
 * not be deleted after its VM had gone, another try goes on with what is left.
 */
export function createDeletions(patienceMs: number) {
  const leftOf = new Map<string, DeleteStep[]>()

  return async (row: VmRow, disks: readonly VolumeRow[], fateOf: FateOf): Promise<Outcome> => {
    const steps = leftOf.get(row.uid) ?? (await stepsOf(row, disks, fateOf))
    let outcome: Outcome = { kind: 'done' }
    for (const [index, { does, name, request }] of steps.entries()) {
      try {
        if (does === 'delete-vm') outcome = await finishVmRequest('delete', row, request, patienceMs)
        else await k8s.send(request)
      } catch (error) {
        const status = toStatus(error)
        // Whoever else deleted it did what was asked.
        if (does.startsWith('delete') && status.code === 404) continue
        // Before that everything is read and planned again: letting go of a disk shifts the others.
        if (does === 'delete-disk') leftOf.set(row.uid, steps.slice(index))
        throw new StatusError({ ...status, message: `${name}: ${status.message}` })
      }
    }
    return outcome
  }
}

async function stepsOf(row: VmRow, disks: readonly VolumeRow[], fateOf: FateOf): Promise<DeleteStep[]> {
  const { namespace } = row
  const read = <T>(resource: Resource<T>) => Promise.all(disks.map(({ name }) => found(resource, { namespace, name })))
  const [vm, dataVolumes, pvcs] = await Promise.all([
    k8s.get(resources.virtualMachines, row),
    read(resources.dataVolumes),
    read(resources.persistentVolumeClaims),
  ])
  // Not that of another, which has taken its name since.
  if (vm.metadata.uid !== row.uid) throw new StatusError(failure(409, 'Another VM has taken its name: it is left alone.'))
  return deletePlan(
    vm,
    {
      dataVolumes: dataVolumes.filter((dv) => dv !== undefined),
      pvcs: pvcs.filter((pvc) => pvc !== undefined),
      otherVms: [],
      usersOf: (claim) => disks.find(({ name }) => name === claim)?.vms ?? [],
    },
    { disks: Object.fromEntries(disks.flatMap((disk) => (fateOf(disk) ? [[disk.name, fateOf(disk)]] : [])) as [string, Fate][]) },
  )
}

async function found<T>(resource: Resource<T>, ref: { namespace: string; name: string }): Promise<T | undefined> {
  try {
    return await k8s.get(resource, ref)
  } catch (error) {
    if (error instanceof StatusError && error.code === 404) return undefined
    throw error
  }
}
