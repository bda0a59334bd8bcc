import { describe, expect, test } from 'vitest'
import type { VmRow } from './rows.ts'
import { vmCan, type VmVerb } from './vm-can.ts'

const row = (more: Partial<VmRow>): VmRow => ({
  uid: 'u',
  namespace: 'team-a',
  name: 'web-01',
  createdAt: 0,
  status: 'Running',
  runStrategy: 'Always',
  ...more,
})

/** The verbs that are possible, in order. */
const possible = (more: Partial<VmRow>) => (Object.keys(vmCan) as VmVerb[]).filter((verb) => vmCan[verb](row(more)).possible)
const reason = (verb: VmVerb, more: Partial<VmRow>) => {
  const answer = vmCan[verb](row(more))
  return answer.possible ? undefined : answer.reason
}

describe('vmCan [F010]', () => {
  test.each([
    ['a running VM', {}, ['stop', 'forceStop', 'restart', 'pause', 'migrate', 'snapshot', 'delete', 'vnc', 'console']],
    ['a stopped VM', { status: 'Stopped', runStrategy: 'Halted' }, ['start', 'snapshot', 'restore', 'delete']],
    ['a stopped VM of run strategy Manual', { status: 'Stopped', runStrategy: 'Manual' }, ['start', 'snapshot', 'restore', 'delete']],
    ['a paused VM', { status: 'Paused' }, ['stop', 'forceStop', 'restart', 'unpause', 'migrate', 'snapshot', 'delete', 'vnc', 'console']],
    ['a starting VM', { status: 'Starting' }, ['stop', 'forceStop', 'restart', 'snapshot', 'delete']],
    ['a stopping VM', { status: 'Stopping', runStrategy: 'Halted' }, ['forceStop', 'snapshot', 'delete', 'vnc', 'console']],
    [
      'a migrating VM',
      { status: 'Migrating', migration: { name: 'm', phase: 'Running' } },
      ['stop', 'forceStop', 'restart', 'cancelMigration', 'snapshot', 'delete', 'vnc', 'console'],
    ],
    ['a provisioning VM', { status: 'Provisioning' }, ['stop', 'forceStop', 'restart', 'delete']],
    ['an unschedulable VM [F040]', { status: 'ErrorUnschedulable' }, ['stop', 'forceStop', 'restart', 'snapshot', 'delete']],
    ['a VM in a crash loop', { status: 'CrashLoopBackOff' }, ['stop', 'snapshot', 'delete']],
    ['a VM that is being deleted', { status: 'Terminating' }, []],
    ['a VMI without a VM', { bare: true, runStrategy: undefined }, ['pause', 'migrate', 'delete', 'vnc', 'console']],
  ] as [string, Partial<VmRow>, VmVerb[]][])('allows %s exactly what KubeVirt would', (_, more, verbs) => {
    expect(possible(more)).toEqual(verbs)
  })

  test('gives every refusal a sentence', () => {
    const statuses = [
      'Running',
      'Stopped',
      'Paused',
      'Starting',
      'Stopping',
      'Migrating',
      'Terminating',
      'CrashLoopBackOff',
      'Provisioning',
      'Unknown',
    ]
    const rows = statuses.flatMap((status) => [{ status }, { status, bare: true as const }])
    const reasons = rows
      .flatMap((more) => (Object.keys(vmCan) as VmVerb[]).map((verb) => reason(verb, more)))
      .filter((text) => text !== undefined)
    expect(reasons.length).toBeGreaterThan(100)
    expect(reasons.filter((text) => !/^[A-Z].*\.$/.test(text))).toEqual([])
  })

  test('says of a stopped VM why Stop, Migrate and Pause are disabled', () => {
    const stopped = { status: 'Stopped', runStrategy: 'Halted' }
    expect(reason('stop', stopped)).toBe('It is not running.')
    expect(reason('migrate', stopped)).toBe('Only a running VM can be migrated.')
    expect(reason('pause', stopped)).toBe('Only a running VM can be paused.')
  })

  test('refuses to migrate a VM with a node-local disk, in the condition’s own words [F122]', () => {
    const message =
      'cannot migrate VMI: PVC data is not shared, live migration requires that all PVCs must be shared (using ReadWriteMany access mode)'
    expect(reason('migrate', { notMigratable: { reason: 'DisksNotLiveMigratable', message } })).toBe(message)
  })

  test('refuses a second migration, and to cancel one that has ended', () => {
    expect(reason('migrate', { migration: { name: 'm', phase: 'Scheduling' } })).toBe('It is already migrating.')
    expect(reason('cancelMigration', { migration: { name: 'm', phase: 'Succeeded' } })).toBe('It is not migrating.')
  })

  test('leaves the start of Always and Once to KubeVirt, and lets them be stopped between two runs', () => {
    expect(reason('start', { status: 'Stopped', runStrategy: 'Always' })).toBe('Its run strategy Always starts it without being asked.')
    expect(vmCan.stop(row({ status: 'Stopped', runStrategy: 'Always' })).possible).toBe(true)
    expect(reason('restart', { runStrategy: 'Once' })).toBe('Its run strategy Once allows no restart.')
  })
})
