// Requests to the API server: one keep-alive pool per identity's TLS settings, headers built afresh for each request.
import { createHash } from 'node:crypto'
import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from 'node:https'
import type { Duplex } from 'node:stream'
import { StatusError } from '@virtdeck/k8s'
import { impersonationHeaders } from '../auth/impersonation.ts'
import type { Dial } from '../auth/kubeconfig.ts'
import { refusal } from '../refusal.ts'
import { statusOfText } from './unserved.ts'

export type UpstreamRequest = {
  method: string
  /** Path and query, as the gate wrote them. */
  path: string
  headers?: Record<string, string>
  body?: Buffer
  signal?: AbortSignal
  /** How long the API server may take to begin its answer. */
  timeoutMs?: number
}

export type Upstream = {
  /** Sends a request; the answer's body is the caller's to read or to destroy. Throws a 503 or 504 StatusError. */
  send(dial: Dial, request: UpstreamRequest): Promise<IncomingMessage>
  /**
   * Asks: sends JSON, reads JSON of at most 8 MiB. For reads and access reviews, which change nothing: they are asked again
   * where a kept connection turns out to be closed. Throws the Status that the API server answers.
   */
  json<T>(dial: Dial, method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T>
  /** Asks for a protocol switch; anything but a 101 is given back as an ordinary answer. */
  upgrade(
    dial: Dial,
    request: UpstreamRequest,
  ): Promise<{ socket: Duplex; head: Buffer; answer: IncomingMessage } | { refused: IncomingMessage }>
  close(): void
}

type Target = Kept & {
  send(options: RequestOptions): ClientRequest
  host: string
  port: number
  basePath: string
  agent: HttpAgent | HttpsAgent
}

export const userAgent = 'virtdeck/0.1.0'
const maxJsonBytes = 8 * 1024 * 1024
/** How long an answer that is read whole may take, once it has begun. */
const maxReadMs = 15_000

/** `timeoutMs`: how long the API server may take to begin an answer, where a request says nothing else. */
export function createUpstream({ timeoutMs: usualTimeoutMs = 30_000 }: { timeoutMs?: number } = {}): Upstream {
  const targets = keptByDial(({ url, tls }, key): Target => {
    const { protocol, hostname, port, pathname } = new URL(url)
    const options = { keepAlive: true, keepAliveMsecs: 15_000, maxFreeSockets: 64, scheduling: 'lifo' as const }
    const agent = protocol === 'https:' ? new HttpsAgent({ ...options, ...tls }) : new HttpAgent(options)
    // Its connections are all alike: Node would tell them apart by all their TLS settings, and put those together for each request.
    agent.getName = () => key
    return {
      send: protocol === 'https:' ? httpsRequest : httpRequest,
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port) || (protocol === 'https:' ? 443 : 80),
      basePath: pathname === '/' ? '' : pathname,
      agent,
      busy: () => Object.keys(agent.sockets).length > 0 || Object.keys(agent.requests).length > 0,
      close: () => agent.destroy(),
    }
  })

  const start = (dial: Dial, { method, path, headers, body }: UpstreamRequest, extra: RequestOptions = {}): ClientRequest => {
    const { send: request, host, port, basePath, agent } = targets.of(dial)
    return request({
      method,
      host,
      port,
      path: `${basePath}${path}`,
      agent,
      ...extra,
      headers: { ...requestHeaders(dial, headers), ...(body ? { 'content-length': String(body.length) } : {}) },
    })
  }

  const send = (dial: Dial, request: UpstreamRequest, retry: boolean, extra?: RequestOptions): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const { signal, timeoutMs = usualTimeoutMs } = request
      if (signal?.aborted) return reject(aborted())
      const outgoing = start(dial, request, extra)
      const onAbort = () => outgoing.destroy(aborted())
      const timer = setTimeout(() => outgoing.destroy(lateAnswer()), timeoutMs)
      const settle = () => clearTimeout(timer)
      signal?.addEventListener('abort', onAbort, { once: true })
      outgoing.once('response', (answer) => {
        settle()
        if (dial.impersonate && answer.statusCode === 401) {
          answer.destroy()
          return reject(notItself())
        }
        // An aborted request also takes its answer with it, however far that has come.
        answer.once('close', () => signal?.removeEventListener('abort', onAbort))
        resolve(answer)
      })
      outgoing.once('error', (error) => {
        settle()
        signal?.removeEventListener('abort', onAbort)
        // The API server may close an idle connection just as it is used again: nothing was processed. Others may be closed, too.
        const isStale = outgoing.reusedSocket && isReset(error)
        if (retry && isStale && !signal?.aborted) resolve(send(dial, request, false, { agent: false, ...dial.tls }))
        else reject(unreachable(error))
      })
      outgoing.end(request.body)
    })

  return {
    send: (dial, request) => send(dial, request, request.method === 'GET'),
    async json<T>(dial: Dial, method: string, path: string, body?: unknown, signal?: AbortSignal) {
      const sent = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
      const headers = { accept: 'application/json', ...(sent ? { 'content-type': 'application/json' } : {}) }
      const timeoutMs = Math.min(maxReadMs, usualTimeoutMs)
      const answer = await send(dial, { method, path, headers, body: sent, signal, timeoutMs }, true)
      const text = (await readAll(answer, maxJsonBytes, timeoutMs)).toString('utf8')
      const code = answer.statusCode ?? 502
      if (code >= 300 && code < 400) throw redirected()
      if (code >= 400) throw new StatusError(statusOfText(path, code, text))
      return parseJson(text) as T
    },
    upgrade: (dial, request) =>
      new Promise((resolve, reject) => {
        const { timeoutMs = 10_000 } = request
        // A connection of its own: it never returns to the pool.
        const outgoing = start(dial, request, { agent: false, ...dial.tls })
        const timer = setTimeout(() => outgoing.destroy(lateAnswer()), timeoutMs)
        outgoing.once('upgrade', (answer, socket, head) => {
          clearTimeout(timer)
          resolve({ socket, head, answer })
        })
        outgoing.once('response', (refused) => {
          clearTimeout(timer)
          refused.statusCode = meantStatus(request.path, refused.statusCode ?? 502, refused.headers)
          if (dial.impersonate && refused.statusCode === 401) {
            refused.destroy()
            return reject(notItself())
          }
          resolve({ refused })
        })
        outgoing.once('error', (error) => {
          clearTimeout(timer)
          reject(unreachable(error))
        })
        outgoing.end()
      }),
    close: targets.close,
  }
}

/** Headers are written, never forwarded: these, and whose credential it is. */
export function requestHeaders(
  { authorization, impersonate }: Dial,
  headers: Record<string, string> = {},
): Record<string, string | string[]> {
  const all: Record<string, string | string[]> = { 'user-agent': userAgent, ...headers }
  if (authorization) all.authorization = authorization
  return impersonate ? { ...all, ...impersonationHeaders(impersonate) } : all
}

/** Connections to one API server with one set of TLS settings. */
export type Kept = {
  /** Whether a request is under way. */
  busy(): boolean
  close(): void
}

/** Longer than connections are kept without a request. */
const keptForMs = 10 * 60_000

/**
 * Keeps one of what `make` makes for each API server and TLS settings; `key` names them. Client certificates and authorities
 * are renewed: what nobody dialled for ten minutes, and has nothing under way, is closed when the next one comes.
 */
export function keptByDial<T extends Kept>(
  make: (dial: Pick<Dial, 'url' | 'tls'>, key: string) => T,
  now = Date.now,
): { of(dial: Dial): T; close(): void } {
  const kept = new Map<string, { value: T; dialledAt: number }>()
  /** TLS settings are large, and handed on as the same object from one dial to the next. */
  const keys = new WeakMap<Dial['tls'], { url: string; key: string }>()
  const keyOf = ({ url, tls }: Dial): string => {
    const same = keys.get(tls)
    if (same?.url === url) return same.key
    const key = createHash('sha256')
      .update(JSON.stringify([url, tls]))
      .digest('hex')
    keys.set(tls, { url, key })
    return key
  }
  const closeOld = () => {
    for (const [key, { value, dialledAt }] of kept) {
      if (now() - dialledAt < keptForMs || value.busy()) continue
      kept.delete(key)
      value.close()
    }
  }
  return {
    of(dial) {
      const key = keyOf(dial)
      const known = kept.get(key)
      if (known) {
        known.dialledAt = now()
        return known.value
      }
      closeOld()
      const value = make(dial, key)
      kept.set(key, { value, dialledAt: now() })
      return value
    },
    close() {
      for (const { value } of kept.values()) value.close()
      kept.clear()
    },
  }
}

/** The API server does not redirect; what does is somebody else, and is not followed (CVE-2022-3172). */
export const redirected = () => refusal(502, 'The Kubernetes API server answered with a redirect, which is not followed.')

/**
 * What an answer's status means. KubeVirt's API server, behind the cluster's, says 401 in plain text where it means 403: who
 * asked was known by then, and is not signed out for it.
 * https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-api/api.go (Compose)
 */
export function meantStatus(path: string, code: number, headers: IncomingHttpHeaders): number {
  const isStatus = headers['content-type']?.startsWith('application/json') ?? false
  return code === 401 && path.startsWith('/apis/subresources.kubevirt.io/') && !isStatus ? 403 : code
}

/** It is not the person whose credential the cluster refuses: their session goes on. */
export const notItself = () => refusal(503, 'The cluster does not accept virtdeck’s own credential, with which it acts for you.')

export const lateAnswer = () => refusal(504, 'The Kubernetes API server did not answer in time.')

export const tooMuch = () => refusal(502, 'The Kubernetes API server answered more than can be taken in.')

export const aborted = () => new DOMException('The request was given up.', 'AbortError')

function isReset(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ECONNRESET' || error.code === 'EPIPE'
}

export function unreachable(error: Error): Error {
  if (error instanceof StatusError || error.name === 'AbortError') return error
  const wrapped = refusal(503, 'The Kubernetes API server cannot be reached.')
  wrapped.cause = error
  return wrapped
}

/** Reads a whole body; throws 502 when it is larger than `maxBytes`, and 504 when it does not end in time. */
export async function readAll(
  stream: AsyncIterable<Uint8Array> & { destroy(error?: Error): unknown },
  maxBytes: number,
  timeoutMs = maxReadMs,
): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  const timer = setTimeout(() => stream.destroy(lateAnswer()), timeoutMs)
  try {
    for await (const chunk of stream) {
      size += chunk.length
      if (size > maxBytes) throw tooMuch()
      chunks.push(chunk)
    }
  } finally {
    clearTimeout(timer)
  }
  return Buffer.concat(chunks)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw refusal(502, 'The Kubernetes API server answered something that is not JSON.')
  }
}
