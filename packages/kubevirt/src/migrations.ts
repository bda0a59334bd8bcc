// Live migrations: VirtualMachineInstanceMigration's phases.
// https://github.com/kubevirt/kubevirt/blob/d923fdb/staging/src/kubevirt.io/api/core/v1/types.go (MigrationPhase)

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
  return words[phase ?? ''] ?? phase ?? 'Waiting'
}
