// One row of the list: it follows its own VM, so that a change of it renders it and nothing else.
import type { VmRow } from '@virtdeck/kubevirt'
import { memo, useState } from 'react'
import { useVmRow } from '../../api/fleet.ts'
import type { VmRef } from '../../paths.ts'
import { Checkbox } from '../../ui/checkbox.tsx'
import { IconMark } from '../../ui/icon.tsx'
import { MoreIcon } from '../../ui/icons.ts'
import { Menu } from '../../ui/menu.tsx'
import type { ColumnId } from './column-choice.ts'
import { useVmActions } from '../../components/vm/vm-actions.tsx'
import { useSelection } from './selection.ts'
import { columns } from './vm-columns.tsx'

export const keyOf = ({ namespace, name }: VmRef) => `${namespace}/${name}`

type VmTableRowProps = VmRef & {
  index: number
  shown: readonly ColumnId[]
  cursor: boolean
  menuOpen: boolean
  onMenu: (ref: VmRef, open: boolean) => void
  onCursor: (ref: VmRef) => void
  /** Absent where rows have no boxes: on phones. */
  onSelect?: (row: VmRow, extend: boolean) => void
}

export const VmTableRow = memo(function VmTableRow({ namespace, name, index, ...props }: VmTableRowProps) {
  const row = useVmRow({ namespace, name })
  const place = { 'aria-rowindex': index + 2, 'data-key': keyOf({ namespace, name }) }
  // Gone a moment ago: its place closes with the next count of the rows.
  if (!row) return <tr {...place} className="gone" aria-hidden="true" />
  return <LiveRow row={row} place={place} {...props} />
})

type LiveRowProps = Omit<VmTableRowProps, 'namespace' | 'name' | 'index'> & {
  row: VmRow
  place: { 'aria-rowindex': number; 'data-key': string }
}

function LiveRow({ row, place, shown, cursor, menuOpen, onMenu, onCursor, onSelect }: LiveRowProps) {
  const flashes = useFlashes(row)
  const selected = useSelection(({ uids }) => uids.has(row.uid))
  return (
    <tr
      {...place}
      className={cursor ? 'cursor' : undefined}
      aria-selected={onSelect && selected}
      onFocus={() => onCursor(row)}
      onClick={() => onCursor(row)}
    >
      {onSelect && (
        <td className="c-sel">
          <Checkbox aria-label={`Select ${row.name}`} checked={selected} onCheckedChange={(_, event) => onSelect(row, event.shiftKey)} />
        </td>
      )}
      {shown.map((id) => {
        const { className, cell } = columns[id]
        return (
          <td key={id} className={className} data-flash={flashes[id]}>
            {cell(row)}
          </td>
        )
      })}
      <td>
        <RowMenuButton row={row} open={menuOpen} onMenu={onMenu} />
      </td>
    </tr>
  )
}

type Flashes = Partial<Record<ColumnId, 'a' | 'b'>>

/** Marks cells whose content changed, in turns, so that each change begins a new animation. */
function useFlashes(row: VmRow): Flashes {
  const [seen, setSeen] = useState<{ row: VmRow; flashes: Flashes }>({ row, flashes: {} })
  if (seen.row === row) return seen.flashes
  const flashes = { ...seen.flashes }
  for (const { id, shown } of Object.values(columns)) if (shown(seen.row) !== shown(row)) flashes[id] = flashes[id] === 'a' ? 'b' : 'a'
  setSeen({ row, flashes })
  return flashes
}

/** A plain button until it is first pressed: a menu, with all its questions about rights, is made for no more rows than that. */
function RowMenuButton({ row, open, onMenu }: { row: VmRow; open: boolean; onMenu: (ref: VmRef, open: boolean) => void }) {
  const [used, setUsed] = useState(open)
  if (open && !used) setUsed(true)
  const props = {
    type: 'button',
    className: 'ibtn sm',
    'aria-label': `Actions for ${row.name}`,
    children: <IconMark icon={MoreIcon} />,
  } as const
  if (used) return <RowMenu row={row} trigger={<button {...props} />} open={open} onOpenChange={(next) => onMenu(row, next)} />
  return <button {...props} aria-haspopup="menu" aria-expanded="false" onClick={() => onMenu(row, true)} />
}

function RowMenu({ row, ...menu }: { row: VmRow; trigger: React.ReactElement; open: boolean; onOpenChange: (open: boolean) => void }) {
  return <Menu label={`Actions for ${row.name}`} actions={useVmActions(row)} {...menu} />
}
