import type { PodDisruptionBudget, VirtualMachineInstance } from '@virtdeck/k8s'
import type { NodeRow, VmRow } from '@virtdeck/kubevirt'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nodeRow, vmRow } from '../../components/test-rows.ts'
import { budgetWarnings, drainPlan } from './drain-plan.ts'

const GiB = 2 ** 30
const node = (name: string, gib = 64, differences: Partial<NodeRow> = {}) => nodeRow(name, { memoryBytes: gib * GiB, ...differences })
const vm = (name: string, on: string, gib: number, differences: Partial<VmRow> = {}) =>
  vmRow(name, { uid: name, namespace: 'a', runStrategy: 'Always', node: on, memoryBytes: gib * GiB, ...differences })

test('moves the largest first, each to the node with the most room, and says what that leaves [F243]', () => {
  const plan = drainPlan({
    node: node('old'),
    nodes: [node('old'), node('a'), node('b')],
    vms: [vm('small', 'old', 4), vm('big', 'old', 32), vm('there', 'a', 16)],
    allVisible: true,
  })
  expect(plan.moves.map(({ row, target }) => [row.name, target])).toEqual([
    ['big', 'b'],
    ['small', 'a'],
  ])
  expect(plan.afterwards).toEqual([
    { node: 'b', nowPercent: 0, afterPercent: 50 },
    { node: 'a', nowPercent: 25, afterPercent: 31 },
  ])
})

test('names what blocks, with the reason, and whether it could be stopped instead [F125] [F243]', () => {
  const plan = drainPlan({
    node: node('old'),
    nodes: [node('old'), node('a', 8), node('down', 512, { ready: false }), node('shut', 512, { unschedulable: true })],
    vms: [
      vm('tied', 'old', 1, { notMigratable: { reason: 'DisksNotLiveMigratable', message: 'Its disk is local.' } }),
      vm('giant', 'old', 64),
      vm('gone', 'old', 1, { status: 'Stopped' }),
      vm('going', 'old', 1, { status: 'Migrating', migration: { name: 'm', phase: 'Running' } }),
    ],
    allVisible: true,
  })
  expect(plan.moves).toEqual([])
  expect(plan.moving.map(({ name }) => name)).toEqual(['going'])
  expect(plan.blocked.map(({ row, reason, canStop }) => [row.name, reason, canStop])).toEqual([
    ['giant', 'No other node has room for it: it needs 64 GiB, the emptiest has 8.', true],
    ['tied', 'A disk can be used on one node only, so it cannot move while it runs.', true],
  ])
  // The cluster's own words stand beneath ours.
  expect(plan.blocked.map(({ detail }) => detail)).toEqual([undefined, 'Its disk is local.'])
})

test('says nothing about room where VMs may be hidden', () => {
  const input = { node: node('old'), nodes: [node('old'), node('a', 1)], vms: [vm('big', 'old', 32)] }
  expect(drainPlan({ ...input, allVisible: false })).toMatchObject({ moves: [{ row: { name: 'big' } }], afterwards: [] })
  expect(drainPlan({ ...input, allVisible: true }).blocked).toHaveLength(1)
})

test('loses no VM, and puts no more on a node than fits', () => {
  const anyVm = fc.record({ on: fc.constantFrom('old', 'a', 'b'), gib: fc.integer({ min: 1, max: 64 }), tied: fc.boolean() })
  fc.assert(
    fc.property(fc.array(anyVm, { maxLength: 20 }), (parts) => {
      const vms = parts.map(({ on, gib, tied }, index) =>
        vm(`vm-${index}`, on, gib, tied ? { notMigratable: { reason: 'X', message: 'tied' } } : {}),
      )
      const nodes = [node('old'), node('a'), node('b', 128)]
      const plan = drainPlan({ node: node('old'), nodes, vms, allVisible: true })
      const named = [...plan.moves, ...plan.blocked].map(({ row }) => row.name)
      expect(named.toSorted()).toEqual(
        vms
          .filter(({ node: on }) => on === 'old')
          .map(({ name }) => name)
          .toSorted(),
      )
      for (const { name, memoryBytes } of nodes.slice(1)) {
        const there = vms.filter(({ node: on }) => on === name).reduce((sum, { memoryBytes: bytes = 0 }) => sum + bytes, 0)
        const coming = plan.moves.filter(({ target }) => target === name).reduce((sum, { row }) => sum + (row.memoryBytes ?? 0), 0)
        // What was too full before stays so; nothing is added to it.
        expect(coming).toBeLessThanOrEqual(Math.max(0, memoryBytes - there))
      }
    }),
  )
})

const vmi = (
  name: string,
  spec: Partial<VirtualMachineInstance['spec']> = {},
  labels: Record<string, string> = {},
): VirtualMachineInstance => ({
  metadata: { namespace: 'a', name, uid: name, resourceVersion: '1', creationTimestamp: '2026-11-20T10:00:00Z', labels },
  spec: { domain: { devices: {} }, ...spec },
})

test('sends a VM only where it may run, and says of one that may run nowhere else what the other nodes lack [F125] [F243]', () => {
  const nvme = { disk: 'nvme' }
  const plan = drainPlan({
    node: node('old', 64, { labels: nvme }),
    nodes: [
      node('old', 64, { labels: nvme }),
      node('big', 512, { labels: { disk: 'hdd' } }),
      node('small', 32, { labels: nvme, taints: [{ key: 'gpu', effect: 'NoSchedule' }] }),
      node('tiny', 8, { labels: nvme }),
    ],
    vms: [vm('anywhere', 'old', 4), vm('fast', 'old', 4), vm('fast-big', 'old', 16), vm('here', 'old', 4), vm('unread', 'old', 4)],
    vmis: [
      vmi('anywhere'),
      vmi('fast', { nodeSelector: nvme }),
      vmi('fast-big', { nodeSelector: nvme }),
      vmi('here', { nodeSelector: { 'kubernetes.io/hostname': 'old' } }),
    ],
    allVisible: true,
  })
  expect(plan.moves.map(({ row, target }) => [row.name, target])).toEqual([
    ['anywhere', 'big'],
    ['fast', 'tiny'],
    ['unread', 'big'],
  ])
  expect(plan.blocked.map(({ row, reason }) => [row.name, reason])).toEqual([
    ['fast-big', 'No node that it may run on has room for it: it needs 16 GiB, the emptiest has 8.'],
    ['here', 'None of the other 3 nodes will do: lacks label kubernetes.io/hostname=old (big, small, tiny).'],
  ])
  // Also where nothing is said about room.
  const pinned = { vms: [vm('here', 'old', 4)], vmis: [vmi('here', { nodeSelector: nvme })], allVisible: false }
  expect(drainPlan({ node: node('old'), nodes: [node('old'), node('b', 8, { labels: {} })], ...pinned }).blocked).toMatchObject([
    { reason: 'The other node won’t do: lacks label disk=nvme (b).' },
  ])
})

test('a PodDisruptionBudget holds up nothing that moves; whom it would hurt to stop is told before and while one chooses [F243]', () => {
  const budget = (name: string, disruptionsAllowed: number): PodDisruptionBudget => ({
    metadata: { namespace: 'a', name, uid: name, resourceVersion: '1', creationTimestamp: '2026-11-20T10:00:00Z' },
    spec: { selector: { matchLabels: { app: name } } },
    status: { disruptionsAllowed, currentHealthy: 2, desiredHealthy: 2 - disruptionsAllowed, expectedPods: 2 },
  })
  const tied = { notMigratable: { reason: 'DisksNotLiveMigratable', message: 'Its disk is local.' } }
  const { moves, blocked } = drainPlan({
    node: node('old'),
    nodes: [node('old'), node('b')],
    vms: [
      vm('db-1', 'old', 1, tied),
      vm('db-2', 'old', 1),
      vm('web-1', 'old', 1, tied),
      vm('web-2', 'old', 1, tied),
      vm('free', 'old', 1, tied),
    ],
    vmis: ['db-1', 'db-2', 'web-1', 'web-2', 'free'].map((name) => vmi(name, {}, { app: name.replace(/-.*/, '') })),
    budgets: [budget('db', 0), budget('web', 1)],
    allVisible: true,
  })
  expect(moves.map(({ row }) => row.name)).toEqual(['db-2'])
  const warned = (...stopping: string[]) => [...budgetWarnings(blocked, new Set(stopping))]
  const never: [string, string] = ['db-1', 'PodDisruptionBudget db lets none of its pods go now: to stop this VM goes against it.']
  expect(warned()).toEqual([never])
  expect(warned('web-1', 'free')).toEqual([never])
  const both = 'PodDisruptionBudget web lets 1 of its pods go now, and 2 VMs of it are to be stopped.'
  expect(warned('web-1', 'web-2')).toEqual([never, ['web-1', both], ['web-2', both]])
})
