// The columns of the list of VMs: what each shows, sorts by and exports.
import { osDisplayName, statusWords, vmState } from '@virtdeck/kubevirt'
import type { VmRow, VmState } from '@virtdeck/kubevirt'
import type { FleetColumn } from '../../components/fleet/fleet-kind.ts'
import {
  AndMore,
  ageColumn,
  cpuColumn,
  linkColumn,
  memoryColumn,
  namespaceColumn,
  textColumn,
} from '../../components/fleet/shared-columns.tsx'
import { paths } from '../../paths.ts'
import { OsTile } from '../../ui/os-tile.tsx'
import { StatusBadge, WarningTag } from '../../ui/status-badge.tsx'
import { bytesText } from '../../util/format.ts'
import { Bdi } from '../../ui/bdi.tsx'
import { visibleText } from '../../util/visible-text.ts'
import { UseMeter, percentColumn, withMeter } from './vm-use.tsx'
import type { Measure } from './vm-use.tsx'

/** What one must look at stands first. */
const stateOrder: Record<VmState, number> = { error: 0, unknown: 1, transit: 2, paused: 3, running: 4, stopped: 5 }

/** With `measured`, what VMs use of their processors and memory stands beside what they have. */
export const vmColumns = (measured: boolean): readonly FleetColumn<VmRow>[] => [
  linkColumn({
    id: 'name',
    title: 'Name',
    width: 200,
    of: ({ name }) => name,
    to: (row) => paths.virtualMachine(row),
    mark: ({ os }) => <OsTile os={os} />,
  }),
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
  namespaceColumn,
  textColumn({ id: 'node', title: 'Node', width: 116, className: 'mono', of: ({ node }) => node, cell: nodeCell }),
  measured ? withMeter(cpuColumn, 'cpu') : cpuColumn,
  measured ? withMeter(memoryColumn, 'memory') : memoryColumn,
  percentColumn('cpu', measured),
  percentColumn('memory', measured),
  textColumn({
    id: 'runStrategy',
    title: 'Run strategy',
    width: 98,
    className: 'dim',
    of: ({ runStrategy }) => runStrategy,
    shows: 'where there is room',
  }),
  textColumn({
    id: 'instancetype',
    title: 'Instance type',
    width: 104,
    className: 'dim',
    of: ({ instancetype }) => instancetype,
    shows: 'when chosen',
  }),
  textColumn({
    id: 'os',
    title: 'OS',
    width: 114,
    className: 'dim c-os',
    of: ({ osName, os }) => osName ?? os,
    cell: (row) => {
      const short = shortOsName(row)
      return short !== undefined && <Bdi title={row.osName}>{short}</Bdi>
    },
    shows: 'where there is room',
  }),
  textColumn({
    id: 'ip',
    title: 'IP addresses',
    width: 132,
    className: 'mono',
    of: ({ ips }) => ips?.[0],
    cell: addressCell,
    csv: { value: ({ ips }) => ips?.join(' ') },
  }),
  ageColumn,
]

/** The third line of a row on phones: `shop · fra-w-07 · 4 vCPU · 8 GiB`, each size with its bar where it is measured. */
export const vmPlace = (measured: boolean) => (row: VmRow) => {
  const { namespace, node = 'no node', cpus, memoryBytes } = row
  const size = (text: string, measure: Measure) => (
    <>
      {` · ${text}`}
      {measured && <UseMeter row={row} measure={measure} />}
    </>
  )
  return (
    <span className="placeline">
      <span className="tl">{`${namespace} · ${node}`}</span>
      <span>
        {cpus !== undefined && size(`${cpus} vCPU`, 'cpu')}
        {memoryBytes !== undefined && size(bytesText(memoryBytes), 'memory')}
      </span>
    </span>
  )
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

/** The one it is on, as `of` says, and where it goes. */
function nodeCell({ node, migration, status }: VmRow) {
  const target = status === 'Migrating' ? migration?.targetNode : undefined
  if (node === undefined || target === undefined) return node
  return (
    <span title={`${node} → ${target}`}>
      {node}
      <span className="c-transit"> → {shortTarget(node, target)}</span>
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

function addressCell({ ips = [] }: VmRow) {
  const [first, ...others] = ips
  if (first === undefined || others.length === 0) return first
  return (
    <>
      <Bdi title={first}>{first}</Bdi>
      <AndMore others={others} />
    </>
  )
}
