// What is kept of an object, of 10 KB and more: the fields that rows are made of. Everything else is let go at the edge.
import type {
  Condition,
  DataVolume,
  KubeObject,
  Namespace,
  Node,
  PersistentVolumeClaim,
  ObjectMeta,
  VirtualMachine,
  VirtualMachineInstance,
  VirtualMachineInstanceMigration,
  VirtualMachineRestore,
  VirtualMachineSnapshot,
  VirtualMachineSnapshotContent,
  VmTemplate,
} from '@virtdeck/k8s'
import type { InventoryResource } from './messages.ts'
import { createSharing, type Sharing } from './sharing.ts'

/**
 * Which fields of T are kept: whole, by the fields within, or as a function leaves them. One item in brackets is each item
 * of an array. `unique` are strings that no two objects have in common.
 */
type Shape<T> =
  | true
  | 'unique'
  | ((value: never, sharing: Sharing) => unknown)
  | (T extends readonly (infer Item)[] ? [Shape<Item>] : { [K in keyof T]?: Shape<T[K]> })

/** Annotations and labels that name an operating system; others never become part of a row. */
const osKeys = /^(vm\.kubevirt\.io\/(os|template)|kubevirt\.io\/os|os\.template\.kubevirt\.io\/.+)$/

const osEntries = (entries: Record<string, string>, sharing: Sharing) => {
  const found = Object.entries(entries).filter(([key]) => osKeys.test(key))
  return found.length > 0 ? sharing.object(Object.fromEntries(found)) : undefined
}

/** What many objects have alike, of which they hold on to one. */
function shared<T>(shape: Shape<T>) {
  const keep = compile(shape)
  return (value: unknown, sharing: Sharing) => {
    const kept = keep(value, sharing)
    return isObject(kept) ? sharing.object(kept) : kept
  }
}

const identity = {
  name: true,
  namespace: true,
  uid: 'unique',
  resourceVersion: 'unique',
  creationTimestamp: true,
  deletionTimestamp: true,
} satisfies Shape<ObjectMeta>

const labels = shared<Record<string, string>>(true)

const condition = shared<Condition>({ type: true, status: true, reason: true, message: true, lastTransitionTime: true })
const conditionAlone = shared<Condition>({ type: true, status: true, reason: true, message: true })

/** Rows tell since when a VM is ready or paused, and of no other condition since when it is so. */
const vmCondition = (value: Condition, sharing: Sharing) =>
  (value.type === 'Ready' || value.type === 'Paused' ? condition : conditionAlone)(value, sharing)

type PhaseTransition = NonNullable<NonNullable<VirtualMachineInstance['status']>['phaseTransitionTimestamps']>[number]
const lastingPhases: ReadonlySet<string> = new Set(['Running', 'Succeeded', 'Failed'])

const phase = compile({ phase: true, phaseTransitionTimestamp: true } satisfies Shape<PhaseTransition>)

/** Since when a VMI is in its phase, runs or has ended: rows tell of no other. */
const phases = (transitions: readonly PhaseTransition[], sharing: Sharing) =>
  Array.isArray(transitions)
    ? transitions
        .filter((transition, index) => index === transitions.length - 1 || lastingPhases.has(transition?.phase ?? ''))
        .map((transition) => phase(transition, sharing))
    : undefined

const compute = {
  cpu: { sockets: true, cores: true, threads: true },
  memory: { guest: true },
  resources: { requests: { cpu: true, memory: true }, limits: { cpu: true, memory: true } },
} satisfies Shape<VirtualMachineInstance['spec']['domain']>
const domain = shared(compute)

const migrationState = {
  migrationUid: true,
  sourceNode: true,
  targetNode: true,
  startTimestamp: true,
  endTimestamp: true,
  failureReason: true,
} satisfies Shape<NonNullable<NonNullable<VirtualMachineInstance['status']>['migrationState']>>

/** What a claim asks for. */
const asked = shared<PersistentVolumeClaim['spec']>({
  accessModes: true,
  storageClassName: true,
  volumeMode: true,
  resources: { requests: { storage: true } },
})

/** Which fields there are, and nothing of what is in them: the URL that a disk comes from may bear a password. */
const keysAlone = (value: object) => Object.fromEntries(Object.keys(value).map((key) => [key, {}]))

/** What a disk is cloned or made of; of a download only which host it comes from. */
function diskSource(source: Record<string, unknown>) {
  const { pvc, snapshot, registry } = source
  const downloads = ['http', 's3', 'gcs', 'imageio'].flatMap((kind) => {
    const url = (source[kind] as { url?: unknown } | null | undefined)?.url
    return typeof url === 'string' ? [[kind, { url: URL.canParse(url) ? new URL(url).origin : '' }]] : []
  })
  return { pvc, snapshot, registry, ...(Object.fromEntries(downloads) as object) }
}

const shapes = {
  namespaces: { metadata: identity } satisfies Shape<Namespace>,
  nodes: {
    metadata: { ...identity, labels },
    spec: { unschedulable: true, taints: [shared({ key: true, value: true, effect: true })] },
    status: {
      allocatable: { cpu: true, memory: true },
      capacity: { cpu: true, memory: true },
      conditions: [condition],
    },
  } satisfies Shape<Node>,
  virtualmachines: {
    metadata: { ...identity, labels, annotations: osEntries },
    spec: {
      runStrategy: true,
      running: true,
      instancetype: shared({ name: true }),
      preference: shared({ name: true }),
      template: {
        metadata: shared({ labels: osEntries, annotations: osEntries }),
        spec: { domain, volumes: [{ dataVolume: { name: true }, persistentVolumeClaim: { claimName: true } }] },
      },
    },
    status: { printableStatus: true, runStrategy: true, conditions: [vmCondition] },
  } satisfies Shape<VirtualMachine>,
  virtualmachineinstances: {
    metadata: { ...identity, labels, annotations: osEntries },
    spec: shared({ domain }),
    status: {
      phase: true,
      nodeName: true,
      conditions: [vmCondition],
      currentCPUTopology: shared({ sockets: true, cores: true, threads: true }),
      memory: shared({ guestCurrent: true }),
      guestOSInfo: shared({ id: true, name: true, prettyName: true, version: true, versionId: true }),
      interfaces: [{ ipAddress: true, ipAddresses: true }],
      phaseTransitionTimestamps: phases,
      migrationState,
    },
  } satisfies Shape<VirtualMachineInstance>,
  virtualmachineinstancemigrations: {
    metadata: identity,
    spec: { vmiName: true },
    status: { phase: true, migrationState },
  } satisfies Shape<VirtualMachineInstanceMigration>,
  datavolumes: {
    metadata: { ...identity, ownerReferences: [{ kind: true, name: true }] },
    spec: shared({ source: keysAlone, sourceRef: { kind: true }, pvc: asked, storage: asked }),
    status: { phase: true, progress: true, conditions: [shared({ type: true, status: true, message: true })] },
  } satisfies Shape<DataVolume>,
  persistentvolumeclaims: {
    metadata: identity,
    spec: asked,
    status: { phase: true, capacity: { storage: true } },
  } satisfies Shape<PersistentVolumeClaim>,
  virtualmachinesnapshots: {
    metadata: identity,
    spec: { source: { name: true } },
    status: {
      phase: true,
      readyToUse: true,
      creationTime: true,
      error: { message: true },
      indications: true,
      sourceIndications: [{ indication: true }],
      conditions: [condition],
      snapshotVolumes: { includedVolumes: true, excludedVolumes: true },
    },
  } satisfies Shape<VirtualMachineSnapshot>,
  // It holds a copy of the whole VM, user data and all, of which nothing is kept.
  virtualmachinesnapshotcontents: {
    metadata: identity,
    spec: { virtualMachineSnapshotName: true, volumeBackups: [{ persistentVolumeClaim: { spec: asked } }] },
  } satisfies Shape<VirtualMachineSnapshotContent>,
  virtualmachinerestores: {
    metadata: identity,
    spec: { virtualMachineSnapshotName: true },
    status: { complete: true, restoreTime: true },
  } satisfies Shape<VirtualMachineRestore>,
  vmtemplates: {
    metadata: { ...identity, labels: true, annotations: osEntries },
    spec: {
      displayName: true,
      description: true,
      dataVolumeTemplates: [{ metadata: { name: true }, spec: { source: diskSource, sourceRef: true, pvc: asked, storage: asked } }],
      template: {
        metadata: { labels: osEntries, annotations: osEntries },
        // Of its volumes what they are called: cloud-init holds passwords.
        spec: {
          domain: { ...compute, devices: { disks: [{ name: true, bootOrder: true }] } },
          volumes: [{ name: true, dataVolume: { name: true }, persistentVolumeClaim: { claimName: true }, containerDisk: { image: true } }],
        },
      },
    },
  } satisfies Shape<VmTemplate>,
} satisfies Record<InventoryResource, unknown>

/** Cuts objects of a resource down to what their rows need, as new objects that hold on to nothing of the old ones. */
export function keeperOf(resource: InventoryResource, sharing = createSharing()): (object: KubeObject) => KubeObject {
  const keep = compile(shapes[resource])
  return (object) => keep(object, sharing) as KubeObject
}

type Keep = (value: unknown, sharing: Sharing) => unknown

/** A value that is not of its shape's kind is no part of what is kept: objects of other people's making may hold anything. */
function compile(shape: unknown): Keep {
  const keep = compileShape(shape)
  return (value, sharing) => (value === undefined || value === null ? value : keep(value, sharing))
}

function compileShape(shape: unknown): Keep {
  if (shape === 'unique') return (value) => value
  if (shape === true) return (value, sharing) => (typeof value === 'string' ? sharing.text(value) : value)
  if (typeof shape === 'function') return (value, sharing) => (isObject(value) ? (shape as Keep)(value, sharing) : undefined)
  if (Array.isArray(shape)) {
    const keep = compile(shape[0])
    return (value, sharing) => (Array.isArray(value) ? value.map((item) => keep(item, sharing)) : undefined)
  }
  const fields = Object.entries(shape as object).map(([field, inner]): [string, Keep] => [field, compile(inner)])
  const Kept = plainObjects()
  return (value, sharing) => {
    if (!isObject(value)) return undefined
    const kept = new Kept()
    for (const [field, keep] of fields) {
      const found = keep((value as Record<string, unknown>)[field], sharing)
      if (found !== undefined) kept[field] = found
    }
    return kept
  }
}

/** Plain objects, for which V8 learns from the first few how much room they need: a literal has room for four fields, and more elsewhere. */
function plainObjects(): new () => Record<string, unknown> {
  function Kept() {}
  Kept.prototype = Object.prototype
  return Kept as unknown as new () => Record<string, unknown>
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
