// Which captures the simulated cluster claims, which it does not and why, and what of an answer is not compared and why.
import type { Frame } from './captures.ts'

export type Exception = { captures: readonly string[]; reason: string }
/** Paths of `body`, as `compare.ts` reads them. A capture may end in `*`. */
export type Ignored = { captures: readonly string[]; paths: readonly string[]; reason: string }

export const claimedFolders = [
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

export const exceptions: readonly Exception[] = []

export const ignored: readonly Ignored[] = []

/** Entries of discovery that only one of the two clusters has. */
export const leftOut: readonly { names: readonly string[]; reason: string }[] = [
  { names: ['spectrocloud.com'], reason: "Spectro's VmTemplate CRD is installed in the simulated cluster only." },
  { names: ['events.k8s.io'], reason: 'Events are served in the core group, where kubectl and virtdeck read them.' },
  { names: ['bindings', 'componentstatuses'], reason: 'There is no scheduler to bind for, and component statuses are deprecated.' },
  {
    names: ['attach', 'binding', 'ephemeralcontainers', 'exec', 'log', 'portforward', 'proxy'].map((subresource) => `pods/${subresource}`),
    reason: 'There is no kubelet behind the pods.',
  },
  { names: ['nodes/proxy', 'services/proxy'], reason: 'There is no kubelet and no network behind nodes and services.' },
  {
    names: [
      'replicationcontrollers/scale',
      'deployments/scale',
      'replicasets/scale',
      'statefulsets/scale',
      'virtualmachineinstancereplicasets/scale',
      'virtualmachinepools/scale',
    ],
    reason: 'Workload kinds are stored without their controllers.',
  },
  { names: ['serviceaccounts/token'], reason: 'Tokens are those of the demo users; service accounts get none.' },
]

const matches = (pattern: string, name: string) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name)

/** RFB, as far as the capture went: version, no authentication, shared. */
function rfbDialogue() {
  let step = 0
  const replies = [Buffer.from('RFB 003.008\n'), Buffer.from([1]), Buffer.from([1])]
  return (_frame: Frame) => replies[step++]
}

export const claims = {
  folders: claimedFolders as readonly string[],
  exception: (name: string) => exceptions.find(({ captures }) => captures.some((pattern) => matches(pattern, name)))?.reason,
  ignored: (name: string) => ignored.flatMap(({ captures, paths }) => (captures.some((pattern) => matches(pattern, name)) ? paths : [])),
  leftOut: (name: string) => (name.startsWith('discovery/') ? leftOut.flatMap(({ names }) => names) : []),
  dialogue: (name: string): ((frame: Frame) => Buffer | undefined) =>
    name === 'console/vnc-handshake-to-framebuffer-size' ? rfbDialogue() : () => undefined,
  frames: (_name: string, recorded: number) => recorded,
}

export type Claims = typeof claims
