import { Tooltip } from '@base-ui/react/tooltip'
import { useEffect } from 'react'
import { Navigate, Outlet, useLocation } from 'react-router'
import { useSession } from '../api/session.ts'
import type { SignedInSession } from '../api/session.ts'
import { paths } from '../paths.ts'
import { listenForShortcuts } from '../stores/shortcuts.ts'
import { Button } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { Spinner } from '../ui/spinner.tsx'

/** Lets the signed-in pass; sends everybody else to the sign-in page, which leads back here. */
export function SessionGate() {
  useEffect(listenForShortcuts, [])
  const state = useSession()
  const location = useLocation()
  switch (state.status) {
    case 'loading':
      return (
        <main className="centre late">
          <Spinner label="Loading virtdeck" />
        </main>
      )
    case 'error':
      return <ServerSilent message={state.error.message} retry={state.retry} />
    case 'signed-out':
      return <Navigate to={paths.signIn(`${location.pathname}${location.search}`)} replace />
    case 'signed-in':
      return (
        <Tooltip.Provider>
          <Outlet context={state.session satisfies SignedInSession} />
        </Tooltip.Provider>
      )
  }
}

export function ServerSilent({ message, retry }: { message?: string; retry: () => void }) {
  return (
    <main className="centre">
      <title>virtdeck</title>
      <EmptyState
        page
        tone="error"
        title="virtdeck does not answer"
        body={message}
        action={<Button onClick={retry}>Try again now</Button>}
      />
    </main>
  )
}
