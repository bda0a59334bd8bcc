// What the list of nodes says of itself.
import { Link } from 'react-router'
import { defineFleet } from '../../components/fleet/fleet-kind.ts'
import { ageColumn, facetKey, facetMenu, nameKey, textColumn } from '../../components/fleet/shared-columns.tsx'
import { paths } from '../../paths.ts'
import { Bdi } from '../../ui/bdi.tsx'
import { Dash } from '../../ui/dash.tsx'
import { StatusBadge } from '../../ui/status-badge.tsx'
import { bytesText, countText, formatCount } from '../../util/format.ts'
import { byAttention, share, type NodeLoad } from './node-loads.ts'
import './nodes.css'
import { useNodeActions } from './use-node-actions.ts'

const FULL = 0.85

/** The words of `status:` that fit. */
function statuses(load: NodeLoad): string[] {
  const words = load.ready ? (load.state === 'running' ? ['ready'] : []) : ['notready']
  if (load.draining) words.push('draining')
  if (load.unschedulable) words.push('cordoned')
  if (load.ready && !load.unschedulable && !load.schedulable) words.push('unfit')
  if ((share(load.memoryUsedBytes, load.memoryBytes) ?? 0) >= FULL) words.push('full')
  return words
}

const states = [
  { key: 'status', value: 'ready', label: 'Ready', state: 'running' as const },
  { key: 'status', value: 'full', label: 'Memory over 85%', state: 'warning' as const },
  { key: 'status', value: 'draining', label: 'Draining', state: 'transit' as const },
  { key: 'status', value: 'cordoned', label: 'Cordoned', state: 'stopped' as const },
  { key: 'status', value: 'notready', label: 'Not ready', state: 'error' as const },
]

const label = (load: NodeLoad, name: string) => load.labels?.[name]
const zoneOf = (load: NodeLoad) => label(load, 'topology.kubernetes.io/zone')

export const nodeFleet = defineFleet<NodeLoad>({
  id: 'nodes',
  title: 'Nodes',
  one: 'node',
  many: 'nodes',
  placeholder: { wide: 'name, label:disk=nvme, status:cordoned, vms:>20', phone: 'Name or label' },
  flexible: 'state',
  order: { column: 'state', descending: false },
  columns: [
    textColumn({
      id: 'name',
      title: 'Name',
      width: 180,
      of: ({ name }) => name,
      cell: ({ name }) => (
        <Link className="name mono" to={paths.virtualMachines(`node:${name}`)} title={`VMs on ${name}`}>
          <Bdi>{name}</Bdi>
        </Link>
      ),
    }),
    {
      id: 'state',
      title: 'State',
      width: 150,
      value: byAttention,
      shown: ({ word }) => word,
      cell: (load) => <NodeState load={load} />,
      csv: { value: ({ word }) => word },
    },
    textColumn({ id: 'zone', title: 'Zone', width: 110, className: 'dim', of: zoneOf, shows: 'where there is room' }),
    {
      id: 'vms',
      title: 'VMs',
      width: 66,
      className: 'num mono',
      value: ({ vms }) => vms,
      shown: ({ vms }) => vms,
      cell: ({ vms }) => formatCount(vms),
    },
    {
      id: 'cpu',
      title: 'vCPUs of VMs',
      width: 250,
      value: ({ cpusUsed, cpuMillicores }) => share(cpusUsed, cpuMillicores / 1000),
      cell: ({ cpusUsed, cpuParts, cpuMillicores }) => {
        const cores = Math.round(cpuMillicores / 100) / 10
        // Processors are shared: more than there are is usual, and no reason for colour.
        return <Capacity used={cpusUsed} total={cores} parts={cpuParts} text={`of ${formatCount(cores)} cores`} shared />
      },
      csv: { title: 'vCPUs of VMs', value: ({ cpusUsed }) => cpusUsed },
      shows: 'where there is room',
    },
    {
      id: 'memory',
      title: 'Memory of VMs',
      width: 260,
      value: ({ memoryUsedBytes, memoryBytes }) => share(memoryUsedBytes, memoryBytes),
      cell: ({ memoryUsedBytes, memoryBytes, memoryParts }) => (
        <Capacity used={memoryUsedBytes} total={memoryBytes} parts={memoryParts} text={`of ${bytesText(memoryBytes)}`} />
      ),
      csv: { title: 'Memory of VMs (bytes)', value: ({ memoryUsedBytes }) => memoryUsedBytes },
    },
    { ...ageColumn, shows: 'where there is room' },
  ],
  keys: {
    status: facetKey(
      'ready, draining, cordoned, notready, full',
      statuses,
      states.map(({ value }) => value),
    ),
    name: nameKey('a pattern: fra-w-*'),
    zone: facetKey('availability zone', zoneOf),
    label: { kind: 'labels', hint: 'disk=nvme, or disk alone', of: ({ labels }) => labels },
    vms: { kind: 'number', hint: '>20', of: ({ vms }) => vms },
    memory: { kind: 'size', hint: '>=256Gi', of: ({ memoryBytes }) => memoryBytes },
  },
  texts: ({ name, labels }) => [name, Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`)],
  states,
  menus: [facetMenu('zone', 'Zone')],
  state: 'state',
  phoneLine: ({ vms, memoryUsedBytes, memoryBytes, cpuMillicores }) => {
    const percent = Math.round((share(memoryUsedBytes, memoryBytes) ?? 0) * 100)
    return `${countText(vms, 'VM')} · ${countText(cpuMillicores / 1000, 'core')} · ${percent}% of ${bytesText(memoryBytes)}`
  },
  labels: ({ labels }) => labels,
  useActions: useNodeActions,
})

/** While it is drained, how far that is: where another drains it, what is left. */
function NodeState({ load: { state, word, draining, vms } }: { load: NodeLoad }) {
  return (
    <span className="st">
      <StatusBadge state={state} word={word} {...(draining?.since !== undefined && { since: draining.since })} />
      {draining && (
        <span className="mono dim drainpart">
          {draining.total === undefined
            ? `${formatCount(vms)} left`
            : `${formatCount(draining.ended ?? 0)} of ${formatCount(draining.total)}`}
        </span>
      )}
    </span>
  )
}

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
