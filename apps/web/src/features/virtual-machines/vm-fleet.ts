// What the list of VMs says of itself: its search language, its facets, its rows' verbs.
import { statusWords, vmState } from '@virtdeck/kubevirt'
import type { VmRow, VmState } from '@virtdeck/kubevirt'
import { useVmRow } from '../../api/fleet.ts'
import { defineFleet } from '../../components/fleet/fleet-kind.ts'
import type { Key } from '../../components/fleet/language.ts'
import { sizeWord } from '../../components/fleet/language.ts'
import { facetKey, facetMenu, nameKey, namespaceKey, osKey } from '../../components/fleet/shared-columns.tsx'
import { useVmActions } from '../../components/vm/vm-actions.tsx'
import { vmColumns, vmPlace } from './vm-columns.tsx'
import { measuredUse, searchedPercent, unmeasuredUse } from './vm-use.tsx'

/** The facets' names of states. */
const stateWords: Record<VmState, string> = {
  running: 'running',
  stopped: 'stopped',
  transit: 'transition',
  paused: 'paused',
  error: 'failing',
  unknown: 'unknown',
}

const WARNING = 'warning'

/** Something to see to on a VM that does what it should. */
export function hasWarning(row: VmRow): boolean {
  return row.restartRequired === true || (row.notMigratable !== undefined && vmState(row) === 'running')
}

/** `Crash loop`, `CrashLoop` and `crash-loop` are one word. */
const statusWord = (text: string) => text.toLowerCase().replaceAll(/[\s_-]/g, '')

/** What the facet counts: few different lists, each made once. */
const facets = new Map<string, readonly string[]>()

function statusFacet(row: VmRow): readonly string[] {
  const state = stateWords[vmState(row)]
  const name = hasWarning(row) ? `${state} ${WARNING}` : state
  let found = facets.get(name)
  if (!found) facets.set(name, (found = name.split(' ')))
  return found
}

/** The words of `status:` that fit: the facets' names, KubeVirt's own status and what the badge says. */
const statuses = (row: VmRow) => [...statusFacet(row), statusWord(row.status), statusWord(statusWords(row))]

const keys: Record<string, Key<VmRow>> = {
  status: {
    kind: 'word',
    hint: 'running, failing, warning, …',
    of: statuses,
    fold: statusWord,
    facet: { of: statusFacet, always: [...Object.values(stateWords), WARNING] },
  },
  namespace: namespaceKey,
  node: facetKey('where it runs', ({ node }) => node),
  os: osKey,
  ip: { kind: 'beginning', hint: 'the beginning of any address', of: ({ ips }) => ips },
  label: { kind: 'labels', hint: 'app=pay, or app alone', of: ({ labels }) => labels },
  memory: {
    kind: 'size',
    hint: '>=4Gi',
    of: ({ memoryBytes }) => memoryBytes,
    facet: { of: ({ memoryBytes }) => sizeWord(memoryBytes) },
  },
  cpu: { kind: 'number', hint: '>=4', of: ({ cpus }) => cpus },
  cpuuse: { kind: 'number', hint: '>=80: percent of its CPU in use', of: (row) => searchedPercent(row, 'cpu') },
  memoryuse: { kind: 'number', hint: '>=80: percent of its memory in use', of: (row) => searchedPercent(row, 'memory') },
  runstrategy: facetKey('Always, Halted, …', ({ runStrategy }) => runStrategy),
  type: facetKey('instance type', ({ instancetype }) => instancetype),
  name: nameKey('a pattern: web-*'),
}

/** Where a Prometheus says what VMs use. */
export const measuredVmFleet = defineFleet<VmRow>({
  id: 'virtual-machines',
  title: 'Virtual machines',
  one: 'virtual machine',
  many: 'VMs',
  placeholder: { wide: 'name, ip:10.42. or label:app=pay, status:paused', phone: 'Name, IP or label' },
  columns: vmColumns(true),
  flexible: 'status',
  order: { column: 'name', descending: false },
  keys,
  texts: ({ name, labels, ips }) => [name, Object.values(labels ?? {}), ips],
  attention: (row) => (vmState(row) === 'error' ? 'failing' : hasWarning(row) ? 'warning' : undefined),
  states: [
    { key: 'status', value: stateWords.running, label: 'Running', state: 'running' },
    { key: 'status', value: stateWords.stopped, label: 'Stopped', state: 'stopped' },
    { key: 'status', value: stateWords.transit, label: 'In transition', state: 'transit' },
    { key: 'status', value: stateWords.paused, label: 'Paused', state: 'paused' },
    { key: 'status', value: stateWords.error, label: 'Failing', state: 'error' },
    { key: 'status', value: WARNING, label: 'Warnings', state: 'warning' },
  ],
  menus: [
    facetMenu('namespace', 'Namespace'),
    facetMenu('node', 'Node'),
    facetMenu('os', 'OS'),
    { label: 'Memory', facets: [{ key: 'memory', label: 'Memory', sizes: true }] },
    {
      label: 'More',
      facets: [
        { key: 'runstrategy', label: 'Run strategy' },
        { key: 'type', label: 'Instance type' },
      ],
    },
  ],
  state: 'status',
  phoneLine: vmPlace(true),
  beside: measuredUse,
  labels: ({ labels }) => labels,
  useRow: useVmRow,
  useActions: useVmActions,
})

export const vmFleet: typeof measuredVmFleet = {
  ...measuredVmFleet,
  columns: vmColumns(false),
  phoneLine: vmPlace(false),
  beside: unmeasuredUse,
}
