// What a VM is doing: as one of six shapes, and in words.
import { own } from '@virtdeck/k8s'
import type { VmRow, VmState } from './rows.ts'

type Seen = { state: VmState; words: string }

/**
 * printableStatus, and the phases of a VMI that no VirtualMachine owns.
 * https://github.com/kubevirt/kubevirt/blob/d923fdb/staging/src/kubevirt.io/api/core/v1/types.go (VirtualMachinePrintableStatus)
 */
const statuses: Record<string, Seen> = {
  Running: { state: 'running', words: 'Running' },
  Stopped: { state: 'stopped', words: 'Stopped' },
  Paused: { state: 'paused', words: 'Paused' },
  Provisioning: { state: 'transit', words: 'Provisioning' },
  WaitingForVolumeBinding: { state: 'transit', words: 'Waiting for volume' },
  WaitingForReceiver: { state: 'transit', words: 'Waiting for receiver' },
  Starting: { state: 'transit', words: 'Starting' },
  Migrating: { state: 'transit', words: 'Migrating' },
  Stopping: { state: 'transit', words: 'Stopping' },
  Terminating: { state: 'transit', words: 'Deleting' },
  Pending: { state: 'transit', words: 'Starting' },
  Scheduling: { state: 'transit', words: 'Starting' },
  Scheduled: { state: 'transit', words: 'Starting' },
  WaitingForSync: { state: 'transit', words: 'Waiting for sync' },
  Succeeded: { state: 'stopped', words: 'Stopped' },
  CrashLoopBackOff: { state: 'error', words: 'Crash loop' },
  ErrorUnschedulable: { state: 'error', words: 'Unschedulable' },
  ErrImagePull: { state: 'error', words: 'Image pull failed' },
  ImagePullBackOff: { state: 'error', words: 'Image pull failed' },
  ErrorPvcNotFound: { state: 'error', words: 'Volume missing' },
  ErrorDataVolumeNotFound: { state: 'error', words: 'Volume missing' },
  DataVolumeError: { state: 'error', words: 'Disk import failed' },
  Failed: { state: 'error', words: 'Failed' },
  Unknown: { state: 'unknown', words: 'Unknown' },
}

function seen({ status, message, progress }: Pick<VmRow, 'status' | 'message' | 'progress'>): Seen {
  // It says Stopped, but it was to run: KubeVirt could not make it.
  if (status === 'Stopped' && message) return { state: 'error', words: "Can't start" }
  if (status === 'Provisioning' && progress !== undefined) return { state: 'transit', words: 'Importing disk' }
  return own(statuses, status) ?? { state: 'unknown', words: status || 'Unknown' }
}

export function vmState(row: Pick<VmRow, 'status' | 'message' | 'progress'>): VmState {
  return seen(row).state
}

/** The status in the words of the product: `Unschedulable`, `Crash loop`, `Importing disk`. */
export function statusWords(row: Pick<VmRow, 'status' | 'message' | 'progress'>): string {
  return seen(row).words
}
