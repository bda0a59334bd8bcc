// What stands before the API server: the control of the simulation, and the faults that requests meet.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ApiServer } from '../api/api-server.ts'
import { urlOf } from '../api/request-url.ts'
import { controlPath, serveControl, type Control } from './control-server.ts'

/** @param resetConnection ends the TCP connection below a TLS socket with a reset. */
export function withControl(apiServer: ApiServer, control: Control, resetConnection: (socket: Duplex) => void): ApiServer {
  const meet = (req: IncomingMessage) => {
    const { pathname, search } = urlOf(req.url)
    return control.faults.meet({
      method: req.method ?? 'GET',
      path: pathname,
      query: search,
      user: async () => {
        const impersonated = req.headers['impersonate-user']
        if (typeof impersonated === 'string') return impersonated
        return (await control.authenticate(req).catch(() => undefined))?.username
      },
    })
  }
  return {
    async handle(req, res) {
      if (req.url?.startsWith(controlPath)) {
        await serveControl(control, req, res)
        return
      }
      const fault = await meet(req)
      const served =
        !fault || (await control.faults.inflict(fault, { req, res, socket: req.socket, reset: () => resetConnection(req.socket) }))
      if (served) await apiServer.handle(req, res)
    },
    upgrade(req, socket, head) {
      socket.on('error', () => socket.destroy())
      const upgrade = async () => {
        const fault = await meet(req)
        const served = !fault || (await control.faults.inflict(fault, { req, socket, reset: () => resetConnection(socket) }))
        if (served) apiServer.upgrade(req, socket, head)
      }
      upgrade().catch(() => socket.destroy())
    },
    stop() {
      control.faults.clear()
      control.ledger.stop()
      apiServer.stop()
    },
  }
}
