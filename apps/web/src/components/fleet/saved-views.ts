// Views that were given a name: what is searched for, how it is ordered, and which columns show. Kept in this browser.
import { create } from 'zustand'
import { persist } from 'zustand/middleware'
import type { ListLooks } from './columns.ts'

export type SavedView = ListLooks & {
  name: string
  /** As in the URL. */
  query: string
  sort?: string | undefined
}

/** In the order of their names; one of the same name is replaced. */
export function withView(views: readonly SavedView[], view: SavedView): SavedView[] {
  return [...withoutView(views, view.name), view].toSorted((a, b) => a.name.localeCompare(b.name))
}

export function withoutView(views: readonly SavedView[], name: string): SavedView[] {
  return views.filter((view) => view.name !== name)
}

type Store = { lists: Readonly<Record<string, readonly SavedView[]>> }

const useViews = create<Store>()(persist((): Store => ({ lists: {} }), { name: 'virtdeck.views' }))
const none: readonly SavedView[] = []

export const useSavedViews = (kindId: string): readonly SavedView[] => useViews(({ lists }) => lists[kindId] ?? none)

const change = (kindId: string, next: (views: readonly SavedView[]) => readonly SavedView[]) =>
  useViews.setState(({ lists }) => ({ lists: { ...lists, [kindId]: next(lists[kindId] ?? none) } }))

export const saveView = (kindId: string, view: SavedView) => change(kindId, (views) => withView(views, view))
export const removeView = (kindId: string, name: string) => change(kindId, (views) => withoutView(views, name))
