import { randomUUID } from 'node:crypto'
import express, { type Express, type RequestHandler } from 'express'
import { peersPath, peersRouter } from './auth/peers.ts'
import { requireHost, requireProvenance } from './auth/provenance.ts'
import { sessionRouter, signInRouter, signOutRouter } from './auth/sign-in.ts'
import { refreshRouter, singleSignOnRouter } from './auth/single-sign-on.ts'
import { ticketRouter } from './auth/tickets.ts'
import type { Context } from './context.ts'
import { errorHandler, notFound } from './errors.ts'
import { inventoryRouter } from './inventory/snapshots.ts'
import { proxyRouter } from './k8s/proxy.ts'
import type { Logger } from './logger.ts'
import { reportPath, reportRouter } from './web/csp-report.ts'
import { securityHeaders } from './web/security-headers.ts'
import { webRouter } from './web/static.ts'

/**
 * Who is answered at all; what they may have is decided further in. `anybody` under our own name, or `our-pages`: reads
 * that no other site began, and writes from a page of ours with the session's CSRF token. `replicas` come under any name,
 * and say only what they have sealed.
 */
type Policy = 'anybody' | 'our-pages' | 'replicas'

/** Where everything is that is no page. There is no way to mount something without a policy. */
export const areas: readonly { at: string; policy: Policy; serve: (context: Context) => RequestHandler[] }[] = [
  { at: peersPath, policy: 'replicas', serve: (context) => [peersRouter(context)] },
  { at: reportPath, policy: 'anybody', serve: (context) => [reportRouter(context)] },
  { at: '/api/session', policy: 'our-pages', serve: (context) => [sessionRouter(context)] },
  { at: '/api/ws-ticket', policy: 'our-pages', serve: (context) => [ticketRouter(context)] },
  { at: '/api/inventory', policy: 'our-pages', serve: (context) => [inventoryRouter(context)] },
  { at: '/auth/sign-out', policy: 'our-pages', serve: (context) => [signOutRouter(context)] },
  { at: '/auth/refresh', policy: 'our-pages', serve: (context) => [refreshRouter(context)] },
  // Nobody has a session yet, and the identity provider is another site: each has rules of its own.
  { at: '/auth', policy: 'anybody', serve: (context) => [signInRouter(context), singleSignOnRouter(context)] },
  { at: '/k8s', policy: 'our-pages', serve: (context) => [proxyRouter(context)] },
]

/** Every middleware, in order. */
export function createApp(context: Context): Express {
  const { config, inventory, log, own, sessions } = context
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.enable('case sensitive routing')
  app.enable('strict routing')
  app.set('query parser', 'simple')

  app.use(requestId(log))
  app.use(securityHeaders(own.secure))
  app.get('/healthz', (_req, res) => void res.type('text').send('ok'))
  app.get(
    '/readyz',
    (_req, res) =>
      void res
        .status(inventory.ready() ? 200 : 503)
        .type('text')
        .send(inventory.ready() ? 'ok' : 'the inventory is not read yet'),
  )
  const named = requireHost(own)
  const guards: Record<Policy, RequestHandler[]> = {
    replicas: [],
    anybody: [named],
    'our-pages': [named, requireProvenance(own, sessions)],
  }
  for (const { at, policy, serve } of areas) app.use(at, ...guards[policy], ...serve(context))
  app.use(named)
  app.use(['/api', '/auth', '/k8s', '/live', '/peers'], notFound)
  app.use(webRouter(config.webRoot, own.secure))
  app.use(notFound)
  app.use(errorHandler(context))
  return app
}

/** Names each request, and logs it when it is over: without its query, which may hold what somebody searched for. */
function requestId(log: Logger): RequestHandler {
  return (req, res, next) => {
    const id = randomUUID()
    const startedAt = performance.now()
    res.setHeader('x-request-id', id)
    res.once('close', () => {
      const level = res.statusCode >= 500 ? 'warn' : 'debug'
      const path = req.originalUrl.split('?')[0]?.slice(0, 300)
      log[level](
        { requestId: id, method: req.method, path, status: res.statusCode, ms: Math.round(performance.now() - startedAt) },
        'request',
      )
    })
    next()
  }
}
