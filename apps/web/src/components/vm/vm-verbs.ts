// What virtdeck calls KubeVirt's verbs, in the order in which every menu shows them.
import { own } from '@virtdeck/k8s'
import type { VmRow, VmVerb } from '@virtdeck/kubevirt'
import type { DialogVerb } from './vm-dialog-url.ts'

export type VmActionId = VmVerb | 'yaml' | 'copySsh'
type VmActionGroup = 'power' | 'move and protect' | 'look' | 'delete'

type VmActionEntry = {
  id: VmActionId
  /** With an ellipsis where a dialog follows. */
  label: string
  group: VmActionGroup
  shortcut?: string
  danger?: boolean
}

export const vmActionEntries: readonly VmActionEntry[] = [
  { id: 'vnc', label: 'Open console', group: 'power', shortcut: 'c' },
  { id: 'start', label: 'Start', group: 'power' },
  { id: 'stop', label: 'Stop…', group: 'power' },
  { id: 'forceStop', label: 'Force stop…', group: 'power' },
  { id: 'restart', label: 'Restart…', group: 'power' },
  { id: 'pause', label: 'Pause', group: 'power' },
  { id: 'unpause', label: 'Unpause', group: 'power' },
  { id: 'migrate', label: 'Migrate…', group: 'move and protect', shortcut: 'm' },
  { id: 'cancelMigration', label: 'Cancel migration…', group: 'move and protect' },
  { id: 'snapshot', label: 'Take snapshot…', group: 'move and protect', shortcut: 's' },
  { id: 'restore', label: 'Restore snapshot…', group: 'move and protect' },
  { id: 'console', label: 'Open serial console', group: 'look' },
  { id: 'yaml', label: 'View YAML', group: 'look', shortcut: 'y' },
  { id: 'copySsh', label: 'Copy SSH command', group: 'look' },
  { id: 'delete', label: 'Delete…', group: 'delete', danger: true },
]

const asking: ReadonlySet<string> = new Set<DialogVerb>([
  'stop',
  'forceStop',
  'restart',
  'migrate',
  'cancelMigration',
  'snapshot',
  'delete',
])

/** Only what destroys or interrupts asks first, or what needs an answer. */
export const asksFirst = (id: VmActionId): id is DialogVerb => asking.has(id)

/** `virtctl ssh` needs a user that we cannot know; the guest's own default is the best guess. */
export function sshCommand(row: Pick<VmRow, 'name' | 'namespace' | 'os'>): string {
  const users: Record<string, string> = {
    ubuntu: 'ubuntu',
    fedora: 'fedora',
    debian: 'debian',
    centos: 'cloud-user',
    rhel: 'cloud-user',
    cirros: 'cirros',
    windows: 'Administrator',
  }
  return `virtctl ssh ${own(users, row.os ?? '') ?? 'USER'}@vm/${row.name} -n ${row.namespace}`
}
