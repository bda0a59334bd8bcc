import { Tooltip } from '@base-ui/react/tooltip'
import { useEffect } from 'react'
import { Navigate, Outlet, useLocation } from 'react-router'
import { clusterClock } from '../api/now.ts'
import { useSession } from '../api/session.ts'
import type { SignedInSession } from '../api/session.ts'
import { ServerSilent } from '../components/server-silent.tsx'
import { paths } from '../paths.ts'
import { listenForShortcuts } from '../stores/shortcuts.ts'
import { ClockContext } from '../ui/clock.ts'
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
        <ClockContext value={clusterClock}>
          <Tooltip.Provider>
            <Outlet context={state.session satisfies SignedInSession} />
          </Tooltip.Provider>
        </ClockContext>
      )
  }
}
