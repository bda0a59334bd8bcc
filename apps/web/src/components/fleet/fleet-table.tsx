// A list's table: only the rows in sight are in the DOM, each follows its own object where its kind can, and nothing but
// the visible range renders again while one scrolls. Roles are said, because rows are not laid out as a table's.
import { useCallback, useMemo, useRef, useState } from 'react'
import { useFollowedLinks } from '../../util/use-followed-links.ts'
import { useLongPress } from '../../util/use-long-press.ts'
import { extraFits, tableWidth } from './columns.ts'
import { keyOf } from './fleet-kind.ts'
import type { FleetKind, FleetRow } from './fleet-kind.ts'
import { FleetTableRow } from './fleet-row.tsx'
import { GroupRow, useFolded } from './group-row.tsx'
import { groupName } from './groups.ts'
import { headOf, isRow, lineKey, linesOf } from './lines.ts'
import type { Line } from './lines.ts'
import type { Order } from './order.ts'
import { CursorActions } from './row-shortcuts.tsx'
import { useSelection } from './selection.ts'
import { createMargins, createSlots, placesAround } from './slots.ts'
import { TableFoot } from './table-foot.tsx'
import { TableHead, columnWidths, columnsOf } from './table-head.tsx'
import { useCursor } from './use-cursor.ts'
import { useListKeys, useTick } from './use-list-keys.ts'
import type { Room } from './use-room.ts'
import { useScrolling } from './use-scrolling.ts'

type FleetTableProps<R extends FleetRow> = {
  kind: FleetKind<R>
  /** What to show, in order. Each row then follows the fleet by itself. */
  rows: readonly R[]
  /** The facet to group them by. */
  group: string | undefined
  order: Order
  onOrder: (order: Order) => void
  shown: readonly string[]
  /** Three lines for each row instead of columns. */
  phone: boolean
  room: Room
  /** Changes when rows have another height: phone, density. */
  variant: string
  stale: boolean
  /** What the rows were searched and sorted by: another search is read from its top. */
  origin: string
  /** Whether rows can be selected, and the list has a bar for those that are. */
  selectable: boolean
}

export function FleetTable<R extends FleetRow>(props: FleetTableProps<R>) {
  const { kind, rows, group, order, onOrder, shown, room, phone, variant, stale, selectable } = props
  const { width, height, rowHeight, headHeight } = room
  const boxes = selectable && !phone
  const grouped = group !== undefined
  const search = `${kind.id} ${props.origin}`
  const origin = `${search} ${variant} ${group}`
  const wrap = useRef<HTMLDivElement>(null)

  const folded = useFolded(kind.id, group)
  const groups = group === undefined ? undefined : kind.groups(rows, group)
  const lines: readonly Line<R>[] = useMemo(() => (groups ? linesOf(groups, folded) : rows), [rows, groups, folded])
  const scrolling = useScrolling({ wrap, lines, grouped, search, origin, room })
  const { virtualizer, heightOf } = scrolling
  const cursor = useCursor({ wrap, lines, folded, scrolling, origin, rowHeight })
  const tick = useTick(lines)
  const linesInSight = (height - headHeight) / rowHeight
  const keydown = useListKeys({ kind, lines, group, cursor, selectable, tick, pageLines: Math.floor(linesInSight) })

  const { set: setCursor } = cursor
  const [menu, setMenu] = useState<string>()
  const toggleMenu = useCallback(
    (row: R, open: boolean) => {
      setMenu(open ? keyOf(row) : undefined)
      if (open) setCursor(row)
    },
    [setCursor],
  )

  const visible = virtualizer.getVirtualIndexes()
  const [marginOf] = useState(createMargins)
  const [slotsOf] = useState(createSlots)
  const margin = marginOf(visible[0] ?? 0, visible.at(-1) ?? 0, virtualizer.isScrolling)
  const headAt = grouped ? headOf(lines, Math.min(visible[0] ?? -1, lines.length - 1)) : -1
  const places = placesAround(visible, lines.length, margin, cursor.place, headAt)
  // Places are within.
  const inDocument = places.map((index) => lines[index] as Line<R>)
  const slots = slotsOf(inDocument.filter(isRow).map(keyOf))
  const columns = useMemo(() => columnsOf(kind, shown), [kind, shown])
  const cells = useMemo(() => (phone ? columnsOf(kind, [kind.columns[0]?.id ?? '', kind.state]) : columns), [kind, phone, columns])
  const widths = useMemo(
    () => (phone ? undefined : columnWidths({ kind, columns, shown, width, selectable: boxes })),
    [kind, columns, shown, width, phone, boxes],
  )
  const top = (virtualizer.scrollOffset ?? 0) / rowHeight
  const tableShape = phone ? 'lines' : tableWidth(kind, shown) > width ? 'wide' : ''
  const spacerKey = (index: number) => (index === cursor.place ? 'to the cursor' : index === headAt ? 'to the head' : 'to others')
  const below = heightOf((places.at(-1) ?? -1) + 1, lines.length)

  const rowOf = (target: Element) => {
    const key = target.closest('tr')?.dataset['key']
    return inDocument.filter(isRow).find((row) => keyOf(row) === key)
  }
  const selecting = useSelection(({ uids }) => uids.size > 0)
  /** On phones a long press begins a selection; taps then go on with it. */
  const press = useLongPress(
    phone && selectable
      ? {
          onPress(target) {
            const row = rowOf(target)
            if (row) tick(row, false)
          },
          onTap(target) {
            const row = selecting && !target.closest('.c-more') ? rowOf(target) : undefined
            if (row) tick(row, false)
            return row !== undefined
          },
        }
      : undefined,
  )
  const follow = useFollowedLinks()

  return (
    <>
      <div ref={wrap} className={grouped ? 'tablewrap fleetwrap grouped' : 'tablewrap fleetwrap'} onKeyDown={keydown}>
        <table
          role="table"
          className={`rt fleett ${tableShape}`}
          aria-rowcount={lines.length + 1}
          data-stale={stale || undefined}
          data-extra={extraFits(kind, shown, width) || undefined}
          style={widths}
        >
          <caption className="sr">{kind.title}</caption>
          <TableHead columns={columns} rows={rows} order={order} onOrder={onOrder} selectable={boxes} />
          <tbody role="rowgroup" {...press} onClick={follow}>
            {inDocument.flatMap((line, at) => {
              // As many places as lines.
              const index = places[at] as number
              const key = lineKey(line)
              const above = heightOf((places[at - 1] ?? -1) + 1, index)
              return [
                above > 0 && <Spacer key={spacerKey(index)} height={above} />,
                isRow(line) ? (
                  <FleetTableRow
                    key={slots.get(key)}
                    kind={kind}
                    row={line}
                    index={index}
                    columns={cells}
                    phone={phone}
                    cursor={key === cursor.key}
                    menuOpen={key === menu}
                    onMenu={toggleMenu}
                    onCursor={setCursor}
                    selectable={selectable}
                    onSelect={boxes ? tick : undefined}
                  />
                ) : (
                  <GroupRow
                    key={key}
                    kind={kind}
                    by={group ?? ''}
                    group={line}
                    index={index}
                    columns={shown.length + 1}
                    folded={folded.has(groupName(line))}
                    cursor={key === cursor.key}
                    selectable={boxes}
                    onCursor={setCursor}
                  />
                ),
              ]
            })}
            {below > 0 && <Spacer height={below} />}
          </tbody>
        </table>
      </div>
      {cursor.line && isRow(cursor.line) && kind.useActions && (
        <CursorActions key={cursor.key} kind={kind} row={cursor.line} onMenu={toggleMenu} />
      )}
      <TableFoot
        top={top}
        bottom={top + linesInSight}
        rowCount={rows.length}
        groupCount={groups?.length}
        beside={kind.beside}
        selectable={selectable}
        actions={kind.useActions !== undefined}
      />
    </>
  )
}

function Spacer({ height }: { height: number }) {
  return (
    <tr className="spacer" aria-hidden="true">
      <td style={{ height }} />
    </tr>
  )
}
