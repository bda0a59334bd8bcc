import type { PodDisruptionBudget, VirtualMachineInstance } from '@virtdeck/k8s'
import { expect, test } from 'vitest'
import { budgetsOf } from './disruption.ts'

const metadata = { namespace: 'shop', name: 'db-1', uid: 'u1', resourceVersion: '1', creationTimestamp: '2026-11-20T10:00:00Z' }
const vmi = { metadata: { ...metadata, labels: { app: 'db' } }, spec: { domain: { devices: {} } } } satisfies VirtualMachineInstance

const budget = (name: string, selector: object | undefined, more: object = {}): PodDisruptionBudget => ({
  metadata: { ...metadata, name, uid: name, ...more },
  spec: { selector },
})

test('a VMI is protected by the budgets that select its pod: by its labels, and by those that KubeVirt adds', () => {
  const budgets = [
    budget('by-label', { matchLabels: { app: 'db' } }),
    budget('by-expression', { matchExpressions: [{ key: 'app', operator: 'In', values: ['db', 'cache'] }] }),
    budget('all-vms', { matchLabels: { 'kubevirt.io': 'virt-launcher' } }),
    budget('this-vm', { matchLabels: { 'vm.kubevirt.io/name': 'db-1' } }),
    budget('all-pods', {}),
    budget('other-app', { matchLabels: { app: 'web' } }),
    budget('no-pods', undefined),
    budget('elsewhere', { matchLabels: { app: 'db' } }, { namespace: 'other' }),
  ]
  expect(budgetsOf(vmi, budgets).map(({ metadata: { name } }) => name)).toEqual([
    'by-label',
    'by-expression',
    'all-vms',
    'this-vm',
    'all-pods',
  ])
})

test('the budget that KubeVirt makes for a VMI is not somebody’s wish', () => {
  const owner = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance', name: 'db-1', uid: 'u1', controller: true }
  const selector = { matchLabels: { 'kubevirt.io/created-by': 'u1' } }
  expect(budgetsOf(vmi, [budget('kubevirt-disruption-budget-x', selector, { ownerReferences: [owner] })])).toEqual([])
  expect(budgetsOf(vmi, [budget('own', selector)])).toHaveLength(1)
})
