// How a new VM comes up, told by its volumes, its VMI and its guest agent.
import type { DataVolume, VirtualMachineInstance } from '@virtdeck/k8s'
import type { VmRow } from '@virtdeck/kubevirt'

export type ProvisioningStep = {
  id: 'volumes' | 'scheduling' | 'booting' | 'agent'
  label: string
  state: 'done' | 'now' | 'todo' | 'failed'
  /** The cluster's own word: a phase, a node, a message. */
  detail?: string
  /** Seconds since the epoch. */
  since?: number
}

export type VolumeProgress = { name: string; phase: string; percent?: number; state: 'done' | 'now' | 'failed'; message?: string }

/** A guest that has no agent, or one that takes very long, should not keep the panel on the page. */
const agentPatienceSeconds = 180

const beforeRunning = new Set(['Provisioning', 'WaitingForVolumeBinding', 'Starting'])

type ProvisioningInput = { row: VmRow; vmi?: VirtualMachineInstance; dataVolumes: readonly DataVolume[]; nowSeconds: number }

/** The steps, or nothing for a VM that is not coming up. A failing one keeps its steps, so that one sees where it stands. */
export function provisioningSteps({ row, vmi, dataVolumes, nowSeconds }: ProvisioningInput): ProvisioningStep[] | undefined {
  const volumes = dataVolumes.map(volumeProgress)
  const runningSince = phaseTime(vmi, 'Running')
  const agent = vmi?.status?.conditions?.some((one) => one.type === 'AgentConnected' && one.status === 'True') ?? false
  const waitsForAgent = row.status === 'Running' && !agent && runningSince !== undefined && nowSeconds - runningSince < agentPatienceSeconds
  const importing = volumes.some((volume) => volume.state !== 'done')
  if (!beforeRunning.has(row.status) && !waitsForAgent && !importing) return undefined

  const node = vmi?.status?.nodeName
  const failedVolume = volumes.find((volume) => volume.state === 'failed')
  const unscheduled = vmi?.status?.conditions?.find((one) => one.type === 'PodScheduled' && one.status === 'False')
  const facts: { id: ProvisioningStep['id']; label: string; done: boolean; failed?: string; detail?: string; since?: number }[] = [
    {
      id: 'volumes',
      label: 'Prepare volumes',
      done: !importing,
      failed: failedVolume && (failedVolume.message ?? failedVolume.phase),
      detail: volumes.length === 0 ? undefined : `${volumes.filter((volume) => volume.state === 'done').length} of ${volumes.length} ready`,
      since: row.createdAt,
    },
    {
      id: 'scheduling',
      label: 'Find a node',
      done: node !== undefined,
      failed: unscheduled?.message,
      detail: node,
      since: phaseTime(vmi, 'Scheduling') ?? phaseTime(vmi, 'Pending'),
    },
    { id: 'booting', label: 'Boot', done: runningSince !== undefined, since: phaseTime(vmi, 'Scheduled') },
    { id: 'agent', label: 'Hear from the guest agent', done: agent, since: runningSince },
  ]
  const current = facts.findIndex((fact) => !fact.done)
  return facts.map(({ done, failed, detail, ...fact }, index) => ({
    ...fact,
    state: done ? 'done' : index !== current ? 'todo' : failed ? 'failed' : 'now',
    detail: index === current && failed ? failed : detail,
  }))
}

/** https://github.com/kubevirt/containerized-data-importer/blob/9be2a5b/staging/src/kubevirt.io/containerized-data-importer-api/pkg/apis/core/v1beta1/types.go */
export function volumeProgress({ metadata, status }: DataVolume): VolumeProgress {
  const phase = status?.phase ?? 'Pending'
  const percent = Number.parseFloat(status?.progress ?? '')
  const running = status?.conditions?.find((one) => one.type === 'Running')
  // An importer that fails restarts: the phase stays, and only the condition says why.
  const troubled =
    running?.status === 'False' && ['Error', 'ImagePullFailed', 'TransferFailed', 'ImportFailed'].includes(running.reason ?? '')
  return {
    name: metadata.name,
    phase,
    percent: Number.isNaN(percent) ? undefined : percent,
    state: phase === 'Succeeded' || phase === 'PendingPopulation' ? 'done' : phase === 'Failed' || troubled ? 'failed' : 'now',
    message: phase === 'Failed' || troubled ? running?.message || undefined : undefined,
  }
}

function phaseTime(vmi: VirtualMachineInstance | undefined, phase: string): number | undefined {
  const time = vmi?.status?.phaseTransitionTimestamps?.find((one) => one.phase === phase)?.phaseTransitionTimestamp
  return time ? Date.parse(time) / 1000 : undefined
}
