// One row of a list: where its kind lets it, it follows its own object, so that a change of it renders it and nothing else.
import { memo, useState } from 'react'
import { Bdi } from '../../ui/bdi.tsx'
import { Checkbox } from '../../ui/checkbox.tsx'
import { Dash } from '../../ui/dash.tsx'
import { Menu } from '../../ui/menu.tsx'
import { isPlain } from '../../util/visible-text.ts'
import type { Action } from '../action.ts'
import { keyOf } from './fleet-kind.ts'
import type { FleetColumn, FleetKind, FleetRow as Row } from './fleet-kind.ts'
import { createFlashes } from './flashes.ts'
import { useSelection } from './selection.ts'

type FleetRowProps<R extends Row> = {
  kind: FleetKind<R>
  row: R
  index: number
  /** Of its cells, in order; on phones the first and the state's. */
  columns: readonly FleetColumn<R>[]
  /** Three lines instead of columns. */
  phone: boolean
  cursor: boolean
  menuOpen: boolean
  onMenu: (row: R, open: boolean) => void
  onCursor: (row: R) => void
  /** Whether it can be selected: on phones by a long press, elsewhere by its box. */
  selectable: boolean
  /** Absent where rows have no boxes. */
  onSelect?: (row: R, extend: boolean) => void
}

export const FleetTableRow = memo(function FleetTableRow<R extends Row>({ row: given, index, ...props }: FleetRowProps<R>) {
  const { kind } = props
  // A list is of one kind for as long as it is there.
  const { useRow = itself } = kind
  const row = useRow(given)
  const place = { 'aria-rowindex': index + 2, 'data-key': keyOf(given) }
  // Gone a moment ago: its place closes with the next count of the rows.
  if (!row) return <tr {...place} className="gone" aria-hidden="true" />
  return <LiveRow row={row} place={place} {...props} />
}, sameProps) as <R extends Row>(props: FleetRowProps<R>) => React.ReactNode

const itself = <R,>(row: R): R | undefined => row

/** What follows its object need not hear of it twice, but is to know which one it is. */
function sameProps<R extends Row>({ row, ...before }: FleetRowProps<R>, { row: next, ...after }: FleetRowProps<R>): boolean {
  const sameRow = row === next || (after.kind.useRow !== undefined && keyOf(row) === keyOf(next))
  return sameRow && (Object.keys(after) as (keyof typeof after)[]).every((name) => before[name] === after[name])
}

type Place = { 'aria-rowindex': number; 'data-key': string }
type LiveRowProps<R extends Row> = Omit<FleetRowProps<R>, 'index'> & { place: Place }

function LiveRow<R extends Row>({
  kind,
  row,
  place,
  columns,
  phone,
  cursor,
  menuOpen,
  onMenu,
  onCursor,
  selectable,
  onSelect,
}: LiveRowProps<R>) {
  const [flashesOf] = useState(createFlashes<R>)
  const flashes = flashesOf(row, columns)
  const selected = useSelection(({ uids }) => uids.has(row.uid))
  return (
    <tr
      role="row"
      {...place}
      className={cursor ? 'cursor' : undefined}
      aria-selected={selectable ? selected : undefined}
      onFocus={() => onCursor(row)}
      onClick={() => onCursor(row)}
    >
      {onSelect && (
        <td role="cell" className="c-sel">
          <Checkbox aria-label={`Select ${row.name}`} checked={selected} onCheckedChange={(_, event) => onSelect(row, event.shiftKey)} />
        </td>
      )}
      {columns.map(({ id, className, cell }, at) => (
        <td key={id} role="cell" className={cellClass(className, at)} data-flash={flashes[id]} {...content(cell(row))} />
      ))}
      {phone && (
        <td role="cell" className="c-third">
          {kind.phoneLine(row)}
        </td>
      )}
      <td role="cell" className="c-more">
        {kind.useActions && <RowMenuButton kind={kind} row={row} open={menuOpen} onMenu={onMenu} />}
      </td>
    </tr>
  )
}

const dash = <Dash />

/** Of a cell: text is somebody else's, and what is missing a dash. */
function content(of: React.ReactNode): { title?: string; children: React.ReactNode } {
  if (of === undefined || of === false || of === '') return { children: dash }
  if (typeof of !== 'string') return { children: of }
  return isPlain(of) ? { title: of, children: of } : { children: <Bdi title={of}>{of}</Bdi> }
}

export const cellClass = (className: string | undefined, at: number) =>
  at === 0 ? ['c-name', className].filter(Boolean).join(' ') : className

type RowMenuProps<R extends Row> = { kind: FleetKind<R>; row: R; open: boolean; onMenu: (row: R, open: boolean) => void }

/** The icon of other menus, its three dots in one path: it stands in every row. */
const moreMark = (
  <svg className="ic" viewBox="0 0 24 24" aria-hidden="true">
    <path d="M4 12a1 1 0 1 0 2 0a1 1 0 1 0-2 0m7 0a1 1 0 1 0 2 0a1 1 0 1 0-2 0m7 0a1 1 0 1 0 2 0a1 1 0 1 0-2 0" />
  </svg>
)

/** A plain button until it is first pressed: a menu, with all its questions about rights, is made for no more rows than that. */
function RowMenuButton<R extends Row>({ kind, row, open, onMenu }: RowMenuProps<R>) {
  const [used, setUsed] = useState(open ? row.uid : undefined)
  if (open && used !== row.uid) setUsed(row.uid)
  const props = {
    type: 'button',
    className: 'ibtn sm',
    'aria-label': `Actions for ${row.name}`,
    children: moreMark,
  } as const
  // The row's place may be another's by now, whose menu is another.
  if (used === row.uid) return <RowMenu key={row.uid} kind={kind} row={row} open={open} onMenu={onMenu} trigger={<button {...props} />} />
  return <button {...props} aria-haspopup="menu" aria-expanded="false" onClick={() => onMenu(row, true)} />
}

const noActions = (): Action[] => []

function RowMenu<R extends Row>({ kind, row, open, onMenu, trigger }: RowMenuProps<R> & { trigger: React.ReactElement }) {
  const { useActions = noActions } = kind
  return (
    <Menu
      label={`Actions for ${row.name}`}
      actions={useActions(row)}
      trigger={trigger}
      open={open}
      onOpenChange={(next) => onMenu(row, next)}
    />
  )
}
