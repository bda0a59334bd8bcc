// The list's columns: what each shows, how wide it is, and which of them there is room for.
import { osDisplayName, statusWords, vmState } from '@virtdeck/kubevirt'
import type { VmRow } from '@virtdeck/kubevirt'
import { Link } from 'react-router'
import { paths } from '../../paths.ts'
import { Dash } from '../../ui/dash.tsx'
import { Elapsed } from '../../ui/elapsed.tsx'
import { OsTile } from '../../ui/os-tile.tsx'
import { Quantity } from '../../ui/quantity.tsx'
import { StatusBadge, WarningTag } from '../../ui/status-badge.tsx'
import { bytesText } from '../../util/format.ts'
import type { ColumnId } from './column-choice.ts'
import type { SortKey } from './vm-sort.ts'
import { Bdi } from '../../ui/bdi.tsx'
import { DETAIL_CHARACTERS, visibleText } from '../../util/visible-text.ts'

export type Column = {
  id: ColumnId
  title: string
  className: string
  sort: SortKey
  /** What the cell shows, as one value: the cell flashes when it changes. */
  shown: (row: VmRow) => string | number | undefined
  cell: (row: VmRow) => React.ReactNode
}

export const columns: Record<ColumnId, Column> = {
  name: {
    id: 'name',
    title: 'Name',
    className: 'c-name',
    sort: 'name',
    shown: () => undefined,
    cell: (row) => (
      <Link className="name" to={paths.virtualMachine(row)} title={row.name}>
        <OsTile os={row.os} />
        <Bdi>{row.name}</Bdi>
      </Link>
    ),
  },
  status: {
    id: 'status',
    title: 'Status',
    className: 'c-status',
    sort: 'status',
    shown: (row) => `${row.status} ${statusWords(row)}`,
    cell: (row) => <StatusCell row={row} />,
  },
  namespace: {
    id: 'namespace',
    title: 'Namespace',
    className: 'dim c-ns',
    sort: 'namespace',
    shown: () => undefined,
    cell: (row) => (
      <>
        {row.namespace}
        <span className="phone">
          {' '}
          ·{' '}
          {[row.node ?? 'no node', row.cpus && `${row.cpus} vCPU`, row.memoryBytes && bytesText(row.memoryBytes)]
            .filter(Boolean)
            .join(' · ')}
        </span>
      </>
    ),
  },
  node: {
    id: 'node',
    title: 'Node',
    className: 'mono c-node',
    sort: 'node',
    shown: (row) => row.node,
    cell: (row) => <NodeCell row={row} />,
  },
  cpu: {
    id: 'cpu',
    title: 'CPU',
    className: 'c-cpu',
    sort: 'cpu',
    shown: (row) => row.cpus,
    cell: ({ cpus }) => (cpus === undefined ? <Dash /> : <Quantity value={cpus} unit="vCPU" />),
  },
  memory: {
    id: 'memory',
    title: 'Memory',
    className: 'c-mem',
    sort: 'memory',
    shown: (row) => row.memoryBytes,
    cell: ({ memoryBytes }) => (memoryBytes === undefined ? <Dash /> : <Quantity bytes={memoryBytes} />),
  },
  runStrategy: {
    id: 'runStrategy',
    title: 'Run strategy',
    className: 'dim c-strategy',
    sort: 'runStrategy',
    shown: (row) => row.runStrategy,
    cell: ({ runStrategy }) => (runStrategy === undefined ? <Dash /> : <Bdi title={runStrategy}>{runStrategy}</Bdi>),
  },
  os: {
    id: 'os',
    title: 'OS',
    className: 'dim c-os',
    sort: 'os',
    shown: (row) => row.osName ?? row.os,
    cell: (row) => {
      const short = shortOsName(row)
      return short === undefined ? <Dash /> : <Bdi title={row.osName}>{short}</Bdi>
    },
  },
  ip: {
    id: 'ip',
    title: 'IP addresses',
    className: 'mono c-ip',
    sort: 'ip',
    shown: (row) => row.ips?.[0],
    cell: (row) => <AddressCell row={row} />,
  },
  age: {
    id: 'age',
    title: 'Age',
    className: 'mono dim c-age',
    sort: 'age',
    shown: () => undefined,
    cell: (row) => <Elapsed since={row.createdAt} />,
  },
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
