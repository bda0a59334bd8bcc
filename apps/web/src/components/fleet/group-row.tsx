// The head of a group in a list: what its rows have in common, how many they are, and a box for all of them.
import { create } from 'zustand'
import { Bdi } from '../../ui/bdi.tsx'
import { Checkbox } from '../../ui/checkbox.tsx'
import { IconMark } from '../../ui/icon.tsx'
import { ChevronDownIcon, ChevronRightIcon } from '../../ui/icons.ts'
import { StateGlyph } from '../../ui/state-glyph.tsx'
import { formatCount } from '../../util/format.ts'
import { visibleText } from '../../util/visible-text.ts'
import { Bubbles } from './bubbles.tsx'
import type { FleetKind, FleetRow } from './fleet-kind.ts'
import { groupDataKey, groupName } from './groups.ts'
import type { Group } from './groups.ts'
import { allOrNoneOf, coverage, select, useSelection } from './selection.ts'

type Folds = Readonly<Record<string, ReadonlySet<string>>>

/** Which groups are folded, for as long as the tab lives: by list and facet. */
const useFolds = create<{ folds: Folds }>()(() => ({ folds: {} }))
const none: ReadonlySet<string> = new Set()
const foldsKey = (kindId: string, key: string | undefined) => `${kindId} ${key ?? ''}`

export const useFolded = (kindId: string, key: string | undefined) => useFolds(({ folds }) => folds[foldsKey(kindId, key)] ?? none)

export function setFolded(kindId: string, key: string, change: (folded: ReadonlySet<string>) => ReadonlySet<string>): void {
  const name = foldsKey(kindId, key)
  useFolds.setState(({ folds }) => ({ folds: { ...folds, [name]: change(folds[name] ?? none) } }))
}

export function foldGroup(kindId: string, key: string, group: Pick<Group<unknown>, 'value'>, fold: boolean): void {
  setFolded(kindId, key, (folded) => {
    const next = new Set(folded)
    if (fold) next.add(groupName(group))
    else next.delete(groupName(group))
    return next
  })
}

type GroupRowProps<R extends FleetRow> = {
  kind: FleetKind<R>
  /** The facet that groups. */
  by: string
  group: Group<R>
  index: number
  columns: number
  folded: boolean
  cursor: boolean
  selectable: boolean
  onCursor: (group: Group<R>) => void
}

export function GroupRow<R extends FleetRow>({ kind, by, group, index, columns, folded, cursor, selectable, onCursor }: GroupRowProps<R>) {
  const state = kind.states.find(({ key, value }) => key === by && value === group.value)
  const label = kind.groupings.find(({ key }) => key === by)?.label ?? by
  const text = state?.label ?? group.value ?? `No ${label.toLowerCase()}`
  return (
    <tr
      role="row"
      className={cursor ? 'group cursor' : 'group'}
      aria-rowindex={index + 2}
      data-key={groupDataKey(group)}
      onFocus={() => onCursor(group)}
      onClick={() => onCursor(group)}
    >
      {selectable && <GroupBox group={group} label={`Select all of ${visibleText(text)}`} />}
      <td role="cell" className="c-group" colSpan={columns}>
        <button type="button" className="name grouphead" aria-expanded={!folded} onClick={() => foldGroup(kind.id, by, group, !folded)}>
          <IconMark icon={folded ? ChevronRightIcon : ChevronDownIcon} />
          {state && <StateGlyph state={state.state} className={`c-${state.state} still`} />}
          <Bdi className={group.value === undefined ? 'dim' : undefined}>{text}</Bdi>
          <em>{formatCount(group.rows.length)}</em>
          {!state && <Bubbles of={group} />}
        </button>
      </td>
    </tr>
  )
}

function GroupBox({ group: { rows }, label }: { group: Group<FleetRow>; label: string }) {
  const selection = useSelection()
  const covered = coverage(selection, rows)
  return (
    <td role="cell" className="c-sel">
      <Checkbox
        aria-label={label}
        checked={covered === 'all'}
        indeterminate={covered === 'some'}
        onCheckedChange={() => select(allOrNoneOf(selection, rows))}
      />
    </td>
  )
}
