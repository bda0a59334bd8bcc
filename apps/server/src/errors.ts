// Every refusal of the server is a Kubernetes Status; this is where they are answered.
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { RequestHandler } from 'express'
import { StatusError, failure, type Status } from '@virtdeck/k8s'
import { actorOf, clientOf } from './audit/audit.ts'
import type { GateRule } from './audit/record.ts'
import type { Context } from './context.ts'
import type { Logger } from './logger.ts'
import { refusal } from './refusal.ts'

/** Records that the gate refused a request; other errors are not its business. */
export function recordRejected({ audit, sessions }: Context, error: unknown, req: IncomingMessage, requestId: string): void {
  if (!(error instanceof StatusError) || !('gate' in error)) return
  const session = sessions.of(req)
  const actor = session ? actorOf(session) : { kind: 'anonymous' as const }
  audit.event({ id: requestId, event: 'gate.reject', gate: error.gate as GateRule, actor, client: clientOf(req) }, { status: error.code })
}

/** What may be told of an error: a StatusError says what it says, anything else only the id under which it was logged. */
export function tellable(error: unknown, requestId: string): Status {
  if (error instanceof StatusError) return error.status
  const code = httpErrorCode(error)
  if (code) return failure(code, 'The request could not be read.')
  return failure(500, `Something went wrong in virtdeck. Its log has more under the request id ${requestId}.`)
}

/** Express and its parsers throw errors with a 4xx `status`. */
function httpErrorCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('status' in error)) return undefined
  const { status } = error
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined
}

export function sendStatus(res: ServerResponse, status: Status): void {
  const retryAfter = status.details?.retryAfterSeconds
  if (retryAfter) res.setHeader('retry-after', String(retryAfter))
  const body = Buffer.from(JSON.stringify(status))
  res.statusCode = status.code
  res.setHeader('content-type', 'application/json; charset=utf-8')
  res.setHeader('content-length', body.length)
  res.end(body)
}

export const notFound: RequestHandler = (req) => {
  throw refusal(404, `The server could not find ${req.path}.`)
}

/** So long after a refusal the rest of its request is still taken: cut at once, the refusal itself could be lost. */
const lingerMs = 500

/** The one place that answers errors. */
export function createErrorAnswer(context: Context): (error: unknown, req: IncomingMessage, res: ServerResponse) => void {
  const { log } = context
  return (error, req, res) => {
    // The connection broke while the request was read: there is nobody to tell, and nothing of ours went wrong.
    if (req.errored === error) return
    const requestId = String(res.getHeader('x-request-id') ?? '')
    const status = tellable(error, requestId)
    recordRejected(context, error, req, requestId)
    if (status.code >= 500) log.error({ requestId, err: error }, status.message)
    const { socket } = res
    // An answer that has begun can only be cut short.
    if (res.headersSent) return void socket?.destroy()
    // Whoever is refused before the end of the request is not listened to until then.
    if (!req.complete) res.once('finish', () => setTimeout(() => req.complete || socket?.destroy(), lingerMs).unref())
    sendStatus(res, status)
  }
}

/** Answers on a socket that has no response object: nobody has read a request from it, or it was to be upgraded. */
export function writeStatus(socket: Duplex, status: Status, requestId: string): void {
  const body = JSON.stringify(status)
  socket.end(
    [
      `HTTP/1.1 ${status.code} Refused`,
      'Connection: close',
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Cache-Control: no-store',
      'X-Content-Type-Options: nosniff',
      `X-Request-Id: ${requestId}`,
      '',
      body,
    ].join('\r\n'),
    () => socket.destroy(),
  )
}

/** What Node's parser gives up on before any handler sees it is refused like everything else, and the connection with it. */
export function refuseUnreadable(server: Server, log: Logger): void {
  const answering = new WeakMap<Duplex, ServerResponse>()
  server.on('request', ({ socket }, res) => void answering.set(socket, res))
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const answer = answering.get(socket)
    // In the middle of an answer, a second one would be taken for its rest.
    const cutsIn = answer?.headersSent && !answer.writableFinished
    if (error.code === 'ECONNRESET' || !socket.writable || cutsIn) return void socket.destroy()
    const requestId = randomUUID()
    const { status } = unreadable(error.code)
    log.info({ requestId, code: status.code, cause: error.code }, 'request refused')
    writeStatus(socket, status, requestId)
  })
}

function unreadable(code: string | undefined): StatusError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return refusal(408, 'The request took too long to arrive.')
  if (code === 'HPE_HEADER_OVERFLOW') return refusal(431, 'The request’s headers are too large.')
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return refusal(413, 'The request’s chunks are too large.')
  return refusal(400, 'The request could not be read.')
}
