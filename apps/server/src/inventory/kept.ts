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

/** Which fields of T are kept: whole, by the fields within, or as a function leaves them. One item in brackets is each item of an array. */
type Shape<T> = true | ((value: never) => unknown) | (T extends readonly (infer Item)[] ? [Shape<Item>] : { [K in keyof T]?: Shape<T[K]> })

/** Annotations and labels that name an operating system; others never become part of a row. */
const osKeys = /^(vm\.kubevirt\.io\/(os|template)|kubevirt\.io\/os|os\.template\.kubevirt\.io\/.+)$/

const osEntries = (entries: Record<string, string>) => {
  const found = Object.entries(entries).filter(([key]) => osKeys.test(key))
  return found.length > 0 ? Object.fromEntries(found) : undefined
}

const identity = {
  name: true,
  namespace: true,
  uid: true,
  resourceVersion: true,
  creationTimestamp: true,
  deletionTimestamp: true,
} satisfies Shape<ObjectMeta>

const condition = { type: true, status: true, reason: true, message: true, lastTransitionTime: true } satisfies Shape<Condition>

const domain = {
  cpu: { sockets: true, cores: true, threads: true },
  memory: { guest: true },
  resources: { requests: { cpu: true, memory: true }, limits: { cpu: true, memory: true } },
} satisfies Shape<VirtualMachineInstance['spec']['domain']>

const migrationState = {
  migrationUid: true,
  sourceNode: true,
  targetNode: true,
  startTimestamp: true,
  endTimestamp: true,
  failureReason: true,
} satisfies Shape<NonNullable<NonNullable<VirtualMachineInstance['status']>['migrationState']>>

/** What a claim asks for. */
const asked = { accessModes: true, storageClassName: true, volumeMode: true, resources: { requests: { storage: true } } } as const

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
    metadata: { ...identity, labels: true },
    spec: { unschedulable: true },
    status: {
      allocatable: { cpu: true, memory: true },
      capacity: { cpu: true, memory: true },
      conditions: [condition],
    },
  } satisfies Shape<Node>,
  virtualmachines: {
    metadata: { ...identity, labels: true, annotations: osEntries },
    spec: {
      runStrategy: true,
      running: true,
      instancetype: { name: true },
      preference: { name: true },
      template: {
        metadata: { labels: osEntries, annotations: osEntries },
        spec: { domain, volumes: [{ dataVolume: { name: true }, persistentVolumeClaim: { claimName: true } }] },
      },
    },
    status: { printableStatus: true, runStrategy: true, conditions: [condition] },
  } satisfies Shape<VirtualMachine>,
  virtualmachineinstances: {
    metadata: { ...identity, labels: true, annotations: osEntries },
    spec: { domain },
    status: {
      phase: true,
      nodeName: true,
      conditions: [condition],
      currentCPUTopology: { sockets: true, cores: true, threads: true },
      memory: { guestCurrent: true },
      guestOSInfo: { id: true, name: true, prettyName: true, version: true, versionId: true },
      interfaces: [{ ipAddress: true, ipAddresses: true }],
      phaseTransitionTimestamps: [{ phase: true, phaseTransitionTimestamp: true }],
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
    spec: { source: keysAlone, sourceRef: { kind: true }, pvc: asked, storage: asked },
    status: { phase: true, progress: true, conditions: [{ type: true, status: true, message: true }] },
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
          domain: { ...domain, devices: { disks: [{ name: true, bootOrder: true }] } },
          volumes: [{ name: true, dataVolume: { name: true }, persistentVolumeClaim: { claimName: true }, containerDisk: { image: true } }],
        },
      },
    },
  } satisfies Shape<VmTemplate>,
} satisfies Record<InventoryResource, unknown>

/** Cuts objects of a resource down to what their rows need, as new objects that hold on to nothing of the old ones. */
export function keeperOf(resource: InventoryResource): (object: KubeObject) => KubeObject {
  const shape: unknown = shapes[resource]
  const same = sharedStrings()
  return (object) => pick(object, shape, same) as KubeObject
}

const maxShared = 20_000
const maxSharedLength = 300

/**
 * One string for all equal ones. Ten thousand VMs have the same few conditions, messages and images, of which JSON makes
 * strings anew each time.
 */
function sharedStrings(): (text: string) => string {
  const known = new Map<string, string>()
  return (text) => {
    if (text.length > maxSharedLength) return text
    const found = known.get(text)
    if (found !== undefined) return found
    // What is different each time, times and names, pushes nothing out for long: it starts over.
    if (known.size >= maxShared) known.clear()
    known.set(text, text)
    return text
  }
}

/** A value that is not of its shape's kind is no part of what is kept: objects of other people's making may hold anything. */
function pick(value: unknown, shape: unknown, same: (text: string) => string): unknown {
  if (shape === true && typeof value === 'string') return same(value)
  if (shape === true || value === undefined || value === null) return value
  if (typeof value !== 'object') return undefined
  if (typeof shape === 'function') return (shape as (value: unknown) => unknown)(value)
  if (Array.isArray(shape)) return Array.isArray(value) ? value.map((item) => pick(item, shape[0], same)) : undefined
  const kept: Record<string, unknown> = {}
  for (const [field, inner] of Object.entries(shape as object)) {
    const found = pick((value as Record<string, unknown>)[field], inner, same)
    if (found !== undefined) kept[field] = found
  }
  return kept
}
