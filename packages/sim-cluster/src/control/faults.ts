// Faults on demand: what goes wrong with which requests, how often. For tests of clients.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Clock } from '../clock.ts'

export type FaultMatch = {
  /** Upper case; any unless given. */
  method?: string
  /** The path without its query; `*` stands for anything. */
  path?: string
  /** A text in the query, as `watch=true`. */
  query?: string
  /** As whom the request is made. */
  user?: string
}

export type FaultEffect =
  /** Answers with this `Status`, or plain `text`, or another `object`, instead. */
  | { effect: 'status'; code: number; reason?: string; message?: string; retryAfterSeconds?: number; text?: string; object?: object }
  /** Serves the request later, by the cluster's clock. */
  | { effect: 'delay'; delayMs: number }
  /** Takes the request and never answers; the connection stays open until the fault is removed. */
  | { effect: 'drop' }
  /** Resets the TCP connection. */
  | { effect: 'reset' }
  /** Breaks the connection off after so many bytes of the answer's body, of a watch, too. */
  | { effect: 'truncate'; afterBytes: number }

export type FaultSpec = FaultEffect & {
  match?: FaultMatch
  /** How many matching requests are spared first. */
  skip?: number
  /** How many requests it hits before it is spent; any number unless given. */
  count?: number
}

export type Fault = FaultSpec & { id: number; hits: number }

export type Faults = {
  /** The newest matching fault is the one that counts. Throws a FaultError for what makes no sense. */
  add(spec: FaultSpec): Fault
  list(): Fault[]
  /** False when there is no such fault. Connections that it holds are closed. */
  remove(id: number): boolean
  clear(): void
  /** The fault that this request meets, which is counted; undefined for none. */
  meet(request: { method: string; path: string; query: string; user(): Promise<string | undefined> }): Promise<Fault | undefined>
  /** Brings a fault upon a request. Resolves to true when the request is to be served after all. */
  inflict(fault: Fault, on: { req: IncomingMessage; res?: ServerResponse; socket: Duplex; reset(): void }): Promise<boolean>
}

export class FaultError extends Error {
  override name = 'FaultError'
}

const effects: readonly string[] = ['status', 'delay', 'drop', 'reset', 'truncate'] satisfies FaultEffect['effect'][]

const isWhole = (value: unknown, min: number, max: number) =>
  Number.isInteger(value) && (value as number) >= min && (value as number) <= max

function check(spec: FaultSpec): void {
  const refuse = (why: string): never => {
    throw new FaultError(why)
  }
  if (!effects.includes(spec.effect)) refuse(`effect is one of ${effects.join(', ')}`)
  if (spec.effect === 'status' && !isWhole(spec.code, 200, 599)) refuse('code is a status code from 200 to 599')
  if (spec.effect === 'delay' && !isWhole(spec.delayMs, 0, 86_400_000)) refuse('delayMs is a whole number of milliseconds, a day at most')
  if (spec.effect === 'truncate' && !isWhole(spec.afterBytes, 0, Number.MAX_SAFE_INTEGER)) refuse('afterBytes is a whole number')
  for (const field of ['skip', 'count'] as const) {
    if (spec[field] !== undefined && !isWhole(spec[field], 0, 1e9)) refuse(`${field} is a whole number`)
  }
  for (const [field, value] of Object.entries(spec.match ?? {})) {
    if (!['method', 'path', 'query', 'user'].includes(field)) refuse(`match knows method, path, query and user, not "${field}"`)
    if (typeof value !== 'string') refuse(`match.${field} is a text`)
  }
}

const pathPattern = (path: string) =>
  new RegExp(
    `^${path
      .split('*')
      .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
      .join('.*')}$`,
  )

type Standing = Fault & { seen: number; pattern: RegExp | undefined; held: Set<Duplex> }

export function createFaults(clock: Clock): Faults {
  let lastId = 0
  const standing = new Map<number, Standing>()

  const shown = ({ seen: _seen, pattern: _pattern, held: _held, ...fault }: Standing): Fault => fault
  const release = (fault: Standing) => {
    for (const socket of fault.held) socket.destroy()
    fault.held.clear()
  }

  return {
    add(spec) {
      check(spec)
      const path = spec.match?.path
      const fault = {
        ...spec,
        id: (lastId += 1),
        hits: 0,
        seen: 0,
        pattern: path === undefined ? undefined : pathPattern(path),
        held: new Set<Duplex>(),
      }
      standing.set(fault.id, fault)
      return shown(fault)
    },
    list: () => [...standing.values()].map(shown),
    remove(id) {
      const fault = standing.get(id)
      if (!fault) return false
      standing.delete(id)
      release(fault)
      return true
    },
    clear() {
      for (const fault of standing.values()) release(fault)
      standing.clear()
    },
    async meet({ method, path, query, user }) {
      for (const fault of [...standing.values()].toReversed()) {
        const { match = {}, skip = 0, count = Infinity } = fault
        if (fault.hits >= count) continue
        if (match.method !== undefined && match.method !== method) continue
        if (fault.pattern && !fault.pattern.test(path)) continue
        if (match.query !== undefined && !query.includes(match.query)) continue
        if (match.user !== undefined && match.user !== (await user())) continue
        fault.seen += 1
        if (fault.seen <= skip) continue
        fault.hits += 1
        return fault
      }
      return undefined
    },
    async inflict(fault, { req, res, socket, reset }) {
      switch (fault.effect) {
        case 'delay':
          await new Promise<void>((resolve) => {
            const timer = clock.after(fault.delayMs, resolve)
            socket.once('close', () => {
              timer.cancel()
              resolve()
            })
          })
          return !socket.destroyed
        case 'drop': {
          req.resume()
          const { held } = standing.get(fault.id) ?? {}
          if (!held) socket.destroy()
          held?.add(socket)
          socket.once('close', () => held?.delete(socket))
          return false
        }
        case 'reset':
          reset()
          return false
        case 'truncate':
          if (res) truncate(res, socket, fault.afterBytes)
          return true
        case 'status':
          answer(fault, req, res, socket)
          return false
      }
    },
  }
}

function answer(fault: Fault & { effect: 'status' }, req: IncomingMessage, res: ServerResponse | undefined, socket: Duplex): void {
  req.resume()
  const { code, reason, message = 'a fault on demand', retryAfterSeconds, text, object } = fault
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    ...(reason === undefined ? {} : { reason }),
    ...(retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } }),
    code,
  }
  const body = text ?? `${JSON.stringify(object ?? status)}\n`
  const headers = {
    'Content-Type': text === undefined ? 'application/json' : 'text/plain; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(body)),
    ...(retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) }),
  }
  if (res) {
    res.writeHead(code, headers)
    res.end(body)
    return
  }
  const lines = Object.entries({ ...headers, Connection: 'close' }).map(([name, value]) => `${name}: ${value}`)
  socket.end(`HTTP/1.1 ${code} Fault\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
}

/** Lets so many bytes of the body pass, and breaks off. */
function truncate(res: ServerResponse, socket: Duplex, afterBytes: number): void {
  let left = afterBytes
  const write = res.write.bind(res) as (chunk: Buffer, done?: () => void) => boolean
  const end = res.end.bind(res)
  const pass = (chunk: unknown): boolean => {
    if (chunk === undefined || chunk === null || typeof chunk === 'function') return true
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk as string)
    if (bytes.length <= left) {
      left -= bytes.length
      return write(bytes)
    }
    // What was let through is to arrive before the connection breaks.
    write(bytes.subarray(0, left), () => socket.destroy())
    left = 0
    return false
  }
  res.write = ((chunk: unknown) => pass(chunk)) as typeof res.write
  res.end = ((chunk?: unknown) => {
    if (pass(chunk) && left > 0) end()
    return res
  }) as typeof res.end
}
