// Which columns the list shows: what was chosen in this browser, and otherwise what there is room for.
import { create } from 'zustand'
import { persist } from 'zustand/middleware'

export const columnIds = ['name', 'status', 'namespace', 'node', 'cpu', 'memory', 'runStrategy', 'os', 'ip', 'age'] as const
export type ColumnId = (typeof columnIds)[number]

/** What is neither chosen nor put away shows where it fits. */
export type ColumnChoice = Partial<Record<Exclude<ColumnId, 'name'>, boolean>>

/** Least widths in px. */
export const columnWidths: Record<ColumnId, number> = {
  name: 208,
  status: 196,
  namespace: 142,
  node: 122,
  cpu: 76,
  memory: 76,
  runStrategy: 98,
  os: 114,
  ip: 132,
  age: 54,
}
export const MENU_WIDTH = 42
export const SELECT_WIDTH = 44

/** A row's three lines; node and size stand with the namespace. */
export const phoneColumns: readonly ColumnId[] = ['name', 'status', 'namespace']

/** Room that the status wants before others get any. */
const COMFORT = 40

/** Given up first where there is little room. The others make the table scroll sideways. */
const expendable: readonly ColumnId[] = ['runStrategy', 'os']

export function shownColumns(choice: ColumnChoice, widthPx: number): ColumnId[] {
  let shown: ColumnId[] = columnIds.filter((id) => id === 'name' || choice[id] !== false)
  for (const id of expendable) {
    if (tableWidth(shown) + COMFORT <= widthPx) break
    if (id !== 'name' && choice[id] !== true) shown = shown.filter((other) => other !== id)
  }
  return shown
}

export function tableWidth(shown: readonly ColumnId[]): number {
  return shown.reduce((sum, id) => sum + columnWidths[id], SELECT_WIDTH + MENU_WIDTH)
}

/** What is left over goes to the columns that one reads: first to the status, whose width follows from the others', then to both. */
export function columnWidth(id: ColumnId, shown: readonly ColumnId[], widthPx: number): number | undefined {
  if (id === 'status') return undefined
  const spare = Math.max(0, widthPx - tableWidth(shown) - STATUS_FIRST)
  return columnWidths[id] + (id === 'name' && shown.includes('status') ? Math.floor(spare / 2) : 0)
}

/** Room for a warning beside the state. */
const STATUS_FIRST = 2 * COMFORT

type Store = {
  choice: ColumnChoice
  compact: boolean
  show: (id: ColumnId, shown: boolean) => void
  setCompact: (compact: boolean) => void
  /** As a saved view has it. */
  choose: (choice: ColumnChoice, compact: boolean) => void
  reset: () => void
}

export const useColumnChoice = create<Store>()(
  persist(
    (set) => ({
      choice: {},
      compact: false,
      show: (id, shown) => set(({ choice }) => ({ choice: { ...choice, [id]: shown } })),
      setCompact: (compact) => set({ compact }),
      choose: (choice, compact) => set({ choice, compact }),
      reset: () => set({ choice: {}, compact: false }),
    }),
    { name: 'virtdeck.vm-columns', partialize: ({ choice, compact }) => ({ choice, compact }) },
  ),
)
