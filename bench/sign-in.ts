// Sessions and sockets at the server, as a browser has them.
import { WebSocket } from 'ws'

export type BenchSession = { url: string; cookie: string; csrf: string }

/** Signs in as a demo user. */
export async function signIn(url: string, user = 'admin'): Promise<BenchSession> {
  const response = await fetch(`${url}/auth/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url },
    body: JSON.stringify({ mode: 'demo', user }),
  })
  if (!response.ok) throw new Error(`sign-in answered ${response.status}`)
  const { csrf } = (await response.json()) as { csrf: string }
  const cookie = response.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  return { url, cookie, csrf }
}

/** Opens a WebSocket, for which the server wants a ticket first. */
export async function openSocket({ url, cookie, csrf }: BenchSession, target: string, protocol: string): Promise<WebSocket> {
  const response = await fetch(`${url}/api/ws-ticket`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url, 'x-kvd-csrf': csrf, cookie },
    body: JSON.stringify({ target }),
  })
  if (!response.ok) throw new Error(`the ticket was answered with ${response.status}`)
  const { ticket } = (await response.json()) as { ticket: string }
  return new WebSocket(`${url.replace('http', 'ws')}${target}`, [protocol, `virtdeck.ticket.${ticket}`], {
    headers: { cookie, origin: url },
    perMessageDeflate: false,
  })
}
