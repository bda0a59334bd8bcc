import { Fragment } from 'react'
import { Link, useMatches } from 'react-router'
import type { Params } from 'react-router'
import { Bdi } from '../ui/bdi.tsx'

export type Crumb = { label: string; to: string }

/** What a route's `handle` may say: its place in the hierarchy, outermost first. */
export type CrumbHandle = { crumbs: (params: Params) => readonly Crumb[] }

const hasCrumbs = (handle: unknown): handle is CrumbHandle => typeof handle === 'object' && handle !== null && 'crumbs' in handle

/** Where one is; the innermost route that has crumbs tells all of them. */
export function Breadcrumbs() {
  const match = useMatches().findLast(({ handle }) => hasCrumbs(handle))
  const crumbs = match && hasCrumbs(match.handle) ? match.handle.crumbs(match.params) : []
  return (
    <nav className="crumbs" aria-label="Breadcrumb">
      {crumbs.map(({ label, to }, index) => (
        <Fragment key={to}>
          {index > 0 && <i aria-hidden="true">/</i>}
          {index < crumbs.length - 1 ? (
            <Link to={to}>
              <Bdi>{label}</Bdi>
            </Link>
          ) : (
            <span aria-current="page">
              <Bdi>{label}</Bdi>
            </span>
          )}
        </Fragment>
      ))}
    </nav>
  )
}
