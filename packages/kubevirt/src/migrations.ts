// Live migrations: VirtualMachineInstanceMigration's phases.
// https://github.com/kubevirt/kubevirt/blob/d923fdb/staging/src/kubevirt.io/api/core/v1/types.go (MigrationPhase)
import { own, type VirtualMachineInstanceMigration } from '@virtdeck/k8s'

export function migrationEnded(phase: string | undefined): boolean {
  return phase === 'Succeeded' || phase === 'Failed'
}

const words: Record<string, string> = {
  '': 'Waiting',
  Pending: 'Waiting',
  Scheduling: 'Looking for a node',
  Scheduled: 'Preparing',
  PreparingTarget: 'Preparing',
  TargetReady: 'Preparing',
  WaitingForSync: 'Waiting for the other cluster',
  Synchronizing: 'Moving',
  Running: 'Moving',
  Succeeded: 'Moved',
  Failed: 'Failed',
}

/** A migration's phase in words. */
export function migrationWords(phase: string | undefined): string {
  return own(words, phase ?? '') ?? phase ?? 'Waiting'
}

export const migrationIsActive = (migration: VirtualMachineInstanceMigration | undefined): boolean =>
  migration !== undefined && !migrationEnded(migration.status?.phase)

/** The migration to show: the one under way, else the one that ended last. */
export function currentMigration(migrations: readonly VirtualMachineInstanceMigration[]): VirtualMachineInstanceMigration | undefined {
  const newestFirst = migrations.toSorted((a, b) => b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp))
  return newestFirst.find(migrationIsActive) ?? newestFirst[0]
}
