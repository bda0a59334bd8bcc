import type { MigrationRow } from '@virtdeck/kubevirt'
import { migrationEnded, migrationWords } from '@virtdeck/kubevirt'
import { Link } from 'react-router'
import { fleets, useFleet } from '../../api/fleet.ts'
import { FleetPage } from '../../components/fleet-page.tsx'
import type { FleetColumn } from '../../components/fleet-page.tsx'
import { paths } from '../../paths.ts'
import { Dash } from '../../ui/dash.tsx'
import { Elapsed } from '../../ui/elapsed.tsx'
import { MigrateIcon } from '../../ui/icons.ts'
import type { State } from '../../ui/state-glyph.tsx'
import { StatusBadge } from '../../ui/status-badge.tsx'
import { formatElapsed } from '../../util/format.ts'

const stateOf = ({ phase }: MigrationRow): State => (phase === 'Failed' ? 'error' : phase === 'Succeeded' ? 'running' : 'transit')

/** Under way, then what failed, then what is over. */
const order: Partial<Record<State, number>> = { transit: 0, error: 1 }

const columns: FleetColumn<MigrationRow>[] = [
  {
    id: 'vm',
    title: 'VM',
    width: 230,
    value: ({ vmiName }) => vmiName,
    cell: ({ namespace, vmiName }) => (
      <Link className="name" to={paths.virtualMachine({ namespace, name: vmiName })} title={vmiName}>
        <bdi>{vmiName}</bdi>
      </Link>
    ),
  },
  {
    id: 'state',
    title: 'State',
    width: 210,
    value: (row) => order[stateOf(row)] ?? 2,
    cell: (row) => (
      <StatusBadge
        state={stateOf(row)}
        word={migrationWords(row.phase)}
        {...(migrationEnded(row.phase) ? {} : { since: row.startedAt ?? row.createdAt })}
      />
    ),
  },
  {
    id: 'namespace',
    title: 'Namespace',
    className: 'dim',
    width: 160,
    value: ({ namespace }) => namespace,
    cell: ({ namespace }) => namespace,
  },
  {
    id: 'from',
    title: 'From',
    className: 'mono',
    width: 130,
    value: ({ sourceNode }) => sourceNode,
    cell: ({ sourceNode }) => sourceNode ?? <Dash />,
  },
  {
    id: 'to',
    title: 'To',
    className: 'mono',
    width: 130,
    value: ({ targetNode }) => targetNode,
    cell: ({ targetNode }) => targetNode ?? <Dash />,
  },
  {
    id: 'took',
    title: 'Took',
    className: 'mono dim',
    width: 90,
    value: tookSeconds,
    cell: (row) => {
      const seconds = tookSeconds(row)
      return seconds === undefined ? <Dash /> : formatElapsed(seconds)
    },
  },
  {
    id: 'begun',
    title: 'Begun',
    className: 'mono dim',
    width: 90,
    value: ({ createdAt }) => createdAt,
    cell: ({ createdAt }) => <Elapsed since={createdAt} />,
  },
  {
    id: 'reason',
    title: 'Why it failed',
    className: 'dim',
    value: ({ failureReason }) => failureReason,
    cell: ({ failureReason }) => (failureReason ? <span title={failureReason}>{failureReason}</span> : <Dash />),
  },
]

const facets = [
  { id: 'moving', label: 'In flight', state: 'transit' as const, test: ({ phase }: MigrationRow) => !migrationEnded(phase) },
  { id: 'failed', label: 'Failed', state: 'error' as const, test: ({ phase }: MigrationRow) => phase === 'Failed' },
  { id: 'moved', label: 'Moved', state: 'running' as const, test: ({ phase }: MigrationRow) => phase === 'Succeeded' },
]

export function MigrationsPage() {
  const fleet = useFleet('virtualmachineinstancemigrations')
  return (
    <FleetPage
      title="Migrations"
      noun="migrations"
      icon={MigrateIcon}
      placeholder="VM, namespace or node"
      fleet={fleet}
      onRetry={() => fleets.virtualmachineinstancemigrations.retry()}
      columns={columns}
      facets={facets}
      textOf={({ vmiName, namespace, name, sourceNode = '', targetNode = '' }) =>
        [vmiName, namespace, name, sourceNode, targetNode].join(' ')
      }
      tie={({ createdAt, name }) => `${String(1e12 - createdAt)} ${name}`}
      order={{ column: 'begun', descending: true }}
      empty={{
        title: 'No migrations',
        body: 'A migration shows here while a VM moves to another node, and for as long as the cluster keeps it.',
      }}
    />
  )
}

function tookSeconds({ startedAt, endedAt }: MigrationRow): number | undefined {
  return startedAt !== undefined && endedAt !== undefined ? endedAt - startedAt : undefined
}
