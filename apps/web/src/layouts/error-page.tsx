import { useRouteError } from 'react-router'
import { EmptyState } from '../ui/empty-state.tsx'

/** Where a page broke: within the frame, so that one can go elsewhere. Needs no other code, which may be what is missing. */
export function ErrorPage() {
  const error = useRouteError()
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
