// Why a VM is not as it ought to be: one sentence, the evidence in the cluster's own words, and a verb that helps.
import {
  own,
  type Condition,
  type DataVolume,
  type Pod,
  type VirtualMachine,
  type VirtualMachineInstance,
  type VirtualMachineInstanceMigration,
} from '@virtdeck/k8s'
import { condition, epochSeconds, explainCondition, isFalse, isTrue } from './conditions.ts'
import { projectVmRow } from './projections.ts'
import type { VmRow, VmState } from './rows.ts'
import type { VmVerb } from './vm-can.ts'

export type DiagnosisEvidence = {
  state: VmState | 'warning'
  /** A condition's type, a phase, a container: Kubernetes' own word. */
  name: string
  /** Untouched. */
  text: string
  /** Seconds since the epoch. */
  since?: number
}

export type Diagnosis = {
  tone: 'error' | 'warning'
  /** One sentence. */
  title: string
  body?: string
  evidence: DiagnosisEvidence[]
  fix?: { verb: VmVerb; text: string }
}

export type DiagnosisObjects = {
  vm?: VirtualMachine | undefined
  vmi?: VirtualMachineInstance | undefined
  pods?: readonly Pod[] | undefined
  dataVolumes?: readonly DataVolume[] | undefined
  migrations?: readonly VirtualMachineInstanceMigration[] | undefined
  /** Seconds since the epoch. Without it, what needs patience is not diagnosed. */
  now?: number | undefined
}

/** How long a guest may boot before a silent agent is worth a word. */
const agentPatienceSeconds = 300

/** The most pressing one; undefined when all is well. */
export function diagnose(objects: DiagnosisObjects): Diagnosis | undefined {
  return diagnoses(objects)[0]
}

/** All there is to say, the most pressing first. */
export function diagnoses(objects: DiagnosisObjects): Diagnosis[] {
  const { vm, vmi } = objects
  if (!vm && !vmi) return []
  const row = projectVmRow({ vm, vmi, dataVolumes: objects.dataVolumes })
  const found = [
    notRunning(row, objects),
    recovery(objects),
    pausedByError(objects),
    importTrouble(row, objects),
    failedMigration(row, objects),
    restartNeeded(objects),
    notMigratable(row, objects),
    silentAgent(row, objects),
  ].filter((item) => item !== undefined)
  return found.toSorted((a, b) => Number(b.tone === 'error') - Number(a.tone === 'error'))
}

function notRunning(row: VmRow, { vm, vmi, pods, dataVolumes }: DiagnosisObjects): Diagnosis | undefined {
  const conditions = [...(vmi?.status?.conditions ?? []), ...(vm?.status?.conditions ?? [])]
  const evidence = (...types: string[]) =>
    types.flatMap((type) =>
      conditionEvidence(
        conditions.find((item) => item.type === type && (item.status === 'False' || (type === 'Failure' && item.status === 'True'))),
        'error',
      ),
    )
  switch (row.status) {
    case 'ErrorUnschedulable':
      return {
        tone: 'error',
        title: 'No node can take it.',
        ...optional('body', schedulingWords(row.message)),
        evidence: evidence('PodScheduled'),
      }
    case 'ErrorPvcNotFound':
    case 'ErrorDataVolumeNotFound':
      return {
        tone: 'error',
        title: 'A disk that it names does not exist.',
        body: 'It starts by itself as soon as the disk is there.',
        evidence: evidence('Synchronized', 'PodScheduled').slice(0, 1),
      }
    case 'DataVolumeError':
      return {
        tone: 'error',
        title: 'A disk could not be filled.',
        evidence: [...dataVolumeEvidence(dataVolumes), ...evidence('DataVolumesReady')],
      }
    case 'ErrImagePull':
    case 'ImagePullBackOff':
      return {
        tone: 'error',
        title: 'The image of a disk could not be fetched.',
        body: 'It is tried again, at growing intervals.',
        evidence: firstOf(containerEvidence(pods), evidence('Synchronized')),
      }
    case 'CrashLoopBackOff':
      return crashLoop(vm, evidence('Ready'))
    case 'Unknown':
      return { tone: 'error', title: 'Its node does not answer, so nobody knows whether it runs.', evidence: evidence('Ready') }
    case 'Failed':
      return { tone: 'error', title: 'It ended with a failure.', evidence: evidence('Synchronized', 'Ready') }
    case 'Stopped': {
      const failure = condition(vm?.status?.conditions, 'Failure')
      return failure?.status === 'True'
        ? { tone: 'error', title: explainCondition(failure), evidence: conditionEvidence(failure, 'error') }
        : undefined
    }
    default:
      return undefined
  }
}

function crashLoop(vm: VirtualMachine | undefined, evidence: DiagnosisEvidence[]): Diagnosis {
  const failure = vm?.status?.startFailure
  const count = failure?.consecutiveFailCount
  return {
    tone: 'error',
    title: count ? `It failed ${count} ${count === 1 ? 'time' : 'times'} in a row before it ran.` : 'It fails each time before it runs.',
    body: 'KubeVirt goes on trying, at growing intervals, until it is stopped.',
    evidence: [
      ...(failure?.retryAfterTimestamp
        ? [{ state: 'error' as const, name: 'startFailure', text: `Next try after ${failure.retryAfterTimestamp}` }]
        : []),
      ...evidence,
    ],
    fix: { verb: 'stop', text: 'Stop' },
  }
}

/** `0/3 nodes are available: 3 Insufficient cpu. preemption: …` -> what is short. */
function schedulingWords(message: string | undefined): string | undefined {
  const insufficient = [...(message ?? '').matchAll(/(\d+) Insufficient ([\w./-]+?)(?=[,.\s]|$)/g)]
  if (insufficient.length === 0) return undefined
  const what = insufficient.map(
    ([, count, resource = '']) => `${own(resourceWords, resource) ?? resource} (${count} ${count === '1' ? 'node' : 'nodes'})`,
  )
  return `Too little ${what.join(', ')}. It starts by itself as soon as there is room.`
}

const resourceWords: Record<string, string> = {
  cpu: 'CPU',
  memory: 'memory',
  'devices.kubevirt.io/kvm': 'hardware virtualization',
  'ephemeral-storage': 'local storage',
}

function recovery({ vm }: DiagnosisObjects): Diagnosis | undefined {
  const found = condition(vm?.status?.conditions, 'ManualRecoveryRequired')
  return found?.status === 'True'
    ? { tone: 'error', title: explainCondition(found), evidence: conditionEvidence(found, 'error') }
    : undefined
}

function pausedByError({ vmi }: DiagnosisObjects): Diagnosis | undefined {
  const found = condition(vmi?.status?.conditions, 'Paused')
  if (found?.status !== 'True' || found.reason !== 'PausedIOError') return undefined
  return {
    tone: 'error',
    title: explainCondition(found),
    body: 'Once the storage answers again, resume it.',
    evidence: conditionEvidence(found, 'error'),
    fix: { verb: 'unpause', text: 'Resume' },
  }
}

function importTrouble(row: VmRow, { dataVolumes }: DiagnosisObjects): Diagnosis | undefined {
  if (row.status !== 'Provisioning' && row.status !== 'WaitingForVolumeBinding') return undefined
  const evidence = dataVolumeEvidence(dataVolumes)
  return evidence.length > 0
    ? { tone: 'warning', title: 'A disk is filled only with difficulty.', body: 'It is tried again.', evidence }
    : undefined
}

/** What CDI says of DataVolumes that fail: the Running condition carries the importer's own message. */
function dataVolumeEvidence(dataVolumes: readonly DataVolume[] | undefined): DiagnosisEvidence[] {
  return (dataVolumes ?? []).flatMap((dv) => {
    const running = condition(dv.status?.conditions as Condition[] | undefined, 'Running')
    const failed = dv.status?.phase === 'Failed'
    const troubled = running?.status === 'False' && running.reason === 'Error'
    if (!failed && !troubled) return []
    const restarts = dv.status?.restartCount ? ` (${dv.status.restartCount} restarts)` : ''
    const since = epochSeconds(running?.lastTransitionTime)
    return [
      {
        state: failed ? ('error' as const) : ('warning' as const),
        name: dv.metadata.name,
        text: `${running?.message || dv.status?.phase || 'Failed'}${restarts}`,
        ...(since !== undefined && { since }),
      },
    ]
  })
}

function containerEvidence(pods: readonly Pod[] | undefined): DiagnosisEvidence[] {
  return (pods ?? [])
    .flatMap((pod) => [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])])
    .flatMap(({ name, state }) =>
      state?.waiting?.message
        ? [{ state: 'error' as const, name, text: `${state.waiting.reason ?? ''}: ${state.waiting.message}`.replace(/^: /, '') }]
        : [],
    )
}

function failedMigration(row: VmRow, { migrations }: DiagnosisObjects): Diagnosis | undefined {
  const last = (migrations ?? []).toSorted(
    (a, b) => (epochSeconds(b.metadata.creationTimestamp) ?? 0) - (epochSeconds(a.metadata.creationTimestamp) ?? 0),
  )[0]
  if (last?.status?.phase !== 'Failed' || row.status !== 'Running') return undefined
  const since = epochSeconds(last.status.migrationState?.endTimestamp)
  return {
    tone: 'warning',
    title: 'Its last migration failed; it went on running where it was.',
    evidence: [
      {
        state: 'error',
        name: last.metadata.name,
        text: last.status.migrationState?.failureReason ?? 'Failed',
        ...(since !== undefined && { since }),
      },
    ],
    ...(!row.notMigratable && { fix: { verb: 'migrate' as const, text: 'Migrate…' } }),
  }
}

function restartNeeded({ vm, vmi }: DiagnosisObjects): Diagnosis | undefined {
  const found = condition(vm?.status?.conditions, 'RestartRequired')
  if (found?.status !== 'True' || !vmi) return undefined
  return {
    tone: 'warning',
    title: 'A change waits for a restart.',
    body: 'Until then it runs as it was before the change.',
    evidence: conditionEvidence(found, 'warning'),
    fix: { verb: 'restart', text: 'Restart…' },
  }
}

function notMigratable(row: VmRow, { vmi }: DiagnosisObjects): Diagnosis | undefined {
  const found = condition(vmi?.status?.conditions, 'LiveMigratable')
  if (!row.notMigratable || !found) return undefined
  return {
    tone: 'warning',
    title: 'It can’t live-migrate.',
    body: `${explainCondition(found)} When its node is drained, it is shut down.`,
    evidence: [
      ...conditionEvidence(found, 'warning'),
      ...(isFalse(vmi?.status?.conditions, 'StorageLiveMigratable')
        ? conditionEvidence(condition(vmi?.status?.conditions, 'StorageLiveMigratable'), 'warning')
        : []),
    ],
  }
}

function silentAgent(row: VmRow, { vmi, now }: DiagnosisObjects): Diagnosis | undefined {
  if (row.agent !== false || row.status !== 'Running' || now === undefined || isTrue(vmi?.status?.conditions, 'AgentConnected'))
    return undefined
  if (row.statusSince === undefined || now - row.statusSince < agentPatienceSeconds) return undefined
  return {
    tone: 'warning',
    title: 'The guest agent does not answer.',
    body: 'Without it there are no guest facts, and a snapshot is like pulling the plug. Install qemu-guest-agent in the guest.',
    evidence: [
      {
        state: 'warning',
        name: 'AgentConnected',
        text: condition(vmi?.status?.conditions, 'AgentConnected')?.message ?? 'The condition is absent.',
      },
    ],
  }
}

function conditionEvidence(found: Condition | undefined, state: DiagnosisEvidence['state']): DiagnosisEvidence[] {
  if (!found) return []
  const since = epochSeconds(found.lastTransitionTime)
  const text = [found.status, found.reason, found.message].filter(Boolean).join(' · ')
  return [{ state, name: found.type, text, ...(since !== undefined && { since }) }]
}

function firstOf<T>(...lists: T[][]): T[] {
  return lists.find((list) => list.length > 0) ?? []
}

function optional<K extends string>(key: K, value: string | undefined): { [key in K]?: string } {
  return (value === undefined ? {} : { [key]: value }) as { [key in K]?: string }
}
