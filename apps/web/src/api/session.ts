import { useQuery } from '@tanstack/react-query'
import { toStatus } from '@virtdeck/k8s'
import type { Status } from '@virtdeck/k8s'
import type { Session, SignedOut, SignInRequest } from '@virtdeck/server/protocol'
import { forgetFleets } from './fleet.ts'
import { server, sessionKey } from './client.ts'
import { forgetDrafts } from './drafts.ts'
import { takeLaunch } from './launch.ts'
import { live } from './live-socket.ts'
import { tellOtherTabs } from './other-tabs.ts'
import { queryClient } from './query-client.ts'
import { endSession } from './session-signal.ts'
import { usage } from './usage.ts'
import { watches } from './watch.ts'

export type SignedInSession = Session & Required<Pick<Session, 'user' | 'csrf'>>

type SessionState =
  | { status: 'loading'; session?: undefined }
  | { status: 'signed-in'; session: SignedInSession }
  | { status: 'signed-out'; session: Session }
  /** The server does not answer. Once it has, the last answer stays. */
  | { status: 'error'; session?: undefined; error: Status; retry: () => void }

/** Who is signed in, and how one may sign in. */
export function useSession(): SessionState {
  const { data, error, refetch } = useQuery({ queryKey: sessionKey, queryFn: fetchSession, refetchOnWindowFocus: 'always' })
  if (data) return isSignedIn(data) ? { status: 'signed-in', session: data } : { status: 'signed-out', session: data }
  return error ? { status: 'error', error: toStatus(error), retry: () => void refetch() } : { status: 'loading' }
}

function isSignedIn(session: Session): session is SignedInSession {
  return session.user !== undefined && session.csrf !== undefined
}

async function fetchSession({ signal }: { signal: AbortSignal }): Promise<Session> {
  const launch = takeLaunch()
  const session = await server.request<Session>('GET', '/api/session', undefined, { signal })
  // A link that is used up or too old leads to the sign-in page, which says where to get another.
  if (launch && !isSignedIn(session)) return signIn({ mode: 'kubeconfig', launch }).catch(() => adopt(session))
  return adopt(session)
}

/** Tells the server that somebody is here, so that the session does not end for idleness. */
export async function stayHere(): Promise<void> {
  adopt(await server.request<Session>('POST', '/api/session', {}))
}

/** Throws a StatusError where the token is refused. */
export async function signIn(request: SignInRequest): Promise<Session> {
  const session = adopt(await server.request<Session>('POST', '/auth/sign-in', request))
  tellOtherTabs()
  return session
}

/** Nothing of the session outlives it, in this tab and in the others. */
export async function signOut(): Promise<void> {
  const { leaveTo } = await server.request<SignedOut>('POST', '/auth/sign-out', {})
  tellOtherTabs()
  forgetDrafts()
  // The identity provider has a session of its own, which ends there.
  if (leaveTo) location.assign(leaveTo)
  await queryClient.refetchQueries({ queryKey: sessionKey })
}

/**
 * Renews the identity provider's token, by one tab at a time: who waited for another tab finds it renewed. A provider that
 * does not answer is asked again while the token lives.
 */
export async function renewSession(): Promise<void> {
  await navigator.locks.request('virtdeck-refresh', async () => {
    const before = queryClient.getQueryData<Session>(sessionKey)?.renewBefore
    const now = await queryClient.fetchQuery({ queryKey: sessionKey, queryFn: fetchSession, staleTime: 0 })
    if (!isSignedIn(now) || now.renewBefore === undefined || now.renewBefore !== before) return
    adopt(await server.request<Session>('POST', '/auth/refresh', {}))
  })
}

/** Whatever was read under another identity is dropped before the new one is shown. */
function adopt(next: Session): Session {
  const previous = queryClient.getQueryData<Session>(sessionKey)
  queryClient.setQueryData(sessionKey, next)
  if (previous?.csrf !== next.csrf) {
    const signedIn = isSignedIn(next)
    endSession()
    queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionKey[0] })
    forgetFleets(signedIn)
    usage.forget()
    watches.forget()
    live.restart(signedIn)
  }
  return next
}
