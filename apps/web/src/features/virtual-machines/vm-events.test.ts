import type { Event } from '@virtdeck/k8s'
import { expect, test } from 'vitest'
import { kindWord, matchesEvent, mergeEvents, vmEvent } from './vm-events.ts'

function event(uid: string, fields: Record<string, unknown>): Event {
  return {
    metadata: { name: uid, uid, resourceVersion: '1', namespace: 'team-a', creationTimestamp: '2026-11-20T10:00:00Z' },
    involvedObject: { kind: 'VirtualMachineInstance', name: 'web-01', namespace: 'team-a' },
    type: 'Normal',
    reason: 'Started',
    message: 'VirtualMachineInstance started.',
    source: { component: 'virt-handler' },
    firstTimestamp: '2026-11-20T10:00:00Z',
    lastTimestamp: '2026-11-20T10:00:00Z',
    count: 1,
    ...fields,
  } as unknown as Event
}

test('lists the events of VM, VMI, pod and volume newest first, each once [F028]', () => {
  const started = event('a', {})
  const pulled = event('b', {
    reason: 'Pulled',
    lastTimestamp: '2026-11-20T10:05:00Z',
    involvedObject: { kind: 'Pod', name: 'virt-launcher-web-01-x' },
  })
  expect(mergeEvents([started, pulled, started]).map((one) => `${one.kind} ${one.reason}`)).toEqual([
    'Pod Pulled',
    'VirtualMachineInstance Started',
  ])
})

test("reads the scheduler's events, which have no timestamps but an eventTime", () => {
  const scheduled = event('a', {
    firstTimestamp: null,
    lastTimestamp: null,
    eventTime: '2026-11-20T10:01:00.000000Z',
    source: {},
    reportingComponent: 'default-scheduler',
  })
  expect(vmEvent(scheduled)).toMatchObject({ lastAt: Date.UTC(2026, 10, 20, 10, 1) / 1000, component: 'default-scheduler', count: 1 })
})

test('counts the repetitions of a series', () => {
  const failing = event('a', {
    type: 'Warning',
    reason: 'FailedScheduling',
    series: { count: 31, lastObservedTime: '2026-11-20T10:40:58.000000Z' },
  })
  expect(vmEvent(failing)).toMatchObject({ warning: true, count: 31, lastAt: Date.UTC(2026, 10, 20, 10, 40, 58) / 1000 })
})

test('filters by words in any order, and to warnings alone', () => {
  const one = vmEvent(event('a', { type: 'Warning', reason: 'FailedScheduling', message: '0/4 nodes are available' }))
  expect(matchesEvent(one, { text: 'nodes failed', warnings: true })).toBe(true)
  expect(matchesEvent(one, { text: 'nodes started', warnings: false })).toBe(false)
  expect(matchesEvent({ ...one, warning: false }, { text: '', warnings: true })).toBe(false)
})

test.each(['constructor', '__proto__', 'toString'])('calls a kind that it does not know by its own name: %s [X-14]', (kind) => {
  expect(kindWord(kind)).toBe(kind)
})
