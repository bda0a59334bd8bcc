// The objects of one VM's page, each watched with the user's own rights. What may not be seen stays unknown.
import {
  resources,
  type DataVolume,
  type PersistentVolumeClaim,
  type Status,
  type VirtualMachine,
  type VirtualMachineInstance,
  type VirtualMachineInstanceMigration,
} from '@virtdeck/k8s'
import { currentMigration, migrationIsActive, projectVmRow, type VmRow } from '@virtdeck/kubevirt'
import { useParams } from 'react-router'
import { useWatchMany } from '../../api/watch-many.ts'
import { useWatchList, useWatchObject } from '../../api/watch.ts'
import type { VmRef } from '../../paths.ts'
import { claimNames } from './vm-volumes.ts'

export type VmObjects = {
  /** Absent for a VMI that no VirtualMachine owns. */
  vm?: VirtualMachine
  vmi?: VirtualMachineInstance
  /** Why the VMI cannot be read; absent where it can, or there is none. */
  vmiError?: Status
  migrations: readonly VirtualMachineInstanceMigration[]
  dataVolumes: readonly DataVolume[]
  claims: readonly PersistentVolumeClaim[]
  row: VmRow
}

export type VmState = { status: 'loading' } | { status: 'missing' } | { status: 'error'; error: Status } | ({ status: 'ready' } & VmObjects)

/** The VM that the page's URL names. */
export function useVmRef(): VmRef {
  const { namespace = '', name = '' } = useParams()
  return { namespace, name }
}

export function useVm(ref: VmRef): VmState {
  const { namespace, name } = ref
  const { status, object: vm, error } = useWatchObject(resources.virtualMachines, ref)
  const instance = useWatchObject(resources.virtualMachineInstances, ref)
  const migrations = useWatchList(resources.virtualMachineInstanceMigrations, {
    namespace,
    labelSelector: `kubevirt.io/vmi-name=${name}`,
  }).items
  const volumes = claimNames(vm, instance.object).map((claim) => ({ namespace, fieldSelector: `metadata.name=${claim}` }))
  const dataVolumes = useWatchMany(resources.dataVolumes, volumes).items
  const claims = useWatchMany(resources.persistentVolumeClaims, volumes).items

  const vmi = instance.object
  if (!vm && !vmi) {
    if (error) return { status: 'error', error }
    return { status: status === 'loading' || instance.status === 'loading' ? 'loading' : 'missing' }
  }
  const migration = currentMigration(migrations)
  const row = projectVmRow({ vm, vmi, migration: migrationIsActive(migration) ? migration : undefined, dataVolumes: [...dataVolumes] })
  return { status: 'ready', vm, vmi, vmiError: instance.error, migrations, dataVolumes, claims, row }
}
