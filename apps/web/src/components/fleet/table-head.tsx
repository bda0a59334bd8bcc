// The head of a list's table: how wide its columns are, what each is called, and which one it is sorted by.
import { memo } from 'react'
import { Bdi } from '../../ui/bdi.tsx'
import { Checkbox } from '../../ui/checkbox.tsx'
import { IconMark } from '../../ui/icon.tsx'
import { ChevronDownIcon, ChevronUpIcon } from '../../ui/icons.ts'
import { MENU_WIDTH, SELECT_WIDTH, columnWidth, tableWidth } from './columns.ts'
import { columnOf } from './fleet-kind.ts'
import type { FleetColumn, FleetKind, FleetRow } from './fleet-kind.ts'
import { cellClass } from './fleet-row.tsx'
import { nextOrder } from './order.ts'
import type { Order } from './order.ts'
import { allOrNone, coverage, select, useSelection } from './selection.ts'

export type WidthsOptions<R extends FleetRow> = {
  kind: FleetKind<R>
  columns: readonly FleetColumn<R>[]
  shown: readonly string[]
  /** Of the table's place, in px. */
  width: number
  selectable: boolean
}

/** For the table's style: how wide its columns are, and what it does not become narrower than. Beyond that it scrolls. */
export function columnWidths<R extends FleetRow>({ kind, columns, shown, width, selectable }: WidthsOptions<R>): React.CSSProperties {
  const own = columns.map((column) => columnWidth(kind, column, shown, width))
  const widths = [...(selectable ? [SELECT_WIDTH] : []), ...own, MENU_WIDTH]
  const template = widths.map((px) => (px === undefined ? 'minmax(0, 1fr)' : `${px}px`)).join(' ')
  return { '--fleet-columns': template, '--fleet-table-w': `${tableWidth(kind, shown)}px` } as React.CSSProperties
}

export const columnsOf = <R extends FleetRow>(kind: FleetKind<R>, shown: readonly string[]): FleetColumn<R>[] =>
  shown.map((id) => columnOf(kind, id)).filter((column) => column !== undefined)

type TableHeadProps<R extends FleetRow> = {
  columns: readonly FleetColumn<R>[]
  /** That the box of the head selects. */
  rows: readonly R[]
  order: Order
  onOrder: (order: Order) => void
  selectable: boolean
}

/** Nothing in it changes with the scrolling. */
export const TableHead = memo(function TableHead<R extends FleetRow>({ columns, rows, order, onOrder, selectable }: TableHeadProps<R>) {
  return (
    <thead role="rowgroup">
      <tr role="row" aria-rowindex={1}>
        {selectable && <HeadBox rows={rows} />}
        {columns.map((column, at) => (
          <Head key={column.id} column={column} at={at} order={order} onOrder={onOrder} />
        ))}
        <th role="columnheader">
          <span className="sr">Actions</span>
        </th>
      </tr>
    </thead>
  )
}) as <R extends FleetRow>(props: TableHeadProps<R>) => React.ReactNode

function HeadBox({ rows }: { rows: readonly FleetRow[] }) {
  const selection = useSelection()
  const covered = coverage(selection, rows)
  return (
    <th role="columnheader" className="c-sel">
      <Checkbox
        aria-label="Select all shown"
        checked={covered === 'all'}
        indeterminate={covered === 'some'}
        onCheckedChange={() => select(allOrNone(selection, rows))}
      />
    </th>
  )
}

type HeadProps<R> = { column: FleetColumn<R>; at: number; order: Order; onOrder: (order: Order) => void }

function Head<R>({ column: { id, title, className }, at, order, onOrder }: HeadProps<R>) {
  const sorted = order.column === id
  return (
    <th
      role="columnheader"
      className={headClass(className, at)}
      aria-sort={sorted ? (order.descending ? 'descending' : 'ascending') : undefined}
    >
      <button type="button" className="sortby" onClick={() => onOrder(nextOrder(order, id))}>
        <Bdi>{title}</Bdi>
        {sorted && <IconMark icon={order.descending ? ChevronDownIcon : ChevronUpIcon} />}
      </button>
    </th>
  )
}

/** Where a column's cells are aligned; how they are written is theirs alone. */
export const headClass = (className: string | undefined, at: number) =>
  cellClass(
    className
      ?.split(' ')
      .filter((name) => name !== 'mono' && name !== 'dim')
      .join(' '),
    at,
  )
