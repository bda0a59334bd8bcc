import { expect, test } from 'vitest'
import type { VmRow } from '@virtdeck/kubevirt'
import { failure } from '@virtdeck/k8s'
import { objectOutcome, rowOutcome, verbWords, watchedOutcome } from './outcome.ts'

const vm = (differences: Partial<VmRow> = {}): VmRow => ({
  uid: '1',
  namespace: 'shop',
  name: 'web',
  createdAt: 0,
  status: 'Running',
  statusSince: 10,
  ...differences,
})
const stopped = vm({ status: 'Stopped' })

test('a start is done when the VM runs, not when it was accepted', () => {
  expect(rowOutcome('start', stopped, stopped).kind).toBe('running')
  expect(rowOutcome('start', stopped, vm({ status: 'Starting' })).kind).toBe('running')
  expect(rowOutcome('start', stopped, vm()).kind).toBe('done')
})

test('a start that cannot be scheduled fails with what the cluster says', () => {
  const message = '0/4 nodes are available: 4 Insufficient memory.'
  expect(rowOutcome('start', stopped, vm({ status: 'ErrorUnschedulable', message }))).toEqual({ kind: 'failed', cause: message })
})

test('a restart is done when the VM runs again, not while it still runs', () => {
  expect(rowOutcome('restart', vm(), vm()).kind).toBe('running')
  expect(rowOutcome('restart', vm(), vm({ status: 'Starting', statusSince: 20 })).kind).toBe('running')
  expect(rowOutcome('restart', vm(), vm({ statusSince: 30 })).kind).toBe('done')
})

test('a deletion is done when the VM is gone, or another has its name', () => {
  expect(rowOutcome('delete', vm(), vm({ status: 'Terminating' })).kind).toBe('running')
  expect(rowOutcome('delete', vm(), undefined).kind).toBe('done')
  expect(rowOutcome('delete', vm(), vm({ uid: '2' })).kind).toBe('done')
})

test('whatever else was asked for fails with the VM', () => {
  expect(rowOutcome('stop', vm(), undefined)).toEqual({ kind: 'failed', cause: 'The VM was deleted.' })
})

test('a migration ends as its object says, with the reason of its failure', () => {
  const migration = (status: object) => ({ metadata: { name: 'm' }, status })
  expect(objectOutcome(undefined).kind).toBe('running')
  expect(objectOutcome(migration({ phase: 'Running' })).kind).toBe('running')
  expect(objectOutcome(migration({ phase: 'Succeeded' })).kind).toBe('done')
  expect(objectOutcome(migration({ phase: 'Failed', migrationState: { failureReason: 'target died' } }))).toEqual({
    kind: 'failed',
    cause: 'target died',
  })
})

test('whoever may create a migration but not watch it does not wait for its end [F228]', () => {
  expect(watchedOutcome({ status: 'loading', items: [] }).kind).toBe('running')
  expect(watchedOutcome({ status: 'error', items: [], error: failure(403, 'no') }).kind).toBe('unseen')
  // A connection that is down for a moment comes back.
  expect(watchedOutcome({ status: 'error', items: [], error: failure(503, 'later') }).kind).toBe('running')
})

test('a snapshot is done when it is ready to use, a restore when it is complete', () => {
  expect(objectOutcome({ metadata: {}, status: { phase: 'InProgress', readyToUse: false } }).kind).toBe('running')
  expect(objectOutcome({ metadata: {}, status: { readyToUse: true } }).kind).toBe('done')
  expect(objectOutcome({ metadata: {}, status: { complete: true } }).kind).toBe('done')
})

test('begins with the present participle and ends with the past', () => {
  expect(verbWords('migrate', 'web-01')).toEqual({ doing: 'Migrating web-01', did: 'Migrated web-01', undone: 'Could not migrate web-01' })
})
