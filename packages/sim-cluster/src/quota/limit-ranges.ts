// LimitRanges: what containers ask for when they do not say, and what they and claims may ask for.
// https://github.com/kubernetes/kubernetes/blob/v1.32.0/plugin/pkg/admission/limitranger/admission.go
import type { KubeObject } from '@virtdeck/k8s'
import type { Admission } from '../api/context.ts'
import { apiResource } from '../api/api-resources.ts'
import { forbidden } from '../api/status.ts'
import { parseQuantity } from '../controllers/quantity.ts'
import type { Storage } from '../storage/storage.ts'

type Amounts = Record<string, string>
type Limit = { type: string; min?: Amounts; max?: Amounts; default?: Amounts; defaultRequest?: Amounts; maxLimitRequestRatio?: Amounts }
type Resources = { requests?: Amounts; limits?: Amounts }
type Container = { name: string; resources?: Resources }

function limitsOf(storage: Storage, namespace: string | undefined): Limit[] {
  if (namespace === undefined || storage.count('limitranges') === 0) return []
  return storage.list('limitranges', namespace).flatMap((range) => (range['spec'] as { limits?: Limit[] } | undefined)?.limits ?? [])
}

/** The store keeps a range as its clients wrote it; the defaults that follow from each other are filled in here. */
function completed(limit: Limit): Limit {
  if (limit.type !== 'Container') return limit
  const limits = { ...limit.max, ...limit.default }
  return { ...limit, default: limits, defaultRequest: { ...limit.min, ...limits, ...limit.defaultRequest } }
}

function withDefaults(container: Container, limits: readonly Limit[]): Container {
  const resources = { ...container.resources }
  for (const limit of limits) {
    if (limit.type !== 'Container') continue
    // A container's own limit is its request, unless it says otherwise.
    if (limit.defaultRequest) resources.requests = { ...limit.defaultRequest, ...resources.limits, ...resources.requests }
    if (limit.default && Object.keys(limit.default).length > 0) resources.limits = { ...limit.default, ...resources.limits }
  }
  return Object.keys(resources).length > 0 ? { ...container, resources } : container
}

function* violations(limit: Limit, { requests = {}, limits = {} }: Resources): Generator<string> {
  const amount = (quantity: string | undefined) => parseQuantity(quantity) ?? 0
  for (const [of, min] of Object.entries(limit.min ?? {})) {
    if (requests[of] === undefined) yield `minimum ${of} usage per ${limit.type} is ${min}.  No request is specified`
    else if (amount(requests[of]) < amount(min)) yield `minimum ${of} usage per ${limit.type} is ${min}, but request is ${requests[of]}`
  }
  for (const [of, max] of Object.entries(limit.max ?? {})) {
    if (limit.type === 'PersistentVolumeClaim') {
      if (amount(requests[of]) > amount(max)) yield `maximum ${of} usage per ${limit.type} is ${max}, but request is ${requests[of]}`
    } else if (limits[of] === undefined) yield `maximum ${of} usage per ${limit.type} is ${max}.  No limit is specified`
    else if (amount(limits[of]) > amount(max)) yield `maximum ${of} usage per ${limit.type} is ${max}, but limit is ${limits[of]}`
  }
}

type PodSpec = { containers?: Container[]; initContainers?: Container[] }

function admittedPod(pod: KubeObject, limits: readonly Limit[]): KubeObject {
  const spec = (pod['spec'] ?? {}) as PodSpec
  const containers = (spec.containers ?? []).map((container) => withDefaults(container, limits))
  const initContainers = spec.initContainers?.map((container) => withDefaults(container, limits))
  const problems = limits
    .filter(({ type }) => type === 'Container')
    .flatMap((limit) => containers.flatMap(({ resources = {} }) => [...violations(limit, resources)]))
  if (problems.length > 0) throw refused('pods', pod, problems)
  return { ...pod, spec: { ...spec, containers, ...(initContainers ? { initContainers } : {}) } }
}

function refused(key: string, object: KubeObject, problems: readonly string[]) {
  const why = problems.length === 1 ? (problems[0] ?? '') : `[${problems.join(', ')}]`
  return forbidden(apiResource(key), object.metadata.name ?? '', why)
}

export function limitRangeAdmission(storage: Storage): Admission {
  return ({ verb, key, subresource, object }) => {
    if (verb === 'delete' || subresource !== undefined || (key !== 'pods' && key !== 'persistentvolumeclaims')) return object
    const limits = limitsOf(storage, object.metadata.namespace).map(completed)
    if (limits.length === 0) return object
    if (key === 'pods') return verb === 'create' ? admittedPod(object, limits) : object
    const { resources = {} } = (object['spec'] ?? {}) as { resources?: Resources }
    const problems = limits.filter(({ type }) => type === 'PersistentVolumeClaim').flatMap((limit) => [...violations(limit, resources)])
    if (problems.length > 0) throw refused(key, object, problems)
    return object
  }
}
