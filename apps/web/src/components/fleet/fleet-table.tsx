// A list's table: only the rows in sight are in the DOM, each follows its own object where its kind can, and nothing but
// the visible range renders again while one scrolls.
import { elementScroll, useVirtualizer } from '@tanstack/react-virtual'
import type { Virtualizer, observeElementRect } from '@tanstack/react-virtual'
import { memo, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react'
import type { KeyboardEvent } from 'react'
import { create } from 'zustand'
import { useShortcut } from '../../stores/shortcuts.ts'
import { toast } from '../../stores/toasts.ts'
import { Bdi } from '../../ui/bdi.tsx'
import { Checkbox } from '../../ui/checkbox.tsx'
import { IconMark } from '../../ui/icon.tsx'
import { ChevronDownIcon, ChevronUpIcon } from '../../ui/icons.ts'
import { Keys } from '../../ui/kbd.tsx'
import { Skeleton } from '../../ui/skeleton.tsx'
import { formatCount } from '../../util/format.ts'
import { useFollowedLinks } from '../../util/use-followed-links.ts'
import { useLongPress } from '../../util/use-long-press.ts'
import type { Action } from '../action.ts'
import { movedBy } from './anchor.ts'
import { MENU_WIDTH, SELECT_WIDTH, columnWidth, extraFits, tableWidth } from './columns.ts'
import { columnOf, keyOf } from './fleet-kind.ts'
import type { Beside, FleetColumn, FleetKind, FleetRow } from './fleet-kind.ts'
import { FleetTableRow, cellClass } from './fleet-row.tsx'
import { GroupRow, foldGroup, groupDataKey, useFolded } from './group-row.tsx'
import { groupName, headOf, isGroup, linesOf } from './groups.ts'
import type { Line } from './groups.ts'
import { useNeighbour } from './neighbour.ts'
import { createMargins, createSlots, placesAround } from './slots.ts'
import { nextOrder } from './order.ts'
import type { Order } from './order.ts'
import type { Room } from './use-room.ts'
import { allOrNone, allOrNoneOf, coverage, extended, nothing, select, toggled, useSelection } from './selection.ts'

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
  const { kind, rows, group, order, onOrder, shown, room, phone, variant, stale, origin, selectable } = props
  const boxes = selectable && !phone
  const place = `${kind.id} ${origin}`
  const wrap = useRef<HTMLDivElement>(null)
  const { width, height, rowHeight, headHeight, groupHeight } = room
  const folded = useFolded(kind.id, group)
  const lines: readonly Line<R>[] = useMemo(
    () => (group === undefined ? rows : linesOf(kind.groups(rows, group), folded)),
    [kind, rows, group, folded],
  )
  const groupCount = group === undefined ? 0 : kind.groups(rows, group).length
  /** Where heads are as high as rows, their places do not matter. */
  const uneven = group !== undefined && groupHeight !== rowHeight ? lines : undefined
  const starts = useMemo(() => uneven && startsOf(uneven, rowHeight, groupHeight), [uneven, rowHeight, groupHeight])
  const heightOf = (from: number, to: number) => (starts ? (starts[to] ?? 0) - (starts[from] ?? 0) : (to - from) * rowHeight)
  const selecting = useSelection(({ uids }) => uids.size > 0)
  const sizeOf = useCallback(
    (index: number) => {
      const line = uneven?.[index]
      return line && isGroup(line) ? groupHeight : rowHeight
    },
    [rowHeight, groupHeight, uneven],
  )
  // oxlint-disable-next-line react/incompatible-library -- its functions go to no memoized child
  const virtualizer = useVirtualizer({
    count: lines.length,
    getScrollElement: () => wrap.current,
    estimateSize: sizeOf,
    overscan: 0,
    initialRect: { width, height },
    observeElementRect: observeRect,
    initialOffset: () => offsetOf(place),
    scrollToFn: scrollTo,
    scrollPaddingStart: headHeight + (group === undefined ? 0 : groupHeight),
    scrollPaddingEnd: selecting ? BAR_ROOM : 0,
    scrollMargin: headHeight,
  })
  const measuredBy = useRef(sizeOf)
  useLayoutEffect(() => {
    if (measuredBy.current !== sizeOf) virtualizer.measure()
    measuredBy.current = sizeOf
  }, [virtualizer, sizeOf])

  const [cursor, setCursor] = useState<Line<R>>()
  const [menu, setMenu] = useState<string>()
  const focusNext = useRef<string>(undefined)
  const cursorKey = cursor && lineKey(cursor)
  const cursorAt = useMemo(() => (cursor ? placeOf(lines, cursor) : -1), [lines, cursor])
  const toggleMenu = useCallback((row: R, open: boolean) => {
    setMenu(open ? keyOf(row) : undefined)
    if (open) setCursor(row)
  }, [])

  // A row that the cursor has gone to may only come into the DOM with the scrolling.
  useLayoutEffect(() => {
    if (!focusNext.current) return
    const link = wrap.current?.querySelector<HTMLElement>(`tr[data-key="${CSS.escape(focusNext.current)}"] .name`)
    if (!link) return
    focusNext.current = undefined
    link.focus({ preventScroll: true })
  })

  const origins = `${place} ${variant} ${group}`
  useStillness(virtualizer, lines, origins, rowHeight)
  useNeighbour(cursorAt, origins, wrap, (left, focus) => {
    const line = lines[Math.min(left, lines.length - 1)]
    if (!line) return
    setCursor(line)
    if (focus) focusNext.current = lineKey(line)
  })
  /** Who folds a group from amidst its rows sees its head, and what comes after it. */
  const foldedBefore = useRef(folded)
  useLayoutEffect(() => {
    const { current: before } = foldedBefore
    foldedBefore.current = folded
    const line = lines[cursorAt]
    if (before === folded || !line || isRow(line) || before.has(groupName(line)) || !folded.has(groupName(line))) return
    const start = heightOf(0, cursorAt)
    if ((virtualizer.scrollOffset ?? 0) > start) virtualizer.scrollToOffset(start)
  })

  const latest = useRef(lines)
  useLayoutEffect(() => {
    latest.current = lines
  })
  const tick = useCallback((row: R, extend: boolean) => {
    const selection = useSelection.getState()
    select(extend ? extended(selection, row.uid, latest.current.filter(isRow)) : toggled(selection, row.uid))
  }, [])

  const lineAtCursor = () => lines[cursorAt]
  /** Shift with an arrow: from where the cursor stood, if nothing else was begun with. */
  const moveExtending = (by: number) => {
    const from = lineAtCursor()
    const selection = useSelection.getState()
    if (from && isRow(from) && !selection.uids.has(from.uid)) select(toggled(selection, from.uid))
    const to = move(by)
    if (to && isRow(to)) tick(to, true)
  }

  const goTo = (wanted: number): Line<R> | undefined => {
    const index = Math.min(Math.max(wanted, 0), lines.length - 1)
    const line = lines[index]
    if (!line) return undefined
    setCursor(line)
    focusNext.current = lineKey(line)
    virtualizer.scrollToIndex(index)
    return line
  }
  const move = (by: number) => goTo(cursorAt < 0 ? firstVisible(virtualizer.scrollOffset ?? 0, rowHeight) : cursorAt + by)

  useShortcut('j', { label: 'Next row', group: 'List', run: () => void move(1) })
  useShortcut('k', { label: 'Previous row', group: 'List', run: () => void move(-1) })
  useShortcut('x', {
    label: 'Select',
    group: 'List',
    enabled: selectable,
    run: () => {
      const line = lineAtCursor()
      if (!line) return
      if (isRow(line)) tick(line, false)
      else select(allOrNoneOf(useSelection.getState(), line.rows))
    },
  })
  useShortcut('Escape', { label: 'Clear selection', group: 'List', enabled: selecting, run: () => select(nothing) })
  useScrollMemory(virtualizer, place)

  /** As in a tree: from a row to the head of its group, and from there in and out. */
  function foldByKey(key: string): boolean {
    if (group === undefined || (key !== 'ArrowLeft' && key !== 'ArrowRight')) return false
    const line = lineAtCursor()
    if (!line) return false
    if (!isRow(line)) foldGroup(kind.id, group, line, key === 'ArrowLeft')
    else if (key === 'ArrowLeft') goTo(headOf(lines, cursorAt))
    return true
  }

  function keydown(event: KeyboardEvent) {
    const page = Math.max(1, Math.floor((height - headHeight) / rowHeight) - 1)
    const steps: Record<string, number> = {
      ArrowDown: 1,
      j: 1,
      ArrowUp: -1,
      k: -1,
      PageDown: page,
      PageUp: -page,
      Home: -lines.length,
      End: lines.length,
    }
    const by = steps[event.key]
    if (event.key === 'X' && selectable) {
      const line = lineAtCursor()
      if (!line || !isRow(line)) return
      event.preventDefault()
      tick(line, true)
    }
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.target instanceof Element && event.target.closest('tbody'))) return
    if (foldByKey(event.key)) return event.preventDefault()
    if (by === undefined) return
    event.preventDefault()
    if (event.shiftKey && selectable) moveExtending(by)
    else move(by)
  }

  const visible = virtualizer.getVirtualIndexes()
  const [marginOf] = useState(createMargins)
  const [slotsOf] = useState(createSlots)
  const margin = marginOf(visible[0] ?? 0, visible.at(-1) ?? 0, virtualizer.isScrolling)
  const headAt = group === undefined ? -1 : headOf(lines, Math.min(visible[0] ?? -1, lines.length - 1))
  const places = placesAround(visible, lines.length, margin, cursorAt, headAt)
  // Places are within.
  const slots = slotsOf(
    places
      .map((index) => lines[index] as Line<R>)
      .filter(isRow)
      .map(keyOf),
  )
  const columns = useMemo(() => columnsOf(kind, shown), [kind, shown])
  const cells = useMemo(() => (phone ? columnsOf(kind, [kind.columns[0]?.id ?? '', kind.state]) : columns), [kind, phone, columns])
  const top = (virtualizer.scrollOffset ?? 0) / rowHeight
  const bottom = top + (height - headHeight) / rowHeight
  const tableShape = phone ? 'lines' : tableWidth(kind, shown) > width ? 'wide' : ''
  const spacerKey = (index: number) => (index === cursorAt ? 'to the cursor' : index === headAt ? 'to the head' : 'to others')
  const rowOf = (target: Element) => {
    const key = target.closest('tr')?.dataset['key']
    const line = places.map((index) => lines[index] as Line<R>).find((one) => lineKey(one) === key)
    return line && isRow(line) ? line : undefined
  }
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
  const below = heightOf((places.at(-1) ?? -1) + 1, lines.length)
  const span = shown.length + 2

  return (
    <>
      <div ref={wrap} className={group === undefined ? 'tablewrap fleetwrap' : 'tablewrap fleetwrap grouped'} onKeyDown={keydown}>
        <table
          className={`rt fixed fleett ${tableShape}`}
          aria-rowcount={lines.length + 1}
          data-stale={stale || undefined}
          data-extra={extraFits(kind, shown, width) || undefined}
          style={phone ? undefined : leastWidth(kind, shown)}
        >
          <caption className="sr">{kind.title}</caption>
          {!phone && <Columns kind={kind} columns={columns} shown={shown} width={width} selectable={boxes} />}
          <TableHead columns={columns} rows={rows} order={order} onOrder={onOrder} selectable={boxes} />
          <tbody {...press} onClick={follow}>
            {places.flatMap((index, at) => {
              // Places are within.
              const line = lines[index] as Line<R>
              const key = lineKey(line)
              const above = heightOf((places[at - 1] ?? -1) + 1, index)
              return [
                above > 0 && <Spacer key={spacerKey(index)} height={above} span={span} />,
                isRow(line) ? (
                  <FleetTableRow
                    key={slots.get(key)}
                    kind={kind}
                    row={line}
                    index={index}
                    columns={cells}
                    phone={phone}
                    cursor={key === cursorKey}
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
                    cursor={key === cursorKey}
                    selectable={boxes}
                    onCursor={setCursor}
                  />
                ),
              ]
            })}
            {below > 0 && <Spacer height={below} span={span} />}
          </tbody>
        </table>
      </div>
      {cursor && isRow(cursor) && kind.useActions && <CursorActions key={cursorKey} kind={kind} row={cursor} onMenu={toggleMenu} />}
      <footer className="tablefoot desk">
        {group === undefined ? (
          <span>
            <b>
              {formatCount(Math.min(rows.length, Math.round(top) + 1))}–{formatCount(Math.min(rows.length, Math.floor(bottom)))}
            </b>{' '}
            of <b>{formatCount(rows.length)}</b>
          </span>
        ) : (
          <span>
            <b>{formatCount(rows.length)}</b> in <b>{formatCount(groupCount)}</b> {groupCount === 1 ? 'group' : 'groups'}
          </span>
        )}
        <SelectedCount />
        {kind.beside && <Note of={kind.beside} />}
        <span className="grow" />
        <Hints selectable={selectable} actions={kind.useActions !== undefined} />
      </footer>
    </>
  )
}

const isRow = <R extends FleetRow>(line: Line<R>): line is R => !isGroup(line)
const lineKey = <R extends FleetRow>(line: Line<R>): string => (isGroup(line) ? groupDataKey(line) : keyOf(line))

/** By name: a later version of a row, or of a group, is another object. */
function placeOf<R extends FleetRow>(lines: readonly Line<R>[], line: Line<R>): number {
  if (isGroup(line)) return lines.findIndex((one) => isGroup(one) && one.value === line.value)
  const { namespace, name } = line
  return lines.findIndex((one) => !isGroup(one) && one.name === name && one.namespace === namespace)
}

/** Where each line begins, and the last one ends, in px. */
function startsOf<R extends FleetRow>(lines: readonly Line<R>[], rowHeight: number, groupHeight: number): Float64Array {
  const starts = new Float64Array(lines.length + 1)
  for (const [index, line] of lines.entries()) starts[index + 1] = (starts[index] ?? 0) + (isGroup(line) ? groupHeight : rowHeight)
  return starts
}

function firstVisible(offset: number, rowHeight: number): number {
  return Math.ceil(offset / rowHeight)
}

/** Where the list was when it was left; for as long as the tab lives. */
const useLeft = create(() => ({ origin: '', offset: 0 }))

function offsetOf(origin: string): number {
  const left = useLeft.getState()
  return left.origin === origin ? left.offset : 0
}

/** Begins every other search at its top, and remembers where this one was left. */
function useScrollMemory(virtualizer: Virtualizer<HTMLDivElement, Element>, origin: string) {
  const begun = useRef(origin)
  useLayoutEffect(() => {
    // Asking for the offset first saves a layout for every letter typed at the top.
    if (begun.current !== origin && virtualizer.scrollOffset) virtualizer.scrollToOffset(0)
    begun.current = origin
  }, [virtualizer, origin])
  useLayoutEffect(
    () => () => {
      useLeft.setState({ origin: begun.current, offset: virtualizer.scrollOffset ?? 0 })
    },
    [virtualizer],
  )
}

/** Keeps what one reads in its place while lines come and go above it. At the top of the list one sees what comes. */
function useStillness<R extends FleetRow>(
  virtualizer: Virtualizer<HTMLDivElement, Element>,
  lines: readonly Line<R>[],
  origin: string,
  rowHeight: number,
) {
  const before = useRef({ lines, origin, visible: [] as readonly number[] })
  useLayoutEffect(() => {
    const { current: old } = before
    const offset = virtualizer.scrollOffset ?? 0
    if (old.lines !== lines && old.origin === origin && offset > 0 && !virtualizer.isScrolling) {
      // What was visible is within the lines of then; places are asked for within those of now.
      const names = old.visible.map((place) => lineKey(old.lines[place] as Line<R>))
      const by = movedBy(names, old.visible[0] ?? 0, (at) => lineKey(lines[at] as Line<R>), lines.length)
      if (by !== 0) virtualizer.scrollToOffset(offset + by * rowHeight)
    }
    before.current = { lines, origin, visible: virtualizer.getVirtualIndexes() }
  })
}

/** The first answer is there already, from the room: to read it once more would lay out what has just been rendered. */
const observeRect: typeof observeElementRect = ({ scrollElement }, told) => {
  if (!scrollElement) return undefined
  const observer = new ResizeObserver(() => told({ width: scrollElement.clientWidth, height: scrollElement.clientHeight }))
  observer.observe(scrollElement)
  return () => observer.disconnect()
}

/** So would scrolling a new list to its top, where it is. */
const scrollTo: typeof elementScroll<HTMLDivElement> = (offset, options, virtualizer) => {
  if (offset !== 0 || virtualizer.scrollOffset !== 0) elementScroll(offset, options, virtualizer)
}

const leastWidth = <R extends FleetRow>(kind: FleetKind<R>, shown: readonly string[]) =>
  ({ '--fleet-table-w': `${tableWidth(kind, shown)}px` }) as React.CSSProperties

const columnsOf = <R extends FleetRow>(kind: FleetKind<R>, shown: readonly string[]): FleetColumn<R>[] =>
  shown.map((id) => columnOf(kind, id)).filter((column) => column !== undefined)

type ColumnsProps<R extends FleetRow> = {
  kind: FleetKind<R>
  columns: readonly FleetColumn<R>[]
  shown: readonly string[]
  width: number
  selectable: boolean
}

const Columns = memo(function Columns<R extends FleetRow>({ kind, columns, shown, width, selectable }: ColumnsProps<R>) {
  return (
    <colgroup>
      {selectable && <col style={{ width: SELECT_WIDTH }} />}
      {columns.map((column) => (
        <col key={column.id} style={{ width: columnWidth(kind, column, shown, width) }} />
      ))}
      <col style={{ width: MENU_WIDTH }} />
    </colgroup>
  )
}) as <R extends FleetRow>(props: ColumnsProps<R>) => React.ReactNode

type TableHeadProps<R extends FleetRow> = Pick<FleetTableProps<R>, 'rows' | 'order' | 'onOrder' | 'selectable'> & {
  columns: readonly FleetColumn<R>[]
}

/** Nothing in it changes with the scrolling. */
const TableHead = memo(function TableHead<R extends FleetRow>({ columns, rows, order, onOrder, selectable }: TableHeadProps<R>) {
  return (
    <thead>
      <tr aria-rowindex={1}>
        {selectable && <HeadBox rows={rows} />}
        {columns.map((column, at) => (
          <Head key={column.id} column={column} at={at} order={order} onOrder={onOrder} />
        ))}
        <th>
          <span className="sr">Actions</span>
        </th>
      </tr>
    </thead>
  )
}) as <R extends FleetRow>(props: TableHeadProps<R>) => React.ReactNode

/** Room for the bar, so that no row is behind it. */
const BAR_ROOM = 64

function HeadBox({ rows }: { rows: readonly FleetRow[] }) {
  const selection = useSelection()
  const covered = coverage(selection, rows)
  return (
    <th className="c-sel">
      <Checkbox
        aria-label="Select all shown"
        checked={covered === 'all'}
        indeterminate={covered === 'some'}
        onCheckedChange={() => select(allOrNone(selection, rows))}
      />
    </th>
  )
}

function Note({ of: { subscribe, note } }: { of: Beside }) {
  const text = useSyncExternalStore(subscribe, note)
  return text === undefined ? null : <span role="status">{text}</span>
}

function SelectedCount() {
  const count = useSelection(({ uids }) => uids.size)
  return count > 0 ? <span>{formatCount(count)} selected</span> : null
}

type HeadProps<R> = { column: FleetColumn<R>; at: number; order: Order; onOrder: (order: Order) => void }

function Head<R>({ column: { id, title, className }, at, order, onOrder }: HeadProps<R>) {
  const sorted = order.column === id
  return (
    <th className={headClass(className, at)} aria-sort={sorted ? (order.descending ? 'descending' : 'ascending') : undefined}>
      <button type="button" className="sortby" onClick={() => onOrder(nextOrder(order, id))}>
        <Bdi>{title}</Bdi>
        {sorted && <IconMark icon={order.descending ? ChevronDownIcon : ChevronUpIcon} />}
      </button>
    </th>
  )
}

/** Where a column's cells are aligned; how they are written is theirs alone. */
const headClass = (className: string | undefined, at: number) =>
  cellClass(
    className
      ?.split(' ')
      .filter((name) => name !== 'mono' && name !== 'dim')
      .join(' '),
    at,
  )

function Spacer({ height, span }: { height: number; span: number }) {
  return (
    <tr className="spacer" aria-hidden="true">
      <td colSpan={span} style={{ height }} />
    </tr>
  )
}

type CursorProps<R extends FleetRow> = { kind: FleetKind<R>; row: R; onMenu: (row: R, open: boolean) => void }

/** The keys of the row under the cursor. */
function CursorActions<R extends FleetRow>({ kind, row: at, onMenu }: CursorProps<R>) {
  const { useRow = itself } = kind
  const row = useRow(at)
  return row ? <RowShortcuts kind={kind} row={row} onMenu={onMenu} /> : null
}

const itself = <R,>(row: R): R | undefined => row
const noActions = (): Action[] => []

function RowShortcuts<R extends FleetRow>({ kind, row, onMenu }: CursorProps<R>) {
  const { useActions = noActions } = kind
  const actions = useActions(row)
  useShortcut('.', { label: 'Actions', group: 'List', run: () => onMenu(row, true) })
  return actions.filter(({ shortcut }) => shortcut).map((action) => <ActionShortcut key={action.id} action={action} name={row.name} />)
}

function ActionShortcut({ action, name }: { action: Action; name: string }) {
  const { id, label, shortcut = '', disabled, run } = action
  const verb = label.replace('…', '')
  useShortcut(shortcut, {
    label: verb,
    group: 'List',
    run: () => (disabled ? toast.failed(`${id} ${name}`, `${verb}: not possible for ${name}`, disabled) : void run()),
  })
  return null
}

const Hints = memo(function Hints({ selectable, actions }: { selectable: boolean; actions: boolean }) {
  return (
    <>
      <Hint keys="j k">move</Hint>
      {selectable && <Hint keys="x">select</Hint>}
      <Hint keys="Enter">open</Hint>
      {actions && <Hint keys=".">actions</Hint>}
      <Hint keys="/">search</Hint>
      <Hint keys="?">all keys</Hint>
    </>
  )
})

function Hint({ keys, children }: { keys: string; children: string }) {
  return (
    <span>
      <Keys keys={keys} /> {children}
    </span>
  )
}

/** As long as nothing shows of a table without rows: a quick answer never flickers. */
const LATE_MS = 200

type SkeletonProps<R extends FleetRow> = Omit<ColumnsProps<R>, 'columns'>

/** The table before there are rows. */
export function FleetTableSkeleton<R extends FleetRow>(props: SkeletonProps<R>) {
  const [late, setLate] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), LATE_MS)
    return () => clearTimeout(timer)
  }, [])
  return (
    <div className="tablewrap fleetwrap late" role="status" aria-busy="true">
      <span className="sr">Loading {props.kind.title.toLowerCase()}</span>
      {late && <SkeletonRows {...props} />}
    </div>
  )
}

function SkeletonRows<R extends FleetRow>({ kind, shown, width, selectable }: SkeletonProps<R>) {
  const columns = columnsOf(kind, shown)
  return (
    <table className="rt fixed fleett" aria-hidden="true" style={leastWidth(kind, shown)}>
      <Columns kind={kind} columns={columns} shown={shown} width={width} selectable={selectable} />
      <thead>
        <tr>
          {selectable && <th className="c-sel" />}
          {columns.map(({ id, title, className }, at) => (
            <th key={id} className={headClass(className, at)}>
              {title}
            </th>
          ))}
          <th />
        </tr>
      </thead>
      <tbody>
        {Array.from({ length: 14 }, (_, index) => (
          <tr key={index}>
            {selectable && <td className="c-sel" />}
            {columns.map(({ id, width: least, className }, at) => (
              <td key={id} className={cellClass(className, at)}>
                <Skeleton width={Math.round(least * (0.35 + ((index * 7 + at * 5) % 10) / 25))} />
              </td>
            ))}
            <td />
          </tr>
        ))}
      </tbody>
    </table>
  )
}
