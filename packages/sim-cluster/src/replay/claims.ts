// Which captures the simulated cluster claims, which it does not and why, and what of an answer is not compared and why.
import type { Frame } from './captures.ts'

export type Exception = { captures: readonly string[]; reason: string }
/** Paths of `body`, as `compare.ts` reads them. A capture may end in `*`. */
export type Ignored = { captures: readonly string[]; paths: readonly string[]; reason: string }

const claimedFolders = [
  'errors',
  'authz',
  'list',
  'table',
  'discovery',
  'subresources',
  'admission',
  'ssa',
  'watch',
  'lifecycle',
  'console',
] as const

export const exceptions: readonly Exception[] = [
  {
    captures: ['discovery/apiservice-virt-api-down'],
    reason: "virt-operator's APIService carries its certificates, and the recording asked before the aggregator had noticed.",
  },
  {
    captures: ['errors/watch-200-with-error-event-500'],
    reason: 'An API server on etcd 3.4 cannot send progress notifications; the simulated one always can.',
  },
  {
    captures: ['discovery/cdi.kubevirt.io_v1alpha1'],
    reason: 'CDI still serves its own configuration object in this version, which /apis does not list.',
  },
  {
    captures: ['subresources/vnc-screenshot'],
    reason: "The recording's stand-in had no screen to take; a simulated guest has one, and answers with a PNG.",
  },
  {
    captures: ['admission/vmi-no-memory'],
    reason: "The warning about KubeVirt's finalizer names comes before the refusal; warnings about finalizers are not given.",
  },
  {
    captures: ['admission/vm-hotplug-change-running-cpu', 'lifecycle/30-vm-with-RestartRequired'],
    reason: 'A hot-plugged claim that does not exist leaves the simulated VMI without the condition Synchronized=False.',
  },
  {
    captures: ['lifecycle/06-get-launcher-pod'],
    reason:
      'Launcher pods are as large as virtdeck and kubectl need: annotations of Istio and Velero, mounts and environment are left out.',
  },
  {
    captures: ['lifecycle/ps-crash'],
    reason: 'Recorded in the moment between two lives of a VM that crashes, while its launcher pod was terminating.',
  },
]

export const ignored: readonly Ignored[] = [
  {
    captures: ['errors/200-watch-old-rv-ERROR-event-410'],
    paths: ['body[0].object.message'],
    reason: 'Names the oldest version that the server still has.',
  },
  {
    captures: ['watch/pod-lifecycle'],
    paths: ['body[0].life'],
    reason: 'A launcher ends with the migration that takes its guest away; the stand-in left it running until the VM stopped.',
  },
  {
    captures: ['watch/vmi-lifecycle'],
    paths: ['body[2].life[4]'],
    reason: 'A simulated VMI that ends is not paused any more; virt-handler, here a stand-in, left the condition.',
  },
  {
    captures: ['lifecycle/42-snapshotcontents'],
    paths: [
      'body.items[*].spec.source.virtualMachine.metadata.managedFields',
      'body.items[*].spec.volumeBackups[*].persistentVolumeClaim.metadata',
      'body.items[*].spec.volumeBackups[*].persistentVolumeClaim.spec',
    ],
    reason: "CDI's bookkeeping on claims is simulated in part, and what was snapshotted belongs to its storage class.",
  },
  {
    captures: ['lifecycle/51-vmi-with-hotplug'],
    paths: ['body.metadata.generation', 'body.status.interfaces', 'body.status.volumeStatus', 'body.status.activePods'],
    reason: 'Written by virt-handler, which the recording played with a stand-in; the generation counts its writes.',
  },
  {
    captures: ['ssa/*'],
    paths: ['body.metadata.finalizers', 'body.status'],
    reason: 'What virt-controller has written in the milliseconds between two requests.',
  },
  {
    captures: [
      'list/cdiconfigs',
      'list/kubevirt-cr',
      'list/labelSelector-limit2-no-remainingItemCount',
      'list/namespaces',
      'list/nodes',
      'list/storageclasses',
      'list/storageprofiles',
      'table/dv',
      'table/pods',
    ],
    paths: ['body.items', 'body.items[*]', 'body.rows', 'body.rows[*]'],
    reason: 'Every cluster has its own of these; compared are the status, the headers and the list around them.',
  },
  {
    captures: ['table/nodes'],
    paths: ['body.rows[*]'],
    reason: 'Nodes were stand-ins in the recording.',
  },
  {
    captures: [
      'list/clusterinstancetypes',
      'list/clusterpreferences',
      'table/clusterinstancetypes',
      'admission/instancetype-spec-immutable',
    ],
    paths: [
      'body.items[*].metadata.annotations',
      'body.items[*].metadata.labels',
      'body.items[*].metadata.generation',
      'body.rows[*].object.metadata.annotations',
      'body.rows[*].object.metadata.labels',
      'body.rows[*].object.metadata.generation',
      'body.metadata.annotations',
      'body.metadata.generation',
    ],
    reason: "virt-operator's bookkeeping and its prose are left out.",
  },
  {
    captures: ['admission/kubevirt-cr-delete-while-workloads'],
    paths: ['body.metadata.annotations', 'body.metadata.managedFields', 'body.metadata.generation', 'body.spec', 'body.status'],
    reason: "Every cluster's KubeVirt is configured in its own way.",
  },
  {
    captures: ['lifecycle/05-get-vmi-running', 'lifecycle/08-get-vmi-paused', 'lifecycle/14-vmi-after-migration'],
    paths: [
      'body.metadata.generation',
      'body.metadata.annotations."kubevirt.io/nonroot"',
      'body.status.interfaces',
      'body.status.volumeStatus[*].target',
      'body.status.migrationState',
    ],
    reason: 'Written by virt-handler, which the recording played with a stand-in; the generation counts its writes.',
  },
  {
    captures: ['lifecycle/13-list-migrations'],
    paths: ['body.items[*].status.migrationState', 'body.items[*].metadata.annotations'],
    reason: 'Written by virt-handler, which the recording played with a stand-in.',
  },
  {
    captures: [
      'lifecycle/18-get-vm-stopped',
      'lifecycle/ps-once',
      'lifecycle/ps-guestshutdown',
      'lifecycle/ps-rerun',
      'lifecycle/ps-crashloop',
    ],
    paths: [
      'body.status.conditions',
      'body.status.created',
      'body.status.observedGeneration',
      'body.status.startFailure.consecutiveFailCount',
    ],
    reason: 'Recorded while the launcher pod was still terminating, which takes the simulated one less time.',
  },
  {
    captures: ['lifecycle/20-delete'],
    paths: ['body.status.conditions[*]'],
    reason: "The stand-in's agent connected to a guest that had been started paused; a simulated one waits until it runs.",
  },
  {
    captures: ['lifecycle/ps-imagepull', 'lifecycle/ps-errimage'],
    paths: ['body.spec.template.spec.volumes[0].containerDisk.image'],
    reason: 'The simulated registry fails for names below .invalid.',
  },
  {
    captures: ['lifecycle/ps-nopvc', 'lifecycle/ps-nodv', 'lifecycle/ps-dvimport', 'lifecycle/ps-wffc'],
    paths: ['body.status.conditions[*].lastTransitionTime'],
    reason: 'KubeVirt forgets the time of PodScheduled and DataVolumesReady.',
  },
  {
    captures: ['lifecycle/ps-wffc'],
    paths: [
      'body.metadata.generation',
      'body.metadata.managedFields',
      'body.metadata.managedFields[0].fieldsV1.f:spec.f:runStrategy',
      'body.status.desiredGeneration',
      'body.status.observedGeneration',
    ],
    reason: 'Whoever recorded this VM had stopped and started it before.',
  },
  {
    captures: ['console/console-serial'],
    paths: ['body'],
    reason: 'What a guest prints is its own.',
  },
  {
    captures: ['console/vnc-handshake-to-framebuffer-size'],
    paths: ['body[2].len', 'body[2].hex'],
    reason: "The size of a guest's screen is its own, and QEMU sends it together with the answer before it.",
  },
]

/** Entries of discovery that only one of the two clusters has. */
export const leftOut: readonly { names: readonly string[]; reason: string }[] = [
  { names: ['spectrocloud.com'], reason: "Spectro's VmTemplate CRD is installed in the simulated cluster only." },
  { names: ['events.k8s.io'], reason: 'Events are served in the core group, where kubectl and virtdeck read them.' },
  { names: ['bindings', 'componentstatuses'], reason: 'There is no scheduler to bind for, and component statuses are deprecated.' },
  {
    names: ['attach', 'ephemeralcontainers', 'exec', 'log', 'portforward', 'proxy'].map((subresource) => `pods/${subresource}`),
    reason: 'There is no kubelet behind the pods.',
  },
  { names: ['nodes/proxy', 'services/proxy'], reason: 'There is no kubelet and no network behind nodes and services.' },
]

const matches = (pattern: string, name: string) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name)

/** RFB, as far as the capture went: version, no authentication, shared. */
function rfbDialogue() {
  let step = 0
  const replies = [Buffer.from('RFB 003.008\n'), Buffer.from([1]), Buffer.from([1])]
  return (_frame: Frame) => replies[step++]
}

export const claims = {
  matches,
  /** Every name and prefix that the tables above use. */
  patterns: () => [...exceptions, ...ignored].flatMap(({ captures }) => captures),
  folders: claimedFolders as readonly string[],
  exception: (name: string) => exceptions.find(({ captures }) => captures.some((pattern) => matches(pattern, name)))?.reason,
  ignored: (name: string) => ignored.flatMap(({ captures, paths }) => (captures.some((pattern) => matches(pattern, name)) ? paths : [])),
  leftOut: (name: string) => (name.startsWith('discovery/') ? leftOut.flatMap(({ names }) => names) : []),
  dialogue: (name: string): ((frame: Frame) => Buffer | undefined) =>
    name === 'console/vnc-handshake-to-framebuffer-size' ? rfbDialogue() : () => undefined,
}

export type Claims = typeof claims
