// Every URL of the app. The output of all of them is snapshot-tested: a change of a URL shows in review.

export type VmRef = { namespace: string; name: string }
type VmTab = 'console' | 'snapshots' | 'events' | 'yaml'

const segment = encodeURIComponent
const vm = ({ namespace, name }: VmRef) => `/virtual-machines/${segment(namespace)}/${segment(name)}`

export const paths = {
  home: () => '/',
  signIn: (returnTo?: string) => (returnTo && returnTo !== '/' ? `/sign-in?rt=${segment(returnTo)}` : '/sign-in'),
  /** The list; `query` in its own search language. */
  virtualMachines: (query?: string) => (query ? `/virtual-machines?q=${segment(query)}` : '/virtual-machines'),
  /** A VM's page; without a tab, its overview. */
  virtualMachine: (ref: VmRef, tab?: VmTab) => (tab ? `${vm(ref)}/${tab}` : vm(ref)),
  /** A VM's page with a dialog open. */
  vmDialog: (ref: VmRef, verb: string) => `${vm(ref)}?do=${segment(verb)}`,
  /** Which of a VM's consoles the console tab shows. */
  vmConsole: (ref: VmRef, kind: 'vnc' | 'serial') => `${vm(ref)}/console?kind=${kind}`,
  /** A console alone, for a browser tab of its own. */
  consoleWindow: (ref: VmRef, kind: 'vnc' | 'serial') => `/console/${segment(ref.namespace)}/${segment(ref.name)}?kind=${kind}`,
  /** A snapshot on its VM's page; with a verb, its dialog. */
  snapshot: (ref: VmRef, name: string, verb?: 'restore') => `${vm(ref)}/snapshots?snapshot=${segment(name)}${verb ? `&do=${verb}` : ''}`,
  snapshots: () => '/snapshots',
  volumes: () => '/volumes',
  nodes: () => '/nodes',
  migrations: () => '/migrations',
  templates: () => '/templates',
  /** What people did; `query` in the list's search language. */
  activity: (query?: string) => (query ? `/activity?q=${segment(query)}` : '/activity'),
  /** What the signed-in user may do, where. */
  myAccess: () => '/my-access',
  createFromTemplate: (template: { name: string }) => `/templates/${segment(template.name)}/create`,
} as const
