import { useEffect, useState } from 'react'
import { useNavigate, useSearchParams } from 'react-router'
import { draftOf, draftQuery, draftTerms, listSearch } from './list-search.ts'
import type { Draft } from './list-search.ts'
import type { Term } from './vm-query.ts'
import { parseSort } from './vm-sort.ts'
import type { Sort } from './vm-sort.ts'

/** Typing filters at once; the URL follows when the hand rests. */
const REST_MS = 250

export type ListState = {
  draft: Draft
  terms: readonly Term[]
  /** What the URL holds of it, or will. */
  query: string
  sort: Sort
  /** As one types: replaces the history entry, a little later. */
  type(draft: Draft): void
  /** A decision: a history entry of its own. */
  decide(draft: Draft): void
  sortBy(sort: Sort): void
}

/** Query and sort: the URL's, ahead of which the search box may be by some letters. */
export function useListState(): ListState {
  const [search] = useSearchParams()
  const navigate = useNavigate()
  const q = search.get('q') ?? ''
  const [seen, setSeen] = useState(q)
  const [sent, setSent] = useState(q)
  const [draft, setDraft] = useState(() => draftOf(q))

  if (q !== seen) {
    setSeen(q)
    // Not our own letters coming back: a link, or Back.
    if (q !== sent) {
      setSent(q)
      setDraft(draftOf(q))
    }
  }

  function go(next: Draft, replace: boolean) {
    const query = draftQuery(next)
    if (query === q) return
    setSent(query)
    void navigate({ search: listSearch(search, { q: query }) }, { replace })
  }

  const query = draftQuery(draft)
  useEffect(() => {
    if (query === sent) return
    const timer = setTimeout(() => go(draft, true), REST_MS)
    return () => clearTimeout(timer)
  })

  return {
    draft,
    terms: draftTerms(draft),
    query,
    sort: parseSort(search.get('sort')),
    type: setDraft,
    decide(next) {
      setDraft(next)
      go(next, false)
    },
    sortBy: (sort) => void navigate({ search: listSearch(search, { sort }) }, { replace: true }),
  }
}
