import { toStatus } from '@virtdeck/k8s'
import { useEffect, useState } from 'react'
import { flushSync } from 'react-dom'
import { Navigate, Outlet, useLocation } from 'react-router'
import { clusterClock } from '../api/now.ts'
import { useOtherTabs } from '../api/other-tabs.ts'
import { usePresence } from '../api/presence.ts'
import { useRenewal } from '../api/renewal.ts'
import { signOut, useSession } from '../api/session.ts'
import type { SignedInSession } from '../api/session.ts'
import { ServerSilent } from '../components/server-silent.tsx'
import { paths } from '../paths.ts'
import { listenForShortcuts } from '../stores/shortcuts.ts'
import { toast } from '../stores/toasts.ts'
import { ClockContext } from '../ui/clock.ts'
import { Spinner } from '../ui/spinner.tsx'
import { SessionEndWarning } from './session-end.tsx'

/** What the pages behind the gate are given. */
export type Gate = { session: SignedInSession; leave: () => Promise<void> }

/** Lets the signed-in pass; sends everybody else to the sign-in page, which leads back here. */
export function SessionGate() {
  const state = useSession()
  const location = useLocation()
  const [leaving, setLeaving] = useState(false)
  useEffect(listenForShortcuts, [])
  useOtherTabs()

  async function leave() {
    // First the pages go, then the session: nothing of them asks for anything with a session that is no more.
    flushSync(() => setLeaving(true))
    try {
      await signOut()
    } catch (error) {
      setLeaving(false)
      toast.failed('sign-out', 'Could not sign out', toStatus(error).message)
    }
  }

  switch (state.status) {
    case 'loading':
      return <Waiting label="Loading virtdeck" />
    case 'error':
      return <ServerSilent message={state.error.message} retry={state.retry} />
    case 'signed-out':
      return <Navigate to={paths.signIn(leaving ? undefined : `${location.pathname}${location.search}`)} replace />
    case 'signed-in':
      return leaving ? (
        <Waiting label="Signing out" />
      ) : (
        <ClockContext value={clusterClock}>
          <Renewal session={state.session} />
          <SessionEndWarning session={state.session} />
          <Outlet context={{ session: state.session, leave } satisfies Gate} />
        </ClockContext>
      )
  }
}

function Renewal({ session }: { session: SignedInSession }) {
  useRenewal(session)
  usePresence()
  return null
}

function Waiting({ label }: { label: string }) {
  return (
    <main className="centre late">
      <title>virtdeck</title>
      <Spinner label={label} />
    </main>
  )
}
