// ResourceQuotas: what a namespace may hold, and what it holds.
// https://github.com/kubernetes/apiserver/blob/9d86305/pkg/admission/plugin/resourcequota/controller.go
import type { KubeObject } from '@virtdeck/k8s'
import { apiResource, type ApiResource } from '../api/api-resources.ts'
import { forbidden, type ApiError } from '../api/status.ts'
import type { Controller } from '../controllers/controller.ts'
import { parseQuantity } from '../controllers/quantity.ts'
import type { Storage, StorageEvent, StoredObject } from '../storage/storage.ts'
import { countedIn, formatAmount, hasBestEffort, isTerminalPod, isTerminating, unspecified, usageOf } from './usage.ts'

const quotas = 'resourcequotas'

type QuotaSpec = {
  hard?: Record<string, string>
  scopes?: string[]
  scopeSelector?: { matchExpressions?: { scopeName: string; operator: string; values?: string[] }[] }
}

const specOf = (quota: KubeObject) => (quota['spec'] ?? {}) as QuotaSpec

/** Whether a quota with scopes is about this object; scopes choose among pods only. */
function inScope(quota: KubeObject, key: string, object: KubeObject): boolean {
  const { scopes = [], scopeSelector } = specOf(quota)
  const expressions = [
    ...scopes.map((scopeName) => ({ scopeName, operator: 'Exists', values: [] as string[] })),
    ...(scopeSelector?.matchExpressions ?? []).map(({ values = [], ...rest }) => ({ ...rest, values })),
  ]
  if (expressions.length === 0) return true
  if (key !== 'pods') return false
  return expressions.every(({ scopeName, operator, values }) => {
    switch (scopeName) {
      case 'BestEffort':
        return hasBestEffort(object)
      case 'NotBestEffort':
        return !hasBestEffort(object)
      case 'Terminating':
        return isTerminating(object)
      case 'NotTerminating':
        return !isTerminating(object)
      case 'PriorityClass': {
        const name = (object['spec'] as { priorityClassName?: string } | undefined)?.priorityClassName
        if (operator === 'Exists') return name !== undefined
        if (operator === 'DoesNotExist') return name === undefined
        return (operator === 'In') === (name !== undefined && values.includes(name))
      }
      default:
        return false
    }
  })
}

/** How much of a quota is used, by its resources. */
function usedOf(storage: Storage, quota: StoredObject): Map<string, number> {
  const { namespace } = quota.metadata
  const used = new Map<string, number>()
  const byKey = new Map<string, string[]>()
  for (const resource of Object.keys(specOf(quota).hard ?? {})) {
    const key = countedIn(resource)
    if (key === undefined) continue
    used.set(resource, 0)
    byKey.set(key, [...(byKey.get(key) ?? []), resource])
  }
  for (const [key, resources] of byKey) {
    for (const object of storage.list(key, namespace)) {
      if (!inScope(quota, key, object)) continue
      const usage = usageOf(key, object)
      for (const resource of resources) used.set(resource, (used.get(resource) ?? 0) + (usage.get(resource) ?? 0))
    }
  }
  return used
}

const shown = (amounts: ReadonlyMap<string, number>) =>
  [...amounts]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([resource, amount]) => `${resource}=${formatAmount(resource, amount)}`)
    .join(',')

function refusedBy(storage: Storage, quota: StoredObject, resource: ApiResource, key: string, object: KubeObject, previous?: KubeObject) {
  const hard = specOf(quota).hard ?? {}
  const name = object.metadata.name ?? ''
  const before = previous ? usageOf(key, previous) : undefined
  const requested = new Map(
    [...usageOf(key, object)]
      .map(([of, amount]) => [of, amount - (before?.get(of) ?? 0)] as const)
      .filter(([of, amount]) => hard[of] !== undefined && amount > 0),
  )
  if (key === 'pods' && !previous && !isTerminalPod(object)) {
    const missing = unspecified(object, new Set(Object.keys(hard)))
    if (missing.length > 0) {
      const byResource = new Map<string, string[]>()
      for (const { container, resources } of missing) {
        for (const of of resources) byResource.set(of, [...(byResource.get(of) ?? []), container])
      }
      const words = [...byResource].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([of, containers]) => `${of} for: ${containers.join(',')}`)
      return forbidden(resource, name, `failed quota: ${quota.metadata.name}: must specify ${words.join('; ')}`)
    }
  }
  if (requested.size === 0) return undefined
  const used = usedOf(storage, quota)
  const limits = new Map([...requested.keys()].map((of) => [of, parseQuantity(hard[of]) ?? 0]))
  const exceeded = new Map([...requested].filter(([of, amount]) => (used.get(of) ?? 0) + amount > (limits.get(of) ?? 0)))
  if (exceeded.size === 0) return undefined
  const only = (amounts: ReadonlyMap<string, number>) => shown(new Map([...exceeded.keys()].map((of) => [of, amounts.get(of) ?? 0])))
  return forbidden(
    resource,
    name,
    `exceeded quota: ${quota.metadata.name}, requested: ${shown(exceeded)}, used: ${only(used)}, limited: ${only(limits)}`,
  )
}

/**
 * Why a namespace's quotas do not let an object in (or let it grow from `previous`): a 403 in the API server's words, or
 * undefined. Admission of requests asks this, and so do controllers before they create pods.
 * @param key `plural.group`
 */
export function quotaRefusal(storage: Storage, key: string, object: KubeObject, previous?: KubeObject): ApiError | undefined {
  const { namespace } = object.metadata
  if (namespace === undefined || storage.count(quotas) === 0) return undefined
  for (const quota of storage.list(quotas, namespace)) {
    if (quota.metadata.deletionTimestamp || !inScope(quota, key, object)) continue
    const refusal = refusedBy(storage, quota, apiResource(key), key, object, previous)
    if (refusal) return refusal
  }
  return undefined
}

/** Keeps `status.hard` and `status.used` of every quota as things are. */
export function quotaController(storage: Storage): Controller {
  const keyOf = ({ metadata }: StoredObject) => `${metadata.namespace}/${metadata.name}`
  return {
    name: 'resourcequota',
    keysOf({ type, resource, object }: StorageEvent) {
      if (resource.group === '' && resource.plural === quotas && type !== 'DELETED') return [keyOf(object)]
      const { namespace } = object.metadata
      if (namespace === undefined || storage.count(quotas) === 0 || resource.plural === 'events') return []
      return storage.list(quotas, namespace).map(keyOf)
    },
    reconcile(key) {
      const [namespace = '', name = ''] = key.split('/')
      const quota = storage.get(quotas, namespace, name)
      if (!quota) return
      const used = Object.fromEntries([...usedOf(storage, quota)].map(([of, amount]) => [of, formatAmount(of, amount)]))
      storage.update(quotas, { ...quota, status: { hard: specOf(quota).hard ?? {}, used } })
    },
  }
}
