import { useMemo } from 'react'
import { Link } from 'react-router'
import { fleets, useFleet } from '../../api/fleet.ts'
import { FleetPage } from '../../components/fleet-page.tsx'
import type { FleetColumn } from '../../components/fleet-page.tsx'
import { paths } from '../../paths.ts'
import { Dash } from '../../ui/dash.tsx'
import { Elapsed } from '../../ui/elapsed.tsx'
import { NodeIcon } from '../../ui/icons.ts'
import { StatusBadge } from '../../ui/status-badge.tsx'
import { bytesText, formatCount } from '../../util/format.ts'
import { byAttention, nodeLoads, type NodeLoad } from './node-loads.ts'

/** What VMs take is added up at most so often. */
const SUM_EVERY_MS = 1_000

const columns: FleetColumn<NodeLoad>[] = [
  {
    id: 'name',
    title: 'Name',
    width: 180,
    value: ({ node }) => natural(node.name),
    cell: ({ node }) => (
      <Link className="name mono" to={paths.virtualMachines(`node:${node.name}`)} title={`VMs on ${node.name}`}>
        <bdi>{node.name}</bdi>
      </Link>
    ),
  },
  {
    id: 'state',
    title: 'State',
    width: 190,
    value: byAttention,
    cell: ({ state, word }) => <StatusBadge state={state} word={word} />,
  },
  {
    id: 'vms',
    title: 'VMs',
    className: 'num',
    width: 80,
    value: ({ vms }) => vms,
    cell: ({ vms }) => <span className="mono">{formatCount(vms)}</span>,
  },
  {
    id: 'cpu',
    title: 'vCPUs of VMs',
    width: 250,
    value: ({ cpus, node }) => share(cpus, node.cpuMillicores / 1000),
    cell: ({ cpus, cpuParts, node }) => {
      const cores = Math.round(node.cpuMillicores / 100) / 10
      // Processors are shared: more than there are is usual, and no reason for colour.
      return <Capacity used={cpus} total={cores} parts={cpuParts} text={`of ${formatCount(cores)} cores`} shared />
    },
  },
  {
    id: 'memory',
    title: 'Memory of VMs',
    width: 270,
    value: ({ memoryBytes, node }) => share(memoryBytes, node.memoryBytes),
    cell: ({ memoryBytes, memoryParts, node }) => (
      <Capacity used={memoryBytes} total={node.memoryBytes} parts={memoryParts} text={`of ${bytesText(node.memoryBytes)}`} />
    ),
  },
  {
    id: 'age',
    title: 'Age',
    className: 'mono dim',
    value: ({ node }) => -node.createdAt,
    cell: ({ node }) => <Elapsed since={node.createdAt} />,
  },
]

const facets = [
  { id: 'ready', label: 'Ready', state: 'running' as const, test: ({ state }: NodeLoad) => state === 'running' },
  {
    id: 'full',
    label: 'Memory over 85%',
    state: 'warning' as const,
    test: (load: NodeLoad) => (share(load.memoryBytes, load.node.memoryBytes) ?? 0) >= 0.85,
  },
  { id: 'cordoned', label: 'Cordoned', state: 'stopped' as const, test: ({ node }: NodeLoad) => node.unschedulable },
  { id: 'not-ready', label: 'Not ready', state: 'error' as const, test: ({ node }: NodeLoad) => !node.ready },
]

export function NodesPage() {
  const nodes = useFleet('nodes')
  const vms = useFleet('virtualmachines', SUM_EVERY_MS)
  const rows = useMemo(() => nodeLoads(nodes.rows, vms.rows), [nodes.rows, vms.rows])
  return (
    <FleetPage
      title="Nodes"
      noun="nodes"
      icon={NodeIcon}
      placeholder="Name or label"
      fleet={{ ...nodes, rows }}
      onRetry={() => fleets.nodes.retry()}
      columns={columns}
      facets={facets}
      textOf={({ node }) => [node.name, ...Object.entries(node.labels ?? {}).map(([key, value]) => `${key}=${value}`)].join(' ')}
      tie={({ node }) => natural(node.name)}
      order={{ column: 'state', descending: false }}
      empty={{ title: 'No nodes', body: 'The cluster has none, or none that may be listed.' }}
    />
  )
}

/** `n2` before `n10`. */
const natural = (name: string) => name.replaceAll(/\d+/g, (digits) => digits.padStart(8, '0'))

const share = (used: number, total: number): number | undefined => (total > 0 ? used / total : undefined)

type CapacityProps = { used: number; total: number; parts: readonly number[]; text: string; shared?: boolean }

/** A node's capacity, cut into its VMs: one sees one giant, or thirty small ones. */
function Capacity({ used, total, parts, text, shared }: CapacityProps) {
  if (total <= 0) return <Dash />
  const percent = Math.round((used / total) * 100)
  const heat = shared ? '' : percent >= 92 ? ' hot' : percent >= 85 ? ' warm' : ''
  const whole = Math.max(total, used)
  return (
    <span className="cs">
      <span className={`strip${heat}`} aria-hidden="true">
        {parts.map((part, index) => (
          <i key={index} style={{ width: `${(part / whole) * 100}%` }} />
        ))}
      </span>
      <span className="mono dim">
        <b>{percent}%</b> {text}
      </span>
    </span>
  )
}
