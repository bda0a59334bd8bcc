// Views that were given a name: what is searched for, how it is sorted, and which columns show. Kept in this browser.
import { create } from 'zustand'
import { persist } from 'zustand/middleware'
import type { ColumnChoice } from './column-choice.ts'

export type SavedView = {
  name: string
  /** As in the URL. */
  query: string
  sort?: string | undefined
  columns: ColumnChoice
  compact: boolean
}

/** In the order of their names; one of the same name is replaced. */
export function withView(views: readonly SavedView[], view: SavedView): SavedView[] {
  return [...views.filter(({ name }) => name !== view.name), view].toSorted((a, b) => a.name.localeCompare(b.name))
}

export function withoutView(views: readonly SavedView[], name: string): SavedView[] {
  return views.filter((view) => view.name !== name)
}

type Store = {
  views: readonly SavedView[]
  save: (view: SavedView) => void
  remove: (name: string) => void
}

export const useSavedViews = create<Store>()(
  persist(
    (set) => ({
      views: [],
      save: (view) => set(({ views }) => ({ views: withView(views, view) })),
      remove: (name) => set(({ views }) => ({ views: withoutView(views, name) })),
    }),
    { name: 'virtdeck.vm-views', partialize: ({ views }) => ({ views }) },
  ),
)
