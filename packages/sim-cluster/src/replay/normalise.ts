// What differs between any two clusters, replaced by what it is: two answers are the same when they are the same after it.

/** The letters and digits of a generated suffix: https://github.com/kubernetes/kubernetes/blob/v1.32.0/staging/src/k8s.io/apimachinery/pkg/util/rand/rand.go */
const suffix = '[bcdfghjklmnpqrstvwxz2456789]'

const masks: [RegExp, string][] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{7,12}/g, 'UID'],
  [/UID-\d+\b/g, 'UID-N'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, 'TIME'],
  [/([0-9a-f]{2}:){5}[0-9a-f]{2}/g, 'MAC'],
  [/\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(\/\d+)?(:\d+)?\b/g, 'IP'],
  [/(current|resource version|resourceVersion): \d+/g, '$1: N'],
  [/\b(node-?\d+|kv-\d+)\b/g, 'NODE'],
  [new RegExp(`-[bcdfghjklmnpqrstvwxz2456789]{8,10}-${suffix}{5}(?![a-z0-9])`, 'g'), '-RANDOM-RANDOM'],
  [new RegExp(`-${suffix}{5}(?![a-z0-9-])`, 'g'), '-RANDOM'],
  [/\.[0-9a-f]{16}\b/g, '.NONCE'],
]

/** Strings that are what they are only here: by the name of their field. */
const maskedFields = new Map([
  ['resourceVersion', 'VERSION'],
  ['continue', 'TOKEN'],
  ['token', 'TOKEN'],
  ['gitCommit', 'COMMIT'],
  ['config-resource-version', 'VERSION'],
  ...['nodeName', 'sourceNode', 'targetNode', 'kubevirt.io/nodeName', 'kubevirt.io/migrationTargetNodeName'].map(
    (field) => [field, 'NODE'] as const,
  ),
])

export function normaliseText(text: string): string {
  return masks.reduce((masked, [pattern, replacement]) => masked.replaceAll(pattern, replacement), text)
}

/** Ages, as tables write them: https://github.com/kubernetes/kubernetes/blob/v1.32.0/staging/src/k8s.io/apimachinery/pkg/util/duration/duration.go */
const age = /^(\d+[smhdy])+$/

const unordered = new Set(['resourceRules', 'nonResourceRules'])

type ManagerEntry = { manager?: string; operation?: string; subresource?: string }

/** Whose bookkeeping is compared: not that of controllers, whose stand-ins wrote in the recording. */
const controllers =
  /^(virt-(controller|handler|api|operator)|cdi-.*|kube-controller-manager|kubelet|snapshot-controller|Go-http-client|rig-.*)$/

const managerKey = ({ manager, operation, subresource = '' }: ManagerEntry) => `${manager} ${operation} ${subresource}`

const entriesOfClients = (entries: readonly ManagerEntry[]) =>
  entries.filter(({ manager = '' }) => !controllers.test(manager)).toSorted((a, b) => managerKey(a).localeCompare(managerKey(b)))

/** Switches of the recording's stand-ins and of the simulation, as annotations and as fields of annotations. */
const switches = /^(f:)?(rig|simulation\.virtdeck\.io)\//

/** A value as it is compared: generated parts masked, sets in order. Does not change what it is given. */
export function normalise(value: unknown, field = ''): unknown {
  if (typeof value === 'string') {
    const masked = maskedFields.get(field)
    if (masked !== undefined && value !== '') return masked
    if (field === 'cells' && age.test(value)) return 'AGE'
    return normaliseText(value)
  }
  if (Array.isArray(value)) {
    const items = value.map((item) => normalise(item, field))
    if (field === 'managedFields') return entriesOfClients(items as ManagerEntry[])
    // RBAC gathers rules from bindings in the order of a Go map.
    return unordered.has(field) ? items.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b))) : items
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !switches.test(key))
      .map(([key, member]) => [normaliseText(key), normalise(member, key)])
      .filter(([key, member]) => key !== 'managedFields' || (member as unknown[]).length > 0),
  )
}
