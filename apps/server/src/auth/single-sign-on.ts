// The way to the identity provider and back. Between the two, what must match lives sealed in a cookie of this browser.
import type { IncomingMessage } from 'node:http'
import { Router, type RequestHandler, type Response } from 'express'
import { z } from 'zod'
import { StatusError, toStatus } from '@virtdeck/k8s'
import { actorOf, clientOf } from '../audit/audit.ts'
import type { Context } from '../context.ts'
import { refusal } from '../refusal.ts'
import type { SignInError } from '../protocol.ts'
import { identify } from './identify.ts'
import type { Oidc, OidcCredential, Transaction } from './oidc.ts'
import { assertNotForeign } from './provenance.ts'
import { signInLimit } from './rate-limit.ts'
import { returnTo } from './return-to.ts'
import { open, seal } from './sealed-cookie.ts'
import { beginSignIn, requestIdOf, sessionAnswer } from './sign-in.ts'

const maxTransactions = 3
const transactionShape = z.object({ state: z.string(), nonce: z.string(), verifier: z.string(), returnTo: z.string(), until: z.number() })

/** A refusal that the sign-in page explains; the cause is for the log alone. */
class SignInFailure extends Error {
  reason: SignInError
  constructor(reason: SignInError, cause: unknown) {
    super(`sign-in failed: ${reason}`, { cause })
    this.reason = reason
  }
}

export function singleSignOnRouter(context: Context): Router {
  const router = Router({ caseSensitive: true, strict: true })
  const { oidc } = context
  if (!oidc) return router
  const limit = signInLimit(context.config)
  const limited: RequestHandler = (req, _res, next) => {
    limit(req)
    next()
  }
  router.get('/login', limited, login(context, oidc))
  // What comes back was begun here, within the limit.
  router.get('/callback', callback(context, oidc))
  return router
}

export function refreshRouter(context: Context): Router {
  const router = Router({ caseSensitive: true, strict: true })
  if (context.oidc) router.post('/', refresh(context, context.oidc))
  return router
}

function login(context: Context, oidc: Oidc): RequestHandler {
  const { own, sessions, ring } = context
  const cookies = transactionCookies(context)
  return async (req, res) => {
    assertNotForeign(req)
    const mode = req.headers['sec-fetch-mode']
    if (mode !== undefined && mode !== 'navigate') throw refusal(403, 'The way to the identity provider is a link.')
    const [origin = ''] = own.origins
    try {
      const { url, transaction } = await oidc.begin(returnTo(req.query['rt'], origin))
      const previous = sessions.of(req)
      if (previous) sessions.revoke(previous.sid)
      sessions.end(res)
      const [sealed = ''] = seal(ring, cookies.name(transaction.state), transaction)
      for (const name of cookies.tooMany(req)) cookies.clear(res, name)
      cookies.set(res, cookies.name(transaction.state), sealed)
      res.redirect(302, url.href)
    } catch (error) {
      fail(context, res, new SignInFailure('provider', error))
    }
  }
}

/** What the audit log calls them. */
const reasons: Record<SignInError, string> = {
  refused: 'AnswerRefused',
  provider: 'ProviderFailed',
  cluster: 'TokenRefused',
  groups: 'TokenTooLarge',
}

function callback(context: Context, oidc: Oidc): RequestHandler {
  const { sessions, ring, kubeconfig, upstream, log } = context
  const cookies = transactionCookies(context)
  /** States that came back already, until they would be too old anyway. */
  const used = new Map<string, number>()

  const transactionOf = (req: IncomingMessage, state: string): Transaction => {
    const name = cookies.name(state)
    const parsed = transactionShape.safeParse(open(ring, name, [cookies.read(req).get(name) ?? '']))
    if (!parsed.success || parsed.data.state !== state || used.has(state)) {
      throw new SignInFailure('refused', new Error('no sign-in of this browser has this state'))
    }
    for (const [old, until] of used) if (until < Date.now()) used.delete(old)
    used.set(state, parsed.data.until)
    return parsed.data
  }

  const finish = async (
    query: URLSearchParams,
    transaction: Transaction,
  ): Promise<{ credential: OidcCredential; groupsMissing: boolean }> => {
    try {
      return await oidc.finish(query, transaction)
    } catch (error) {
      const unreachable = error instanceof StatusError && error.code > 500
      throw new SignInFailure(unreachable ? 'provider' : 'refused', error)
    }
  }

  return async (req, res) => {
    const query = new URLSearchParams(req.originalUrl.split('?')[1] ?? '')
    const [state = '', ...more] = query.getAll('state')
    const end = beginSignIn(context, req, res)
    try {
      if (!state || more.length > 0 || query.getAll('code').length > 1) {
        throw new SignInFailure('refused', new Error('not one state and one code'))
      }
      const transaction = transactionOf(req, state)
      const { credential, groupsMissing } = await finish(query, transaction)
      const identity = await identify(upstream, await kubeconfig.dial(credential)).catch((error: unknown) => {
        throw new SignInFailure('cluster', error)
      })
      const user = { ...identity, ...(groupsMissing ? { groupsMissing } : {}) }
      if (user.name.startsWith('system:')) throw new SignInFailure('cluster', new Error('a user of the cluster’s own'))
      try {
        const session = sessions.start(res, { user, credential }, credential.refreshToken ? undefined : credential.expiresAt)
        end({ status: 200, actor: actorOf(session) })
        log.info({ user: user.name, mode: 'oidc', sid: session.sid.slice(0, 6) }, 'signed in')
      } catch (error) {
        throw new SignInFailure('groups', error)
      }
      cookies.clear(res, cookies.name(state))
      res.redirect(303, transaction.returnTo)
    } catch (error) {
      const reason = error instanceof SignInFailure ? error.reason : undefined
      end({ status: toStatus(error instanceof SignInFailure ? error.cause : error).code, ...(reason ? { reason: reasons[reason] } : {}) })
      cookies.clear(res, cookies.name(state))
      fail(context, res, error)
    }
  }
}

function refresh(context: Context, oidc: Oidc): RequestHandler {
  const { sessions, audit } = context
  return async (req, res) => {
    const session = sessions.of(req)
    if (!session) throw refusal(401, 'You are not signed in.')
    const record = (status: number) =>
      audit.event({ id: requestIdOf(res), event: 'auth.refresh', actor: actorOf(session), client: clientOf(req) }, { status })
    const { credential } = sessions.current(session)
    if (credential.kind !== 'oidc') throw refusal(400, 'This session has nothing to renew.')
    try {
      // Somebody else of this session may just have done it: the cookie is older than what is known here.
      const done = credential !== session.credential
      const renewed = sessions.renew(res, session, done ? credential : await oidc.refresh(credential))
      if (!done) record(200)
      res.json(sessionAnswer(context, renewed))
    } catch (error) {
      record(toStatus(error).code)
      if (error instanceof StatusError && error.code === 401) {
        sessions.revoke(session.sid)
        sessions.end(res)
      }
      throw error
    }
  }
}

/** What the browser is answered; the sign-in page says the same in words. */
const codes: Record<SignInError, number> = { refused: 400, provider: 503, cluster: 403, groups: 400 }

/** The sign-in page says in fixed words what happened; what the provider said is for the log. */
function fail({ log }: Context, res: Response, error: unknown): void {
  if (!(error instanceof SignInFailure)) throw error
  log.warn({ requestId: res.getHeader('x-request-id'), reason: error.reason, err: error.cause }, 'single sign-on failed')
  const page = `/sign-in?error=${error.reason}`
  // No redirect: it did not go well. Browsers follow `Refresh` unless the document is sandboxed.
  res.status(codes[error.reason]).setHeader('content-security-policy', "default-src 'none';frame-ancestors 'none';base-uri 'none'")
  res.setHeader('refresh', `0;url=${page}`)
  res.type('html').send(`<!doctype html><title>Not signed in</title><p>Not signed in. <a href="${page}">Begin again</a>`)
}

function transactionCookies({ own, port }: Context) {
  const stem = own.secure ? '__Host-virtdeck_tx_' : `virtdeck_${port}_tx_`
  // Lax: the identity provider sends the browser back from another site.
  const attributes = `Path=/; HttpOnly; SameSite=Lax${own.secure ? '; Secure' : ''}`
  const read = (req: IncomingMessage) =>
    new Map(
      (req.headers.cookie ?? '').split(';').flatMap((pair) => {
        const [name = '', value = ''] = pair.trim().split('=')
        return name.startsWith(stem) ? [[name, value] as const] : []
      }),
    )
  return {
    name: (state: string) => stem + state.slice(0, 8).replaceAll(/[^\w-]/g, ''),
    read,
    /** Sign-ins that were begun and left: of the old ones only the newest stay beside a new one. */
    tooMany: (req: IncomingMessage) => [...read(req).keys()].slice(0, -(maxTransactions - 1)),
    set: (res: Response, name: string, value: string) => void res.append('set-cookie', `${name}=${value}; ${attributes}; Max-Age=600`),
    clear: (res: Response, name: string) => void res.append('set-cookie', `${name}=; ${attributes}; Max-Age=0`),
  }
}
