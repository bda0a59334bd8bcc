// What the list of migrations says of itself.
import type { MigrationRow } from '@virtdeck/kubevirt'
import { migrationEnded, migrationWords, verbAccess } from '@virtdeck/kubevirt'
import { Link, useNavigate } from 'react-router'
import { useAccess } from '../../api/access.ts'
import type { Action } from '../../components/action.ts'
import { isoTime } from '../../components/fleet/csv.ts'
import { defineFleet } from '../../components/fleet/fleet-kind.ts'
import { naturalKey } from '../../components/fleet/order.ts'
import { paths } from '../../paths.ts'
import { Bdi } from '../../ui/bdi.tsx'
import { Elapsed } from '../../ui/elapsed.tsx'
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

const naturally = (text: string | undefined) => (text === undefined ? undefined : naturalKey(text))

export const migrationFleet = defineFleet<MigrationRow>({
  id: 'migrations',
  title: 'Migrations',
  one: 'migration',
  many: 'migrations',
  placeholder: { wide: 'VM, namespace:team-a, from:fra-w-01, status:failed', phone: 'VM or node' },
  flexible: 'reason',
  order: { column: 'begun', descending: false },
  columns: [
    {
      id: 'vm',
      title: 'VM',
      width: 200,
      value: ({ vmiName }) => naturalKey(vmiName),
      cell: ({ namespace, vmiName }) => (
        <Link className="name" to={paths.virtualMachine({ namespace, name: vmiName })} title={vmiName}>
          <Bdi>{vmiName}</Bdi>
        </Link>
      ),
      csv: { value: ({ vmiName }) => vmiName },
    },
    {
      id: 'state',
      title: 'State',
      width: 176,
      value: (row) => stateOrder[stateOf(row)] ?? 2,
      shown: ({ phase }) => phase,
      cell: (row) => <MigrationState row={row} />,
      csv: { value: ({ phase }) => phase },
    },
    {
      id: 'namespace',
      title: 'Namespace',
      width: 142,
      className: 'dim',
      value: ({ namespace }) => naturalKey(namespace),
      cell: ({ namespace }) => namespace,
      csv: { value: ({ namespace }) => namespace },
    },
    {
      id: 'from',
      title: 'From',
      width: 116,
      className: 'mono',
      value: ({ sourceNode }) => naturally(sourceNode),
      shown: ({ sourceNode }) => sourceNode,
      cell: ({ sourceNode }) => sourceNode,
      csv: { value: ({ sourceNode }) => sourceNode },
    },
    {
      id: 'to',
      title: 'To',
      width: 116,
      className: 'mono',
      value: ({ targetNode }) => naturally(targetNode),
      shown: ({ targetNode }) => targetNode,
      cell: ({ targetNode }) => targetNode,
      csv: { value: ({ targetNode }) => targetNode },
    },
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
    {
      id: 'begun',
      title: 'Begun',
      width: 68,
      className: 'mono dim',
      // As everywhere with ages: the youngest first.
      value: ({ createdAt }) => -createdAt,
      cell: ({ createdAt }) => <Elapsed since={createdAt} />,
      csv: { title: 'Begun', value: ({ createdAt }) => isoTime(createdAt) },
    },
    {
      id: 'reason',
      title: 'Why it failed',
      width: 180,
      className: 'dim',
      value: ({ failureReason }) => failureReason,
      cell: ({ failureReason }) => failureReason,
    },
  ],
  keys: {
    status: {
      kind: 'word',
      hint: 'moving, failed, moved',
      of: (row) => [wordOf(row), row.phase],
      facet: { of: wordOf, always: ['moving', 'failed', 'moved'] },
    },
    vm: { kind: 'word', hint: 'a pattern: web-*', of: ({ vmiName }) => vmiName },
    namespace: {
      kind: 'word',
      hint: 'one namespace, or a pattern: team-*',
      of: ({ namespace }) => namespace,
      facet: { of: ({ namespace }) => namespace },
    },
    node: { kind: 'word', hint: 'where it was or goes', of: nodesOf, facet: { of: nodesOf } },
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
  menus: [
    { label: 'Namespace', facets: [{ key: 'namespace', label: 'Namespace' }] },
    { label: 'Node', facets: [{ key: 'node', label: 'Node' }] },
  ],
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
