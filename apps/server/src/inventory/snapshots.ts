import { Router } from 'express'
import { asKnown } from '../auth/doubt.ts'
import type { Context } from '../context.ts'
import { encodingOf, sendLines } from '../encodings.ts'
import { refusal } from '../refusal.ts'
import { fleets } from './joins.ts'

/**
 * `GET /api/inventory/FLEET[?followed=true]`: the first picture of a fleet, made once for everybody with the same rights.
 * `followed` by whoever goes on over the socket: it may be half a minute old.
 */
export function inventoryRouter({ sessions, inventory }: Context): Router {
  const router = Router({ caseSensitive: true, strict: true })
  router.get('/:fleet', async (req, res) => {
    const session = sessions.of(req)
    if (!session) throw refusal(401, 'You are not signed in.')
    const fleet = fleets.find((name) => name === req.params.fleet)
    if (!fleet) throw refusal(404, 'There is no such fleet.')
    const view = await asKnown(sessions, session, (known) => inventory.view(known, fleet))
    const encoding = encodingOf(req.get('accept-encoding'))
    const { etag, body } = await view.snapshot(encoding, req.query['followed'] === 'true')
    res.setHeader('etag', etag)
    res.setHeader('vary', 'Cookie, Accept-Encoding')
    if (req.headers['if-none-match'] === etag) {
      res.status(304).end()
      return
    }
    sendLines(res, body, encoding)
  })
  return router
}
