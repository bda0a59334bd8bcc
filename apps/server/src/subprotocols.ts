// What a WebSocket handshake offers: protocols, and a ticket that only looks like one.
import type { IncomingMessage } from 'node:http'

const header = 'sec-websocket-protocol'
const ticketPrefix = 'virtdeck.ticket.'

const offered = (req: IncomingMessage) => (req.headers[header] ?? '').split(',').map((name) => name.trim())

export const offers = (req: IncomingMessage, protocol: string) => offered(req).includes(protocol)

/** Takes the ticket out of the offered subprotocols, so that nothing behind the gate answers with it or logs it. */
export function takeTicket(req: IncomingMessage): string | undefined {
  const [ticket, more] = offered(req).filter((name) => name.startsWith(ticketPrefix))
  const rest = offered(req).filter((name) => name && !name.startsWith(ticketPrefix))
  if (rest.length > 0) req.headers[header] = rest.join(', ')
  else delete req.headers[header]
  return more === undefined ? ticket?.slice(ticketPrefix.length) : undefined
}
