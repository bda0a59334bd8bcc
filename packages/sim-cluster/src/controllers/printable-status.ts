// printableStatus: the first of these that is true, as virt-controller asks them.
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-controller/watch/vm/vm.go (setPrintableStatus)
import type { DataVolume, PersistentVolumeClaim, VirtualMachine, VirtualMachineInstance } from '@virtdeck/k8s'
import { conditionOf, isTrue } from './objects.ts'
import { runStrategyOf } from './run-strategy.ts'

export type PrintableFacts = {
  vm: VirtualMachine
  vmi: VirtualMachineInstance | undefined
  dataVolumes: DataVolume[]
  /** Claims of the VM's volumes that wait for their first consumer. */
  unbound: PersistentVolumeClaim[]
  nowMs: number
}

const waitsForConsumer = (dv: DataVolume) => dv.status?.phase === 'WaitForFirstConsumer' || dv.status?.phase === 'PendingPopulation'

const failed = (dv: DataVolume) => {
  const running = conditionOf(dv as never, 'Running')
  return (
    dv.status?.phase === 'Failed' || (running?.status === 'False' && (running.reason === 'Error' || running.reason === 'ImagePullFailed'))
  )
}

export function isMigrating(vmi: VirtualMachineInstance | undefined): boolean {
  const state = vmi?.status?.migrationState
  return Boolean(state?.startTimestamp && !state.endTimestamp)
}

export function printableStatusOf({ vm, vmi, dataVolumes, unbound, nowMs }: PrintableFacts): string {
  const phase = vmi?.status?.phase
  const final = phase === 'Succeeded' || phase === 'Failed'
  const strategy = runStrategyOf(vm)
  const wantsToRun =
    vmi !== undefined || strategy === 'Always' || (strategy !== 'Halted' && vm.status?.runStrategy !== strategy && strategy !== 'Manual')
  const synchronized = conditionOf(vmi, 'Synchronized')
  const unscheduled = conditionOf(vmi, 'PodScheduled')

  if (vm.metadata.deletionTimestamp) return 'Terminating'
  if (vmi && !final && (vmi.metadata.deletionTimestamp || (strategy === 'Halted' && phase !== undefined))) return 'Stopping'
  if (isMigrating(vmi)) return 'Migrating'
  if (phase === 'Running' && isTrue(vmi, 'Paused')) return 'Paused'
  if (phase === 'Running') return 'Running'
  if (synchronized?.reason === 'FailedPvcNotFound') return 'ErrorPvcNotFound'
  if (dataVolumes.some(failed)) return 'DataVolumeError'
  if (unscheduled?.status === 'False' && unscheduled.reason === 'Unschedulable') return 'ErrorUnschedulable'
  if (!final && dataVolumes.some((dv) => dv.status?.phase !== 'Succeeded' && !waitsForConsumer(dv))) return 'Provisioning'
  if (!final && wantsToRun && (dataVolumes.some(waitsForConsumer) || unbound.length > 0)) return 'WaitingForVolumeBinding'
  if (synchronized?.reason === 'ErrImagePull' || synchronized?.reason === 'ImagePullBackOff') return synchronized.reason
  if (vmi && !final) return 'Starting'
  const failure = vm.status?.startFailure as { consecutiveFailCount?: number; retryAfterTimestamp?: string } | undefined
  if (failure?.consecutiveFailCount && (strategy === 'Always' || strategy === 'RerunOnFailure')) {
    const retryMs = Date.parse(failure.retryAfterTimestamp ?? '')
    if (final || retryMs > nowMs) return 'CrashLoopBackOff'
  }
  return 'Stopped'
}
