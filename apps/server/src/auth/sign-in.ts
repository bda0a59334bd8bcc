// Ways in and out, and who is signed in.
import { Router, json, type Request, type RequestHandler, type Response } from 'express'
import { z } from 'zod'
import { StatusError, toStatus } from '@virtdeck/k8s'
import { actorOf, clientOf } from '../audit/audit.ts'
import { authModeOf } from '../config.ts'
import type { Context } from '../context.ts'
import { refusal } from '../refusal.ts'
import type { SignInMode, SignedOut, Session as SessionAnswer } from '../protocol.ts'
import { identify, tokenExpiresAt } from './identify.ts'
import type { Credential } from './kubeconfig.ts'
import { assertOrigin, isRead } from './provenance.ts'
import { signInLimit } from './rate-limit.ts'
import type { Session } from './sessions.ts'

const signInRequest = z.discriminatedUnion('mode', [
  z.object({ mode: z.literal('token'), token: z.string().trim().min(1).max(16_384) }),
  z.object({ mode: z.literal('demo'), user: z.string().max(253) }),
  z.object({ mode: z.literal('kubeconfig'), launch: z.string().max(64) }),
])

export function signInRouter(context: Context): Router {
  const { own, sessions, kubeconfig, upstream, log } = context
  const limit = signInLimit(context.config)
  const router = Router({ caseSensitive: true, strict: true })

  const start = async (req: Request, res: Response): Promise<Session> => {
    const request = signInRequest.safeParse(req.body)
    if (!request.success) throw refusal(400, 'The request to sign in cannot be read.')
    const credential = credentialOf(context, request.data)
    const user = await identify(upstream, await kubeconfig.dial(credential)).catch(refuseToken)
    if (user.name === 'system:anonymous') throw refusal(401, 'The cluster does not accept this token.')
    const previous = sessions.of(req)
    const expiresAt = credential.kind === 'token' ? tokenExpiresAt(credential.token) : undefined
    const session = sessions.start(res, { user, credential }, expiresAt)
    if (previous) sessions.revoke(previous.sid)
    log.info({ user: user.name, mode: request.data.mode, sid: session.sid.slice(0, 6) }, 'signed in')
    return session
  }

  const signIn: RequestHandler = async (req, res) => {
    limit(req)
    const end = beginSignIn(context, req, res)
    try {
      const session = await start(req, res)
      end({ status: 200, actor: actorOf(session) })
      res.json(sessionAnswer(context, session))
    } catch (error) {
      end({ status: toStatus(error).code })
      throw error
    }
  }

  const originOnly: RequestHandler = (req, _res, next) => {
    assertOrigin(req, own)
    if (!req.is('application/json')) throw refusal(415, 'The body must be application/json.')
    next()
  }

  router.post('/sign-in', originOnly, json({ limit: '32kb', strict: true }), signIn)
  return router
}

export function signOutRouter({ sessions, log, oidc, audit }: Context): Router {
  const router = Router({ caseSensitive: true, strict: true })
  router.post('/', (req, res) => {
    const session = sessions.of(req)
    if (session) {
      const end = audit.begin({ id: requestIdOf(res), event: 'auth.sign-out', actor: actorOf(session), client: clientOf(req) })
      sessions.revoke(session.sid)
      end({ status: 200 })
      log.info({ user: session.user.name, sid: session.sid.slice(0, 6) }, 'signed out')
    }
    const { credential } = session ? sessions.current(session) : {}
    const leaveTo = credential?.kind === 'oidc' ? oidc?.endSessionUrl() : undefined
    if (credential?.kind === 'oidc') void oidc?.revoke(credential)
    sessions.end(res)
    res.setHeader('clear-site-data', '"cache", "storage"')
    res.json({ leaveTo } satisfies SignedOut)
  })
  return router
}

export function sessionRouter(context: Context): Router {
  const answer: RequestHandler = (req, res) => {
    const session = context.sessions.of(req)
    // Asking is a tab's own doing, saying so is a person's.
    if (session && !isRead(req.method)) context.sessions.touch(res, session)
    res.json(sessionAnswer(context, session))
  }
  const router = Router({ caseSensitive: true, strict: true })
  router.route('/').get(answer).post(answer)
  return router
}

export const requestIdOf = (res: Response) => String(res.getHeader('x-request-id'))

/** Records that somebody tries to sign in; who they are is known with the outcome. */
export function beginSignIn({ audit }: Context, req: Request, res: Response): ReturnType<Context['audit']['begin']> {
  return audit.begin({ id: requestIdOf(res), event: 'auth.sign-in', actor: { kind: 'anonymous' }, client: clientOf(req) })
}

/** What the browser is told of its session. */
export function sessionAnswer(context: Context, session: Session | undefined): SessionAnswer {
  const { config, kubeconfig, sessions, inventory } = context
  return {
    ...(session
      ? {
          user: session.user,
          csrf: sessions.csrf(session),
          expiresAt: session.expiresAt,
          idleEndsAt: sessions.idleEndsAt(session),
          ...renewal(session),
        }
      : {}),
    signIn: signInModes(context),
    cluster: {
      name: config.clusterName ?? kubeconfig.clusterName,
      simulated: config.simulated ?? false,
      ...(session && config.prometheus ? { usage: true } : {}),
      ...(session && kubeconfig.warnings.length > 0 ? { warnings: [...kubeconfig.warnings] } : {}),
      ...inventory.versions(),
    },
  }
}

function renewal({ credential }: Session): Pick<SessionAnswer, 'renewBefore'> {
  return credential.kind === 'oidc' && credential.refreshToken ? { renewBefore: credential.expiresAt } : {}
}

function signInModes({ config, kubeconfig }: Context): SignInMode[] {
  const { demoUsers } = config
  return [
    ...(config.oidc ? [{ mode: 'oidc' as const }] : []),
    ...(demoUsers?.length ? [{ mode: 'demo' as const, users: demoUsers.map(({ name, description }) => ({ name, description })) }] : []),
    ...(offersKubeconfig(config) ? [{ mode: 'kubeconfig' as const, user: kubeconfig.user }] : []),
    ...(config.tokenSignIn === false ? [] : [{ mode: 'token' as const }]),
  ]
}

/** The kubeconfig's own user is whoever sits at this machine: never offered to another one. */
const offersKubeconfig = (config: Context['config']) => authModeOf(config) === 'local-kubeconfig'

function credentialOf({ config, kubeconfig, launch }: Context, request: z.infer<typeof signInRequest>): Credential {
  switch (request.mode) {
    case 'token':
      if (config.tokenSignIn === false) throw refusal(403, 'Signing in with a token is turned off here.')
      // eslint-disable-next-line no-control-regex
      if (/[^\u0021-\u007e]/.test(request.token)) throw refusal(400, 'A token has no spaces and no other letters than ASCII.')
      return { kind: 'token', token: request.token }
    case 'demo': {
      const user = config.demoUsers?.find(({ name }) => name === request.user)
      if (!user) throw refusal(403, 'There is no such demo user.')
      return { kind: 'token', token: user.token }
    }
    case 'kubeconfig':
      if (!offersKubeconfig(config)) throw refusal(403, 'The kubeconfig’s own user cannot be used here.')
      if (!launch.redeem(request.launch))
        throw refusal(403, 'This link was used before or is too old. Ask for another one in the terminal.')
      return { kind: 'kubeconfig', context: kubeconfig.context }
  }
}

function refuseToken(error: unknown): never {
  if (error instanceof StatusError && error.code === 401) throw refusal(401, 'The cluster does not accept this token.')
  throw error
}
