// Writing answers: headers that every answer has, Status errors, JSON or YAML, gzip for what is big.
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createGzip, constants as zlib } from 'node:zlib'
import { stringify } from 'yaml'
import { urlOf } from './request-url.ts'
import { ApiError, failure } from './status.ts'

/** https://github.com/kubernetes/apiserver/blob/9d86305/pkg/endpoints/handlers/responsewriters/writers.go */
const gzipThresholdBytes = 128 * 1024
// Joined into pieces of this size: one TLS record and one write for each.
const pieceBytes = 256 * 1024

/** https://github.com/kubernetes/apiserver/blob/9d86305/pkg/endpoints/filters/audit_init.go: a client may bring its own id. */
export function startResponse(req: IncomingMessage, res: ServerResponse): void {
  const given = req.headers['audit-id']
  res.setHeader('Audit-Id', typeof given === 'string' && given !== '' ? given : randomUUID())
  res.setHeader('Cache-Control', 'no-cache, private')
}

export function sendText(res: ServerResponse, code: number, text: string, headers: Record<string, string> = {}): void {
  res.writeHead(code, {
    'Content-Type': 'text/plain; charset=utf-8',
    'X-Content-Type-Options': 'nosniff',
    'Content-Length': Buffer.byteLength(text),
    ...headers,
  })
  res.end(text)
}

export function sendNotFoundPath(res: ServerResponse): void {
  sendText(res, 404, '404 page not found\n')
}

export function sendJson(
  req: IncomingMessage,
  res: ServerResponse,
  code: number,
  value: unknown,
  format: 'json' | 'yaml' = 'json',
  mediaType?: string,
): void {
  if (format === 'yaml') {
    const bytes = Buffer.from(stringify(JSON.parse(JSON.stringify(value))))
    res.writeHead(code, { 'Content-Type': 'application/yaml', 'Content-Length': bytes.length })
    res.end(bytes)
    return
  }
  const pretty = urlOf(req.url).searchParams.get('pretty')
  const text = pretty !== null && pretty !== '0' && pretty !== 'false' ? JSON.stringify(value, undefined, 2) : JSON.stringify(value)
  sendBytes(req, res, code, [Buffer.from(`${text}\n`)], mediaType)
}

/** Sends JSON that is encoded already, in pieces and at the pace of the socket. */
export function sendBytes(
  req: IncomingMessage,
  res: ServerResponse,
  code: number,
  parts: readonly Buffer[],
  mediaType = 'application/json',
): void {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const gzip = length > gzipThresholdBytes && /\bgzip\b/.test(req.headers['accept-encoding'] ?? '')
  res.writeHead(code, {
    'Content-Type': mediaType,
    ...(gzip ? { 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' } : { 'Content-Length': length }),
  })
  if (req.method === 'HEAD') {
    res.end()
    return
  }
  if (!gzip) {
    writeAtSocketPace(res, parts)
    return
  }
  const compressor = createGzip({ level: zlib.Z_BEST_SPEED, chunkSize: pieceBytes })
  compressor.pipe(res)
  res.once('close', () => compressor.destroy())
  writeAtSocketPace(compressor, parts)
}

type Sink = { write(bytes: Buffer): boolean; end(): void; once(event: 'drain', listener: () => void): unknown; destroyed: boolean }

function writeAtSocketPace(sink: Sink, parts: readonly Buffer[]): void {
  let index = 0
  const pump = () => {
    while (index < parts.length && !sink.destroyed) {
      const piece: Buffer[] = []
      for (let size = 0; index < parts.length && size < pieceBytes; index += 1) {
        // Within bounds by the loop's own condition.
        const part = parts[index]!
        piece.push(part)
        size += part.length
      }
      // One small answer is most answers: nothing to join.
      const joined = piece.length === 1 ? piece[0] : Buffer.concat(piece)
      if (joined && !sink.write(joined) && index < parts.length) {
        sink.once('drain', pump)
        return
      }
    }
    if (!sink.destroyed) sink.end()
  }
  pump()
}

/** What a thrown value becomes: refusals as they are, anything else a 500 that tells nothing. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  return failure(500, 'InternalError', 'Internal error occurred: the simulated cluster failed', {
    causes: [{ message: 'the simulated cluster failed' }],
  })
}

export function sendError(req: IncomingMessage, res: ServerResponse, error: unknown): void {
  const { status, plainText } = toApiError(error)
  if (res.headersSent) {
    res.destroy()
    return
  }
  if (plainText) {
    sendText(res, status.code, status.message ?? '')
    return
  }
  const retryAfterSeconds = status.details?.retryAfterSeconds
  if (retryAfterSeconds) res.setHeader('Retry-After', String(retryAfterSeconds))
  res.setHeader('X-Content-Type-Options', 'nosniff')
  sendJson(req, res, status.code, status)
}
