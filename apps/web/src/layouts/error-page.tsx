import { useRouteError, isRouteErrorResponse, Link } from 'react-router'
import { paths } from '../paths.ts'
import { EmptyState } from '../ui/empty-state.tsx'

/** Where a page broke: within the frame, so that one can go elsewhere. Needs no other code, which may be what is missing. */
export function ErrorPage() {
  const error = useRouteError()
  if (isRouteErrorResponse(error) && error.status === 404) return <NotFoundPage />
  const outdated = error instanceof Error && /dynamically imported module|Importing a module script/.test(error.message)
  return (
    <div className="centre">
      <title>Something broke · virtdeck</title>
      <EmptyState
        page
        tone="error"
        title={outdated ? 'This page could not be loaded' : 'This page broke'}
        body={
          outdated
            ? 'Either the server is out of reach, or virtdeck was updated while this tab was open.'
            : 'The fault is in virtdeck. The cluster and its VMs are as they were.'
        }
        action={
          <button type="button" className="btn" onClick={() => location.reload()}>
            Load it again
          </button>
        }
        hint={error instanceof Error ? error.message : undefined}
      />
    </div>
  )
}

export function NotFoundPage() {
  return (
    <div className="centre">
      <title>Not found · virtdeck</title>
      <EmptyState
        page
        title="There is nothing here"
        body="The address may have a typing error, or what it named is gone."
        action={
          <Link className="btn" to={paths.virtualMachines()}>
            Virtual machines
          </Link>
        }
      />
    </div>
  )
}
