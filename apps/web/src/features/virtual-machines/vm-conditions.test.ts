import type { VirtualMachine, VirtualMachineInstance } from '@virtdeck/k8s'
import { expect, test } from 'vitest'
import { conditionTone, vmConditions } from './vm-conditions.ts'

const withConditions = (...conditions: [type: string, status: string][]) => ({
  status: { conditions: conditions.map(([type, status]) => ({ type, status })) },
})

test('shows each condition once, what is wrong first, and the VMI before the copy in the VM [F018]', () => {
  const vm = withConditions(['Ready', 'False'], ['LiveMigratable', 'False'], ['Failure', 'True']) as unknown as VirtualMachine
  const vmi = withConditions(['Ready', 'True'], ['LiveMigratable', 'False']) as unknown as VirtualMachineInstance
  expect(vmConditions(vm, vmi).map((one) => `${one.type}=${one.status}`)).toEqual(['Failure=True', 'LiveMigratable=False', 'Ready=True'])
})

test('a VM that is off is not ready, and that is no fault', () => {
  expect(conditionTone({ type: 'Ready', status: 'False' })).toBe('neutral')
  expect(conditionTone({ type: 'LiveMigratable', status: 'False' })).toBe('notice')
  expect(conditionTone({ type: 'Synchronized', status: 'False' })).toBe('bad')
  expect(conditionTone({ type: 'Ready', status: 'Unknown' })).toBe('unknown')
})
