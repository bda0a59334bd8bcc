// PodDisruptionBudgets: how many of some pods must stay healthy when pods are evicted.
// https://github.com/kubernetes/kubernetes/blob/v1.32.0/pkg/registry/core/pod/storage/eviction.go
import { timestamp, type Clock } from '../clock.ts'
import type { Controller } from '../controllers/controller.ts'
import { selects, type LabelSelector } from '../controllers/label-selectors.ts'
import type { Storage, StoredObject } from '../storage/storage.ts'
import { resourceKey } from './api-resources.ts'
import { failure } from './status.ts'

const budgets = 'poddisruptionbudgets.policy'

type BudgetSpec = {
  selector?: LabelSelector
  minAvailable?: number | string
  maxUnavailable?: number | string
  unhealthyPodEvictionPolicy?: 'IfHealthyBudget' | 'AlwaysAllow'
}
type PodStatus = { phase?: string; conditions?: { type: string; status: string }[] }

const specOf = (budget: StoredObject) => (budget['spec'] ?? {}) as BudgetSpec
const statusOf = (pod: StoredObject) => (pod['status'] ?? {}) as PodStatus

const isHealthy = (pod: StoredObject) =>
  !pod.metadata.deletionTimestamp && (statusOf(pod).conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True')

/** A number of pods, or a share of those that are expected, rounded up. */
function pods(amount: number | string, expected: number): number {
  return typeof amount === 'number' ? amount : Math.ceil((Number.parseFloat(amount) / 100) * expected)
}

function countsOf(storage: Storage, budget: StoredObject) {
  const { selector, minAvailable, maxUnavailable } = specOf(budget)
  const selected = storage
    .list('pods', budget.metadata.namespace)
    .filter((pod) => selector && selects(selector, pod.metadata.labels) && !['Succeeded', 'Failed'].includes(statusOf(pod).phase ?? ''))
  const expectedPods = selected.length
  const desiredHealthy =
    maxUnavailable === undefined ? pods(minAvailable ?? 1, expectedPods) : Math.max(0, expectedPods - pods(maxUnavailable, expectedPods))
  const currentHealthy = selected.filter(isHealthy).length
  return { expectedPods, desiredHealthy, currentHealthy, disruptionsAllowed: Math.max(0, currentHealthy - desiredHealthy) }
}

/** Throws 429 where a budget does not let a pod go, 500 where two budgets have a say. */
export function requireDisruptionAllowed(storage: Storage, pod: StoredObject): void {
  if (storage.count(budgets) === 0) return
  if (['Pending', 'Succeeded', 'Failed'].includes(statusOf(pod).phase ?? '') || pod.metadata.deletionTimestamp) return
  const concerned = storage.list(budgets, pod.metadata.namespace).filter((budget) => {
    const { selector } = specOf(budget)
    return selector && selects(selector, pod.metadata.labels)
  })
  const [budget, another] = concerned
  if (!budget) return
  if (another) {
    throw failure(500, 'InternalError', 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.')
  }
  const { desiredHealthy, currentHealthy, disruptionsAllowed } = countsOf(storage, budget)
  const allowedUnhealthy = specOf(budget).unhealthyPodEvictionPolicy === 'AlwaysAllow' || currentHealthy >= desiredHealthy
  if (isHealthy(pod) ? disruptionsAllowed > 0 : allowedUnhealthy) return
  throw failure(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    causes: [
      {
        reason: 'DisruptionBudget',
        message: `The disruption budget ${budget.metadata.name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
      },
    ],
  })
}

/** Keeps the status of every budget as its pods are. */
export function disruptionController(storage: Storage, clock: Clock): Controller {
  const keyOf = ({ metadata }: StoredObject) => `${metadata.namespace}/${metadata.name}`
  return {
    name: 'disruption',
    keysOf({ type, resource, object }) {
      const key = resourceKey(resource)
      if (key === budgets) return type === 'DELETED' ? [] : [keyOf(object)]
      return key === 'pods' && storage.count(budgets) > 0 ? storage.list(budgets, object.metadata.namespace).map(keyOf) : []
    },
    reconcile(key) {
      const [namespace = '', name = ''] = key.split('/')
      const budget = storage.get(budgets, namespace, name)
      if (!budget) return
      const counts = countsOf(storage, budget)
      const before = (
        (budget['status'] as { conditions?: { type: string; status: string; lastTransitionTime: string }[] } | undefined)?.conditions ?? []
      )[0]
      const status = counts.disruptionsAllowed > 0 ? 'True' : 'False'
      const condition = {
        type: 'DisruptionAllowed',
        status,
        reason: status === 'True' ? 'SufficientPods' : 'InsufficientPods',
        message: '',
        lastTransitionTime: before?.status === status ? before.lastTransitionTime : timestamp(clock),
      }
      storage.update(budgets, { ...budget, status: { ...counts, conditions: [condition] } })
    },
  }
}
