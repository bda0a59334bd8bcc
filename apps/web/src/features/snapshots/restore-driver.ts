// Carries a restore's plan on: sends the stop and the start when they are due, from the tab that asked for the restore.
import type { VirtualMachine, VirtualMachineRestore } from '@virtdeck/k8s'
import type { VmRow } from '@virtdeck/kubevirt'
import { useEffect, useState } from 'react'
import { sendVmVerb } from '../../api/mutations.ts'
import { restoreProgress } from './restore-steps.ts'

/** Of this tab alone, and gone with it: anybody else who looks at the VM only sees how far it is. */
const storageKey = 'virtdeck.restores'

const remembered = (): string[] => JSON.parse(sessionStorage.getItem(storageKey) ?? '[]') as string[]

export function rememberRestore(uid: string) {
  sessionStorage.setItem(storageKey, JSON.stringify([...remembered(), uid]))
}

function forgetRestore(uid: string) {
  sessionStorage.setItem(storageKey, JSON.stringify(remembered().filter((one) => one !== uid)))
}

export const isOurs = (restore: VirtualMachineRestore): boolean => remembered().includes(restore.metadata.uid)

/** What a step's request was refused with, if it was. */
export function useRestoreDriver(restore: VirtualMachineRestore, vm: VirtualMachine, row: VmRow): unknown {
  const [error, setError] = useState<unknown>()
  const { due, outcome } = restoreProgress(restore, vm)
  const { uid } = restore.metadata

  // An effect, since it is not a person but the cluster's state that makes a step due.
  useEffect(() => {
    if (!isOurs(restore)) return
    if (outcome !== 'working') forgetRestore(uid)
    else if (due) sendVmVerb(due, row).catch(setError)
    // Once per step: what the row looks like meanwhile does not matter.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [uid, due, outcome])

  return error
}
