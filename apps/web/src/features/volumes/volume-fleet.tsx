// What the list of volumes says of itself: claims, and DataVolumes that have none yet.
import { resources } from '@virtdeck/k8s'
import { volumeTold, type VolumeRow } from '@virtdeck/kubevirt'
import { Link } from 'react-router'
import { useFleetRow } from '../../api/fleet.ts'
import type { Action } from '../../components/action.ts'
import type { Deletable } from '../../components/fleet/delete-rows.tsx'
import { defineFleet } from '../../components/fleet/fleet-kind.ts'
import { useRowDialog } from '../../components/fleet/row-dialog.ts'
import {
  AndMore,
  StateCell,
  VmLink,
  ageColumn,
  bytesColumn,
  facetKey,
  facetMenu,
  nameKey,
  namespaceColumn,
  namespaceKey,
  textColumn,
} from '../../components/fleet/shared-columns.tsx'
import { paths } from '../../paths.ts'
import { Bdi } from '../../ui/bdi.tsx'
import { DiskIcon, TrashIcon } from '../../ui/icons.ts'
import { IconMark } from '../../ui/icon.tsx'
import { bytesText } from '../../util/format.ts'
import { visibleText } from '../../util/visible-text.ts'

const words: Record<string, string> = {
  running: 'bound',
  transit: 'filling',
  stopped: 'waiting',
  paused: 'waiting',
  error: 'failed',
  unknown: 'unknown',
}
const UNUSED = 'unused'
/** The words of `status:` that fit. */
const statuses = (row: VolumeRow) => [words[volumeTold(row).state] ?? '', ...(row.vms ? [] : [UNUSED])]
const stateOrder: Partial<Record<string, number>> = { error: 0, unknown: 1, transit: 2, stopped: 3 }

/** `ReadWriteOnce` as people write it. */
const shortModes: Record<string, string> = { ReadWriteOnce: 'RWO', ReadWriteMany: 'RWX', ReadOnlyMany: 'ROX', ReadWriteOncePod: 'RWOP' }
const modesOf = ({ accessModes = [] }: VolumeRow) =>
  accessModes.map((mode) => (Object.hasOwn(shortModes, mode) ? shortModes[mode] : mode) ?? mode)

export const volumeFleet = defineFleet<VolumeRow>({
  id: 'volumes',
  title: 'Volumes',
  one: 'volume',
  many: 'volumes',
  placeholder: { wide: 'name, vm:web-01, class:ceph-rbd, size:>=100Gi, status:unused', phone: 'Name or VM' },
  flexible: 'state',
  order: { column: 'name', descending: false },
  columns: [
    textColumn({ id: 'name', title: 'Name', width: 210, of: ({ name }) => name, cell: (row) => <VolumeName row={row} /> }),
    {
      id: 'state',
      title: 'State',
      width: 150,
      value: (row) => `${stateOrder[volumeTold(row).state] ?? 4} ${volumeTold(row).word}`,
      shown: ({ phase }) => phase,
      cell: (row) => {
        const { state, word } = volumeTold(row)
        return <StateCell state={state} word={word} message={row.message} {...(state === 'transit' && { progress: row.progress })} />
      },
      csv: { value: ({ phase }) => phase },
    },
    namespaceColumn,
    textColumn({
      id: 'vms',
      title: 'Used by',
      width: 146,
      of: ({ vms }) => vms?.join(' '),
      cell: (row) => row.vms && <Users row={row} />,
    }),
    bytesColumn({ id: 'size', title: 'Size', width: 84, of: ({ sizeBytes }) => sizeBytes }),
    textColumn({ id: 'class', title: 'Storage class', width: 120, className: 'dim', of: ({ storageClass }) => storageClass }),
    {
      id: 'modes',
      title: 'Access',
      width: 72,
      className: 'mono dim',
      value: (row) => modesOf(row).join(' '),
      cell: (row) => row.accessModes && <span title={visibleText(row.accessModes.join(', '))}>{visibleText(modesOf(row).join(' '))}</span>,
      csv: { value: ({ accessModes }) => accessModes?.join(' ') },
    },
    textColumn({
      id: 'mode',
      title: 'Mode',
      width: 88,
      className: 'dim',
      of: ({ volumeMode }) => volumeMode,
      shows: 'where there is room',
    }),
    textColumn({
      id: 'source',
      title: 'Filled from',
      width: 100,
      className: 'dim',
      of: ({ source }) => source,
      shows: 'where there is room',
    }),
    ageColumn,
  ],
  keys: {
    status: {
      kind: 'word',
      hint: 'bound, filling, waiting, failed, unused',
      of: (row) => [...statuses(row), row.phase],
      facet: { of: statuses, always: ['bound', 'filling', 'waiting', 'failed', UNUSED] },
    },
    vm: { kind: 'word', hint: 'which VM uses it: web-*', of: ({ vms }) => vms },
    namespace: namespaceKey,
    class: facetKey('storage class', ({ storageClass }) => storageClass),
    size: { kind: 'size', hint: '>=100Gi', of: ({ sizeBytes }) => sizeBytes },
    access: { kind: 'word', hint: 'RWO, RWX', of: (row) => [...modesOf(row), ...(row.accessModes ?? [])], facet: { of: modesOf } },
    mode: facetKey('Block, Filesystem', ({ volumeMode }) => volumeMode),
    source: facetKey('http, registry, pvc, …', ({ source }) => source),
    name: nameKey('a pattern: *-root'),
  },
  texts: ({ name, vms, storageClass }) => [name, vms, storageClass],
  attention: (row) => (volumeTold(row).state === 'error' ? 'failing' : undefined),
  states: [
    { key: 'status', value: 'bound', label: 'Bound', state: 'running' },
    { key: 'status', value: 'filling', label: 'Filling', state: 'transit' },
    { key: 'status', value: 'waiting', label: 'Waiting', state: 'stopped' },
    { key: 'status', value: 'failed', label: 'Failed', state: 'error' },
    { key: 'status', value: UNUSED, label: 'In no VM', state: 'unknown' },
  ],
  menus: [
    facetMenu('namespace', 'Namespace'),
    facetMenu('class', 'Storage class'),
    {
      label: 'More',
      facets: [
        { key: 'access', label: 'Access' },
        { key: 'mode', label: 'Mode' },
        { key: 'source', label: 'Filled from' },
      ],
    },
  ],
  state: 'state',
  phoneLine: ({ namespace, vms, sizeBytes, storageClass }) =>
    [namespace, vms?.join(', ') ?? 'in no VM', sizeBytes && bytesText(sizeBytes), storageClass].filter(Boolean).join(' · '),
  useRow: (row) => useFleetRow('persistentvolumeclaims', row),
  useActions: useVolumeActions,
})

/** A volume has no page of its own: its name leads to the VM that uses it. */
function VolumeName({ row: { namespace, name, vms } }: { row: VolumeRow }) {
  const [vm] = vms ?? []
  const text = (
    <>
      <IconMark icon={DiskIcon} className="dim" />
      <Bdi>{name}</Bdi>
    </>
  )
  if (vm === undefined)
    return (
      <span className="name plain" tabIndex={-1} title={name}>
        {text}
      </span>
    )
  return (
    <Link className="name" to={paths.virtualMachine({ namespace, name: vm })} title={name}>
      {text}
    </Link>
  )
}

function Users({ row: { namespace, vms = [] } }: { row: VolumeRow }) {
  const [first = '', ...others] = vms
  return (
    <>
      <VmLink vm={{ namespace, name: first }} />
      <AndMore others={others} />
    </>
  )
}

function useVolumeActions(row: VolumeRow): Action[] {
  const dialog = useRowDialog()
  return [
    {
      id: 'delete',
      label: 'Delete…',
      icon: TrashIcon,
      danger: true,
      disabled: deletableVolume.wont(row),
      run: () => dialog.open('delete', row),
    },
  ]
}

/** A claim that a DataVolume made would come back: it is the DataVolume that is deleted. */
const isDataVolume = ({ source, unclaimed }: VolumeRow) => source !== undefined || unclaimed === true

export const deletableVolume: Deletable<VolumeRow> = {
  one: 'volume',
  many: 'volumes',
  consequence:
    'What is on them is gone for good where their storage class reclaims by deleting, and templates that clone them have nothing to clone. This can’t be undone.',
  resourceOf: (row) => (isDataVolume(row) ? resources.dataVolumes : resources.persistentVolumeClaims),
  wont: ({ vms, phase }) =>
    phase === 'Terminating'
      ? 'It is being deleted.'
      : vms?.length
        ? `${vms.join(', ')} ${vms.length === 1 ? 'uses' : 'use'} it.`
        : undefined,
  command: (row) => `kubectl delete ${isDataVolume(row) ? 'datavolume' : 'pvc'} ${row.name} -n ${row.namespace}`,
}
