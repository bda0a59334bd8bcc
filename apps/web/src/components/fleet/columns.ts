// Which columns a list shows and how wide they are: what was chosen in this browser, and otherwise what there is room for.
import { useLocation, useNavigate } from 'react-router'
import { createBrowserStore } from '../../stores/browser-store.ts'
import { columnOf, labelColumnId, labelKeyOf } from './fleet-kind.ts'
import type { FleetColumn, FleetKind, FleetRow } from './fleet-kind.ts'

/** By the column's id. What is neither chosen nor put away shows where it fits. */
export type ColumnChoice = Readonly<Record<string, boolean>>

export const MENU_WIDTH = 42
export const SELECT_WIDTH = 44
/** Room that the flexible column wants before others get any. */
const COMFORT = 40
/** Room for a warning beside a state. */
const FLEXIBLE_FIRST = 2.5 * COMFORT

type Kind<R extends FleetRow> = Pick<FleetKind<R>, 'columns' | 'flexible' | 'labels'>

/** The columns to show in a place of this width; labels that were chosen stand before the last of the kind's own. */
export function shownColumns<R extends FleetRow>(kind: Kind<R>, choice: ColumnChoice, widthPx: number): string[] {
  const [first, ...others] = kind.columns
  if (!first) return []
  const own = others.filter(({ id, shows }) => choice[id] ?? shows !== 'when chosen').map(({ id }) => id)
  const labels = kind.labels ? Object.keys(choice).filter((id) => choice[id] === true && labelKeyOf(id) !== undefined) : []
  let shown = [first.id, ...own.slice(0, -1), ...labels, ...own.slice(-1)]
  for (const { id, shows } of others) {
    if (tableWidth(kind, shown) + extraWidth(kind, shown) + COMFORT <= widthPx) break
    if (shows === 'where there is room' && choice[id] !== true) shown = shown.filter((other) => other !== id)
  }
  return shown
}

export function tableWidth<R extends FleetRow>(kind: Kind<R>, shown: readonly string[]): number {
  return shown.reduce((sum, id) => sum + (columnOf(kind, id)?.width ?? 0), SELECT_WIDTH + MENU_WIDTH)
}

/** What some of them would take beyond their least widths. */
function extraWidth<R extends FleetRow>(kind: Kind<R>, shown: readonly string[]): number {
  return shown.reduce((sum, id) => sum + (columnOf(kind, id)?.extra ?? 0), 0)
}

/** Whether there is room for all that they would take. */
export function extraFits<R extends FleetRow>(kind: Kind<R>, shown: readonly string[], widthPx: number): boolean {
  return tableWidth(kind, shown) + extraWidth(kind, shown) <= widthPx
}

/**
 * What is left over goes first to the columns that can show more with it, all of them or none. Then it goes to the
 * columns that one reads: to the flexible one, whose width (undefined) follows from the others', then to both it and the name.
 */
export function columnWidth<R extends FleetRow>(kind: Kind<R>, column: FleetColumn<R>, shown: readonly string[], widthPx: number) {
  const flexible = shown.includes(kind.flexible)
  const name = kind.columns[0]?.id
  if (column.id === (flexible ? kind.flexible : name)) return undefined
  const fits = extraFits(kind, shown, widthPx)
  const spare = Math.max(0, widthPx - tableWidth(kind, shown) - (fits ? extraWidth(kind, shown) : 0) - FLEXIBLE_FIRST)
  return column.width + (fits ? (column.extra ?? 0) : 0) + (column.id === name ? Math.floor(spare / 2) : 0)
}

/** Kept in this browser for each kind of list. */
export type ListLooks = { columns: ColumnChoice; compact: boolean }

const usual: ListLooks = { columns: {}, compact: false }

const useLooks = createBrowserStore<{ lists: Readonly<Record<string, ListLooks>> }>('virtdeck.lists', { lists: {} })

/** What a history entry holds of a list beside its URL. */
export type ListEntry = {
  /** A saved view's, for as long as it is on: the list's own are as they were, and come back after it. With the view's name. */
  looks?: (ListLooks & { of: string }) | undefined
  /** Somebody wants the whole list rather than the view that opens it. */
  cleared?: boolean
}

const blank: ListEntry = {}

export const useListEntry = (): ListEntry => (useLocation().state as ListEntry | null) ?? blank

/** Those of the view that is on, or the list's own. */
export function useListLooks(kindId: string): ListLooks {
  const own = useLooks(({ lists }) => lists[kindId] ?? usual)
  return useListEntry().looks ?? own
}

export type LooksChange = (looks: ListLooks) => ListLooks

/** Changes what `useListLooks` says; of a view only for now, until it is saved again. */
export function useChangeLooks(kindId: string): (change: LooksChange) => void {
  const entry = useListEntry()
  const { search } = useLocation()
  const navigate = useNavigate()
  return (change) => {
    const { looks } = entry
    if (looks) void navigate({ search }, { replace: true, state: { ...entry, looks: { ...looks, ...change(looks) } } satisfies ListEntry })
    else useLooks.setState(({ lists }) => ({ lists: { ...lists, [kindId]: change(lists[kindId] ?? usual) } }))
  }
}

export const withColumn =
  (id: string, shown: boolean): LooksChange =>
  (looks) => ({ ...looks, columns: { ...looks.columns, [id]: shown } })

/** A label's column is not put away, but gone. */
export const withLabel =
  (key: string, shown: boolean): LooksChange =>
  (looks) =>
    shown
      ? withColumn(labelColumnId(key), true)(looks)
      : { ...looks, columns: Object.fromEntries(Object.entries(looks.columns).filter(([id]) => id !== labelColumnId(key))) }

export const usualLooks: LooksChange = () => usual
