// What happened to a VM lately: tasks, which are objects with an end, and events, told as one line each.
import type { VirtualMachineInstanceMigration, VirtualMachineRestore, VirtualMachineSnapshot } from '@virtdeck/k8s'
import { migrationProgress } from './migration-steps.ts'
import { kindWord, type VmEvent } from './vm-events.ts'

export type Activity = {
  id: string
  /** Seconds since the epoch. */
  at: number
  state: 'running' | 'done' | 'failed' | 'warning' | 'plain'
  text: string
  /** Who, how long, why. */
  detail?: string
  percent?: number
}

export type ActivityInput = {
  events: readonly VmEvent[]
  migrations: readonly VirtualMachineInstanceMigration[]
  snapshots: readonly VirtualMachineSnapshot[]
  restores: readonly VirtualMachineRestore[]
}

/** Running tasks on top, then the newest first. */
export function vmActivity({ events, migrations, snapshots, restores }: ActivityInput): Activity[] {
  const tasks = [...migrations.map(migrationActivity), ...snapshots.map(snapshotActivity), ...restores.map(restoreActivity)]
  const told = events.filter((event) => event.warning || kinds.has(event.kind)).map(eventActivity)
  return [...tasks, ...told].toSorted((a, b) => Number(b.state === 'running') - Number(a.state === 'running') || b.at - a.at)
}

/** Pods and claims chatter: only their warnings are news. A task's own events only repeat it. */
const kinds = new Set(['VirtualMachine', 'VirtualMachineInstance', 'DataVolume'])

function migrationActivity(migration: VirtualMachineInstanceMigration): Activity {
  const { outcome, targetNode, startedAt, endedAt, failureReason, percent } = migrationProgress(migration)
  const id = migration.metadata.uid
  if (outcome === 'succeeded')
    return {
      id,
      at: endedAt ?? startedAt,
      state: 'done',
      text: `Migrated${targetNode ? ` to ${targetNode}` : ''}`,
      detail: took(startedAt, endedAt),
    }
  if (outcome === 'failed')
    return {
      id,
      at: endedAt ?? startedAt,
      state: 'failed',
      text: `Migration${targetNode ? ` to ${targetNode}` : ''} failed`,
      detail: failureReason,
    }
  return {
    id,
    at: startedAt,
    state: 'running',
    text: outcome === 'cancelling' ? 'Cancelling the migration' : `Migrating${targetNode ? ` to ${targetNode}` : ''}`,
    percent,
  }
}

function snapshotActivity({ metadata, status }: VirtualMachineSnapshot): Activity {
  const id = metadata.uid
  const startedAt = epoch(metadata.creationTimestamp)
  if (status?.phase === 'Failed')
    return {
      id,
      at: startedAt,
      state: 'failed',
      text: `Snapshot ${metadata.name} failed`,
      detail: status.error?.message ?? status.conditions?.find((one) => one.type === 'Failure')?.reason,
    }
  if (status?.readyToUse) return { id, at: startedAt, state: 'done', text: `Snapshot ${metadata.name} ready` }
  return { id, at: startedAt, state: 'running', text: `Taking snapshot ${metadata.name}` }
}

function restoreActivity({ metadata, spec, status }: VirtualMachineRestore): Activity {
  const id = metadata.uid
  const startedAt = epoch(metadata.creationTimestamp)
  if (status?.complete)
    return {
      id,
      at: status.restoreTime ? epoch(status.restoreTime) : startedAt,
      state: 'done',
      text: `Restored ${spec.virtualMachineSnapshotName}`,
    }
  const failure = status?.conditions?.find((one) => one.type === 'Failure' && one.status === 'True')
  if (failure)
    return {
      id,
      at: startedAt,
      state: 'failed',
      text: `Restore of ${spec.virtualMachineSnapshotName} failed`,
      detail: failure.message ?? failure.reason,
    }
  return {
    id,
    at: startedAt,
    state: 'running',
    text: `Restoring ${spec.virtualMachineSnapshotName}`,
    detail: status?.conditions?.find((one) => one.type === 'Progressing')?.reason,
  }
}

function eventActivity(event: VmEvent): Activity {
  const times = event.count > 1 ? `, ${event.count} times` : ''
  const subject = kinds.has(event.kind) && event.kind !== 'DataVolume' ? '' : `${kindWord(event.kind)} ${event.name} · `
  return {
    id: event.uid,
    at: event.lastAt,
    state: event.warning ? 'warning' : 'plain',
    text: event.message || event.reason,
    detail: `${subject}${event.reason}${times}`,
  }
}

const epoch = (time: string) => Date.parse(time) / 1000

const took = (from: number, to: number | undefined) => (to === undefined ? undefined : `took ${Math.max(0, Math.round(to - from))}s`)
