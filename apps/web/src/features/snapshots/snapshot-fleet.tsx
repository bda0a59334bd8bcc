// What the list of all snapshots says of itself.
import { resources } from '@virtdeck/k8s'
import { madeWith, snapshotTold, type SnapshotRow } from '@virtdeck/kubevirt'
import { useNavigate } from 'react-router'
import { useFleetRow } from '../../api/fleet.ts'
import type { Action } from '../../components/action.ts'
import type { Deletable } from '../../components/fleet/delete-rows.tsx'
import { defineFleet } from '../../components/fleet/fleet-kind.ts'
import { useRowDialog } from '../../components/fleet/row-dialog.ts'
import {
  StateCell,
  VmLink,
  bytesColumn,
  facetKey,
  facetMenu,
  linkColumn,
  nameKey,
  namespaceColumn,
  namespaceKey,
  sinceColumn,
  textColumn,
} from '../../components/fleet/shared-columns.tsx'
import { paths } from '../../paths.ts'
import { RestoreIcon, TrashIcon, VmIcon } from '../../ui/icons.ts'
import { StateGlyph } from '../../ui/state-glyph.tsx'
import { bytesText, formatDate } from '../../util/format.ts'
import { visibleText } from '../../util/visible-text.ts'

const wordOf = (row: SnapshotRow) => snapshotTold(row).word.toLowerCase()
const WEAK = 'warning'
const statuses = (row: SnapshotRow) => (madeWith(row).weak ? [wordOf(row), WEAK] : [wordOf(row)])
const takenAt = ({ takenAt: taken, createdAt }: SnapshotRow) => taken ?? createdAt
const vmOf = ({ namespace, vmName }: SnapshotRow) => ({ namespace, name: vmName })
const stateOrder: Partial<Record<string, number>> = { error: 0, transit: 1 }

export const snapshotFleet = defineFleet<SnapshotRow>({
  id: 'snapshots',
  title: 'Snapshots',
  one: 'snapshot',
  many: 'snapshots',
  placeholder: { wide: 'name, vm:web-01, namespace:team-a, status:failed', phone: 'Name or VM' },
  flexible: 'state',
  order: { column: 'taken', descending: false },
  columns: [
    linkColumn({ id: 'name', title: 'Name', width: 190, of: ({ name }) => name, to: (row) => paths.snapshot(vmOf(row), row.name) }),
    {
      id: 'state',
      title: 'State',
      width: 130,
      value: (row) => stateOrder[snapshotTold(row).state] ?? 2,
      shown: (row) => snapshotTold(row).word,
      cell: (row) => {
        const { state, word } = snapshotTold(row)
        return <StateCell state={state} word={word} message={row.message} {...(state === 'transit' && { since: row.createdAt })} />
      },
      csv: { value: (row) => snapshotTold(row).word },
    },
    textColumn({ id: 'vm', title: 'VM', width: 150, of: ({ vmName }) => vmName, cell: (row) => <VmLink vm={vmOf(row)} /> }),
    namespaceColumn,
    {
      id: 'made',
      title: 'Made with',
      width: 150,
      value: (row) => madeWith(row).words.join(', '),
      cell: (row) => <MadeWith row={row} />,
    },
    {
      id: 'disks',
      title: 'Disks',
      width: 64,
      className: 'num mono',
      value: ({ disks }) => disks?.length,
      cell: ({ disks, leftOut }) =>
        disks && <span title={visibleText(`${disks.join(', ')}${leftOut ? `; without ${leftOut.join(', ')}` : ''}`)}>{disks.length}</span>,
      shows: 'where there is room',
    },
    bytesColumn({ id: 'size', title: 'Size', width: 84, of: ({ sizeBytes }) => sizeBytes }),
    sinceColumn({ id: 'restored', title: 'Last restored', width: 104, of: ({ restoredAt }) => restoredAt, shows: 'where there is room' }),
    sinceColumn({ id: 'taken', title: 'Taken', width: 64, of: takenAt }),
  ],
  keys: {
    status: facetKey('ready, taking, failed, warning', statuses, ['ready', 'taking', 'failed', WEAK]),
    vm: facetKey('of which VM: web-*', ({ vmName }) => vmName),
    namespace: namespaceKey,
    disk: { kind: 'word', hint: 'a disk that is in it', of: ({ disks }) => disks },
    size: { kind: 'size', hint: '>=100Gi', of: ({ sizeBytes }) => sizeBytes },
    name: nameKey('a pattern: nightly-*'),
  },
  texts: ({ name, vmName, message }) => [name, vmName, message],
  attention: (row) => (snapshotTold(row).state === 'error' ? 'failing' : madeWith(row).weak ? 'warning' : undefined),
  states: [
    { key: 'status', value: 'ready', label: 'Ready', state: 'running' },
    { key: 'status', value: 'taking', label: 'Taking', state: 'transit' },
    { key: 'status', value: 'failed', label: 'Failed', state: 'error' },
    { key: 'status', value: WEAK, label: 'Not at rest', state: 'warning' },
  ],
  menus: [facetMenu('namespace', 'Namespace'), facetMenu('vm', 'VM')],
  state: 'state',
  phoneLine: (row) =>
    [formatDate(takenAt(row) * 1000), row.namespace, row.vmName, row.sizeBytes && bytesText(row.sizeBytes)].filter(Boolean).join(' · '),
  useRow: (row) => useFleetRow('virtualmachinesnapshots', row),
  useActions: useSnapshotActions,
})

function MadeWith({ row }: { row: SnapshotRow }) {
  const { words, weak } = madeWith(row)
  if (words.length === 0) return undefined
  return (
    <span className={weak ? 'tagw' : 'dim'} title={weak ? 'The disks are as after a power cut.' : undefined}>
      {weak && <StateGlyph state="warning" />}
      <span>{words.join(', ')}</span>
    </span>
  )
}

function useSnapshotActions(row: SnapshotRow): Action[] {
  const navigate = useNavigate()
  const dialog = useRowDialog()
  const ref = vmOf(row)
  return [
    { id: 'vm', label: 'Go to its VM', icon: VmIcon, group: 'look', run: () => void navigate(paths.virtualMachine(ref, 'snapshots')) },
    {
      id: 'restore',
      label: 'Restore…',
      icon: RestoreIcon,
      group: 'restore',
      disabled: row.ready ? undefined : 'There is nothing to go back to yet.',
      run: () => void navigate(paths.snapshot(ref, row.name, 'restore')),
    },
    {
      id: 'delete',
      label: 'Delete…',
      icon: TrashIcon,
      group: 'delete',
      danger: true,
      disabled: deletableSnapshot.wont(row),
      run: () => dialog.open('delete', row),
    },
  ]
}

export const deletableSnapshot: Deletable<SnapshotRow> = {
  one: 'snapshot',
  many: 'snapshots',
  consequence: 'Their VMs can never again go back to them. The VMs and their other snapshots stay as they are.',
  resourceOf: () => resources.virtualMachineSnapshots,
  wont: ({ phase }) => (phase === 'Deleting' ? 'It is being deleted.' : undefined),
  command: ({ namespace, name }) => `kubectl delete vmsnapshot ${name} -n ${namespace}`,
}
