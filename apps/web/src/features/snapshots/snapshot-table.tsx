import type { VirtualMachineRestore } from '@virtdeck/k8s'
import type { CSSProperties } from 'react'
import { useNow } from '../../api/now.ts'
import type { Action } from '../../components/action.ts'
import { IconButton } from '../../ui/button.tsx'
import { Dash } from '../../ui/dash.tsx'
import { Elapsed } from '../../ui/elapsed.tsx'
import { IconMark } from '../../ui/icon.tsx'
import { MoreIcon, SnapshotIcon, WarningIcon } from '../../ui/icons.ts'
import { Menu } from '../../ui/menu.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Progress } from '../../ui/progress.tsx'
import { Quantity } from '../../ui/quantity.tsx'
import { Segmented } from '../../ui/segmented.tsx'
import { StateGlyph } from '../../ui/state-glyph.tsx'
import { StatusBadge } from '../../ui/status-badge.tsx'
import { Tooltip } from '../../ui/tooltip.tsx'
import { formatDate, formatFullDate } from '../../util/format.ts'
import { snapshotTree, type SnapshotEntry } from './snapshot-entries.ts'
import { Bdi, Told } from '../../ui/bdi.tsx'

type View = 'list' | 'tree'

type SnapshotTableProps = {
  entries: readonly SnapshotEntry[]
  restores: readonly VirtualMachineRestore[]
  selected: string
  view: View
  actionsOf: (entry: SnapshotEntry) => Action[]
  onSelect: (name: string) => void
  onView: (view: View) => void
}

export function SnapshotTable({ entries, restores, selected, view, actionsOf, onSelect, onView }: SnapshotTableProps) {
  const lines = view === 'tree' ? snapshotTree(entries, restores) : entries.map((entry) => ({ entry, level: 0, first: false }))
  return (
    <Panel
      title={
        <>
          Snapshots <span className="tn">{entries.length}</span>
        </>
      }
      actions={
        <Segmented
          label="View"
          value={view}
          onValueChange={onView}
          options={[
            { value: 'list', label: 'List' },
            { value: 'tree', label: 'Tree' },
          ]}
        />
      }
    >
      <div className="hscroll">
        <table className="rt mini sn">
          <thead>
            <tr>
              <th>Name</th>
              <th>Taken</th>
              <th>Size</th>
              <th>State</th>
              <th>Made with</th>
              <th>
                <span className="sr">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {lines.map((line) =>
              'now' in line ? (
                <NowRow key="now" level={line.level} first={line.first} />
              ) : (
                <SnapshotRow
                  key={line.entry.uid}
                  entry={line.entry}
                  level={line.level}
                  first={line.first}
                  selected={line.entry.name === selected}
                  actions={actionsOf(line.entry)}
                  onSelect={() => onSelect(line.entry.name)}
                />
              ),
            )}
          </tbody>
        </table>
      </div>
    </Panel>
  )
}

type RowProps = { entry: SnapshotEntry; level: number; first: boolean; selected: boolean; actions: Action[]; onSelect: () => void }

function SnapshotRow({ entry, level, first, selected, actions, onSelect }: RowProps) {
  const now = useNow(60_000)
  return (
    <tr aria-selected={selected} onClick={onSelect}>
      <td>
        <span className={level > 0 ? 'sname aside' : 'sname'} style={levelStyle(level)}>
          <span className={first ? 'branch first' : 'branch'}>
            <IconMark icon={SnapshotIcon} />
          </span>
          <button type="button" className="hi" aria-pressed={selected} onClick={onSelect}>
            {entry.name}
          </button>
        </span>
      </td>
      <td className="nowrap" title={formatFullDate(entry.takenAt * 1000)}>
        <span className="desk">{formatDate(entry.takenAt * 1000, now)}</span> <Elapsed since={entry.takenAt} className="mono dim" />
      </td>
      <td>{entry.sizeBytes === undefined ? <Dash /> : <Quantity bytes={entry.sizeBytes} />}</td>
      <td>
        <span className="row">
          <SnapshotState entry={entry} />
          {entry.state === 'taking' && <Progress label={`Taking ${entry.name}`} />}
        </span>
      </td>
      <td>
        <MadeWith entry={entry} />
      </td>
      <td onClick={(event) => event.stopPropagation()}>
        <Menu
          label={`Actions for ${entry.name}`}
          actions={actions}
          trigger={<IconButton icon={MoreIcon} label={`Actions for ${entry.name}`} small />}
        />
      </td>
    </tr>
  )
}

/** Where the VM is now, in the tree of its snapshots. */
function NowRow({ level, first }: { level: number; first: boolean }) {
  return (
    <tr>
      <td>
        <span className={level > 0 ? 'sname aside' : 'sname'} style={levelStyle(level)}>
          <span className={first ? 'branch first' : 'branch'}>
            <StateGlyph state="running" className="c-accent" />
          </span>
          <span className="lnk">Now</span>
        </span>
      </td>
      <td colSpan={5} />
    </tr>
  )
}

const levelStyle = (level: number) => ({ '--l': level }) as CSSProperties

export function SnapshotState({ entry: { state } }: { entry: SnapshotEntry }) {
  switch (state) {
    case 'ready':
      return <StatusBadge state="running" word="Ready" />
    case 'taking':
      return <StatusBadge state="transit" word="Taking" />
    case 'deleting':
      return <StatusBadge state="transit" word="Deleting" />
    case 'failed':
      return <StatusBadge state="error" word="Failed" />
  }
}

function MadeWith({ entry: { state, message, madeWith, warning } }: { entry: SnapshotEntry }) {
  if (state === 'failed' || state === 'taking')
    return (
      <span className="dim small">
        <Told>{message}</Told>
      </span>
    )
  if (madeWith.length === 0) return <Dash />
  if (!warning) return <Bdi className="chip">{madeWith.join(', ')}</Bdi>
  return (
    <Tooltip content={warning}>
      <span className="chip warn" tabIndex={0}>
        <IconMark icon={WarningIcon} />
        <Bdi>{madeWith.join(', ')}</Bdi>
        <span className="sr">{warning}</span>
      </span>
    </Tooltip>
  )
}
