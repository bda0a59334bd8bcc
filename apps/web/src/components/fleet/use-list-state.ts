import { useEffect, useRef, useState } from 'react'
import { useNavigate, useSearchParams } from 'react-router'
import { useListEntry } from './columns.ts'
import { columnOf } from './fleet-kind.ts'
import type { FleetKind, FleetRow } from './fleet-kind.ts'
import type { Term } from './language.ts'
import { draftOf, draftQuery, draftTerms, isBare, listSearch } from './list-search.ts'
import type { Draft } from './list-search.ts'
import { formatOrder, parseOrder } from './order.ts'
import type { Order } from './order.ts'

/** Typing filters at once; the URL follows when the hand rests. */
const REST_MS = 250

export type ListState = {
  draft: Draft
  terms: readonly Term[]
  /** What the URL holds of it, or will. */
  query: string
  order: Order
  /** The key of the facet that the list is grouped by. */
  group: string | undefined
  /** As one types: replaces the history entry, a little later. */
  type(draft: Draft): void
  /** A decision: a history entry of its own. */
  decide(draft: Draft): void
  orderBy(order: Order): void
  groupBy(key: string | undefined): void
}

/** Query and order: the URL's, ahead of which the search box may be by some letters. */
export function useListState<R extends FleetRow>(kind: FleetKind<R>): ListState {
  const { language } = kind
  const [search] = useSearchParams()
  const entry = useListEntry()
  const navigate = useNavigate()
  const q = search.get('q') ?? ''
  const [seen, setSeen] = useState(q)
  const [sent, setSent] = useState(q)
  const [draft, setDraft] = useState(() => draftOf(language, q))

  if (q !== seen) {
    setSeen(q)
    // Not our own letters coming back: a link, or Back.
    if (q !== sent) {
      setSent(q)
      setDraft(draftOf(language, q))
    }
  }

  /** A view's columns stay while one searches on within it, and go with the last of what it asked for. */
  function show(part: Parameters<typeof listSearch>[1], replace: boolean) {
    const next = listSearch(search, part)
    const { looks, ...rest } = entry
    void navigate({ search: next }, { replace, state: isBare(new URLSearchParams(next)) ? rest : { ...rest, looks } })
  }

  function go(next: Draft, replace: boolean) {
    const query = draftQuery(language, next)
    if (query === q) return
    setSent(query)
    show({ q: query }, replace)
  }

  const query = draftQuery(language, draft)
  const latest = useRef(() => {})
  useEffect(() => {
    latest.current = () => go(draft, true)
  })
  // Rows render the list far more often than one types: they must not put this off. And where something else was written into
  // the URL meanwhile, on top of an older query, it is written again.
  useEffect(() => {
    if (query === q) return undefined
    const timer = setTimeout(() => latest.current(), REST_MS)
    return () => clearTimeout(timer)
  }, [query, q, search])

  return {
    draft,
    terms: draftTerms(language, draft),
    query,
    order: parseOrder(search.get('sort'), (id) => columnOf(kind, id) !== undefined, kind.order),
    group: kind.groupings.find(({ key }) => key === search.get('group'))?.key,
    type: setDraft,
    decide(next) {
      setDraft(next)
      go(next, false)
    },
    orderBy: (order) => show({ sort: formatOrder(order, kind.order) ?? '' }, true),
    groupBy: (key) => show({ group: key ?? '' }, true),
  }
}
