// Every refusal of the server is a Kubernetes Status; this is where they are made and where they are answered.
import type { ErrorRequestHandler, RequestHandler, Response } from 'express'
import { StatusError, failure, type Status } from '@virtdeck/k8s'
import type { Logger } from './logger.ts'

// Codes that Kubernetes has no reason for.
const ownReasons: Record<number, string> = { 421: 'MisdirectedRequest', 502: 'BadGateway' }

/** Throw it; the error handler answers it. The message is for the person at the screen. */
export function refusal(code: number, message: string, details?: Status['details']): StatusError {
  return new StatusError(failure(code, message, { reason: ownReasons[code], details }))
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

export function sendStatus(res: Response, status: Status): void {
  const retryAfter = status.details?.retryAfterSeconds
  if (retryAfter) res.setHeader('retry-after', String(retryAfter))
  res.status(status.code).json(status)
}

export const notFound: RequestHandler = (req) => {
  throw refusal(404, `The server could not find ${req.path}.`)
}

/** The one error handler. */
export function errorHandler(log: Logger): ErrorRequestHandler {
  return (error: unknown, _req, res, next) => {
    const requestId = String(res.getHeader('x-request-id') ?? '')
    const status = tellable(error, requestId)
    if (status.code >= 500) log.error({ requestId, err: error }, status.message)
    if (res.headersSent) {
      next(error)
      return
    }
    sendStatus(res, status)
  }
}
