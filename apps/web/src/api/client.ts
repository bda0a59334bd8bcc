// Requests to our own server: the CSRF value where it is due, the end of a session noticed.
import { createClient } from '@virtdeck/k8s'
import type { Session } from '@virtdeck/server/protocol'
import { takeEarly } from './early.ts'
import { queryClient } from './query-client.ts'

export const sessionKey = ['session'] as const

/** `fetch` as every request of ours goes out. A 401 asks for the session again, which leads to the sign-in page. */
export async function apiFetch(url: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers)
  const csrf = queryClient.getQueryData<Session>(sessionKey)?.csrf
  if (csrf && init.method !== 'GET') headers.set('x-kvd-csrf', csrf)
  const send = () => fetch(url, { ...init, headers, credentials: 'same-origin' })
  const early = init.method === 'GET' ? takeEarly(url) : undefined
  const response = await (early?.catch(send) ?? send())
  if (response.status === 401) void queryClient.invalidateQueries({ queryKey: sessionKey })
  return response
}

/** The server's own few routes; it refuses with a Status like the API server does. */
export const server = createClient({ baseUrl: '', fetch: apiFetch })

/** The cluster's API with the signed-in user's own rights. */
export const k8s = createClient({ baseUrl: '/k8s', fetch: apiFetch })
