// What all lists have in common, whatever they list.
import type { MigrationRow, NodeRow, SnapshotRow, TemplateRow, VmRow, VolumeRow } from '@virtdeck/kubevirt'
import { describe, expect, test } from 'vitest'
import { fleetCsv } from './components/fleet/csv.ts'
import { columnOf } from './components/fleet/fleet-kind.ts'
import type { FleetKind, FleetRow } from './components/fleet/fleet-kind.ts'
import { parseQuery } from './components/fleet/language.ts'
import { listSearch } from './components/fleet/list-search.ts'
import { formatOrder, parseOrder } from './components/fleet/order.ts'
import { activityFleet } from './features/activity/activity-fleet.tsx'
import { activityRow } from './features/activity/activity-rows.ts'
import { migrationFleet } from './features/migrations/migration-fleet.tsx'
import { nodeFleet } from './features/nodes/node-fleet.tsx'
import { nodeLoads } from './features/nodes/node-loads.ts'
import { snapshotFleet } from './features/snapshots/snapshot-fleet.tsx'
import { templateFleet } from './features/templates/template-fleet.tsx'
import { vmFleet } from './features/virtual-machines/vm-fleet.ts'
import { volumeFleet } from './features/volumes/volume-fleet.tsx'

const same = { uid: 'u', namespace: 'team-2', createdAt: 1_700_000_000 }
const vm: VmRow = { ...same, name: '=web-10', status: 'Running', cpus: 4, memoryBytes: 2 ** 33, node: 'node-10', labels: { app: '@pay' } }
const node: NodeRow = {
  uid: 'n',
  name: 'node-10',
  createdAt: same.createdAt,
  ready: true,
  unschedulable: false,
  schedulable: true,
  cpuMillicores: 8_000,
  memoryBytes: 2 ** 34,
  labels: { 'topology.kubernetes.io/zone': '-a' },
}
const migration: MigrationRow = {
  ...same,
  name: 'm',
  vmiName: '=web-10',
  phase: 'Failed',
  sourceNode: 'node-10',
  failureReason: '+no room',
}
const snapshot: SnapshotRow = {
  ...same,
  name: '=nightly',
  vmName: 'web-10',
  phase: 'Succeeded',
  ready: true,
  disks: ['root'],
  sizeBytes: 5,
}
const volume: VolumeRow = { ...same, name: '=root', phase: 'Bound', vms: ['web-10', 'web-2'], accessModes: ['ReadWriteOnce'], sizeBytes: 7 }
const template: TemplateRow = { uid: 't', name: 'debian', createdAt: 1, displayName: '=Debian 12', family: 'linux', image: 'ready' }
const activity = activityRow({
  metadata: { uid: 'a', name: 'a', creationTimestamp: '2026-11-20T10:00:00Z' },
  requestId: 'r',
  event: 'vm.start',
  actor: { kind: 'user', name: '=ann', groups: 1, mode: 'demo', sid: 's' },
  running: false,
  position: '1',
  result: { status: 200, reason: '', ms: 12 },
})

type Case = { id: string; kind: FleetKind<FleetRow>; rows: FleetRow[]; csv: string }
const of = <R extends FleetRow>(kind: FleetKind<R>, rows: R[], csv: string): Case => ({
  id: kind.id,
  kind: kind as unknown as FleetKind<FleetRow>,
  rows,
  csv,
})

const cases = [
  of(vmFleet, [vm], "'=web-10,Running,team-2,node-10"),
  of(nodeFleet, nodeLoads([node], [vm]), "node-10,Ready,'-a,1,4,8589934592,2023-11-14T22:13:20.000Z"),
  of(migrationFleet, [migration], "'=web-10,Failed,team-2,node-10,,,2023-11-14T22:13:20.000Z,'+no room"),
  of(snapshotFleet, [snapshot], "'=nightly,Ready,web-10,team-2,offline,1,5,,2023-11-14T22:13:20.000Z"),
  of(volumeFleet, [volume], "'=root,Bound,team-2,web-10 web-2,7,,ReadWriteOnce,,,2023-11-14T22:13:20.000Z"),
  of(templateFleet, [template], "'=Debian 12,ready,,,,,No disk,"),
  of(activityFleet, [activity], "2026-11-20T10:00:00.000Z,'=ann,"),
]

describe.each(cases)('the list of $id', ({ kind, rows, csv }) => {
  const every = kind.columns.map(({ id }) => id)

  test('exports what it shows in the order shown, in words and plain figures, and nothing that a spreadsheet runs [F226]', () => {
    const [titles, first = ''] = fleetCsv(kind, rows, every).split('\r\n')
    expect(titles?.split(',')).toEqual(kind.columns.map(({ title, csv: exported }) => exported?.title ?? title))
    expect(first.startsWith(csv)).toBe(true)
    const [last, ...others] = every.toReversed()
    const turned = fleetCsv(kind, rows, [...others, last ?? ''])
      .split('\r\n')[0]
      ?.split(',')
    expect(turned?.[0]).toBe(columnOf(kind, others[0] ?? '')?.csv?.title ?? columnOf(kind, others[0] ?? '')?.title)
  })

  test('has its search, order and groups in the URL, and reads the same back [F008] [F223] [F225]', () => {
    for (const id of every)
      for (const descending of [false, true]) {
        const order = { column: id, descending }
        const text = formatOrder(order, kind.order) ?? ''
        const search = new URLSearchParams(listSearch(new URLSearchParams(), { q: 'a', sort: text, group: 'namespace' }))
        expect(parseOrder(search.get('sort'), (column) => columnOf(kind, column) !== undefined, kind.order)).toEqual(order)
        expect([search.get('q'), search.get('group')]).toEqual(['a', 'namespace'])
      }
  })

  test('can be grouped by its state and its facets, and finds every value that a group has', () => {
    expect(kind.groupings.length).toBeGreaterThan(0)
    for (const { key } of kind.groupings) {
      const groups = kind.groups(rows, key)
      expect(groups.flatMap((group) => group.rows)).toEqual(rows)
      for (const { value } of groups) {
        if (value === undefined) continue
        const terms = parseQuery(kind.language, `${key}:"${value}"`)
        expect(kind.scanner.scan(rows, terms, kind.order)?.rows).toEqual(rows)
      }
    }
  })

  test('has a state, a flexible column and an order that are its own', () => {
    for (const id of [kind.state, kind.flexible, kind.order.column]) expect(columnOf(kind, id)).toBeDefined()
  })
})

test('exports the columns of labels as what they hold [F226]', () => {
  expect(fleetCsv(vmFleet, [vm], ['name', 'label:app', 'namespace'])).toBe("Name,app,Namespace\r\n'=web-10,'@pay,team-2\r\n")
})
