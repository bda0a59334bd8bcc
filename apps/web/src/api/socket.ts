// WebSockets to our own server: each needs a ticket, which a request with the CSRF value fetches.
import type { Ticket, TicketRequest } from '@virtdeck/server/protocol'
import { server } from './client.ts'

/** When a server that restarts wants to see this socket again, out of the reason with which it closed it. */
export function retryAfterMs(reason: string): number | undefined {
  const told = /\b(\d{1,5}) ms\b/.exec(reason)?.[1]
  return told === undefined ? undefined : Math.min(30_000, Number(told))
}

/** `path` is path and query. Throws a StatusError where the server has no ticket for it. */
export async function openSocket(path: string, protocol: string): Promise<WebSocket> {
  const { ticket } = await server.request<Ticket>('POST', '/api/ws-ticket', { target: path } satisfies TicketRequest)
  const url = new URL(path, location.href)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  return new WebSocket(url, [protocol, `virtdeck.ticket.${ticket}`])
}

/** How long a socket that nobody wants any more may take to open, ms: as long as it has not, browsers open no other to the server. */
const PATIENCE_MS = 5_000

/** Closes a socket that nobody wants. One that connects is let open first: to break it off is an error to the browser. */
export function letGo(socket: WebSocket): void {
  const close = () => socket.close(1000)
  if (socket.readyState !== socket.CONNECTING) return close()
  socket.onopen = close
  setTimeout(close, PATIENCE_MS)
}
