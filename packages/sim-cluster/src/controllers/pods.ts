// The scheduler and the kubelets: pods get a node that fits, start there, and go.
// https://github.com/kubernetes/kubernetes/tree/release-1.32/pkg/scheduler/framework/plugins
import type { Condition, Node, Pod } from '@virtdeck/k8s'
import { timestamp } from '../clock.ts'
import type { ControllerContext } from './context.ts'
import type { Controller, ReconcileContext } from './controller.ts'
import { delays } from './delays.ts'
import { meets } from './label-selectors.ts'
import { controllerOf, isTrue, keyOf, pvcs, splitKey, vmis, withCondition, type NodeSelectorTerm } from './objects.ts'
import { parseQuantity } from './quantity.ts'

type Requests = { cores: number; memoryBytes: number }
const requestsCache = new WeakMap<object, Requests>()

/** What a pod asks of its node; pods are immutable in the store, so that it is computed once. */
export function requestsOf(pod: Pod): Requests {
  const spec = pod.spec as object
  let found = requestsCache.get(spec)
  if (!found) {
    found = { cores: 0, memoryBytes: 0 }
    for (const container of pod.spec?.containers ?? []) {
      const asked = container.resources?.requests as Record<string, string> | undefined
      found.cores += parseQuantity(asked?.cpu) ?? 0
      found.memoryBytes += parseQuantity(asked?.memory) ?? 0
    }
    requestsCache.set(spec, found)
  }
  return found
}

function matchesTerm(term: NodeSelectorTerm, labels: Record<string, string>): boolean {
  return (term.matchExpressions ?? []).every((requirement) => meets(requirement, labels))
}

type Toleration = { key?: string; operator?: string; value?: string; effect?: string }
type Taint = { key: string; value?: string; effect: string }

const tolerates = (tolerations: Toleration[], taint: Taint) =>
  tolerations.some(
    (toleration) =>
      (!toleration.effect || toleration.effect === taint.effect) &&
      (!toleration.key || toleration.key === taint.key) &&
      (toleration.operator === 'Exists' || (toleration.value ?? '') === (taint.value ?? '')),
  )

/** Why a node cannot take a pod, in the scheduler's words; empty when it can. `free` is what is left on it. */
function misfits(context: ControllerContext, pod: Pod, node: Node): string[] {
  const labels = node.metadata.labels ?? {}
  const tolerations = (pod.spec?.tolerations ?? []) as Toleration[]
  if (node.spec?.unschedulable) return ['node(s) were unschedulable']
  const taint = ((node.spec?.taints ?? []) as Taint[]).find(
    (candidate) => candidate.effect !== 'PreferNoSchedule' && !tolerates(tolerations, candidate),
  )
  if (taint) return [`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`]
  const selector = (pod.spec?.nodeSelector ?? {}) as Record<string, string>
  const terms = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms as
    | NodeSelectorTerm[]
    | undefined
  const selected = Object.entries(selector).every(([key, value]) => labels[key] === value)
  if (!selected || (terms && !terms.some((term) => matchesTerm(term, labels)))) return ["node(s) didn't match Pod's node affinity/selector"]
  if (antiAffine(context, pod, node)) return ["node(s) didn't match pod anti-affinity rules"]
  const asked = requestsOf(pod)
  const allocatable = node.status?.allocatable as Record<string, string> | undefined
  const free = { cores: parseQuantity(allocatable?.cpu) ?? 0, memoryBytes: parseQuantity(allocatable?.memory) ?? 0 }
  for (const other of context.indexes.podsOnNode(node.metadata.name)) {
    if (other.status?.phase === 'Succeeded' || other.status?.phase === 'Failed') continue
    const used = requestsOf(other)
    free.cores -= used.cores
    free.memoryBytes -= used.memoryBytes
  }
  const short: string[] = []
  if (asked.cores > free.cores + 1e-9) short.push('Insufficient cpu')
  if (asked.memoryBytes > free.memoryBytes) short.push('Insufficient memory')
  if (short.length > 0) return short
  return volumeConflict(context, pod, node) ? ['node(s) had volume node affinity conflict'] : []
}

function antiAffine(context: ControllerContext, pod: Pod, node: Node): boolean {
  const required = pod.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
  return required.some((term) => {
    if (term.topologyKey !== 'kubernetes.io/hostname') return false
    const wanted = Object.entries((term.labelSelector?.matchLabels ?? {}) as Record<string, string>)
    return context.indexes
      .podsOnNode(node.metadata.name)
      .some(
        (other) =>
          other.metadata.namespace === pod.metadata.namespace &&
          controllerOf(other)?.uid !== controllerOf(pod)?.uid &&
          wanted.every(([key, value]) => other.metadata.labels?.[key] === value),
      )
  })
}

function volumeConflict({ objects }: ControllerContext, pod: Pod, node: Node): boolean {
  return (pod.spec?.volumes ?? []).some((volume) => {
    const pvc = objects.get(pvcs, pod.metadata.namespace, volume.persistentVolumeClaim?.claimName)
    const terms = objects.get('persistentvolumes', undefined, pvc?.spec?.volumeName)?.spec.nodeAffinity?.required.nodeSelectorTerms
    return terms !== undefined && !terms.some((term) => matchesTerm(term, node.metadata.labels ?? {}))
  })
}

/** `0/4 nodes are available: 1 node(s) were unschedulable, 3 Insufficient memory. preemption: ...` */
function unschedulableMessage(reasons: string[][]): string {
  const nodes = reasons.length
  const counts = new Map<string, number>()
  for (const reason of reasons.flat()) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  const words = [...counts].map(([reason, count]) => `${count} ${reason}`).sort()
  // Preempting others frees cpu and memory, and nothing else.
  const helpless = reasons.filter((why) => !why.every((reason) => reason.startsWith('Insufficient'))).length
  const preemption = [
    ...(nodes - helpless > 0 ? [`${nodes - helpless} No preemption victims found for incoming pod`] : []),
    ...(helpless > 0 ? [`${helpless} Preemption is not helpful for scheduling`] : []),
  ].sort()
  return `0/${nodes} nodes are available: ${words.join(', ')}. preemption: 0/${nodes} nodes are available: ${preemption.join(', ')}.`
}

/** The node with the most free memory among those that fit, or why none does. */
export function schedule(context: ControllerContext, pod: Pod): { node: Node } | { message: string } {
  const nodes = context.objects.list('nodes')
  const reasons: string[][] = []
  let best: { node: Node; score: number } | undefined
  for (const node of nodes) {
    const why = misfits(context, pod, node)
    if (why.length > 0) {
      reasons.push(why)
      continue
    }
    const total = parseQuantity((node.status?.allocatable as Record<string, string> | undefined)?.memory) ?? 1
    let used = 0
    for (const other of context.indexes.podsOnNode(node.metadata.name)) used += requestsOf(other).memoryBytes
    const score = 1 - used / total
    if (!best || score > best.score) best = { node, score }
  }
  return best ? { node: best.node } : { message: unschedulableMessage(reasons) }
}

const scheduler = { component: 'default-scheduler' }

export function podController(context: ControllerContext): Controller {
  const { objects, indexes, clock, record, waits } = context
  /** How often each pod's image was asked for. */
  const pulls = new Map<string, number>()

  const setConditions = (
    pod: Pod,
    status: object,
    changes: [type: string, status: 'True' | 'False', reason?: string, message?: string][],
  ) => {
    const now = timestamp(clock)
    let conditions = (pod.status?.conditions ?? []) as Condition[]
    for (const [type, value, reason, message] of changes) {
      conditions = withCondition(conditions, type, { status: value, ...(reason ? { reason } : {}), ...(message ? { message } : {}) }, now)
    }
    return objects.setStatus('pods', pod, { ...pod.status, ...status, conditions })
  }

  return {
    name: 'pods',
    keysOf({ resource, type, object, previous }) {
      if (resource.group !== '') return []
      if (resource.plural === 'pods') {
        if (type === 'DELETED') pulls.delete(object.metadata.uid)
        // Room on a node, when a pod leaves it, is news for those that wait for one.
        const waiting = type === 'DELETED' ? indexes.unscheduledPods('pending').map(keyOf) : []
        return [keyOf(object), ...waiting]
      }
      if (
        resource.plural === 'nodes' &&
        (type !== 'MODIFIED' ||
          JSON.stringify(previous?.spec) !== JSON.stringify(object.spec) ||
          previous?.metadata.labels !== object.metadata.labels)
      ) {
        return indexes.unscheduledPods('pending').map(keyOf)
      }
      return []
    },
    reconcile(key, reconcile) {
      const [namespace, name] = splitKey(key)
      const pod = objects.get('pods', namespace, name)
      if (!pod) return
      const phase = pod.status?.phase
      if (pod.metadata.deletionTimestamp) {
        const owner = controllerOf(pod)
        const vmi = owner?.kind === 'VirtualMachineInstance' ? objects.get(vmis, namespace, owner.name) : undefined
        // A launcher goes when its guest has gone: the VMI controller sees to that.
        const guestRuns =
          phase === 'Running' && vmi?.metadata.uid === owner?.uid && vmi?.status?.activePods?.[pod.metadata.uid] !== undefined
        if (!guestRuns && waits.passed(`terminate ${pod.metadata.uid}`, delays.terminatePod, reconcile)) {
          // The kubelet's last word, once all containers have ended: no grace is left.
          const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = pod.metadata
          const askedMs = Date.parse(deletionTimestamp) - deletionGracePeriodSeconds * 1000
          const ended = { deletionGracePeriodSeconds: 0, deletionTimestamp: timestamp({ ...clock, now: () => askedMs }) }
          objects.setMetadata('pods', pod, ended)
          context.storage.delete('pods', namespace, name)
        }
        return
      }
      if (phase === 'Succeeded' || phase === 'Failed') return
      if (!pod.spec?.nodeName) {
        if (!waits.passed(`schedule ${pod.metadata.uid}`, delays.schedulePod, reconcile)) return
        const found = schedule(context, pod)
        if ('message' in found) {
          if (isUnschedulable(pod, found.message)) return
          setConditions(pod, {}, [['PodScheduled', 'False', 'Unschedulable', found.message]])
          record(pod, 'Warning', 'FailedScheduling', found.message, scheduler)
          return
        }
        const { node } = found
        const bound = objects.update('pods', {
          ...pod,
          // virt-controller labels its launchers with their node.
          metadata:
            controllerOf(pod)?.kind === 'VirtualMachineInstance'
              ? { ...pod.metadata, labels: { ...pod.metadata.labels, 'kubevirt.io/nodeName': node.metadata.name } }
              : pod.metadata,
          spec: { ...pod.spec, nodeName: node.metadata.name } as Pod['spec'],
        })
        const hostIP = ((node.status?.addresses ?? []) as { type: string; address: string }[]).find(
          (address) => address.type === 'InternalIP',
        )?.address
        setConditions(bound, { hostIP, startTime: timestamp(clock) }, [['PodScheduled', 'True']])
        record(bound, 'Normal', 'Scheduled', `Successfully assigned ${namespace}/${name} to ${node.metadata.name}`, scheduler)
        return
      }
      if (phase === 'Pending') {
        const image = unpullable(pod)
        if (image) {
          pull(pod, image, reconcile)
          return
        }
        if (!waits.passed(`start ${pod.metadata.uid}`, delays.startPod, reconcile)) return
        const podIP = context.nextIp()
        const startedAt = timestamp(clock)
        setConditions(
          pod,
          {
            phase: 'Running',
            podIP,
            podIPs: [{ ip: podIP }],
            containerStatuses: (pod.spec.containers ?? []).map((container) => ({
              name: container.name,
              image: container.image,
              ready: true,
              restartCount: 0,
              started: true,
              state: { running: { startedAt } },
            })),
          },
          [
            ['kubevirt.io/virtual-machine-unpaused', 'True', 'NotPaused', 'the virtual machine is not paused'],
            ['PodReadyToStartContainers', 'True'],
            ['Initialized', 'True'],
            ['ContainersReady', 'True'],
            ['Ready', 'True'],
          ],
        )
      }
    },
  }

  /** Tries, backs off, and tries again ever later, as the kubelet does. */
  function pull(pod: Pod, image: string, reconcile: ReconcileContext): void {
    const { uid } = pod.metadata
    const from = { component: 'kubelet', host: pod.spec?.nodeName ?? '' }
    const wait = (reason: string, message: string) => {
      const name = pod.spec?.containers?.find((container) => container.image === image)?.name ?? ''
      const waiting = { name, image, ready: false, restartCount: 0, started: false, state: { waiting: { reason, message } } }
      objects.setStatus('pods', pod, { ...pod.status, containerStatuses: [waiting] })
    }
    if (waitingReasonOf(pod) === 'ErrImagePull') {
      if (!waits.passed(`back off ${uid}`, delays.backOffPull, reconcile)) return
      wait('ImagePullBackOff', `Back-off pulling image "${image}"`)
      record(pod, 'Normal', 'BackOff', `Back-off pulling image "${image}"`, from)
      record(pod, 'Warning', 'Failed', 'Error: ImagePullBackOff', from)
      return
    }
    const tried = pulls.get(uid) ?? 0
    const delayMs =
      waitingReasonOf(pod) === undefined
        ? delays.startPod
        : Math.min(delays.mostBackOffPull, delays.retryPull * 2 ** Math.max(0, tried - 1))
    if (!waits.passed(`pull ${uid} ${tried}`, delayMs, reconcile)) return
    pulls.set(uid, tried + 1)
    const host = image.slice(0, image.indexOf('/'))
    const message = `failed to pull and unpack image "${image}": failed to resolve reference "${image}": dial tcp: lookup ${host}: no such host`
    wait('ErrImagePull', message)
    record(pod, 'Normal', 'Pulling', `Pulling image "${image}"`, from)
    record(pod, 'Warning', 'Failed', `Failed to pull image "${image}": ${message}`, from)
    record(pod, 'Warning', 'Failed', 'Error: ErrImagePull', from)
  }

  function isUnschedulable(pod: Pod, message: string): boolean {
    const condition = ((pod.status?.conditions ?? []) as Condition[]).find((candidate) => candidate.type === 'PodScheduled')
    return condition?.status === 'False' && condition.message === message
  }
}

/** Images whose registry does not exist cannot be pulled: `.invalid` names are reserved for that (RFC 2606). */
const unpullable = (pod: Pod): string | undefined =>
  pod.spec?.containers?.map((container) => container.image ?? '').find((image) => /^[^/]*\.invalid(:\d+)?\//.test(image))

const waitingReasonOf = (pod: Pod): string | undefined =>
  ((pod.status?.containerStatuses ?? []) as { state?: { waiting?: { reason?: string } } }[]).find((status) => status.state?.waiting)?.state
    ?.waiting?.reason

export const isPodReady = (pod: Pod): boolean => pod.status?.phase === 'Running' && isTrue(pod as never, 'Ready')
