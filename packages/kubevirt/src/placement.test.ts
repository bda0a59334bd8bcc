import type { VirtualMachineInstance } from '@virtdeck/k8s'
import { expect, test } from 'vitest'
import { whyNotOn } from './placement.ts'

type Spec = VirtualMachineInstance['spec']
type Toleration = NonNullable<Spec['tolerations']>[number]
const spec = (parts: Partial<Spec> = {}): Spec => ({ domain: { devices: {} }, ...parts })
const node = (labels: Record<string, string> | undefined, taints?: { key: string; value?: string; effect: string }[]) => ({
  name: 'node-1',
  labels,
  taints,
})
const affine = (...nodeSelectorTerms: object[]): Spec =>
  spec({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } } } as Partial<Spec>)
const expression = (key: string, operator: string, ...values: string[]) => ({ key, operator, values })

test('a node that lacks what a VMI selects, or has another processor, will not do [F122]', () => {
  expect(whyNotOn(spec(), node({}))).toBeUndefined()
  const pinned = spec({ nodeSelector: { disk: 'nvme' } })
  expect(whyNotOn(pinned, node({ disk: 'nvme' }))).toBeUndefined()
  expect(whyNotOn(pinned, node({ disk: 'hdd' }))).toBe('lacks label disk=nvme')
  // What every object has by birth is no label.
  expect(whyNotOn(spec({ nodeSelector: { constructor: 'x' } }), node({}))).toBe('lacks label constructor=x')
  expect(whyNotOn(spec({ architecture: 'arm64' }), node({ 'kubernetes.io/arch': 'amd64' }))).toBe('lacks label kubernetes.io/arch=arm64')
  expect(whyNotOn(pinned, node(undefined))).toBeUndefined()
})

test.each([
  [expression('zone', 'In', 'a', 'b'), { zone: 'b' }, { zone: 'c' }, 'zone in (a, b)'],
  [expression('zone', 'NotIn', 'a'), {}, { zone: 'a' }, 'zone notin (a)'],
  [expression('gpu', 'Exists'), { gpu: '' }, {}, 'gpu'],
  [expression('old', 'DoesNotExist'), {}, { old: 'yes' }, '!old'],
  [expression('cores', 'Gt', '8'), { cores: '16' }, { cores: '8' }, 'cores > 8'],
  [expression('cores', 'Lt', '8'), { cores: '4' }, {}, 'cores < 8'],
])('a node affinity %j is met, or said', (asked, fits, misses, words) => {
  const vmi = affine({ matchExpressions: [asked] })
  expect(whyNotOn(vmi, node(fits))).toBeUndefined()
  expect(whyNotOn(vmi, node(misses))).toBe(`does not meet node affinity ${words}`)
})

test('one of several terms is enough, each with all that it asks for; one that asks for nothing fits no node', () => {
  const either = affine(
    { matchExpressions: [expression('zone', 'In', 'a'), expression('gpu', 'Exists')] },
    { matchFields: [expression('metadata.name', 'In', 'node-1')] },
  )
  expect(whyNotOn(either, node({}))).toBeUndefined()
  expect(whyNotOn(either, { ...node({ zone: 'a', gpu: '1' }), name: 'node-2' })).toBeUndefined()
  expect(whyNotOn(either, { ...node({ zone: 'a' }), name: 'node-2' })).toBe('meets none of the node affinities')
  expect(whyNotOn(affine({}), node({}))).toBe('does not meet node affinity nothing')
})

test('a taint keeps away whoever does not tolerate it', () => {
  const tainted = node({}, [{ key: 'gpu', value: 'true', effect: 'NoSchedule' }])
  expect(whyNotOn(spec(), tainted)).toBe('has taint gpu=true:NoSchedule')
  const tolerated: object[] = [
    { operator: 'Exists' },
    { key: 'gpu', operator: 'Exists' },
    { key: 'gpu', operator: 'Equal', value: 'true', effect: 'NoSchedule' },
    { key: 'gpu', value: 'true' },
  ]
  const others: object[] = [
    { key: 'gpu', value: 'false' },
    { key: 'other', operator: 'Exists' },
    { key: 'gpu', operator: 'Exists', effect: 'NoExecute' },
  ]
  const told = (toleration: object) => whyNotOn(spec({ tolerations: [toleration as Toleration] }), tainted)
  expect(tolerated.map(told)).toEqual(tolerated.map(() => undefined))
  expect(others.map(told)).toEqual(others.map(() => 'has taint gpu=true:NoSchedule'))
})
