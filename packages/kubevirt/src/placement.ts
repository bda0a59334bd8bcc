// Whether a node may run a VMI, as far as its spec, and the node's labels and taints, tell. The scheduler has the last word.
import { matchesLabels, own, requirementOf, type LabelRequirement, type VirtualMachineInstance } from '@virtdeck/k8s'
import type { NodeRow } from './rows.ts'

type Spec = VirtualMachineInstance['spec']
type Place = Pick<NodeRow, 'name' | 'labels' | 'taints'>

/** What about a node keeps a VMI away: `lacks label disk=nvme`. Undefined where nothing that is known of the two speaks against it. */
export function whyNotOn(spec: Spec, node: Place): string | undefined {
  return lackedLabel(spec, node) ?? missedAffinity(spec, node) ?? lackedCpuModel(spec, node) ?? untoleratedTaint(spec, node)
}

function lackedLabel({ nodeSelector = {}, architecture }: Spec, { labels }: Place): string | undefined {
  if (!labels) return undefined
  const wanted = { ...(architecture && { 'kubernetes.io/arch': architecture.toLowerCase() }), ...nodeSelector }
  const lacked = Object.entries(wanted).find(([key, value]) => own(labels, key) !== value)
  return lacked && `lacks label ${lacked[0]}=${lacked[1]}`
}

type Term = {
  matchExpressions?: readonly Parameters<typeof requirementOf>[0][]
  matchFields?: readonly Parameters<typeof requirementOf>[0][]
}

/** One of the terms has to fit, with all that it asks for; one that asks for nothing fits no node. */
function missedAffinity({ affinity }: Spec, { name, labels }: Place): string | undefined {
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms as readonly Term[] | undefined
  if (!terms || !labels) return undefined
  const missed = terms.map(({ matchExpressions = [], matchFields = [] }) => {
    const requirements = matchExpressions.map(requirementOf)
    const fields = matchFields.map(requirementOf)
    if (requirements.length + fields.length === 0) return ['nothing']
    return [
      ...requirements.filter((requirement) => !matchesLabels([requirement], labels)),
      // The only field that there is: metadata.name.
      ...fields.filter((requirement) => !matchesLabels([requirement], { 'metadata.name': name })),
    ].map(requirementText)
  })
  if (missed.some((requirements) => requirements.length === 0)) return undefined
  const [only] = missed
  return missed.length === 1 && only ? `does not meet node affinity ${only[0]}` : 'meets none of the node affinities'
}

/** As `kubectl -l` takes it. */
function requirementText(requirement: LabelRequirement): string {
  const { key, operator } = requirement
  switch (operator) {
    case 'in':
    case 'notin':
      return `${key} ${operator} (${requirement.values.join(', ')})`
    case 'exists':
      return key
    case 'absent':
      return `!${key}`
    case 'gt':
    case 'lt':
      return `${key} ${operator === 'gt' ? '>' : '<'} ${requirement.value}`
  }
}

const CPU_MODEL = 'cpu-model.node.kubevirt.io/'

/** Only a node that names some of its models is known to lack another. */
function lackedCpuModel({ domain }: Spec, { labels = {} }: Place): string | undefined {
  const model = domain.cpu?.model
  if (!model || ['host-model', 'host-passthrough'].includes(model) || !Object.keys(labels).some((key) => key.startsWith(CPU_MODEL)))
    return undefined
  return own(labels, CPU_MODEL + model) === 'true' ? undefined : `lacks CPU model ${model}`
}

function untoleratedTaint({ tolerations = [] }: Spec, { taints = [] }: Place): string | undefined {
  const taint = taints.find(
    ({ key, value = '', effect }) =>
      !tolerations.some(
        (toleration) =>
          (!toleration.effect || toleration.effect === effect) &&
          (!toleration.key || toleration.key === key) &&
          (toleration.operator === 'Exists' || (toleration.value ?? '') === value),
      ),
  )
  return taint && `has taint ${taint.key}${taint.value === undefined ? '' : `=${taint.value}`}:${taint.effect}`
}
