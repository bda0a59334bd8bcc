import type { VirtualMachineInstance } from '@virtdeck/k8s'
import { expect, test } from 'vitest'
import { nodeRow as node, vmRow } from '../../components/test-rows.ts'
import { migrateTargets } from './migrate-targets.ts'

const GiB = 2 ** 30
const vm = (name: string, on: string, gib: number) => vmRow(name, { namespace: 'team-a', node: on, memoryBytes: gib * GiB })
const row = vm('web-01', 'node-1', 16)

test('offers the node with the most room first, with its memory now and after [F118]', () => {
  const targets = migrateTargets({
    row,
    nodes: [node('node-1'), node('node-2'), node('node-3')],
    vms: [row, vm('a', 'node-2', 32), vm('b', 'node-3', 8)],
  })
  expect(targets.map((one) => one.name)).toEqual(['node-3', 'node-2', 'node-1'])
  expect(targets[0]).toMatchObject({ room: 'most', memory: { nowPercent: 13, afterPercent: 38 } })
  expect(targets[2]).toMatchObject({ reason: 'It runs here', memory: { nowPercent: 25, afterPercent: 25 } })
})

test('says of every node that does not fit why it does not [F122]', () => {
  const vmi = {
    spec: { nodeSelector: { disk: 'nvme' }, domain: { cpu: { model: 'Skylake' }, devices: {} } },
  } as unknown as VirtualMachineInstance
  const nvme = { disk: 'nvme', 'cpu-model.node.kubevirt.io/Skylake': 'true' }
  const nodes = [
    node('cordoned', { unschedulable: true, labels: nvme }),
    node('down', { ready: false, labels: nvme }),
    node('full', { labels: nvme }),
    node('no-handler', { schedulable: false, labels: nvme }),
    node('old-cpu', { labels: { disk: 'nvme', 'cpu-model.node.kubevirt.io/Westmere': 'true' } }),
    node('spinning', { labels: { disk: 'hdd' } }),
  ]
  const targets = migrateTargets({ row, vmi, nodes, vms: [row, vm('giant', 'full', 60)] })
  expect(targets.map((one) => `${one.name}: ${one.reason}`)).toEqual([
    'cordoned: Cordoned',
    'down: Not ready',
    'full: Needs 16 GiB, has 4',
    'no-handler: KubeVirt does not run VMs there',
    'old-cpu: Lacks CPU model Skylake',
    'spinning: Lacks label disk=nvme',
  ])
})

test('claims nothing about memory where not every VM is visible', () => {
  const [target] = migrateTargets({ row, nodes: [node('node-2')] })
  expect(target).toEqual({ name: 'node-2', memory: undefined, reason: undefined })
})
