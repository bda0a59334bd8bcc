// Who is signed in: a stateless session that lives sealed in the browser's cookies.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import { refusal } from '../refusal.ts'
import type { Credential } from './kubeconfig.ts'
import type { Revocations } from './revocations.ts'
import { TooLargeError, open, seal, type KeyRing } from './sealed-cookie.ts'

export type Session = {
  sid: string
  /** `groupsMissing` where the identity provider had more groups than it tells. */
  user: { name: string; groups: string[]; groupsMissing?: boolean }
  credential: Credential
  /** Milliseconds since the epoch. */
  signedInAt: number
  /** Last request of the person, to the minute. */
  usedAt: number
  expiresAt: number
  csrfSeed: string
}

const shape: z.ZodType<Session> = z.object({
  sid: z.string(),
  user: z.object({ name: z.string(), groups: z.array(z.string()), groupsMissing: z.boolean().optional() }),
  credential: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('token'), token: z.string() }),
    z.object({ kind: z.literal('kubeconfig'), context: z.string() }),
    z.object({
      kind: z.literal('oidc'),
      shown: z.union([
        z.strictObject({ token: z.string() }),
        z.strictObject({
          impersonate: z.strictObject({
            name: z.string(),
            groups: z.array(z.string()),
            uid: z.string().optional(),
            extra: z.record(z.string(), z.array(z.string())).optional(),
          }),
        }),
      ]),
      expiresAt: z.number(),
      subject: z.string(),
      refreshToken: z.string().optional(),
    }),
  ]),
  signedInAt: z.number(),
  usedAt: z.number(),
  expiresAt: z.number(),
  csrfSeed: z.string(),
})

/** What it meant that the cluster refused a credential: `taken` where it takes it after all, `ran-out` where it can be renewed. */
export type Verdict = 'over' | 'ran-out' | 'taken'

export type Sessions = {
  /** The live session of a request, or undefined. */
  of(req: IncomingMessage): Session | undefined
  /** Starts a session and sets its cookies. Throws 400 when the token does not fit. */
  start(res: ServerResponse, who: Pick<Session, 'user' | 'credential'>, tokenExpiresAt?: number): Session
  /** Notes that the person is there: sets the cookies again, once a minute at most. */
  touch(res: ServerResponse, session: Session): void
  end(res: ServerResponse): void
  /** The session with a renewed credential, in its cookies and for its open sockets. */
  renew(res: ServerResponse, session: Session, credential: Credential): Session
  /** The session with the newest credential that is known here: sockets hold that of their beginning. */
  current(session: Session): Session
  /** The cluster did not take the credential: the session is over once that is certain. Settles with what it meant; never rejects. */
  rejected(session: Session): Promise<Verdict>
  /** False once the session was idle for too long, is over, or was signed out on this server. */
  alive(session: Session): boolean
  /** When it ends unless its person is noticed again, milliseconds since the epoch. */
  idleEndsAt(session: Session): number
  csrf(session: Session): string
  csrfMatches(session: Session, given: string | undefined): boolean
  /** Ends a session before its time: its cookies open no more here, and its sockets close. */
  revoke(sid: string, where?: 'here' | 'elsewhere'): void
  onEnd(listener: (sid: string) => void): () => void
}

export type SessionOptions = {
  ring: KeyRing
  /** Secure cookies with the `__Host-` prefix; not on plain http, where browsers refuse them. */
  secure: boolean
  port: number
  idleMs?: number
  absoluteMs?: number
  revocations?: Pick<Revocations, 'covers'>
  /** Whether the cluster goes on refusing the credential that `current` gives; without it, its first word is believed. */
  staysRefused?: (current: () => Session) => Promise<boolean>
  /** Told once of each session that is found to be revoked, or that the cluster refuses. */
  onLost?: (session: Session, why: 'revoked' | 'rejected') => void
  /** Told of each session that was ended here before its time. */
  onRevoked?: (sid: string) => void
  now?: () => number
}

const touchEveryMs = 60_000
const maxOpened = 1_000
const skewMs = 30_000

export function createSessions({
  ring,
  secure,
  port,
  idleMs = 30 * 60_000,
  absoluteMs = 8 * 3_600_000,
  revocations,
  staysRefused = () => Promise.resolve(true),
  onLost,
  onRevoked,
  now = Date.now,
}: SessionOptions): Sessions {
  // Without the port, two servers on one loopback address would overwrite each other's cookies.
  const stem = secure ? '__Host-virtdeck_s' : `virtdeck_${port}_s`
  const attributes = `Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`
  const revoked = new Map<string, number>()
  /** Sockets hold the session of their beginning: when it was last used since is known here. */
  const used = new Map<string, number>()
  const renewed = new Map<string, Credential & { kind: 'oidc' }>()
  const listeners = new Set<(sid: string) => void>()

  const write = (res: ServerResponse, chunks: string[]) => {
    const lines = [0, 1].map((index) => {
      const value = chunks[index]
      return value === undefined ? `${stem}${index}=; ${attributes}; Max-Age=0` : `${stem}${index}=${value}; ${attributes}`
    })
    res.setHeader('set-cookie', lines)
  }
  /** Opening a cookie costs more than all else a request needs: those of the latest Cookie headers stay open. */
  const opened = new Map<string, Session>()
  let openedWith = ring.keys
  const read = (header: string): Session | undefined => {
    if (openedWith !== ring.keys) opened.clear()
    openedWith = ring.keys
    const known = opened.get(header)
    if (known) return known
    const cookies = readCookies(header, stem)
    if (cookies.length === 0) return undefined
    const parsed = shape.safeParse(open(ring, stem, cookies))
    if (!parsed.success) return undefined
    opened.set(header, parsed.data)
    const [oldest] = opened.keys()
    if (opened.size > maxOpened && oldest !== undefined) opened.delete(oldest)
    return parsed.data
  }
  const save = (res: ServerResponse, session: Session) => write(res, seal(ring, stem, session))
  const lost = new Set<string>()
  const lose = (session: Session, why: 'revoked' | 'rejected') => {
    if (lost.has(session.sid)) return
    const [oldest] = lost.add(session.sid)
    if (lost.size > maxOpened && oldest !== undefined) lost.delete(oldest)
    onLost?.(session, why)
  }
  const isRevoked = (session: Session) => {
    const covered = revocations?.covers(session) ?? false
    if (covered) lose(session, 'revoked')
    return covered
  }
  const idleEndsAt = (session: Session) => Math.max(session.usedAt, used.get(session.sid) ?? 0) + idleMs
  const alive = (session: Session) =>
    now() < session.expiresAt && now() < idleEndsAt(session) && !revoked.has(session.sid) && !isRevoked(session)
  /** Remembers the younger of two tokens, and forgets those of sessions that are long over. */
  const remember = ({ sid, credential }: Session) => {
    if (credential.kind !== 'oidc' || credential.expiresAt <= (renewed.get(sid)?.expiresAt ?? 0)) return
    renewed.delete(sid)
    renewed.set(sid, credential)
    for (const [old, { expiresAt }] of renewed) {
      if (expiresAt + absoluteMs > now()) break
      renewed.delete(old)
    }
  }
  const current = (session: Session): Session => {
    const credential = renewed.get(session.sid)
    return credential && session.credential.kind === 'oidc' && credential.expiresAt > session.credential.expiresAt
      ? { ...session, credential }
      : session
  }
  const end = (sid: string) => {
    for (const listener of listeners) listener(sid)
  }
  const revoke = (sid: string, where: 'here' | 'elsewhere' = 'here') => {
    if (revoked.has(sid)) return
    for (const [old, until] of revoked) if (until < now()) revoked.delete(old)
    revoked.set(sid, now() + absoluteMs)
    end(sid)
    if (where === 'here') onRevoked?.(sid)
  }
  const doubts = new Map<string, Promise<Verdict>>()
  /** Whoever hears of a refusal while one is looked into waits for the same answer. */
  const doubt = (session: Session): Promise<Verdict> => {
    const known = doubts.get(session.sid)
    if (known) return known
    const verdict = (async (): Promise<Verdict> => {
      if (!(await staysRefused(() => current(session)))) return 'taken'
      lose(session, 'rejected')
      revoke(session.sid)
      return 'over'
    })().finally(() => doubts.delete(session.sid))
    doubts.set(session.sid, verdict)
    return verdict
  }
  const csrf = (session: Session) => createHmac('sha256', session.csrfSeed).update(`csrf|${session.sid}`).digest('base64url')

  return {
    of(req) {
      const session = read(req.headers.cookie ?? '')
      if (!session || !alive(session)) return undefined
      remember(session)
      return session
    },
    start(res, who, tokenExpiresAt = Infinity) {
      const at = now()
      const session: Session = {
        ...who,
        sid: randomBytes(16).toString('base64url'),
        signedInAt: at,
        usedAt: at,
        expiresAt: Math.min(at + absoluteMs, tokenExpiresAt),
        csrfSeed: randomBytes(32).toString('base64url'),
      }
      try {
        save(res, session)
      } catch (error) {
        if (!(error instanceof TooLargeError)) throw error
        const { length } = session.user.groups
        throw refusal(400, `This token is too large for a browser session (${length} groups). Ask for one with fewer groups or claims.`)
      }
      return session
    },
    touch(res, session) {
      used.delete(session.sid)
      used.set(session.sid, now())
      // In the order of their last use, so that the idle ones are at the front.
      for (const [sid, at] of used) {
        if (at + idleMs > now()) break
        used.delete(sid)
      }
      if (now() - session.usedAt >= touchEveryMs) save(res, { ...current(session), usedAt: now() })
    },
    end: (res) => write(res, []),
    renew(res, session, credential) {
      const next = { ...session, credential, usedAt: idleEndsAt(session) - idleMs }
      save(res, next)
      remember(next)
      return next
    },
    current,
    async rejected(session) {
      if (!alive(session)) return 'over'
      const { credential } = current(session)
      const ranOut = credential.kind === 'oidc' && credential.refreshToken !== undefined && credential.expiresAt - skewMs <= now()
      if (!ranOut) return doubt(session)
      end(session.sid)
      return 'ran-out'
    },
    alive,
    idleEndsAt,
    csrf,
    csrfMatches(session, given) {
      const expected = Buffer.from(csrf(session))
      const actual = Buffer.from(given ?? '')
      return actual.length === expected.length && timingSafeEqual(actual, expected)
    },
    revoke,
    onEnd(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** The chunks STEM0, STEM1, ... of a Cookie header; none when a name comes twice. */
function readCookies(header: string, stem: string): string[] {
  const found = new Map<string, string>()
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=')
    const name = pair.slice(0, equals).trim()
    if (equals < 0 || !name.startsWith(stem)) continue
    if (found.has(name)) return []
    const value = pair.slice(equals + 1).trim()
    if (value) found.set(name, value)
  }
  const chunks: string[] = []
  for (let value = found.get(`${stem}0`); value !== undefined; value = found.get(`${stem}${chunks.length}`)) chunks.push(value)
  return chunks.length === found.size ? chunks : []
}
