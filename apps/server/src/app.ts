import { randomUUID } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import { peersPath, peersRouter } from './auth/peers.ts'
import { assertNamed, assertProvenance } from './auth/provenance.ts'
import { sessionRouter, signInRouter, signOutRouter } from './auth/sign-in.ts'
import { refreshRouter, singleSignOnRouter } from './auth/single-sign-on.ts'
import { ticketRouter } from './auth/tickets.ts'
import type { Context } from './context.ts'
import { createErrorAnswer, notFound } from './errors.ts'
import { inventoryRouter } from './inventory/snapshots.ts'
import { createProxy } from './k8s/proxy.ts'
import type { Logger } from './logger.ts'
import { usageRouter } from './usage/router.ts'
import { reportPath, reportRouter } from './web/csp-report.ts'
import { securityHeaders } from './web/security-headers.ts'
import { webRouter } from './web/static.ts'

/**
 * Who is answered at all; what they may have is decided further in. `anybody` under our own name, or `our-pages`: reads
 * that no other site began, and writes from a page of ours with the session's CSRF token. `replicas` come under any name,
 * and say only what they have sealed.
 */
type Policy = 'anybody' | 'our-pages' | 'replicas'

/** Throws a StatusError for a request that is not to be answered. */
type Guard = (req: IncomingMessage) => void

/** Express's handlers; or one that everything below the place goes to without Express, which costs more than it does. */
type Served = { serve(context: Context): RequestHandler[] } | { pass(context: Context): PassHandler }

type PassHandler = (req: IncomingMessage, res: ServerResponse) => Promise<void>

/** Where everything is that is no page. There is no way to mount something without a policy. */
export const areas: readonly ({ at: string; policy: Policy } & Served)[] = [
  { at: peersPath, policy: 'replicas', serve: (context) => [peersRouter(context)] },
  { at: reportPath, policy: 'anybody', serve: (context) => [reportRouter(context)] },
  { at: '/api/session', policy: 'our-pages', serve: (context) => [sessionRouter(context)] },
  { at: '/api/ws-ticket', policy: 'our-pages', serve: (context) => [ticketRouter(context)] },
  { at: '/api/inventory', policy: 'our-pages', serve: (context) => [inventoryRouter(context)] },
  { at: '/api/usage', policy: 'our-pages', serve: (context) => [usageRouter(context)] },
  { at: '/auth/sign-out', policy: 'our-pages', serve: (context) => [signOutRouter(context)] },
  { at: '/auth/refresh', policy: 'our-pages', serve: (context) => [refreshRouter(context)] },
  // Nobody has a session yet, and the identity provider is another site: each has rules of its own.
  { at: '/auth', policy: 'anybody', serve: (context) => [signInRouter(context), singleSignOnRouter(context)] },
  { at: '/k8s', policy: 'our-pages', pass: createProxy },
]

/** What happens to every request, in order: a name, the headers of its answer, the guards of its place, the place. */
export function createApp(context: Context): RequestListener {
  const { log, own, sessions } = context
  const named: Guard = (req) => assertNamed(req, own)
  const guards: Record<Policy, Guard[]> = {
    replicas: [],
    anybody: [named],
    'our-pages': [named, (req) => assertProvenance(req, own, sessions)],
  }
  const setSecurityHeaders = securityHeaders(own.secure)
  const answerError = createErrorAnswer(context)
  const app = createExpress(context, guards, answerError)
  const passed = areas.flatMap((area) =>
    'pass' in area ? { below: `${area.at}/`, guards: guards[area.policy], handle: area.pass(context) } : [],
  )
  const pass = async ({ guards: own, handle }: (typeof passed)[number], req: IncomingMessage, res: ServerResponse) => {
    try {
      for (const guard of own) guard(req)
      await handle(req, res)
    } catch (error) {
      answerError(error, req, res)
    }
  }

  return (req, res) => {
    nameRequest(log, req, res)
    setSecurityHeaders(res)
    const found = passed.find(({ below }) => req.url?.startsWith(below))
    if (found) void pass(found, req, res)
    else app(req, res)
  }
}

/** Every middleware, in order. */
function createExpress(
  { config, inventory, own, ...context }: Context,
  guards: Record<Policy, Guard[]>,
  answerError: ReturnType<typeof createErrorAnswer>,
): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.enable('case sensitive routing')
  app.enable('strict routing')
  app.set('query parser', 'simple')

  app.get('/healthz', (_req, res) => void res.type('text').send('ok'))
  app.get(
    '/readyz',
    (_req, res) =>
      void res
        .status(inventory.ready() ? 200 : 503)
        .type('text')
        .send(inventory.ready() ? 'ok' : 'the inventory is not read yet'),
  )
  const guarding = (policy: Policy): RequestHandler => {
    return (req, _res, next) => {
      for (const guard of guards[policy]) guard(req)
      next()
    }
  }
  for (const area of areas) {
    if ('serve' in area) app.use(area.at, guarding(area.policy), ...area.serve({ config, inventory, own, ...context }))
  }
  app.use(guarding('anybody'))
  app.use(['/api', '/auth', '/k8s', '/live', '/peers'], notFound)
  app.use(webRouter(config.webRoot, own.secure))
  app.use(notFound)
  app.use(((error, req, res, _next) => answerError(error, req, res)) satisfies ErrorRequestHandler)
  return app
}

/** Names a request, and logs it when it is over: without its query, which may hold what somebody searched for. */
function nameRequest(log: Logger, req: IncomingMessage, res: ServerResponse): void {
  const id = randomUUID()
  const startedAt = performance.now()
  const { method, url } = req
  res.setHeader('x-request-id', id)
  res.once('close', () => {
    const level = res.statusCode >= 500 ? 'warn' : 'debug'
    if (!log.isLevelEnabled(level)) return
    const path = url?.split('?')[0]?.slice(0, 300)
    log[level]({ requestId: id, method, path, status: res.statusCode, ms: Math.round(performance.now() - startedAt) }, 'request')
  })
}
