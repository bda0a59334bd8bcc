import type { NodeRow } from '@virtdeck/kubevirt'
import { expect, test } from 'vitest'
import { nodeRow, vmRow as vm } from '../../components/test-rows.ts'
import { byAttention, nodeLoads } from './node-loads.ts'

const node = (name: string, differences: Partial<NodeRow> = {}) => nodeRow(name, { memoryBytes: 100, ...differences })

test('sums up what runs on each node, largest first [F123]', () => {
  const loads = nodeLoads(
    [node('n1'), node('n2')],
    [vm('a', { node: 'n1', cpus: 2, memoryBytes: 10 }), vm('b', { node: 'n1', cpus: 4, memoryBytes: 30 }), vm('off', {})],
  )
  expect(loads[0]).toMatchObject({ vms: 2, cpusUsed: 6, memoryUsedBytes: 40, memoryParts: [30, 10], word: 'Ready' })
  expect(loads[1]).toMatchObject({ vms: 0, cpusUsed: 0, memoryParts: [] })
})

test('draws the smallest of very many VMs as one, and loses none of them', () => {
  const many = Array.from({ length: 100 }, (_, index) => vm(`vm-${index}`, { node: 'n1', cpus: 1, memoryBytes: index + 1 }))
  const [load] = nodeLoads([node('n1')], many)
  expect(load?.memoryParts).toHaveLength(40)
  expect(load?.memoryParts.reduce((total, part) => total + part, 0)).toBe(5050)
})

test('a cordoned node that VMs are leaving is being drained, whoever does it [F125]', () => {
  const moving = { migration: { name: 'm', phase: 'Running' } }
  const there = [vm('a', { node: 'n', ...moving }), vm('b', { node: 'n' })]
  const draining = (differences: Partial<NodeRow>, vms = there) => nodeLoads([node('n', differences)], vms)[0]?.draining
  expect(draining({ unschedulable: true })).toEqual({})
  expect(draining({})).toBeUndefined()
  expect(draining({ unschedulable: true }, [vm('b', { node: 'n' })])).toBeUndefined()
})

test('says how far a drain of this tab is, also between two of its migrations [F125] [F243]', () => {
  const [load, other] = nodeLoads([node('n', { unschedulable: true }), node('constructor')], [vm('b', { node: 'n' })], {
    n: { ended: 5, total: 11, since: 100 },
  })
  expect(load).toMatchObject({ word: 'Draining', state: 'transit', draining: { ended: 5, total: 11, since: 100 } })
  expect(other?.draining).toBeUndefined()
})

test.each([
  [{ ready: false, unschedulable: true }, 'Not ready'],
  [{ unschedulable: true }, 'Cordoned'],
  [{ schedulable: false }, 'Takes no VMs'],
])('%j is %s', (differences, word) => {
  expect(nodeLoads([node('n', differences)], [])[0]?.word).toBe(word)
})

test('what needs looking after stands first, then what is fullest', () => {
  const nodes = [node('idle'), node('full'), node('cordoned', { unschedulable: true }), node('down', { ready: false })]
  const loads = nodeLoads(nodes, [vm('a', { node: 'full', memoryBytes: 90 })])
  expect(loads.toSorted((a, b) => byAttention(a) - byAttention(b)).map((load) => load.name)).toEqual(['down', 'cordoned', 'full', 'idle'])
})
