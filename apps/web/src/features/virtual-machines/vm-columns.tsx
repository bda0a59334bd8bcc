// The columns of the list of VMs: what each shows, sorts by and exports.
import { osDisplayName, statusWords, vmState } from '@virtdeck/kubevirt'
import type { VmRow, VmState } from '@virtdeck/kubevirt'
import { Link } from 'react-router'
import { isoTime } from '../../components/fleet/csv.ts'
import type { FleetColumn } from '../../components/fleet/fleet-kind.ts'
import { naturalKey } from '../../components/fleet/order.ts'
import { paths } from '../../paths.ts'
import { Dash } from '../../ui/dash.tsx'
import { Elapsed } from '../../ui/elapsed.tsx'
import { OsTile } from '../../ui/os-tile.tsx'
import { Quantity } from '../../ui/quantity.tsx'
import { StatusBadge, WarningTag } from '../../ui/status-badge.tsx'
import { bytesText } from '../../util/format.ts'
import { Bdi } from '../../ui/bdi.tsx'
import { DETAIL_CHARACTERS, visibleText } from '../../util/visible-text.ts'

/** What one must look at stands first. */
const stateOrder: Record<VmState, number> = { error: 0, unknown: 1, transit: 2, paused: 3, running: 4, stopped: 5 }

const naturally = (text: string | undefined) => (text === undefined ? undefined : naturalKey(text))

export const vmColumns: readonly FleetColumn<VmRow>[] = [
  {
    id: 'name',
    title: 'Name',
    width: 208,
    value: ({ name }) => naturalKey(name),
    cell: (row) => (
      <Link className="name" to={paths.virtualMachine(row)} title={row.name}>
        <OsTile os={row.os} />
        <Bdi>{row.name}</Bdi>
      </Link>
    ),
    csv: { value: ({ name }) => name },
  },
  {
    id: 'status',
    title: 'Status',
    width: 196,
    className: 'c-status',
    value: (row) => `${stateOrder[vmState(row)]} ${row.status}`,
    shown: (row) => `${row.status} ${statusWords(row)}`,
    cell: (row) => <StatusCell row={row} />,
    csv: { value: (row) => statusWords(row) },
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
    id: 'node',
    title: 'Node',
    width: 122,
    className: 'mono',
    value: ({ node }) => naturally(node),
    shown: ({ node }) => node,
    cell: (row) => <NodeCell row={row} />,
    csv: { value: ({ node }) => node },
  },
  {
    id: 'cpu',
    title: 'CPU',
    width: 76,
    value: ({ cpus }) => cpus,
    shown: ({ cpus }) => cpus,
    cell: ({ cpus }) => cpus !== undefined && <Quantity value={cpus} unit="vCPU" />,
    csv: { title: 'vCPUs', value: ({ cpus }) => cpus },
  },
  {
    id: 'memory',
    title: 'Memory',
    width: 76,
    value: ({ memoryBytes }) => memoryBytes,
    shown: ({ memoryBytes }) => memoryBytes,
    cell: ({ memoryBytes }) => memoryBytes !== undefined && <Quantity bytes={memoryBytes} />,
    csv: { title: 'Memory (bytes)', value: ({ memoryBytes }) => memoryBytes },
  },
  {
    id: 'runStrategy',
    title: 'Run strategy',
    width: 98,
    className: 'dim',
    value: ({ runStrategy }) => runStrategy,
    shown: ({ runStrategy }) => runStrategy,
    cell: ({ runStrategy }) => runStrategy,
    shows: 'where there is room',
  },
  {
    id: 'instancetype',
    title: 'Instance type',
    width: 104,
    className: 'dim',
    value: ({ instancetype }) => naturally(instancetype),
    cell: ({ instancetype }) => instancetype,
    csv: { value: ({ instancetype }) => instancetype },
    shows: 'when chosen',
  },
  {
    id: 'os',
    title: 'OS',
    width: 114,
    className: 'dim c-os',
    value: ({ osName, os }) => (osName ?? os)?.toLowerCase(),
    shown: ({ osName, os }) => osName ?? os,
    cell: (row) => {
      const short = shortOsName(row)
      return short !== undefined && <Bdi title={row.osName}>{short}</Bdi>
    },
    csv: { value: ({ osName, os }) => osName ?? os },
    shows: 'where there is room',
  },
  {
    id: 'ip',
    title: 'IP addresses',
    width: 132,
    className: 'mono',
    value: ({ ips }) => naturally(ips?.[0]),
    shown: ({ ips }) => ips?.[0],
    cell: (row) => <AddressCell row={row} />,
    csv: { value: ({ ips }) => ips?.join(' ') },
  },
  {
    id: 'age',
    title: 'Age',
    width: 54,
    className: 'mono dim',
    value: ({ createdAt }) => -createdAt,
    cell: ({ createdAt }) => <Elapsed since={createdAt} />,
    csv: { title: 'Created', value: ({ createdAt }) => isoTime(createdAt) },
  },
]

/** The third line of a row on phones: `shop · fra-w-07 · 4 vCPU · 8 GiB`. */
export function vmPlace({ namespace, node, cpus, memoryBytes }: VmRow): string {
  return [namespace, node ?? 'no node', cpus && `${cpus} vCPU`, memoryBytes && bytesText(memoryBytes)].filter(Boolean).join(' · ')
}

function StatusCell({ row }: { row: VmRow }) {
  const state = vmState(row)
  return (
    <span className="st" title={row.message && visibleText(row.message)}>
      <StatusBadge
        state={state}
        word={statusWords(row)}
        since={row.status === 'Migrating' ? (row.migration?.startedAt ?? row.statusSince) : row.statusSince}
        progress={state === 'transit' ? row.progress : undefined}
      />
      {row.restartRequired && (
        <WarningTag title="Its configuration changed: it takes effect with the next restart.">Restart needed</WarningTag>
      )}
      {row.notMigratable && state === 'running' && !row.restartRequired && (
        <WarningTag title={row.notMigratable.message}>Can’t live-migrate</WarningTag>
      )}
    </span>
  )
}

function NodeCell({ row: { node, migration, status } }: { row: VmRow }) {
  if (node === undefined) return <Dash />
  const target = status === 'Migrating' ? migration?.targetNode : undefined
  return (
    <span title={target ? `${node} → ${target}` : node}>
      {node}
      {target && <span className="c-transit"> → {shortTarget(node, target)}</span>}
    </span>
  )
}

/** Of the node it moves to, what differs from where it is: `fra-w-07 → 19`. */
export function shortTarget(node: string, target: string): string {
  let common = 0
  while (common < target.length && target[common] === node[common]) common++
  const from = Math.max(target.lastIndexOf('-', common - 1), target.lastIndexOf('.', common - 1)) + 1
  return target.slice(from) || target
}

/** `Ubuntu 24.04` of `Ubuntu 24.04.1 LTS`, `RHEL 9.4` of `Red Hat Enterprise Linux 9.4 (Plow)`. */
export function shortOsName({ os, osName }: Pick<VmRow, 'os' | 'osName'>): string | undefined {
  const version = osName && /\d+(?:\.\d+)?/.exec(osName)?.[0]
  if (!os) return osName
  // Half of them say Linux: what is left of the name tells them apart.
  const name = osDisplayName(os)?.replace(/ (?:Linux|Stream)$/, '')
  return [name, version].filter(Boolean).join(' ')
}

function AddressCell({ row: { ips = [] } }: { row: VmRow }) {
  const [first, ...others] = ips
  if (first === undefined) return <Dash />
  return (
    <>
      <Bdi title={first}>{first}</Bdi>
      {others.length > 0 && (
        <span className="more1" title={visibleText(others.join('\n'), DETAIL_CHARACTERS)}>
          +{others.length}
          <span className="sr"> more: {visibleText(others.join(', '))}</span>
        </span>
      )}
    </>
  )
}
