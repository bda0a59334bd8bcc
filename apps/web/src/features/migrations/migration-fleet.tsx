// What the list of migrations says of itself.
import type { MigrationRow } from '@virtdeck/kubevirt'
import { migrationEnded, migrationWords, verbAccess } from '@virtdeck/kubevirt'
import { useNavigate } from 'react-router'
import { useAccess } from '../../api/access.ts'
import type { Action } from '../../components/action.ts'
import { defineFleet } from '../../components/fleet/fleet-kind.ts'
import {
  facetKey,
  facetMenu,
  linkColumn,
  namespaceColumn,
  namespaceKey,
  sinceColumn,
  textColumn,
} from '../../components/fleet/shared-columns.tsx'
import { paths } from '../../paths.ts'
import { CloseIcon, MigrateIcon, VmIcon } from '../../ui/icons.ts'
import type { State } from '../../ui/state-glyph.tsx'
import { StatusBadge } from '../../ui/status-badge.tsx'
import { formatElapsed } from '../../util/format.ts'

const stateOf = ({ phase }: MigrationRow): State => (phase === 'Failed' ? 'error' : phase === 'Succeeded' ? 'running' : 'transit')

/** Under way, then what failed, then what is over. */
const stateOrder: Partial<Record<State, number>> = { transit: 0, error: 1 }

const words: Partial<Record<State, string>> = { transit: 'moving', error: 'failed', running: 'moved' }
const wordOf = (row: MigrationRow) => words[stateOf(row)] ?? ''
const nodesOf = ({ sourceNode, targetNode }: MigrationRow) => [sourceNode, targetNode].filter((node) => node !== undefined)

function tookSeconds({ startedAt, endedAt }: MigrationRow): number | undefined {
  return startedAt !== undefined && endedAt !== undefined ? endedAt - startedAt : undefined
}

export const migrationFleet = defineFleet<MigrationRow>({
  id: 'migrations',
  title: 'Migrations',
  one: 'migration',
  many: 'migrations',
  placeholder: { wide: 'VM, namespace:team-a, from:fra-w-01, status:failed', phone: 'VM or node' },
  flexible: 'reason',
  order: { column: 'begun', descending: false },
  columns: [
    linkColumn({
      id: 'vm',
      title: 'VM',
      width: 200,
      of: ({ vmiName }) => vmiName,
      to: ({ namespace, vmiName }) => paths.virtualMachine({ namespace, name: vmiName }),
    }),
    {
      id: 'state',
      title: 'State',
      width: 176,
      value: (row) => stateOrder[stateOf(row)] ?? 2,
      shown: ({ phase }) => phase,
      cell: (row) => <MigrationState row={row} />,
      csv: { value: ({ phase }) => phase },
    },
    namespaceColumn,
    textColumn({ id: 'from', title: 'From', width: 116, className: 'mono', of: ({ sourceNode }) => sourceNode }),
    textColumn({ id: 'to', title: 'To', width: 116, className: 'mono', of: ({ targetNode }) => targetNode }),
    {
      id: 'took',
      title: 'Took',
      width: 64,
      className: 'mono dim',
      value: tookSeconds,
      cell: (row) => {
        const seconds = tookSeconds(row)
        return seconds === undefined ? undefined : formatElapsed(seconds)
      },
      csv: { title: 'Took (s)', value: tookSeconds },
    },
    sinceColumn({ id: 'begun', title: 'Begun', width: 68, of: ({ createdAt }) => createdAt }),
    textColumn({ id: 'reason', title: 'Why it failed', width: 180, className: 'dim', of: ({ failureReason }) => failureReason }),
  ],
  keys: {
    status: {
      kind: 'word',
      hint: 'moving, failed, moved',
      of: (row) => [wordOf(row), row.phase],
      facet: { of: wordOf, always: ['moving', 'failed', 'moved'] },
    },
    vm: { kind: 'word', hint: 'a pattern: web-*', of: ({ vmiName }) => vmiName },
    namespace: namespaceKey,
    node: facetKey('where it was or goes', nodesOf),
    from: { kind: 'word', hint: 'the node that it left', of: ({ sourceNode }) => sourceNode },
    to: { kind: 'word', hint: 'the node that it goes to', of: ({ targetNode }) => targetNode },
  },
  texts: ({ vmiName, namespace, name, sourceNode, targetNode }) => [vmiName, namespace, name, sourceNode, targetNode],
  attention: ({ phase }) => (phase === 'Failed' ? 'failing' : undefined),
  states: [
    { key: 'status', value: 'moving', label: 'In flight', state: 'transit' },
    { key: 'status', value: 'failed', label: 'Failed', state: 'error' },
    { key: 'status', value: 'moved', label: 'Moved', state: 'running' },
  ],
  menus: [facetMenu('namespace', 'Namespace'), facetMenu('node', 'Node')],
  state: 'state',
  phoneLine: ({ namespace, sourceNode, targetNode, failureReason }) =>
    failureReason ?? [namespace, [sourceNode ?? '—', targetNode ?? '—'].join(' → ')].join(' · '),
  useActions: useMigrationActions,
})

function MigrationState({ row }: { row: MigrationRow }) {
  return (
    <StatusBadge
      state={stateOf(row)}
      word={migrationWords(row.phase)}
      {...(migrationEnded(row.phase) ? {} : { since: row.startedAt ?? row.createdAt })}
    />
  )
}

/** The dialogs are those of its VM. */
function useMigrationActions({ namespace, vmiName, phase }: MigrationRow): Action[] {
  const navigate = useNavigate()
  const vm = { namespace, name: vmiName }
  const answer = useAccess(namespace)(verbAccess('cancelMigration'))
  const denied = answer.pending ? 'Asking the cluster whether you may' : answer.allowed ? undefined : answer.reason
  return [
    { id: 'vm', label: 'Go to its VM', icon: VmIcon, group: 'look', run: () => void navigate(paths.virtualMachine(vm)) },
    {
      id: 'progress',
      label: 'Progress…',
      icon: MigrateIcon,
      group: 'look',
      disabled: migrationEnded(phase) ? 'It is over.' : undefined,
      run: () => void navigate(paths.vmDialog(vm, 'migrate')),
    },
    {
      id: 'cancel',
      label: 'Cancel…',
      icon: CloseIcon,
      group: 'cancel',
      danger: true,
      disabled: migrationEnded(phase) ? 'It is over.' : denied,
      run: () => void navigate(paths.vmDialog(vm, 'cancelMigration')),
    },
  ]
}
