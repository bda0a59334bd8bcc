// Where browsers tell what our own policy stopped: a bug of ours, or an attack. https://www.w3.org/TR/CSP3/#reporting
import { Router, json } from 'express'
import { z } from 'zod'
import { assertNotForeign } from '../auth/provenance.ts'
import { createRateLimit } from '../auth/rate-limit.ts'
import type { Context } from '../context.ts'
import { gateRefusal, refusal } from '../refusal.ts'

export const reportPath = '/api/csp-report'

const text = z
  .string()
  .transform((long) => long.slice(0, 300))
  .optional()
/** What `report-uri` sends, and what `report-to` does: the same under other names. */
const oldReport = z.object({
  'csp-report': z.object({ 'document-uri': text, 'effective-directive': text, 'violated-directive': text, 'blocked-uri': text }),
})
const newReports = z
  .array(z.object({ type: text, body: z.object({ documentURL: text, effectiveDirective: text, blockedURL: text }) }))
  .max(20)

type Violation = { document?: string; directive?: string; blocked?: string }

/** Anybody may report, signed in or not; what is told is logged, never trusted. */
export function reportRouter({ log }: Pick<Context, 'log'>): Router {
  const limit = createRateLimit({ burst: 20, everyMs: 6_000 })
  const router = Router({ caseSensitive: true, strict: true })
  router.post(
    '/',
    (req, _res, next) => {
      assertNotForeign(req)
      const taken = limit.take(req.clientAddress ?? req.socket.remoteAddress ?? '')
      if (!taken.allowed) throw gateRefusal('rate', 429, 'Too many reports. Wait a moment.', { retryAfterSeconds: taken.retryAfterSeconds })
      if (!req.is(['application/csp-report', 'application/reports+json'])) throw refusal(415, 'This is not a report of a browser.')
      next()
    },
    json({ limit: '32kb', strict: true, type: () => true }),
    (req, res) => {
      const violations = violationsOf(req.body)
      if (!violations) throw refusal(400, 'The report cannot be read.')
      for (const violation of violations) log.warn(violation, 'csp.violation')
      res.status(204).end()
    },
  )
  return router
}

/** Without their queries, which may hold what somebody searched for. */
const plain = (url: string | undefined) => url?.split(/[?#]/)[0]

function violationsOf(body: unknown): Violation[] | undefined {
  const old = oldReport.safeParse(body)
  if (old.success) {
    const report = old.data['csp-report']
    const directive = report['effective-directive'] ?? report['violated-directive']
    return [{ document: plain(report['document-uri']), directive, blocked: plain(report['blocked-uri']) }]
  }
  const reports = newReports.safeParse(body)
  if (!reports.success) return undefined
  return reports.data
    .filter(({ type }) => type === 'csp-violation')
    .map(({ body: told }) => ({ document: plain(told.documentURL), directive: told.effectiveDirective, blocked: plain(told.blockedURL) }))
}
