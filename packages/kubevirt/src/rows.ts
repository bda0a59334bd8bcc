// The rows that lists are made of: small projections of objects. At most ~400 bytes each; no secrets, no annotations.

/** What a VM is doing, as shape and colour tell it. `status` holds KubeVirt's own word. */
export type VmState = 'running' | 'stopped' | 'paused' | 'transit' | 'error' | 'unknown'

/**
 * One VM: VirtualMachine joined with its VirtualMachineInstance, its active migration and its importing DataVolumes.
 * Absent fields were absent in the objects, or the reader may not list the resource they come from.
 */
export type VmRow = {
  uid: string
  namespace: string
  name: string
  /** Seconds since the epoch. */
  createdAt: number
  /** VirtualMachine.status.printableStatus verbatim; the VMI's phase where there is no VirtualMachine. */
  status: string
  /** When `status` was last seen to change, seconds since the epoch, as far as conditions and phases tell. */
  statusSince?: number
  /** Why it fails, in the cluster's own words (a condition's message), only for failing VMs; at most 200 characters. */
  message?: string
  runStrategy?: string
  /** vCPUs (sockets x cores x threads); absent with an instance type that the status does not resolve. */
  cpus?: number
  memoryBytes?: number
  instancetype?: string
  preference?: string
  /** A key such as `ubuntu`, `windows`, `rhel`; from the guest agent, else preference, labels or annotations. */
  os?: string
  /** The operating system in words: `Ubuntu 24.04.1 LTS`. */
  osName?: string
  node?: string
  /** Every IP of every interface, first the primary one. */
  ips?: string[]
  labels?: Record<string, string>
  /** Whether the guest agent answers; absent when the VM does not run. */
  agent?: boolean
  /** Condition LiveMigratable is False: its reason and message. */
  notMigratable?: { reason: string; message: string }
  restartRequired?: boolean
  /** Import or clone progress of its DataVolumes, percent. */
  progress?: number
  migration?: { name: string; phase: string; targetNode?: string; startedAt?: number }
  /** True for a VMI that no VirtualMachine owns. */
  bare?: boolean
}

export type NodeRow = {
  uid: string
  name: string
  createdAt: number
  ready: boolean
  unschedulable: boolean
  /** Whether virt-handler works there: label kubevirt.io/schedulable. */
  schedulable: boolean
  cpuMillicores: number
  memoryBytes: number
  labels?: Record<string, string>
  /** What keeps pods away that do not tolerate it; without what `ready` and `unschedulable` say. */
  taints?: { key: string; value?: string; effect: string }[]
}

export type MigrationRow = {
  uid: string
  namespace: string
  name: string
  createdAt: number
  vmiName: string
  phase: string
  sourceNode?: string
  targetNode?: string
  startedAt?: number
  endedAt?: number
  failureReason?: string
}

export type SnapshotRow = {
  uid: string
  namespace: string
  name: string
  createdAt: number
  /** The VirtualMachine that it was taken of. */
  vmName: string
  /** `InProgress`, `Succeeded`, `Failed`, `Deleting` or `Unknown`, as the snapshot says. */
  phase: string
  ready: boolean
  /** When its disks were at rest, seconds since the epoch. */
  takenAt?: number
  /** Why it failed, or what it waits for, in the cluster's own words; at most 200 characters. */
  message?: string
  /** `Online`, `GuestAgent`, `NoGuestAgent`, `QuiesceFailed`, `Paused`: how its disks were brought to rest. */
  indications?: string[]
  /** Volumes of the VM in it, and those that it was taken without. */
  disks?: string[]
  leftOut?: string[]
  /** What its volumes claim together. */
  sizeBytes?: number
  /** When it was last restored, seconds since the epoch. */
  restoredAt?: number
}

/** A PersistentVolumeClaim joined with the DataVolume of its name; or a DataVolume that has no claim yet. */
export type VolumeRow = {
  uid: string
  namespace: string
  name: string
  createdAt: number
  /** The DataVolume's phase until it succeeded, then the claim's: `ImportInProgress`, `Bound`, `Pending`. */
  phase: string
  /** Percent, while its DataVolume is being filled. */
  progress?: number
  /** Why it fails, in the cluster's own words; at most 200 characters. */
  message?: string
  /** Its capacity; until it is bound, what was asked for. */
  sizeBytes?: number
  storageClass?: string
  accessModes?: string[]
  volumeMode?: string
  /** What its DataVolume is filled from: `http`, `registry`, `pvc`, `snapshot`, `blank`, `upload`, `DataSource`, …; absent without one. */
  source?: string
  /** The VirtualMachines of its namespace with this volume in their spec. */
  vms?: string[]
  /** The VirtualMachine that its DataVolume goes with. */
  owner?: string
  /** True for a DataVolume without a claim. */
  unclaimed?: boolean
}

/** Where a disk's content comes from, and what has to exist for it. */
export type DiskOrigin =
  | { kind: 'clone'; resource: 'persistentvolumeclaims' | 'volumesnapshots' | 'datasources'; namespace?: string; name: string }
  /** A claim that is in the VM's namespace already, not a copy. */
  | { kind: 'existing'; name: string }
  /** Of the URL, which may bear a password, only the host. */
  | { kind: 'download'; host?: string }
  | { kind: 'image'; image: string }
  | { kind: 'blank' }

/** What one gets of a VmTemplate, which is cluster-scoped, and whether the image that it clones is there. */
export type TemplateRow = {
  uid: string
  name: string
  createdAt: number
  displayName: string
  /** At most 500 characters. */
  description?: string
  os?: string
  osName?: string
  family: 'linux' | 'windows' | 'other'
  cpus?: number
  memoryBytes?: number
  /** The root disk; absent where it is an image that lives no longer than the VM runs. */
  diskBytes?: number
  /** Where the root disk comes from; absent where there is none. */
  origin?: DiskOrigin
  /** `ready` also where nothing is known of it: the image is somewhere else, or the reader may not list claims there. */
  image: 'ready' | 'importing' | 'missing'
  /** Of the import, percent. */
  progress?: number
  notReadyReason?: string
  labels?: Record<string, string>
}

/** The fleets that the inventory keeps, and their rows. */
export type FleetRows = {
  virtualmachines: VmRow
  nodes: NodeRow
  virtualmachineinstancemigrations: MigrationRow
  virtualmachinesnapshots: SnapshotRow
  persistentvolumeclaims: VolumeRow
  vmtemplates: TemplateRow
}

export type Fleet = keyof FleetRows
