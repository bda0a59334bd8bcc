import { Router } from 'express'
import { StatusError } from '@virtdeck/k8s'
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
    const visibility = await inventory.visibility(session).catch((error: unknown) => {
      if (error instanceof StatusError && error.code === 401) sessions.rejected(session)
      throw error
    })
    const encoding = encodingOf(req.get('accept-encoding'))
    res.setHeader('vary', 'Cookie, Accept-Encoding')
    sendLines(res, await usage.answer(visibility, encoding), encoding)
  })
  return router
}
