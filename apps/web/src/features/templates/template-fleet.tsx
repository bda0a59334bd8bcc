// What the list of templates says of itself: the gallery as a table.
import type { TemplateRow } from '@virtdeck/kubevirt'
import { useNavigate } from 'react-router'
import { useFleetRow } from '../../api/fleet.ts'
import type { Action } from '../../components/action.ts'
import { defineFleet } from '../../components/fleet/fleet-kind.ts'
import {
  bytesColumn,
  cpuColumn,
  facetKey,
  facetMenu,
  linkColumn,
  memoryColumn,
  nameKey,
  osKey,
  textColumn,
} from '../../components/fleet/shared-columns.tsx'
import { paths } from '../../paths.ts'
import { PlusIcon } from '../../ui/icons.ts'
import { OsTile } from '../../ui/os-tile.tsx'
import { StatusBadge } from '../../ui/status-badge.tsx'
import { bytesText } from '../../util/format.ts'
import { visibleText } from '../../util/visible-text.ts'
import { originText } from './disk-text.ts'

const imageOf = ({ image }: TemplateRow) => image

const told = {
  ready: { state: 'running', word: 'Ready' },
  importing: { state: 'transit', word: 'Importing image' },
  missing: { state: 'error', word: 'Image missing' },
} as const

export const templateFleet = defineFleet<TemplateRow>({
  id: 'templates',
  title: 'Templates',
  one: 'template',
  many: 'templates',
  placeholder: { wide: 'name, os:ubuntu, memory:<=4Gi, status:ready', phone: 'Name or system' },
  flexible: 'description',
  order: { column: 'name', descending: false },
  columns: [
    linkColumn({
      id: 'name',
      title: 'Name',
      width: 200,
      of: ({ displayName }) => displayName,
      to: (row) => paths.createFromTemplate(row),
      mark: ({ os }) => <OsTile os={os} />,
    }),
    {
      id: 'state',
      title: 'State',
      width: 140,
      value: ({ image }) => ['missing', 'importing', 'ready'].indexOf(image),
      shown: imageOf,
      cell: (row) => (
        <span title={row.notReadyReason && visibleText(row.notReadyReason)}>
          <StatusBadge {...told[row.image]} {...(row.image === 'importing' && { progress: row.progress })} />
        </span>
      ),
      csv: { value: imageOf },
    },
    textColumn({ id: 'os', title: 'OS', width: 130, extra: 28, className: 'dim', of: ({ osName, os }) => osName ?? os }),
    cpuColumn,
    memoryColumn,
    bytesColumn({ id: 'disk', title: 'Disk', width: 76, of: ({ diskBytes }) => diskBytes }),
    textColumn({ id: 'source', title: 'Source', width: 180, extra: 46, className: 'dim', of: ({ origin }) => originText(origin) }),
    textColumn({ id: 'description', title: 'Description', width: 150, className: 'dim', of: ({ description }) => description }),
  ],
  keys: {
    status: facetKey('ready, importing, missing', imageOf, Object.keys(told)),
    os: osKey,
    family: { kind: 'word', hint: 'linux, windows, other', of: ({ family }) => family },
    memory: { kind: 'size', hint: '<=4Gi', of: ({ memoryBytes }) => memoryBytes },
    cpu: { kind: 'number', hint: '>=4', of: ({ cpus }) => cpus },
    label: { kind: 'labels', hint: 'app=pay, or app alone', of: ({ labels }) => labels },
    name: nameKey('a pattern: ubuntu-*'),
  },
  texts: ({ name, displayName, description, osName, labels }) => [name, displayName, description, osName, Object.values(labels ?? {})],
  attention: (row) => (row.image === 'missing' ? 'failing' : undefined),
  states: [
    { key: 'status', value: 'ready', label: 'Ready', state: 'running' },
    { key: 'status', value: 'importing', label: 'Importing', state: 'transit' },
    { key: 'status', value: 'missing', label: 'Image missing', state: 'error' },
  ],
  menus: [facetMenu('os', 'OS')],
  state: 'state',
  phoneLine: ({ cpus, memoryBytes, diskBytes }) =>
    [cpus && `${cpus} vCPU`, memoryBytes && bytesText(memoryBytes), diskBytes && `${bytesText(diskBytes)} disk`]
      .filter(Boolean)
      .join(' · '),
  labels: ({ labels }) => labels,
  useRow: (row) => useFleetRow('vmtemplates', row),
  useActions: useTemplateActions,
})

function useTemplateActions(row: TemplateRow): Action[] {
  const navigate = useNavigate()
  return [
    {
      id: 'create',
      label: 'Create VM…',
      icon: PlusIcon,
      disabled: row.notReadyReason,
      run: () => void navigate(paths.createFromTemplate(row)),
    },
  ]
}
