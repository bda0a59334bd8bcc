import type { Condition, VirtualMachine, VirtualMachineInstance } from '@virtdeck/k8s'

/** Each type once, the VMI's word before the VM's, which is a copy that lags; what is wrong comes first. */
export function vmConditions(vm: VirtualMachine | undefined, vmi: VirtualMachineInstance | undefined): Condition[] {
  const byType = new Map<string, Condition>()
  for (const condition of [...(vm?.status?.conditions ?? []), ...(vmi?.status?.conditions ?? [])]) byType.set(condition.type, condition)
  const rank = { bad: 0, notice: 1, unknown: 2, neutral: 3, good: 4 }
  return [...byType.values()].toSorted((a, b) => rank[conditionTone(a)] - rank[conditionTone(b)] || a.type.localeCompare(b.type))
}

const goodWhenTrue = new Set([
  'Ready',
  'LiveMigratable',
  'StorageLiveMigratable',
  'AgentConnected',
  'DataVolumesReady',
  'Synchronized',
  'PodScheduled',
  'AccessCredentialsSynchronized',
  'Initialized',
])
const badWhenFalse = new Set(['Synchronized', 'PodScheduled'])
const badWhenTrue = new Set(['Failure', 'ManualRecoveryRequired'])
const noticeWhenTrue = new Set(['RestartRequired', 'Paused', 'EvacuationRequired'])
const noticeWhenFalse = new Set(['LiveMigratable', 'AgentConnected', 'DataVolumesReady'])

/** Whether a condition is as one wants it. A VM that is off is not ready, and that is no fault. */
export function conditionTone({ type, status }: Pick<Condition, 'type' | 'status'>): 'good' | 'bad' | 'notice' | 'neutral' | 'unknown' {
  if (status !== 'True' && status !== 'False') return 'unknown'
  const holds = status === 'True'
  if (holds ? badWhenTrue.has(type) : badWhenFalse.has(type)) return 'bad'
  if (holds ? noticeWhenTrue.has(type) : noticeWhenFalse.has(type)) return 'notice'
  return holds && goodWhenTrue.has(type) ? 'good' : 'neutral'
}
