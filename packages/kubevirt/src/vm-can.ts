// Which verbs a VM can take now, and the reason where it cannot. Rights are another question: vm-access.ts.
import { migrationEnded } from './migrations.ts'
import type { VmRow } from './rows.ts'

export type VmVerb =
  | 'start'
  | 'stop'
  | 'forceStop'
  | 'restart'
  | 'pause'
  | 'unpause'
  | 'migrate'
  | 'cancelMigration'
  | 'snapshot'
  | 'restore'
  | 'delete'
  | 'vnc'
  | 'console'

export type Possibility = { possible: true } | { possible: false; reason: string }

const possible: Possibility = { possible: true }
const because = (reason: string): Possibility => ({ possible: false, reason })

/** The guest runs: the VMI's phase is Running. Stopping is not among them, though its guest may still be up. */
const running = new Set(['Running', 'Paused', 'Migrating'])

/** No VMI, or one that has ended. CrashLoopBackOff waits between two of them. */
const withoutVmi = new Set(['Stopped', 'CrashLoopBackOff', 'Succeeded', 'Failed'])

const beingDeleted = because('It is being deleted.')
const noVirtualMachine = because('It has no VirtualMachine: whatever created it starts and stops it.')

/** These start by themselves and take no start request. */
const selfStarting = new Set(['Always', 'Once'])

export const vmCan: Record<VmVerb, (row: VmRow) => Possibility> = {
  /** https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-api/rest/lifecycle.go (StartVMRequestHandler) */
  start(row) {
    if (row.bare) return noVirtualMachine
    if (row.status === 'Terminating') return beingDeleted
    if (row.status === 'Stopping') return because('It is still stopping.')
    if (running.has(row.status)) return because('It is already running.')
    // A VMI whose phase is Unknown does not stand in the way of a start.
    if (!withoutVmi.has(row.status) && row.status !== 'Unknown') return because('It is already starting.')
    if (selfStarting.has(row.runStrategy ?? '')) return because(`Its run strategy ${row.runStrategy} starts it without being asked.`)
    return possible
  },

  /** https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-api/rest/lifecycle.go (StopVMRequestHandler) */
  stop(row) {
    if (row.bare) return noVirtualMachine
    if (row.status === 'Terminating') return beingDeleted
    if (row.status === 'Stopping') return because('It is already stopping.')
    // Stopping these sets the run strategy to Halted, whether or not a guest runs at the moment.
    if (selfStarting.has(row.runStrategy ?? '')) return possible
    if (row.runStrategy === 'Halted') return because(withoutVmi.has(row.status) ? 'It is not running.' : 'It is already stopping.')
    return withoutVmi.has(row.status) ? because('It is not running.') : possible
  },

  /** A stop with grace period 0: also what helps when a stop hangs. */
  forceStop(row) {
    if (row.bare) return noVirtualMachine
    if (row.status === 'Terminating') return beingDeleted
    return withoutVmi.has(row.status) ? because('It is not running.') : possible
  },

  /** https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-api/rest/lifecycle.go (RestartVMRequestHandler) */
  restart(row) {
    if (row.bare) return noVirtualMachine
    if (row.status === 'Terminating') return beingDeleted
    if (row.status === 'Stopping') return because('It is stopping.')
    if (withoutVmi.has(row.status)) return because('Only a running VM can be restarted.')
    if (row.runStrategy === 'Halted' || row.runStrategy === 'Once') return because(`Its run strategy ${row.runStrategy} allows no restart.`)
    return possible
  },

  /** https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-api/rest/lifecycle.go (PauseVMIRequestHandler) */
  pause(row) {
    if (row.status === 'Paused') return because('It is already paused.')
    // KubeVirt would take it; but its status would say Migrating all the same, and nobody would know.
    if (row.status === 'Migrating') return because('It is migrating.')
    return row.status === 'Running' ? possible : because('Only a running VM can be paused.')
  },

  /** https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-api/rest/lifecycle.go (UnpauseVMIRequestHandler) */
  unpause(row) {
    return row.status === 'Paused' ? possible : because('It is not paused.')
  },

  /** https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-api/webhooks/validating-webhook/admitters/migration-create-admitter.go */
  migrate(row) {
    if (row.status === 'Migrating' || migrating(row)) return because('It is already migrating.')
    if (!running.has(row.status)) return because('Only a running VM can be migrated.')
    if (row.notMigratable)
      return because(row.notMigratable.message || row.notMigratable.reason || 'KubeVirt says that it cannot be live-migrated.')
    return possible
  },

  /** Deleting the migration aborts it. */
  cancelMigration(row) {
    return migrating(row) ? possible : because('It is not migrating.')
  },

  /** https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/storage/admitters/vmsnapshot.go */
  snapshot(row) {
    if (row.bare) return because('It has no VirtualMachine, and a snapshot is one of a VirtualMachine.')
    if (row.status === 'Terminating') return beingDeleted
    if (row.status === 'Provisioning' || row.status === 'WaitingForVolumeBinding') return because('Its disks are still being prepared.')
    return possible
  },

  /**
   * KubeVirt takes a restore of a running VM and lets it wait: we ask for the stop first.
   * https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/storage/admitters/vmrestore.go
   */
  restore(row) {
    if (row.bare) return because('It has no VirtualMachine, and a snapshot restores a VirtualMachine.')
    if (row.status === 'Terminating') return beingDeleted
    return withoutVmi.has(row.status) && row.status !== 'CrashLoopBackOff'
      ? possible
      : because('It has to be stopped before a snapshot can be restored.')
  },

  delete(row) {
    return row.status === 'Terminating' ? beingDeleted : possible
  },

  /** https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-api/rest/vnc.go */
  vnc: consolePossible,

  /** https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-api/rest/console.go */
  console: consolePossible,
}

function consolePossible(row: VmRow): Possibility {
  return running.has(row.status) || row.status === 'Stopping' ? possible : because('Only a running VM has a console.')
}

function migrating(row: VmRow): boolean {
  return row.migration !== undefined && !migrationEnded(row.migration.phase)
}
