// How long things take in the simulated cluster, in milliseconds: the one table of delays.

export const delays = {
  /** Binding a launcher pod to a node. */
  schedulePod: 200,
  /** From bound to running: volumes attached, containers pulled and started. */
  startPod: 1_800,
  /** From an image that could not be pulled to the back-off, and how long that lasts at first and at most. */
  backOffPull: 1_500,
  retryPull: 20_000,
  mostBackOffPull: 300_000,
  /** From a running launcher pod to a running domain. */
  startDomain: 1_200,
  /** From a running domain to the guest agent's first report. */
  connectAgent: 6_000,
  /** A guest that shuts down by itself when it is asked to; less where the grace period is shorter. */
  shutdownGuest: 3_500,
  /** The launcher pod after its guest is gone. */
  terminatePod: 600,
  /** A launcher that was refused is tried again after this, or when there is room. */
  retryPod: 30_000,
  pauseGuest: 150,
  /** Guests annotated to crash do it this long after they started. */
  crashGuest: 1_000,

  bindVolume: 300,
  startImporter: 1_500,
  /** Converting an uploaded image, and resizing it to its claim. */
  processUpload: 1_500,
  /** Import, clone and upload report progress this often. */
  reportProgress: 1_000,
  /** An importer that cannot reach its source is restarted after this. */
  restartImporter: 20_000,
  snapshotVolume: 900,
  /** A VM that could not be locked is tried again after this, or when its disks or snapshots change. */
  retryLock: 5_000,
  restoreVolume: 900,
  attachHotplugVolume: 1_500,
  detachHotplugVolume: 1_200,

  /** How long a network that was plugged in may wait for somebody to attach it without a migration, as in KubeVirt. */
  awaitNetworkController: 15_000,
  /** That a VMI cannot leave its node is said again after this. */
  remindOfEvacuation: 60_000,
  /** virt-controller looks this often for workloads that have to move. */
  updateWorkloads: 5_000,

  prepareMigrationTarget: 900,
  startMigration: 700,
  /** Handing over after the last memory page: the target's domain runs. */
  finishMigration: 800,
  abortMigration: 700,
  /** A migration whose target pod finds no node fails after five minutes, as in KubeVirt. */
  pendingTargetTimeout: 300_000,

  nodeHeartbeat: 60_000,
  /** kube-apiserver keeps events for an hour. */
  keepEvents: 3_600_000,
} as const

/** Bytes per millisecond of the simulated storage and network. */
export const rates = {
  importBytesPerMs: 180 * 1024,
  cloneBytesPerMs: 900 * 1024,
  migrateBytesPerMs: 640 * 1024,
  dumpBytesPerMs: 512 * 1024,
} as const

/** A migration of an idle guest: memory over the wire at line rate, never instantaneous. */
export function migrationMs(memoryBytes: number): number {
  return Math.min(120_000, Math.round(2_500 + memoryBytes / rates.migrateBytesPerMs))
}

/** CrashLoopBackOff of a VM that fails to start: 10 s times the square of the failures, at most five minutes.
 * https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-controller/watch/vm/vm.go */
export function startBackoffMs(failures: number): number {
  return Math.min(300_000, 10_000 * failures * failures)
}
