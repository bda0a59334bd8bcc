// How far a live migration is, told from the objects alone: KubeVirt publishes phases and times, but no bytes.
import type { VirtualMachineInstance, VirtualMachineInstanceMigration } from '@virtdeck/k8s'

export type MigrationStep = {
  id: 'scheduled' | 'targetReady' | 'copying' | 'switchOver'
  label: string
  state: 'done' | 'now' | 'todo' | 'failed'
  /** How long it took, or when it began if it is under way; seconds and seconds since the epoch. */
  tookSeconds?: number
  since?: number
}

type MigrationProgress = {
  outcome: 'moving' | 'succeeded' | 'failed' | 'cancelling'
  sourceNode?: string
  targetNode?: string
  steps: MigrationStep[]
  /** Share of the steps that are over, percent. */
  percent: number
  startedAt: number
  endedAt?: number
  failureReason?: string
}

const seconds = (time: string | null | undefined): number | undefined => (time ? Date.parse(time) / 1000 : undefined)

/**
 * Phases in their order: https://github.com/kubevirt/kubevirt/blob/d923fdb/staging/src/kubevirt.io/api/core/v1/types.go
 * The target's domain being ready, which only `migrationState` tells, is when the copy ends and the switch begins.
 */
export function migrationProgress(migration: VirtualMachineInstanceMigration, vmi?: VirtualMachineInstance): MigrationProgress {
  const { status } = migration
  const fromVmi = vmi?.status?.migrationState?.migrationUid === migration.metadata.uid ? vmi.status.migrationState : undefined
  const state = { ...fromVmi, ...status?.migrationState }
  const reached = (phase: string) =>
    seconds(status?.phaseTransitionTimestamps?.find((one) => one.phase === phase)?.phaseTransitionTimestamp)

  const created = seconds(migration.metadata.creationTimestamp) ?? 0
  const ended = seconds(state.endTimestamp) ?? reached('Succeeded') ?? reached('Failed')
  const failed = status?.phase === 'Failed' || state.failed === true
  const succeeded = status?.phase === 'Succeeded'

  // When each step was over. A later phase without a time of its own still tells that the earlier steps are over; a
  // start time alone does not, it may be of the preparation.
  const copying = reached('Running') ?? (status?.phase === 'Running' ? (seconds(state.startTimestamp) ?? created) : undefined)
  const ready = reached('TargetReady') ?? copying
  const scheduled = reached('Scheduled') ?? reached('PreparingTarget') ?? ready
  const switched = copying === undefined ? undefined : seconds(state.targetNodeDomainReadyTimestamp)
  const times = [scheduled, ready, switched, undefined]
  const ends = succeeded ? times.map((end) => end ?? ended ?? created) : times

  const labels = [
    { id: 'scheduled', label: 'Scheduled' },
    { id: 'targetReady', label: 'Target ready' },
    { id: 'copying', label: 'Copying memory' },
    { id: 'switchOver', label: 'Switch over' },
  ] as const
  const current = ends.findIndex((end) => end === undefined)
  let since = created
  const steps = labels.map((label, index): MigrationStep => {
    const end = ends[index]
    if (end !== undefined) {
      const step: MigrationStep = { ...label, state: 'done', tookSeconds: Math.max(0, end - since) }
      since = end
      return step
    }
    if (index !== current) return { ...label, state: 'todo' }
    return failed ? { ...label, state: 'failed' } : { ...label, state: 'now', since }
  })

  const done = steps.filter((step) => step.state === 'done').length
  return {
    outcome: succeeded
      ? 'succeeded'
      : failed
        ? 'failed'
        : migration.metadata.deletionTimestamp || state.abortRequested
          ? 'cancelling'
          : 'moving',
    sourceNode: state.sourceNode ?? vmi?.status?.nodeName,
    targetNode: state.targetNode ?? migration.spec.addedNodeSelector?.['kubernetes.io/hostname'],
    steps,
    percent: Math.round((100 * done) / steps.length),
    startedAt: created,
    endedAt: ended,
    failureReason: failed
      ? (state.failureReason ??
        status?.conditions?.find((one) => one.type === 'migrationRejectedByResourceQuota' && one.status === 'True')?.message)
      : undefined,
  }
}
