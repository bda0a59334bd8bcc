import { randomUUID } from 'node:crypto'
import express, { type Express, type RequestHandler } from 'express'
import { requireHost, requireProvenance } from './auth/provenance.ts'
import { sessionHandler, signInRouter } from './auth/sign-in.ts'
import { singleSignOnRouter } from './auth/single-sign-on.ts'
import { ticketRouter } from './auth/tickets.ts'
import type { Context } from './context.ts'
import { errorHandler, notFound } from './errors.ts'
import { inventoryRouter } from './inventory/snapshots.ts'
import { proxyRouter } from './k8s/proxy.ts'
import type { Logger } from './logger.ts'
import { reportPath, reportRouter } from './web/csp-report.ts'
import { securityHeaders } from './web/security-headers.ts'
import { webRouter } from './web/static.ts'

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
  app.use(requireHost(own))
  app.use(reportPath, reportRouter(context))
  app.route('/api/session').all(requireProvenance(own, sessions)).get(sessionHandler(context)).post(sessionHandler(context))
  app.use('/api/ws-ticket', requireProvenance(own, sessions), ticketRouter(context))
  app.use('/api/inventory', requireProvenance(own, sessions), inventoryRouter(context))
  app.use('/auth/sign-out', requireProvenance(own, sessions))
  app.use('/auth/refresh', requireProvenance(own, sessions))
  app.use('/auth', signInRouter(context), singleSignOnRouter(context))
  app.use('/k8s', requireProvenance(own, sessions), proxyRouter(context))
  app.use(['/api', '/auth', '/k8s', '/live'], notFound)
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
