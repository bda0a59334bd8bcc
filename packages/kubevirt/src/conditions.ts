// Conditions: how to find them, and what they mean in plain words.
import { own, type Condition } from '@virtdeck/k8s'

export type Conditions = readonly Condition[] | undefined

export function condition(conditions: Conditions, type: string): Condition | undefined {
  return conditions?.find((item) => item.type === type)
}

export function isTrue(conditions: Conditions, type: string): boolean {
  return condition(conditions, type)?.status === 'True'
}

export function isFalse(conditions: Conditions, type: string): boolean {
  return condition(conditions, type)?.status === 'False'
}

/** An RFC 3339 time as whole seconds since the epoch. */
export function epochSeconds(time: string | null | undefined): number | undefined {
  if (!time) return undefined
  const ms = Date.parse(time)
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000)
}

type Explanation = { True: string; False: string; Unknown?: string }

/** https://github.com/kubevirt/kubevirt/blob/d923fdb/staging/src/kubevirt.io/api/core/v1/types.go */
const explanations: Record<string, Explanation> = {
  Ready: { True: 'The guest runs and answers its readiness probe.', False: 'The guest does not run, or is not ready yet.' },
  LiveMigratable: { True: 'It can move to another node while it runs.', False: 'It cannot move to another node while it runs.' },
  StorageLiveMigratable: {
    True: 'Its disks can move to other storage while it runs.',
    False: 'Its disks cannot move to other storage while it runs.',
  },
  AgentConnected: { True: 'The guest agent answers.', False: 'The guest agent does not answer.' },
  Paused: { True: 'Its processors stand still; memory is kept.', False: 'It is not paused.' },
  RestartRequired: { True: 'A change takes effect with the next restart.', False: 'Every change is in effect.' },
  DataVolumesReady: { True: 'All disks are imported and bound.', False: 'A disk is still being prepared.' },
  PodScheduled: { True: 'A node has room for it.', False: 'No node has room for it.' },
  Synchronized: { True: 'KubeVirt has carried out what the spec says.', False: 'KubeVirt could not carry out what the spec says.' },
  Failure: { True: 'KubeVirt could not create it.', False: 'Nothing failed.' },
  Provisioning: { True: 'Its disks are being prepared.', False: 'Its disks are prepared.' },
  Initialized: { True: 'It is set up.', False: 'It is not set up yet.' },
  VolumesChange: { True: 'Volumes are being exchanged.', False: 'No volume is being exchanged.' },
  HotVCPUChange: { True: 'Processors are being added.', False: 'No processor is being added.' },
  HotMemoryChange: { True: 'Memory is being added.', False: 'No memory is being added.' },
  ManualRecoveryRequired: {
    True: 'A volume migration broke off: someone has to choose which copy counts.',
    False: 'Its volumes are consistent.',
  },
  AccessCredentialsSynchronized: {
    True: 'SSH keys and passwords have reached the guest.',
    False: 'SSH keys or passwords have not reached the guest.',
  },
  EvacuationRequired: { True: 'Its node is being emptied.', False: 'It may stay on its node.' },
  Progressing: { True: 'It is under way.', False: 'It is over.' },
}

/** Where the reason says more than the type. */
const reasons: Record<string, string> = {
  GuestNotRunning: 'The guest has not started yet.',
  VMINotExists: 'It is switched off.',
  PodTerminating: 'It is shutting down.',
  PodNotExists: 'It has not been given to a node yet.',
  VMIConditionMissing: 'It has just been created.',
  ReadinessGatesNotReady: 'It is paused or not ready.',
  Unschedulable: 'No node can take it.',
  FailedPvcNotFound: 'A disk that it names does not exist.',
  FailedFindInstancetype: 'Its instance type does not exist.',
  FailedFindPreference: 'Its preference does not exist.',
  ErrImagePull: 'The image of a disk could not be fetched.',
  ImagePullBackOff: 'The image of a disk could not be fetched; it is tried again.',
  PausedByUser: 'Someone paused it.',
  PausedIOError: 'It was paused because a disk failed to read or write.',
  AllDVsReady: 'All disks are imported and bound.',
  NotAllDVsReady: 'A disk is still being prepared.',
  DisksNotLiveMigratable: 'A disk can be used on one node only, so it cannot move while it runs.',
  InterfaceNotLiveMigratable: 'A network interface is bound to its node, so it cannot move while it runs.',
  HotplugNotLiveMigratable: 'A hot-plugged disk is bound to its node, so it cannot move while it runs.',
  VirtIOFSNotLiveMigratable: 'A shared directory is bound to its node, so it cannot move while it runs.',
  HostDeviceNotLiveMigratable: 'A device of the node is passed through, so it cannot move while it runs.',
  CPUModeNotLiveMigratable: 'Its CPU mode (host-passthrough) ties it to its node.',
  SEVNotLiveMigratable: 'Its memory is encrypted, so it cannot move while it runs.',
  PersistentStateNotLiveMigratable: 'Its TPM or EFI state is stored on one node only.',
  TSCFrequencyNotLiveMigratable: 'No other node has the clock frequency that it needs.',
  DedicatedCPUNotLiveMigratable: 'It has processors of its node to itself.',
}

/** One sentence that says what a condition means for whoever runs the VM. */
export function explainCondition({ type, status, reason }: Pick<Condition, 'type' | 'status' | 'reason'>): string {
  const byType = own(explanations, type)
  // A True condition that bears a reason (Paused, Failure) is told by it; a healthy one is not.
  const byReason = reason ? own(reasons, reason) : undefined
  if (byReason && (status !== 'True' || ['Paused', 'Failure', 'DataVolumesReady'].includes(type))) return byReason
  if (!byType)
    return status === 'True' ? `${type} holds.` : status === 'False' ? `${type} does not hold.` : `Whether ${type} holds is not known.`
  if (status === 'True') return byType.True
  if (status === 'False') return byType.False
  return byType.Unknown ?? 'KubeVirt does not know at the moment.'
}
