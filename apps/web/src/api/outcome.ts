// Whether what was asked for has come true, read from what the cluster shows: the answer to a request only says that
// it was accepted.
import { vmState } from '@virtdeck/kubevirt'
import type { VmRow, VmVerb } from '@virtdeck/kubevirt'
import type { Condition, KubeObject } from '@virtdeck/k8s'
import type { WatchState } from './watch.ts'

/** `unseen`: accepted, and the user may not see what comes of it. */
export type Outcome = { kind: 'running' } | { kind: 'done' } | { kind: 'unseen' } | { kind: 'failed'; cause?: string }

const running: Outcome = { kind: 'running' }
const done: Outcome = { kind: 'done' }

/** Of a verb that changes the VM itself. `before` is the row when the verb was sent; no `after` means that it is gone. */
export function rowOutcome(verb: VmVerb, before: VmRow, after: VmRow | undefined): Outcome {
  if (!after || after.uid !== before.uid)
    return verb === 'delete' || (before.bare && (verb === 'stop' || verb === 'forceStop'))
      ? done
      : { kind: 'failed', cause: 'The VM was deleted.' }
  const state = vmState(after)
  const changed = after.status !== before.status || after.statusSince !== before.statusSince
  if (state === 'error' && changed && (verb === 'start' || verb === 'restart'))
    return { kind: 'failed', cause: after.message ?? after.status }
  switch (verb) {
    case 'start':
    case 'unpause':
      return state === 'running' ? done : running
    case 'stop':
    case 'forceStop':
      return state === 'stopped' ? done : running
    case 'restart':
      return state === 'running' && after.statusSince !== before.statusSince ? done : running
    case 'pause':
      return state === 'paused' ? done : running
    case 'cancelMigration':
      return after.migration ? running : done
    default:
      return running
  }
}

/** Of a verb that creates an object which does the work: a migration, a snapshot, a restore. */
export function objectOutcome(object: KubeObject | undefined): Outcome {
  const status = (object?.status ?? {}) as {
    phase?: string
    readyToUse?: boolean
    complete?: boolean
    error?: { message?: string }
    conditions?: Condition[]
    migrationState?: { failureReason?: string }
  }
  if (status.phase === 'Succeeded' || status.readyToUse || status.complete) return done
  const failure = status.conditions?.find(({ type, status: is }) => type === 'Failure' && is === 'True')
  if (status.phase !== 'Failed' && !failure) return running
  return { kind: 'failed', cause: status.migrationState?.failureReason ?? status.error?.message ?? failure?.message ?? failure?.reason }
}

/** The same of the object as it is watched: whoever may create it may not always look at it. */
export function watchedOutcome({ items, error }: WatchState<KubeObject>): Outcome {
  return error?.code === 403 ? { kind: 'unseen' } : objectOutcome(items[0])
}

/** `doing` while it runs, `did` at its end, `undone` where it failed. */
export function verbWords(verb: VmVerb, name: string): { doing: string; did: string; undone: string } {
  switch (verb) {
    case 'start':
      return { doing: `Starting ${name}`, did: `Started ${name}`, undone: `Could not start ${name}` }
    case 'stop':
      return { doing: `Stopping ${name}`, did: `Stopped ${name}`, undone: `Could not stop ${name}` }
    case 'forceStop':
      return { doing: `Force stopping ${name}`, did: `Stopped ${name}`, undone: `Could not force stop ${name}` }
    case 'restart':
      return { doing: `Restarting ${name}`, did: `Restarted ${name}`, undone: `Could not restart ${name}` }
    case 'pause':
      return { doing: `Pausing ${name}`, did: `Paused ${name}`, undone: `Could not pause ${name}` }
    case 'unpause':
      return { doing: `Unpausing ${name}`, did: `Unpaused ${name}`, undone: `Could not unpause ${name}` }
    case 'migrate':
      return { doing: `Migrating ${name}`, did: `Migrated ${name}`, undone: `Could not migrate ${name}` }
    case 'cancelMigration':
      return {
        doing: `Cancelling the migration of ${name}`,
        did: `Cancelled the migration of ${name}`,
        undone: `Could not cancel the migration of ${name}`,
      }
    case 'snapshot':
      return { doing: `Taking a snapshot of ${name}`, did: `Took a snapshot of ${name}`, undone: `Could not take a snapshot of ${name}` }
    case 'restore':
      return { doing: `Restoring ${name}`, did: `Restored ${name}`, undone: `Could not restore ${name}` }
    case 'delete':
      return { doing: `Deleting ${name}`, did: `Deleted ${name}`, undone: `Could not delete ${name}` }
    case 'vnc':
    case 'console':
      return { doing: `Connecting to ${name}`, did: `Connected to ${name}`, undone: `Could not connect to ${name}` }
  }
}
