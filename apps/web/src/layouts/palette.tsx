// What the command palette offers: the VM in view, all VMs, the pages. Loaded when it is first opened.
import { statusWords, vmState } from '@virtdeck/kubevirt'
import type { VmRow } from '@virtdeck/kubevirt'
import { useState } from 'react'
import { useNavigate, useParams } from 'react-router'
import { useAccess } from '../api/access.ts'
import { listActivities } from '../api/activity-access.ts'
import { useFleet, useVmRow } from '../api/fleet.ts'
import CommandPalette from '../components/command-palette.tsx'
import type { PaletteGroup } from '../components/command-palette.tsx'
import { useVmActions } from '../components/vm/vm-actions.tsx'
import { paths } from '../paths.ts'
import { useTheme } from '../stores/theme.ts'
import {
  DiskIcon,
  EventsIcon,
  KeyIcon,
  KeyboardIcon,
  MigrateIcon,
  NodeIcon,
  SnapshotIcon,
  SunIcon,
  TemplateIcon,
  VmIcon,
} from '../ui/icons.ts'

type PaletteProps = { initialText: string; onClose: () => void; onKeys: () => void }

export default function Palette(props: PaletteProps) {
  const { namespace = '', name = '' } = useParams()
  const row = useVmRow({ namespace, name })
  const [dropped, setDropped] = useState(false)
  return row && !dropped ? (
    <VmPalette {...props} row={row} onDrop={() => setDropped(true)} />
  ) : (
    <PaletteOf {...props} vmGroups={[]} onDrop={() => setDropped(true)} />
  )
}

function VmPalette({ row, ...props }: PaletteProps & { row: VmRow; onDrop: () => void }) {
  const actions = useVmActions(row)
  return <PaletteOf {...props} subject={row.name} vmGroups={[{ title: 'This VM', items: actions, limit: 8 }]} />
}

function PaletteOf({
  initialText,
  onClose,
  onKeys,
  onDrop,
  subject,
  vmGroups,
}: PaletteProps & { onDrop: () => void; subject?: string; vmGroups: readonly PaletteGroup[] }) {
  const navigate = useNavigate()
  const { rows } = useFleet('virtualmachines')
  const { theme, setChoice } = useTheme()
  const mayListActivities = useAccess()(listActivities).allowed === true
  const groups: PaletteGroup[] = [
    ...vmGroups,
    {
      title: 'VMs',
      onDemand: true,
      items: rows.map((vm) => ({
        id: vm.uid,
        label: vm.name,
        detail: `${vm.namespace} · ${statusWords(vm).toLowerCase()}`,
        icon: VmIcon,
        run: () => navigate(paths.virtualMachine(vm)),
      })),
    },
    {
      title: 'Pages',
      items: [
        {
          id: 'virtual-machines',
          label: 'Virtual machines',
          detail: attention(rows),
          icon: VmIcon,
          shortcut: 'g v',
          run: () => navigate(paths.virtualMachines()),
        },
        {
          id: 'nodes',
          label: 'Nodes',
          detail: 'what VMs take of each',
          icon: NodeIcon,
          shortcut: 'g n',
          run: () => navigate(paths.nodes()),
        },
        {
          id: 'migrations',
          label: 'Migrations',
          detail: 'what moves, and what moved',
          icon: MigrateIcon,
          shortcut: 'g m',
          run: () => navigate(paths.migrations()),
        },
        {
          id: 'snapshots',
          label: 'Snapshots',
          detail: 'of all VMs',
          icon: SnapshotIcon,
          shortcut: 'g s',
          run: () => navigate(paths.snapshots()),
        },
        {
          id: 'volumes',
          label: 'Volumes',
          detail: 'disks, and who uses them',
          icon: DiskIcon,
          shortcut: 'g d',
          run: () => navigate(paths.volumes()),
        },
        {
          id: 'templates',
          label: 'Templates',
          detail: 'create a VM',
          icon: TemplateIcon,
          shortcut: 'g t',
          run: () => navigate(paths.templates()),
        },
        ...(mayListActivities
          ? [{ id: 'activity', label: 'Activity', detail: 'who did what', icon: EventsIcon, run: () => navigate(paths.activity()) }]
          : []),
        { id: 'my-access', label: 'My access', detail: 'what you may do, where', icon: KeyIcon, run: () => navigate(paths.myAccess()) },
      ],
    },
    {
      title: 'virtdeck',
      items: [
        {
          id: 'theme',
          label: theme === 'dark' ? 'Use the light theme' : 'Use the dark theme',
          icon: SunIcon,
          run: () => setChoice(theme === 'dark' ? 'light' : 'dark'),
        },
        { id: 'keys', label: 'Keyboard shortcuts', icon: KeyboardIcon, shortcut: '?', run: onKeys },
      ],
    },
  ]
  return <CommandPalette initialText={initialText} groups={groups} subject={subject} onDropSubject={onDrop} onClose={onClose} />
}

function attention(rows: readonly VmRow[]): string {
  const failing = rows.filter((row) => vmState(row) === 'error').length
  return failing ? `${failing} failing` : `${rows.length}`
}
