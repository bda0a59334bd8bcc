// The hot path to the API server: undici reads an answer with half of the work that node:https takes, and hands over what
// came with its headers at once. What is a stream to its reader, or a socket, goes by `upstream.ts`.
import type { IncomingHttpHeaders } from 'node:http'
import { Pool, type Dispatcher } from 'undici'
import type { Dial } from '../auth/kubeconfig.ts'
import {
  aborted,
  keptByDial,
  lateAnswer,
  meantStatus,
  notItself,
  requestHeaders,
  tooMuch,
  unreachable,
  type UpstreamRequest,
} from './upstream.ts'

export type PassThrough = {
  /** Sends a request. The answer rejects with a 503 or 504 StatusError, or with what `giveUp` says. */
  send(dial: Dial, request: Omit<UpstreamRequest, 'signal'>): Sent
  close(): void
}

export type Sent = {
  answer: Promise<Answer>
  /** Nobody waits any more: whatever has come of the answer, its connection is cut. Once all has come, nothing happens. */
  giveUp(): unknown
}

/** An answer that has begun. Its body waits, and is read once. */
export type Answer = {
  statusCode: number
  headers: IncomingHttpHeaders
  /** The body, where all of it came with the headers. */
  whole(): Buffer | undefined
  /** Hands over what has come, and what comes from now on. */
  read(reader: Reader): void
  pause(): void
  resume(): void
}

export type Reader = {
  chunk(bytes: Buffer): void
  end(): void
  /** The rest will not come. */
  cut(error: Error): void
}

/** `timeoutMs`: how long the API server may take to begin an answer. */
export function createPassThrough({ timeoutMs: usualTimeoutMs = 30_000 }: { timeoutMs?: number } = {}): PassThrough {
  const pools = keptByDial(({ url, tls }) => {
    const { origin, pathname } = new URL(url)
    const pool = new Pool(origin, {
      // An API server keeps idle connections for 90 s.
      keepAliveTimeout: 60_000,
      keepAliveMaxTimeout: 60_000,
      // The beginning has a timer of its own; a body takes as long as its reader.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { ...tls, keepAliveInitialDelay: 15_000 },
    })
    return {
      basePath: pathname === '/' ? '' : pathname,
      pool,
      busy: () => pool.stats.size > 0,
      close: () => void pool.destroy(),
    }
  })

  return {
    send(dial, { method, path, headers, body, timeoutMs = usualTimeoutMs }) {
      const { pool, basePath } = pools.of(dial)
      const options = { method, path: `${basePath}${path}`, headers: requestHeaders(dial, headers), body } as Dispatcher.DispatchOptions
      let controller: Dispatcher.DispatchController | undefined
      let incoming: ReturnType<typeof receive> | undefined
      let over = false
      let settle: { resolve(answer: Answer): void; reject(error: Error): void }
      const answer = new Promise<Answer>((resolve, reject) => (settle = { resolve, reject }))
      const fail = (error: Error) => {
        if (over) return
        over = true
        clearTimeout(timer)
        settle.reject(error)
        incoming?.cut(error)
        controller?.abort(error)
      }
      const timer = setTimeout(() => fail(lateAnswer()), timeoutMs)
      let mayRetry = method === 'GET'
      const handler: Dispatcher.DispatchHandler = {
        onRequestStart(started) {
          controller = started
          if (over) started.abort(aborted())
        },
        onResponseStart(started, code, answerHeaders) {
          if (over || (code >= 100 && code < 200)) return
          clearTimeout(timer)
          const statusCode = meantStatus(path, code, answerHeaders)
          if (dial.impersonate && statusCode === 401) return fail(notItself())
          incoming = receive(started, statusCode, answerHeaders)
          settle.resolve(incoming.answer)
        },
        onResponseData: (_, bytes) => incoming?.push(bytes),
        onResponseEnd() {
          over = true
          incoming?.end()
        },
        onResponseError(_, error) {
          // The API server may close an idle connection just as it is used again: nothing came, and a read can be sent again.
          if (!over && !incoming && mayRetry && isReset(error)) {
            mayRetry = false
            pool.dispatch(options, handler)
          } else fail(unreachable(error))
        },
      }
      pool.dispatch(options, handler)
      return { answer, giveUp: () => over || fail(aborted()) }
    },
    close: pools.close,
  }
}

/** Keeps what comes until somebody reads. */
function receive(controller: Dispatcher.DispatchController, statusCode: number, headers: IncomingHttpHeaders) {
  const waiting: Buffer[] = []
  let reader: Reader | undefined
  let ended = false
  let error: Error | undefined
  const answer: Answer = {
    statusCode,
    headers,
    whole: () => (ended ? joined(waiting) : undefined),
    read(given) {
      reader = given
      for (const bytes of waiting.splice(0)) reader.chunk(bytes)
      if (error) reader.cut(error)
      else if (ended) reader.end()
    },
    pause: () => controller.pause(),
    resume: () => controller.resume(),
  }
  return {
    answer,
    push(bytes: Buffer) {
      if (reader) reader.chunk(bytes)
      else waiting.push(bytes)
    },
    end() {
      ended = true
      reader?.end()
    },
    cut(cause: Error) {
      error = cause
      reader?.cut(cause)
    },
  }
}

/** Reads a whole body; throws 502 when it is larger than `maxBytes`. */
export function readWhole(answer: Answer, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    let size = 0
    answer.read({
      chunk(bytes) {
        size += bytes.length
        if (size > maxBytes) reject(tooMuch())
        else parts.push(bytes)
      },
      end: () => resolve(joined(parts)),
      cut: reject,
    })
  })
}

const joined = (parts: Buffer[]) => (parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts))

const isReset = (error: NodeJS.ErrnoException) => ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].includes(error.code ?? '')
