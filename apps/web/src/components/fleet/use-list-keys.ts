// What keys do in a list: they move the cursor, select rows, and fold groups as in a tree.
import { useCallback, useLayoutEffect, useRef } from 'react'
import type { KeyboardEvent } from 'react'
import { useShortcut } from '../../stores/shortcuts.ts'
import type { FleetKind, FleetRow } from './fleet-kind.ts'
import { foldGroup } from './group-row.tsx'
import { headOf, isRow } from './lines.ts'
import type { Line } from './lines.ts'
import { allOrNoneOf, extended, nothing, select, toggled, useSelection } from './selection.ts'
import type { Cursor } from './use-cursor.ts'

/** Selects a row, or lets go of it; or all from where a selection began to it. The same function for all rows. */
export type Tick<R> = (row: R, extend: boolean) => void

export function useTick<R extends FleetRow>(lines: readonly Line<R>[]): Tick<R> {
  const latest = useRef(lines)
  useLayoutEffect(() => {
    latest.current = lines
  })
  return useCallback((row, extend) => {
    const selection = useSelection.getState()
    select(extend ? extended(selection, row.uid, latest.current.filter(isRow)) : toggled(selection, row.uid))
  }, [])
}

type ListKeysOptions<R extends FleetRow> = {
  kind: FleetKind<R>
  lines: readonly Line<R>[]
  /** The facet that groups them. */
  group: string | undefined
  cursor: Cursor<R>
  selectable: boolean
  tick: Tick<R>
  /** Lines that one sees at once. */
  pageLines: number
}

/** Registers the list's shortcuts, and answers what its element is to do with a key. */
export function useListKeys<R extends FleetRow>(options: ListKeysOptions<R>): (event: KeyboardEvent) => void {
  const { kind, lines, group, cursor, selectable, tick, pageLines } = options
  const selecting = useSelection(({ uids }) => uids.size > 0)
  const lineAtCursor = () => lines[cursor.place]

  useShortcut('j', { label: 'Next row', group: 'List', run: () => void cursor.move(1) })
  useShortcut('k', { label: 'Previous row', group: 'List', run: () => void cursor.move(-1) })
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

  /** Shift with an arrow: from where the cursor stood, if nothing else was begun with. */
  function moveExtending(by: number) {
    const from = lineAtCursor()
    const selection = useSelection.getState()
    if (from && isRow(from) && !selection.uids.has(from.uid)) select(toggled(selection, from.uid))
    const to = cursor.move(by)
    if (to && isRow(to)) tick(to, true)
  }

  /** As in a tree: from a row to the head of its group, and from there in and out. */
  function foldByKey(key: string): boolean {
    if (group === undefined || (key !== 'ArrowLeft' && key !== 'ArrowRight')) return false
    const line = lineAtCursor()
    if (!line) return false
    if (!isRow(line)) foldGroup(kind.id, group, line, key === 'ArrowLeft')
    else if (key === 'ArrowLeft') cursor.goTo(headOf(lines, cursor.place))
    return true
  }

  const page = Math.max(1, pageLines - 1)
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: 1,
    j: 1,
    ArrowUp: -1,
    k: -1,
    PageDown: page,
    PageUp: -page,
    Home: -lines.length,
    End: lines.length,
  }

  return (event) => {
    if (event.key === 'X' && selectable) {
      const line = lineAtCursor()
      if (!line || !isRow(line)) return
      event.preventDefault()
      tick(line, true)
    }
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.target instanceof Element && event.target.closest('tbody'))) return
    if (foldByKey(event.key)) return event.preventDefault()
    const by = steps[event.key]
    if (by === undefined) return
    event.preventDefault()
    if (event.shiftKey && selectable) moveExtending(by)
    else cursor.move(by)
  }
}
