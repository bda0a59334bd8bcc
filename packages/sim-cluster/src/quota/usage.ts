// What an object uses of a quota's resources.
// https://github.com/kubernetes/kubernetes/blob/v1.32.0/pkg/quota/v1/evaluator/core/pods.go
import type { KubeObject } from '@virtdeck/k8s'
import { formatBytes, formatCores, parseQuantity } from '../controllers/quantity.ts'

/** Amounts by the name of the resource: objects, cores, bytes. */
export type Usage = Map<string, number>

type Resources = { requests?: Record<string, string>; limits?: Record<string, string> }
type Container = { name?: string; resources?: Resources; restartPolicy?: string }
type PodSpec = {
  containers?: Container[]
  initContainers?: Container[]
  overhead?: Record<string, string>
  activeDeadlineSeconds?: number
}

const specOf = <T>(object: KubeObject) => (object['spec'] ?? {}) as T
const phaseOf = (object: KubeObject) => (object['status'] as { phase?: string } | undefined)?.phase

export const isTerminalPod = (pod: KubeObject): boolean => ['Succeeded', 'Failed'].includes(phaseOf(pod) ?? '')

/** Kinds that are counted by a name of their own, beside `count/...`. */
const counted = new Set(['configmaps', 'secrets', 'services', 'replicationcontrollers', 'resourcequotas', 'persistentvolumeclaims'])
const compute = ['cpu', 'memory', 'ephemeral-storage']

const isSidecar = (container: Container) => container.restartPolicy === 'Always'

function podAmount(spec: PodSpec, of: 'requests' | 'limits', resource: string): number {
  const amount = (container: Container) => parseQuantity(container.resources?.[of]?.[resource]) ?? 0
  const sum = (containers: Container[]) => containers.reduce((total, container) => total + amount(container), 0)
  const running = sum([...(spec.containers ?? []), ...(spec.initContainers ?? []).filter(isSidecar)])
  const starting = Math.max(0, ...(spec.initContainers ?? []).filter((container) => !isSidecar(container)).map(amount))
  return Math.max(running, starting) + (parseQuantity(spec.overhead?.[resource]) ?? 0)
}

function podUsage(pod: KubeObject, usage: Usage): void {
  if (isTerminalPod(pod)) return
  const spec = specOf<PodSpec>(pod)
  usage.set('pods', 1)
  for (const resource of compute) {
    const requests = podAmount(spec, 'requests', resource)
    usage.set(`requests.${resource}`, requests)
    usage.set(resource, requests)
    usage.set(`limits.${resource}`, podAmount(spec, 'limits', resource))
  }
}

function claimUsage(claim: KubeObject, usage: Usage): void {
  const { resources, storageClassName } = specOf<{ resources?: Resources; storageClassName?: string }>(claim)
  const bytes = parseQuantity(resources?.requests?.['storage']) ?? 0
  usage.set('requests.storage', bytes)
  if (!storageClassName) return
  usage.set(`${storageClassName}.storageclass.storage.k8s.io/requests.storage`, bytes)
  usage.set(`${storageClassName}.storageclass.storage.k8s.io/persistentvolumeclaims`, 1)
}

function serviceUsage(service: KubeObject, usage: Usage): void {
  const { type, ports = [] } = specOf<{ type?: string; ports?: unknown[] }>(service)
  usage.set('services.loadbalancers', type === 'LoadBalancer' ? 1 : 0)
  usage.set('services.nodeports', type === 'NodePort' || type === 'LoadBalancer' ? ports.length : 0)
}

/** @param key `plural.group` */
export function usageOf(key: string, object: KubeObject): Usage {
  const usage: Usage = new Map([[`count/${key}`, 1]])
  if (counted.has(key)) usage.set(key, 1)
  if (key === 'pods') podUsage(object, usage)
  if (key === 'persistentvolumeclaims') claimUsage(object, usage)
  if (key === 'services') serviceUsage(object, usage)
  return usage
}

/** The storage key that holds what a resource of a quota counts; undefined for what is not known. */
export function countedIn(resource: string): string | undefined {
  if (resource.startsWith('count/')) return resource.slice('count/'.length)
  if (resource === 'pods' || /^((requests|limits)\.)?(cpu|memory|ephemeral-storage)$/.test(resource)) return 'pods'
  if (resource === 'requests.storage' || resource.includes('.storageclass.storage.k8s.io/')) return 'persistentvolumeclaims'
  if (resource.startsWith('services.')) return 'services'
  return counted.has(resource) ? resource : undefined
}

/** What every container of a pod must ask for, where a quota limits it, and does not. */
export function unspecified(pod: KubeObject, limited: ReadonlySet<string>): { container: string; resources: string[] }[] {
  const { containers = [], initContainers = [] } = specOf<PodSpec>(pod)
  return [...containers, ...initContainers].flatMap(({ name = '', resources = {} }) => {
    const missing = [...limited].filter((resource) => {
      const [of, named = of] = resource.includes('.') ? resource.split('.') : ['requests', resource]
      if (named !== 'cpu' && named !== 'memory') return false
      const given = of === 'limits' ? resources.limits?.[named] : (resources.requests?.[named] ?? resources.limits?.[named])
      return given === undefined
    })
    return missing.length > 0 ? [{ container: name, resources: missing.toSorted() }] : []
  })
}

export const hasBestEffort = (pod: KubeObject): boolean => {
  const { containers = [], initContainers = [] } = specOf<PodSpec>(pod)
  return [...containers, ...initContainers].every(({ resources }) => !resources?.requests && !resources?.limits)
}

export const isTerminating = (pod: KubeObject): boolean => specOf<PodSpec>(pod).activeDeadlineSeconds !== undefined

/** An amount as Kubernetes writes the quantity. */
export function formatAmount(resource: string, amount: number): string {
  if (/(memory|storage)$/.test(resource)) return formatBytes(amount)
  return resource.endsWith('cpu') ? formatCores(amount) : String(amount)
}
