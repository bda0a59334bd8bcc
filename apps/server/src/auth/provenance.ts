// Where a request comes from: the Host it names, the page that sent it, and whether that page knows the session's secret.
import type { IncomingMessage } from 'node:http'
import { gateRefusal } from '../refusal.ts'
import { loopbackHosts } from '../settings.ts'
import type { Sessions } from './sessions.ts'

export type Origins = { origins: ReadonlySet<string>; hosts: ReadonlySet<string>; secure: boolean }

/** The origins that are this server: the public one, else every name of the loopback interface with the port. */
export function ownOrigins({ publicOrigin, host, port }: { publicOrigin?: string; host: string; port: number }): Origins {
  const names = [...new Set([host, ...loopbackHosts])].map((name) => (name.includes(':') ? `[${name}]` : name))
  const origins = publicOrigin ? [publicOrigin] : names.map((name) => new URL(`http://${name}:${port}`).origin)
  return {
    origins: new Set(origins),
    hosts: new Set(origins.map((text) => new URL(text).host)),
    secure: origins[0]?.startsWith('https:') ?? false,
  }
}

/** Node keeps this many and drops the rest. */
export const maxHeaders = 100

/**
 * Throws 431 for a request whose headers were not all kept, and 400 for one that another server on the way may have
 * read otherwise: a header name with `_`, which some take for `-`, a second Host, a target that names a host itself.
 */
export function assertPlain(req: IncomingMessage): void {
  const { rawHeaders, url } = req
  if (rawHeaders.length >= 2 * maxHeaders) throw gateRefusal('header', 431, 'The request has too many headers.')
  let hosts = 0
  let underscore = false
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1
    underscore ||= name.includes('_')
  }
  if (hosts > 1 || underscore || !url?.startsWith('/')) throw gateRefusal('header', 400, 'The request can be read in two ways.')
}

/** Throws 421 for a Host that is not ours: a name that somebody else's DNS points here. */
export function assertHost(req: IncomingMessage, { hosts }: Origins): void {
  if (!hosts.has(req.headers.host?.toLowerCase() ?? '')) throw gateRefusal('host', 421, 'This server does not answer to that name.')
}

/** Throws 403 unless a page of this very origin sent the request. The Origin is compared byte by byte, never with Host. */
export function assertOrigin(req: IncomingMessage, { origins }: Origins): void {
  const site = req.headers['sec-fetch-site']
  if (!origins.has(req.headers.origin ?? '') || (site !== undefined && site !== 'same-origin')) {
    throw gateRefusal('origin', 403, 'The request did not come from a page of this server.')
  }
}

/** Fetch metadata of a read: another site's page may not load our answers, as a document or as anything else. */
export function assertNotForeign(req: IncomingMessage): void {
  const site = req.headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    throw gateRefusal('origin', 403, 'The request did not come from a page of this server.')
  }
}

export const isRead = (method: string | undefined) => method === 'GET' || method === 'HEAD'

/** What every request has to be, whoever it is from: readable in one way, and under a name of ours. */
export function assertNamed(req: IncomingMessage, own: Origins): void {
  assertPlain(req)
  assertHost(req, own)
}

/** For everything behind a session: reads from our own pages, writes from our own pages with the session's CSRF token. */
export function assertProvenance(req: IncomingMessage, own: Origins, sessions: Sessions): void {
  if (isRead(req.method)) return assertNotForeign(req)
  assertOrigin(req, own)
  const session = sessions.of(req)
  const given = req.headers['x-kvd-csrf']
  if (session && !sessions.csrfMatches(session, typeof given === 'string' ? given : undefined)) {
    throw gateRefusal('csrf', 403, 'The request lacks the session’s x-kvd-csrf header.')
  }
}
