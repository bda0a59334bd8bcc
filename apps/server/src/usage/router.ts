import { Router } from 'express'
import { asKnown } from '../auth/doubt.ts'
import type { Context } from '../context.ts'
import { encodingOf, sendLines } from '../encodings.ts'
import { refusal } from '../refusal.ts'

/** `GET /api/usage`: what VMs use, of those that one may see. */
export function usageRouter({ sessions, inventory, usage }: Context): Router {
  const router = Router({ caseSensitive: true, strict: true })
  router.get('/', async (req, res) => {
    const session = sessions.of(req)
    if (!session) throw refusal(401, 'You are not signed in.')
    if (!usage) throw refusal(404, 'No Prometheus is configured.')
    const visibility = await asKnown(sessions, session, inventory.visibility)
    const encoding = encodingOf(req.get('accept-encoding'))
    res.setHeader('vary', 'Cookie, Accept-Encoding')
    sendLines(res, await usage.answer(visibility, encoding), encoding)
  })
  return router
}
