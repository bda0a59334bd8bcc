// A browser, as far as the server can tell: cookies, Origin, the CSRF header, WebSockets.
import { get } from 'node:http'
import { WebSocket } from 'ws'
import { decodeRows, type Fleet, type FleetRows } from '@virtdeck/kubevirt'
import type { LiveMessage, LiveRequest, Session, SignInRequest, Snapshot, SnapshotHead, Ticket } from '../protocol.ts'

export type Browser = ReturnType<typeof openBrowser>

export type BrowserRequest = {
  method?: string
  body?: unknown
  contentType?: string
  headers?: Record<string, string>
  rawBody?: string
}

/** A browser at `url`, which has not signed in yet. */
export function openBrowser(url: string) {
  const jar = new Map<string, string>()
  let csrf: string | undefined
  const cookie = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ')

  const request = async (path: string, { method = 'GET', body, contentType, headers, rawBody }: BrowserRequest = {}) => {
    const text = rawBody ?? (body === undefined ? undefined : JSON.stringify(body))
    const response = await fetch(url + path, {
      method,
      redirect: 'manual',
      headers: {
        ...(jar.size > 0 ? { cookie: cookie() } : {}),
        ...(method === 'GET' ? {} : { origin: url, ...(csrf ? { 'x-kvd-csrf': csrf } : {}) }),
        ...(text === undefined ? {} : { 'content-type': contentType ?? 'application/json' }),
        ...headers,
      },
      ...(text === undefined ? {} : { body: text }),
    })
    keep(response)
    return response
  }
  const keep = (response: Response) => {
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value) jar.set(name, value)
      else jar.delete(name)
    }
  }

  const ticket = async (target: string): Promise<string> => {
    const response = await request('/api/ws-ticket', { method: 'POST', body: { target } })
    return ((await response.json()) as Partial<Ticket>).ticket ?? ''
  }
  const socket = async (target: string, protocols: string[], headers: Record<string, string> = {}, withTicket?: string) => {
    const offered = [...protocols, `virtdeck.ticket.${withTicket ?? (await ticket(target))}`]
    return new WebSocket(url.replace('http', 'ws') + target, offered, { headers: { cookie: cookie(), origin: url, ...headers } })
  }

  return {
    url,
    cookie,
    request,
    async json<T>(path: string, options?: BrowserRequest): Promise<T> {
      return (await (await request(path, options)).json()) as T
    },
    async signIn(how: SignInRequest): Promise<Session> {
      const response = await request('/auth/sign-in', { method: 'POST', body: how })
      if (!response.ok) throw new Error(`sign-in answered ${response.status}: ${await response.text()}`)
      const session = (await response.json()) as Session
      csrf = session.csrf
      return session
    },
    /** Follows a link, which fetch cannot pretend to do, but not where the answer leads. */
    navigate: (path: string, headers: Record<string, string> = {}) =>
      new Promise<Response>((resolve, reject) => {
        get(url + path, { headers: { cookie: cookie(), 'sec-fetch-mode': 'navigate', ...headers } }, (answer) => {
          const pairs = Object.entries(answer.headersDistinct).flatMap(([name, values = []]) =>
            values.map((value) => [name, value] as [string, string]),
          )
          const response = new Response(null, { status: answer.resume().statusCode, headers: pairs })
          keep(response)
          resolve(response)
        }).on('error', reject)
      }),
    /** Who is signed in, however that came about. */
    async session(): Promise<Session> {
      const session = (await (await request('/api/session')).json()) as Session
      csrf = session.csrf
      return session
    },
    async snapshot<F extends Fleet>(fleet: F): Promise<Snapshot<F>> {
      return readSnapshot(await (await request(`/api/inventory/${fleet}`)).text())
    },
    ticket,
    live: async () => openLive(await socket('/live', ['virtdeck.v1'])),
    /** A console's socket, as the browser opens it. */
    console: (path: string, protocols: string[] = ['plain.kubevirt.io']) => socket(`/k8s${path}`, protocols),
    /** A socket with the ticket given, or a fresh one. */
    socket,
  }
}

/** A snapshot's text, read as the web does. */
export function readSnapshot<F extends Fleet>(text: string): Snapshot<F> {
  const [head = '', ...blocks] = text.split('\n')
  return { ...(JSON.parse(head) as SnapshotHead<F>), rows: blocks.flatMap((line) => decodeRows<FleetRows[F]>(line)) }
}

/** The code with which a socket was closed, or the HTTP status that refused it. */
export function outcome(ws: WebSocket): Promise<{ closed: number; reason: string } | { refused: number }> {
  return new Promise((resolve) => {
    ws.once('close', (code, reason) => resolve({ closed: code, reason: reason.toString() }))
    ws.once('unexpected-response', (req, res) => {
      resolve({ refused: res.statusCode ?? 0 })
      req.destroy()
    })
    ws.on('error', () => {})
  })
}

function openLive(ws: WebSocket) {
  const messages: LiveMessage[] = []
  const waiting = new Set<() => void>()
  const closed = new Promise<number>((resolve) => ws.once('close', resolve))
  ws.on('message', (data: Buffer) => {
    messages.push(JSON.parse(data.toString()) as LiveMessage)
    for (const check of waiting) check()
  })
  ws.on('error', () => {})
  const opened = new Promise<void>((resolve, reject) => {
    ws.once('open', resolve)
    ws.once('error', reject)
  })

  return {
    ws,
    messages,
    closed,
    async send(request: LiveRequest) {
      await opened
      ws.send(JSON.stringify(request))
    },
    /** The first message, old or new, that is as asked for; the test's own time limit is the limit. */
    until<T extends LiveMessage>(matches: (message: LiveMessage) => message is T): Promise<T> {
      return new Promise((resolve) => {
        const check = () => {
          const found = messages.find(matches)
          if (!found) return
          waiting.delete(check)
          resolve(found)
        }
        waiting.add(check)
        check()
      })
    },
    [Symbol.dispose]: () => ws.terminate(),
  }
}

type Of<T extends LiveMessage['type']> = Extract<LiveMessage, { type: T }>

/** Narrows to a type of message, of which more can be asked. */
export function message<T extends LiveMessage['type']>(type: T, also: (message: Of<T>) => boolean = () => true) {
  return (candidate: LiveMessage): candidate is Of<T> => candidate.type === type && also(candidate as Of<T>)
}
