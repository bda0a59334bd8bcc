// The table of VMs: only the rows in sight are in the DOM, each follows its own row of the fleet, and nothing but the
// visible range re-renders while one scrolls.
import { useVirtualizer } from '@tanstack/react-virtual'
import type { Virtualizer } from '@tanstack/react-virtual'
import type { VmRow } from '@virtdeck/kubevirt'
import { useCallback, useLayoutEffect, useRef, useState } from 'react'
import type { KeyboardEvent } from 'react'
import { create } from 'zustand'
import { useVmRow } from '../../api/fleet.ts'
import type { Action } from '../../components/action.ts'
import type { VmRef } from '../../paths.ts'
import { useShortcut } from '../../stores/shortcuts.ts'
import { toast } from '../../stores/toasts.ts'
import { Checkbox } from '../../ui/checkbox.tsx'
import { IconMark } from '../../ui/icon.tsx'
import { ChevronDownIcon, ChevronUpIcon } from '../../ui/icons.ts'
import { Keys } from '../../ui/kbd.tsx'
import { Skeleton } from '../../ui/skeleton.tsx'
import { formatCount } from '../../util/format.ts'
import { MENU_WIDTH, SELECT_WIDTH, columnWidth, columnWidths, tableWidth } from './column-choice.ts'
import type { ColumnId } from './column-choice.ts'
import { useVmActions } from '../../components/vm/vm-actions.tsx'
import { allOrNone, coverage, extended, nothing, select, toggled, useSelection } from './selection.ts'
import { columns } from './vm-columns.tsx'
import { nextSort } from './vm-sort.ts'
import type { Sort } from './vm-sort.ts'
import { VmTableRow, keyOf } from './vm-table-row.tsx'

type VmTableProps = {
  /** What to show, in order. Each row then follows the fleet by itself. */
  rows: readonly VmRow[]
  sort: Sort
  onSort: (sort: Sort) => void
  shown: readonly ColumnId[]
  /** Of the place for the table, in px. */
  width: number
  /** Changes when rows have another height: phone, density. */
  variant: string
  stale: boolean
  /** What the rows were searched and sorted by: another search is read from its top. */
  origin: string
  /** Whether rows have boxes, and the list a bar for those that are ticked. */
  selectable: boolean
}

export function VmTable({ rows, sort, onSort, shown, width, variant, stale, origin, selectable }: VmTableProps) {
  const wrap = useRef<HTMLDivElement>(null)
  const { height, rowHeight, headHeight } = useMeasures(wrap, variant)
  const selecting = useSelection(({ uids }) => uids.size > 0)
  // oxlint-disable-next-line react/incompatible-library -- its functions go to no memoized child
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => wrap.current,
    estimateSize: useCallback(() => rowHeight, [rowHeight]),
    overscan: 8,
    initialOffset: () => offsetOf(origin),
    scrollPaddingStart: headHeight,
    scrollPaddingEnd: selecting ? BAR_ROOM : 0,
    scrollMargin: headHeight,
  })
  useLayoutEffect(() => virtualizer.measure(), [virtualizer, rowHeight])

  const [cursor, setCursor] = useState<VmRef>()
  const [menu, setMenu] = useState<string>()
  const focusNext = useRef<string>(undefined)
  const cursorKey = cursor && keyOf(cursor)
  const toggleMenu = useCallback((ref: VmRef, open: boolean) => {
    setMenu(open ? keyOf(ref) : undefined)
    if (open) setCursor(ref)
  }, [])

  // A row that the cursor has gone to may only come into the DOM with the scrolling.
  useLayoutEffect(() => {
    if (!focusNext.current) return
    const link = wrap.current?.querySelector<HTMLElement>(`tr[data-key="${CSS.escape(focusNext.current)}"] .name`)
    if (!link) return
    focusNext.current = undefined
    link.focus({ preventScroll: true })
  })

  const latest = useRef(rows)
  useLayoutEffect(() => {
    latest.current = rows
  })
  const tick = useCallback((row: VmRow, extend: boolean) => {
    const selection = useSelection.getState()
    select(extend ? extended(selection, row.uid, latest.current) : toggled(selection, row.uid))
  }, [])

  const rowAtCursor = () => rows.find((row) => keyOf(row) === cursorKey)
  /** Shift with an arrow: from where the cursor stood, if nothing else was begun with. */
  const moveExtending = (by: number) => {
    const from = rowAtCursor()
    const selection = useSelection.getState()
    if (from && !selection.uids.has(from.uid)) select(toggled(selection, from.uid))
    const to = move(by)
    if (to) tick(to, true)
  }

  const goTo = (index: number): VmRow | undefined => {
    const row = rows[Math.min(Math.max(index, 0), rows.length - 1)]
    if (!row) return undefined
    setCursor(row)
    focusNext.current = keyOf(row)
    virtualizer.scrollToIndex(rows.indexOf(row))
    return row
  }
  const move = (by: number) => {
    const at = cursorKey === undefined ? -1 : rows.findIndex((row) => keyOf(row) === cursorKey)
    return goTo(at < 0 ? firstVisible(virtualizer.scrollOffset ?? 0, rowHeight) : at + by)
  }

  useShortcut('j', { label: 'Next row', group: 'List', run: () => void move(1) })
  useShortcut('k', { label: 'Previous row', group: 'List', run: () => void move(-1) })
  useShortcut('x', {
    label: 'Select',
    group: 'List',
    enabled: selectable,
    run: () => {
      const row = rowAtCursor()
      if (row) tick(row, false)
    },
  })
  useShortcut('Escape', { label: 'Clear selection', group: 'List', enabled: selecting, run: () => select(nothing) })
  useScrollMemory(virtualizer, origin)

  function keydown(event: KeyboardEvent) {
    const page = Math.max(1, Math.floor((height - headHeight) / rowHeight) - 1)
    const steps: Record<string, number> = {
      ArrowDown: 1,
      j: 1,
      ArrowUp: -1,
      k: -1,
      PageDown: page,
      PageUp: -page,
      Home: -rows.length,
      End: rows.length,
    }
    const by = steps[event.key]
    if (event.key === 'X' && selectable) {
      const row = rowAtCursor()
      if (!row) return
      event.preventDefault()
      tick(row, true)
    }
    if (
      by === undefined ||
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      !(event.target instanceof Element && event.target.closest('tbody'))
    )
      return
    event.preventDefault()
    if (event.shiftKey && selectable) moveExtending(by)
    else move(by)
  }

  const items = virtualizer.getVirtualItems()
  const [first, last] = [items[0], items.at(-1)]
  const top = (virtualizer.scrollOffset ?? 0) / rowHeight
  const bottom = top + (height - headHeight) / rowHeight

  return (
    <>
      <div ref={wrap} className="tablewrap vmwrap" onKeyDown={keydown}>
        <table className="rt fixed vmt" aria-rowcount={rows.length + 1} data-stale={stale || undefined} style={leastWidth(shown)}>
          <caption className="sr">Virtual machines</caption>
          <Columns shown={shown} width={width} selectable={selectable} />
          <thead>
            <tr aria-rowindex={1}>
              {selectable && <HeadBox rows={rows} />}
              {shown.map((id) => (
                <Head key={id} id={id} sort={sort} onSort={onSort} />
              ))}
              <th>
                <span className="sr">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {first && first.index > 0 && <Spacer height={first.start - headHeight} columns={shown.length + 2} />}
            {items.map(({ index }) => {
              const row = rows[index]
              const key = row && keyOf(row)
              return (
                row && (
                  <VmTableRow
                    key={key}
                    namespace={row.namespace}
                    name={row.name}
                    index={index}
                    shown={shown}
                    cursor={key === cursorKey}
                    menuOpen={key === menu}
                    onMenu={toggleMenu}
                    onCursor={setCursor}
                    onSelect={selectable ? tick : undefined}
                  />
                )
              )
            })}
            {last && last.index < rows.length - 1 && (
              <Spacer height={virtualizer.getTotalSize() - (last.end - headHeight)} columns={shown.length + 2} />
            )}
          </tbody>
        </table>
      </div>
      {cursor && <CursorActions key={cursorKey} namespace={cursor.namespace} name={cursor.name} onMenu={toggleMenu} />}
      <footer className="tablefoot desk">
        <span>
          <b>
            {formatCount(Math.min(rows.length, Math.round(top) + 1))}–{formatCount(Math.min(rows.length, Math.floor(bottom)))}
          </b>{' '}
          of <b>{formatCount(rows.length)}</b>
        </span>
        <SelectedCount />
        <span className="grow" />
        <Hint keys="j k">move</Hint>
        <Hint keys="x">select</Hint>
        <Hint keys="Enter">open</Hint>
        <Hint keys=".">actions</Hint>
        <Hint keys="/">search</Hint>
        <Hint keys="?">all keys</Hint>
      </footer>
    </>
  )
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

/** What of the CSS the arithmetic needs: heights come from its variables, so that density and phone are its matter. */
function useMeasures(wrap: React.RefObject<HTMLDivElement | null>, variant: string) {
  const [measures, setMeasures] = useState({ height: 0, rowHeight: 36, headHeight: 32 })
  useLayoutEffect(() => {
    const element = wrap.current
    if (!element) return
    const measure = () => {
      const style = getComputedStyle(element)
      const next = { height: element.clientHeight, rowHeight: px(style, '--vm-row-h'), headHeight: px(style, '--vm-head-h') }
      setMeasures((known) => (JSON.stringify(known) === JSON.stringify(next) ? known : next))
    }
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    measure()
    return () => observer.disconnect()
  }, [wrap, variant])
  return measures
}

const px = (style: CSSStyleDeclaration, name: string) => Number.parseFloat(style.getPropertyValue(name)) || 0

const leastWidth = (shown: readonly ColumnId[]) => ({ '--vm-table-w': `${tableWidth(shown)}px` }) as React.CSSProperties

function Columns({ shown, width, selectable }: { shown: readonly ColumnId[]; width: number; selectable: boolean }) {
  return (
    <colgroup>
      {selectable && <col style={{ width: SELECT_WIDTH }} />}
      {shown.map((id) => (
        <col key={id} style={{ width: columnWidth(id, shown, width) }} />
      ))}
      <col style={{ width: MENU_WIDTH }} />
    </colgroup>
  )
}

/** Room for the bar, so that no row is behind it. */
const BAR_ROOM = 64

function HeadBox({ rows }: { rows: readonly VmRow[] }) {
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

function SelectedCount() {
  const count = useSelection(({ uids }) => uids.size)
  return count > 0 ? <span>{formatCount(count)} selected</span> : null
}

function Head({ id, sort, onSort }: { id: ColumnId; sort: Sort; onSort: (sort: Sort) => void }) {
  const { title, className, sort: key } = columns[id]
  const sorted = sort.key === key
  return (
    <th className={className.split(' ').at(-1)} aria-sort={sorted ? (sort.descending ? 'descending' : 'ascending') : undefined}>
      <button type="button" className="sortby" onClick={() => onSort(nextSort(sort, key))}>
        {title}
        {sorted && <IconMark icon={sort.descending ? ChevronDownIcon : ChevronUpIcon} />}
      </button>
    </th>
  )
}

function Spacer({ height, columns: span }: { height: number; columns: number }) {
  return (
    <tr className="spacer" aria-hidden="true">
      <td colSpan={span} style={{ height }} />
    </tr>
  )
}

/** The keys of the row under the cursor. */
function CursorActions({ namespace, name, onMenu }: VmRef & { onMenu: (ref: VmRef, open: boolean) => void }) {
  const row = useVmRow({ namespace, name })
  return row ? <RowShortcuts row={row} onMenu={onMenu} /> : null
}

function RowShortcuts({ row, onMenu }: { row: VmRow; onMenu: (ref: VmRef, open: boolean) => void }) {
  const actions = useVmActions(row)
  useShortcut('.', { label: 'Actions', group: 'List', run: () => onMenu(row, true) })
  return actions.filter(({ shortcut }) => shortcut).map((action) => <ActionShortcut key={action.id} action={action} name={row.name} />)
}

function ActionShortcut({ action, name }: { action: Action; name: string }) {
  const { id, label, shortcut = '', disabled, run } = action
  const verb = label.replace('…', '')
  useShortcut(shortcut, {
    label: verb,
    group: 'Virtual machine',
    run: () => (disabled ? toast.failed(`${id} ${name}`, `${verb}: not possible for ${name}`, disabled) : void run()),
  })
  return null
}

function Hint({ keys, children }: { keys: string; children: string }) {
  return (
    <span>
      <Keys keys={keys} /> {children}
    </span>
  )
}

/** The table before there are rows. It shows only after 200 ms: a quick answer never flickers. */
type VmTableSkeletonProps = { shown: readonly ColumnId[]; width: number; selectable: boolean }

export function VmTableSkeleton({ shown, width, selectable }: VmTableSkeletonProps) {
  return (
    <div className="tablewrap vmwrap late" role="status" aria-busy="true">
      <span className="sr">Loading virtual machines</span>
      <table className="rt fixed vmt" aria-hidden="true" style={leastWidth(shown)}>
        <Columns shown={shown} width={width} selectable={selectable} />
        <thead>
          <tr>
            {selectable && <th className="c-sel" />}
            {shown.map((id) => (
              <th key={id} className={columns[id].className.split(' ').at(-1)}>
                {columns[id].title}
              </th>
            ))}
            <th />
          </tr>
        </thead>
        <tbody>
          {Array.from({ length: 14 }, (_, index) => (
            <tr key={index}>
              {selectable && <td className="c-sel" />}
              {shown.map((id, column) => (
                <td key={id} className={columns[id].className}>
                  <Skeleton width={Math.round(columnWidths[id] * (0.35 + ((index * 7 + column * 5) % 10) / 25))} />
                </td>
              ))}
              <td />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
