// What the captures are replayed against: a simulated cluster that the suite starts, or a real one.
import { request as httpsRequest, type Agent, type RequestOptions } from 'node:https'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'
import type { Frame } from './captures.ts'

export type Answer = { status: number; headers: IncomingHttpHeaders; text: string }

export type Sent = { user: string; method: string; path: string; headers?: Record<string, string>; body?: unknown }

export type WatchTap = { status: number; headers: IncomingHttpHeaders; lines: unknown[]; ended(): boolean; close(): void }

export type WebSocketAnswer = { status: number; headers: IncomingHttpHeaders; body: string; frames: Frame[] }

export type WebSocketSent = { user: string; auth: 'header' | 'subprotocol' | 'none'; path: string; headers: Record<string, string> }

export type Target = AsyncDisposable & {
  send(request: Sent): Promise<Answer>
  /** Opens a stream and collects its lines; `ready` settles when the answer's head is there. */
  watch(request: Sent): Promise<WatchTap>
  /** Upgrades, sends what the dialogue says to each frame, and collects until `until` frames have come. */
  upgrade(request: WebSocketSent, dialogue: (frame: Frame) => Buffer | undefined, until: number): Promise<WebSocketAnswer>
  /** Lets time pass: at once where the clock is the suite's own. */
  pass(ms: number): Promise<void>
  takeVirtApiDown?(): boolean
  /** Why a recorded request cannot be sent to this target as it was. */
  cannotSend?(request: Sent): string | undefined
}

/** An upgrade that collects frames until there are enough, or until it is given up. */
export type PendingUpgrade = { answer: Promise<WebSocketAnswer>; done(): boolean; giveUp(): void }

export type Credentials = { token?: string; impersonate?: { user: string; uid: string; groups: string[] } }

export type Connection = {
  url: string
  /** Whom to trust, and who one is where a certificate says it. */
  tls: Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>
  agent?: Agent
  /** How a recorded user is somebody here; undefined sends no credentials. */
  credentials(user: string): Credentials | undefined
}

/** The part of a target that HTTP does. */
export function connect({
  url,
  tls,
  agent,
  credentials,
}: Connection): Pick<Target, 'send' | 'watch'> & { upgrade(...request: Parameters<Target['upgrade']>): PendingUpgrade } {
  const authentication = (user: string): Record<string, string | string[]> => {
    const { token, impersonate } = credentials(user) ?? {}
    return {
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...(impersonate
        ? { 'Impersonate-User': impersonate.user, 'Impersonate-Uid': impersonate.uid, 'Impersonate-Group': impersonate.groups }
        : {}),
    }
  }

  const open = ({ user, method, path, headers = {}, body }: Sent, agentToUse?: Agent | false) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const payload = body === undefined || body === null ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
      const sent = httpsRequest(`${url}${path}`, {
        method,
        ...tls,
        ...(agentToUse === undefined ? {} : { agent: agentToUse }),
        headers: {
          Accept: 'application/json',
          ...(payload === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(payload) }),
          ...authentication(user),
          ...headers,
        },
      })
      sent.once('response', resolve)
      sent.once('error', reject)
      sent.end(payload)
    })

  return {
    async send(request) {
      const response = await open(request, agent)
      const chunks: Buffer[] = []
      for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
      return { status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString('utf8') }
    },
    async watch(request) {
      const response = await open(request, false)
      const lines: unknown[] = []
      let ended = false
      let rest = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        const parts = (rest + chunk).split('\n')
        rest = parts.pop() ?? ''
        for (const part of parts) if (part) lines.push(JSON.parse(part))
      })
      response.on('end', () => (ended = true))
      response.on('error', () => (ended = true))
      return { status: response.statusCode ?? 0, headers: response.headers, lines, ended: () => ended, close: () => response.destroy() }
    },
    upgrade({ user, auth, path, headers }, dialogue, until) {
      const { token } = credentials(user) ?? {}
      const offered = (headers['Sec-WebSocket-Protocol'] ?? '').split(', ').filter(Boolean)
      const protocols =
        auth === 'subprotocol' && token !== undefined
          ? [`base64url.bearer.authorization.k8s.io.${Buffer.from(token).toString('base64url')}`, ...offered.slice(1)]
          : offered
      let settled = false
      let giveUp = () => {}
      const answer = new Promise<WebSocketAnswer>((resolve, reject) => {
        const frames: Frame[] = []
        let head: IncomingMessage | undefined
        // ws insists on an answer to what it offers itself; a server that chooses none of these is what is to be seen.
        const known = protocols.length === 0 || protocols.includes('plain.kubevirt.io')
        const offer: Record<string, string> = known ? {} : { 'Sec-WebSocket-Protocol': protocols.join(', ') }
        const socket = new WebSocket(`${url.replace(/^http/, 'ws')}${path}`, known ? protocols : [], {
          ...tls,
          perMessageDeflate: false,
          ...(headers.Origin === undefined ? {} : { origin: headers.Origin }),
          headers: { ...offer, ...(auth === 'header' ? authentication(user) : {}) },
        })
        const finish = (body = '') => {
          settled = true
          resolve({ status: head?.statusCode ?? 0, headers: head?.headers ?? {}, body, frames })
          socket.terminate()
        }
        const record = (opcode: number, bytes: Buffer) => {
          const frame = { opcode, len: bytes.length, ascii: bytes.toString('latin1'), hex: bytes.toString('hex') }
          frames.push(frame)
          const reply = dialogue(frame)
          if (reply) socket.send(reply)
          if (frames.length >= until) finish()
        }
        socket.on('upgrade', (response) => (head = response))
        socket.on('message', (data, isBinary) => record(isBinary ? 2 : 1, data as Buffer))
        socket.on('ping', (data) => record(9, data))
        socket.on('unexpected-response', (_request, response) => {
          head = response
          let body = ''
          response.setEncoding('utf8')
          response.on('data', (chunk: string) => (body += chunk))
          response.on('end', () => finish(body))
        })
        socket.on('open', () => {
          if (until === 0) finish()
        })
        socket.on('close', () => finish())
        // ws reports a server that chose no subprotocol as an error after the upgrade: the answer is what counts.
        socket.on('error', (error) => (head ? finish() : reject(error)))
        giveUp = () => finish()
      })
      return { answer, done: () => settled, giveUp: () => giveUp() }
    },
  }
}
