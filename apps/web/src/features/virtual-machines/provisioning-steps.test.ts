import type { DataVolume, VirtualMachineInstance } from '@virtdeck/k8s'
import type { VmRow } from '@virtdeck/kubevirt'
import { expect, test } from 'vitest'
import { provisioningSteps, volumeProgress } from './provisioning-steps.ts'

const now = Date.UTC(2026, 10, 20, 10, 0, 0) / 1000
const row = (status: string): VmRow => ({ uid: 'u', namespace: 'team-a', name: 'web-01', createdAt: now - 60, status })
const dataVolume = (phase: string, progress?: string, conditions: object[] = []) =>
  ({ metadata: { name: 'web-01-root' }, status: { phase, progress, conditions } }) as unknown as DataVolume

function vmi(phases: string[], { node, conditions = [] }: { node?: string; conditions?: object[] } = {}) {
  const times = phases.map((phase) => ({ phase, phaseTransitionTimestamp: new Date((now - 30) * 1000).toISOString() }))
  return {
    status: { phase: phases.at(-1), nodeName: node, phaseTransitionTimestamps: times, conditions },
  } as unknown as VirtualMachineInstance
}

const told = (input: Parameters<typeof provisioningSteps>[0]) =>
  provisioningSteps(input)
    ?.map((step) => step.state)
    .join(' ')

test('a new VM gets volumes, a node, a boot and an agent, in this order [F083]', () => {
  expect(told({ row: row('Provisioning'), dataVolumes: [dataVolume('ImportInProgress', '47.2%')], nowSeconds: now })).toBe(
    'now todo todo todo',
  )
  const ready = [dataVolume('Succeeded', '100.0%')]
  expect(told({ row: row('Starting'), dataVolumes: ready, vmi: vmi(['Pending', 'Scheduling']), nowSeconds: now })).toBe(
    'done now todo todo',
  )
  expect(
    told({ row: row('Starting'), dataVolumes: ready, vmi: vmi(['Scheduling', 'Scheduled'], { node: 'node-1' }), nowSeconds: now }),
  ).toBe('done done now todo')
  expect(told({ row: row('Running'), dataVolumes: ready, vmi: vmi(['Scheduled', 'Running'], { node: 'node-1' }), nowSeconds: now })).toBe(
    'done done done now',
  )
})

test('the panel goes when the agent answers, or when it has had its time', () => {
  const connected = vmi(['Running'], { node: 'node-1', conditions: [{ type: 'AgentConnected', status: 'True' }] })
  expect(provisioningSteps({ row: row('Running'), dataVolumes: [], vmi: connected, nowSeconds: now })).toBeUndefined()
  expect(
    provisioningSteps({ row: row('Running'), dataVolumes: [], vmi: vmi(['Running'], { node: 'node-1' }), nowSeconds: now + 600 }),
  ).toBeUndefined()
  expect(provisioningSteps({ row: row('Stopped'), dataVolumes: [], nowSeconds: now })).toBeUndefined()
})

test('a failure is readable, in the words of the cluster', () => {
  const failing = dataVolume('ImportInProgress', 'N/A', [
    { type: 'Running', status: 'False', reason: 'Error', message: 'Unable to connect to http data source: 404 Not Found' },
  ])
  expect(volumeProgress(failing)).toMatchObject({
    state: 'failed',
    percent: undefined,
    message: 'Unable to connect to http data source: 404 Not Found',
  })
  const [volumes] = provisioningSteps({ row: row('Provisioning'), dataVolumes: [failing], nowSeconds: now }) ?? []
  expect(volumes).toMatchObject({ state: 'failed', detail: 'Unable to connect to http data source: 404 Not Found' })

  const unscheduled = vmi(['Scheduling'], {
    conditions: [
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/4 nodes are available: 4 Insufficient memory.' },
    ],
  })
  const steps = provisioningSteps({ row: row('Starting'), dataVolumes: [], vmi: unscheduled, nowSeconds: now })
  expect(steps?.[1]).toMatchObject({ state: 'failed', detail: '0/4 nodes are available: 4 Insufficient memory.' })
})
