// Views that were given a name: what is searched for, how it is ordered and grouped, and which columns show. Kept in this browser.
import { createBrowserStore } from '../../stores/browser-store.ts'
import type { ListEntry, ListLooks } from './columns.ts'
import { listSearch } from './list-search.ts'

export type SavedView = ListLooks & {
  name: string
  /** As in the URL. */
  query: string
  sort?: string | undefined
  group?: string | undefined
  /** What the list is opened with. At most one of a list's views is. */
  opens?: true
}

/** In the order of their names; one of the same name is replaced, and opens the list if that one did. */
export function withView(views: readonly SavedView[], view: SavedView): SavedView[] {
  const replaced = views.find(({ name }) => name === view.name)
  const next: SavedView = replaced?.opens ? { ...view, opens: true } : view
  return [...views.filter((other) => other !== replaced), next].toSorted((a, b) => a.name.localeCompare(b.name))
}

/** What a view says, whatever it is called. */
const contents = ({ query, sort, group, columns, compact }: SavedView) =>
  JSON.stringify([query, sort, group, compact, Object.entries(columns).toSorted(([a], [b]) => (a < b ? -1 : 1))])

export const isSameView = (one: SavedView, other: SavedView): boolean => contents(one) === contents(other)

/** The names as they were edited, by what they were. */
export type NameChange = { was: string; name: string }

/** Why a name cannot be taken; undefined where it can. */
export function nameProblem(changes: readonly NameChange[], { was, name }: NameChange): string | undefined {
  if (name.trim() === '') return 'Give it a name.'
  return changes.some((other) => other.was !== was && other.name.trim() === name.trim()) ? 'Another view is called that.' : undefined
}

/** Keeps and renames the views that are named, drops the others, and opens the list with one of them or with none. */
export function arranged(views: readonly SavedView[], changes: readonly NameChange[], opening: string | undefined): SavedView[] {
  return changes
    .flatMap(({ was, name }): SavedView[] => {
      const view = views.find((one) => one.name === was)
      if (!view) return []
      const { opens: _, ...rest } = view
      return [{ ...rest, name: name.trim(), ...(was === opening && { opens: true as const }) }]
    })
    .toSorted((a, b) => a.name.localeCompare(b.name))
}

/** The URL's search that shows a view, together with its entry. What else the search holds stays. */
export function viewSearch({ query, sort = '', group = '' }: SavedView, current: URLSearchParams): string {
  return listSearch(current, { q: query, sort, group })
}

export const viewEntry = ({ name, columns, compact }: SavedView): ListEntry => ({ looks: { of: name, columns, compact } })

const useViews = createBrowserStore<{ lists: Readonly<Record<string, readonly SavedView[]>> }>('virtdeck.views', { lists: {} })
const none: readonly SavedView[] = []

export const useSavedViews = (kindId: string): readonly SavedView[] => useViews(({ lists }) => lists[kindId] ?? none)

/** What a list opens with. */
export const openingView = (kindId: string): SavedView | undefined => useViews.getState().lists[kindId]?.find(({ opens }) => opens)

export const changeViews = (kindId: string, next: (views: readonly SavedView[]) => readonly SavedView[]) =>
  useViews.setState(({ lists }) => ({ lists: { ...lists, [kindId]: next(lists[kindId] ?? none) } }))
