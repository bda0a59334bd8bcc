// WebSockets to our own server: each needs a ticket, which a request with the CSRF value fetches.
import type { Ticket, TicketRequest } from '@virtdeck/server/protocol'
import { server } from './client.ts'

/** `path` is path and query. Throws a StatusError where the server has no ticket for it. */
export async function openSocket(path: string, protocol: string): Promise<WebSocket> {
  const { ticket } = await server.request<Ticket>('POST', '/api/ws-ticket', { target: path } satisfies TicketRequest)
  const url = new URL(path, location.href)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  return new WebSocket(url, [protocol, `virtdeck.ticket.${ticket}`])
}
