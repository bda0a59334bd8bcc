// Every failure is a Kubernetes Status: what the API server said, what our own server refuses, and what broke on the way.
import type { Status, StatusCause, StatusDetails } from './types.ts'

/** A failed request, carrying the Status that says why. */
export class StatusError extends Error {
  override readonly name = 'StatusError'
  readonly status: Status

  constructor(status: Status, options?: ErrorOptions) {
    super(status.message ?? status.reason ?? `HTTP ${status.code}`, options)
    this.status = status
  }

  get code(): number {
    return this.status.code
  }

  get reason(): string {
    return this.status.reason ?? 'Unknown'
  }

  get causes(): StatusCause[] {
    return this.status.details?.causes ?? []
  }
}

/** https://github.com/kubernetes/kubernetes/blob/04846cc/staging/src/k8s.io/apimachinery/pkg/api/errors/errors.go (NewGenericServerResponse) */
const reasons: Record<number, string> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Expired',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
}

/** A Status of failure. The reason follows from the HTTP code where none is given. */
export function failure(code: number, message: string, more: { reason?: string; details?: StatusDetails } = {}): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason: more.reason ?? reasons[code] ?? 'Unknown',
    ...(more.details && { details: more.details }),
    code,
  }
}

export function isStatus(value: unknown): value is Status {
  if (typeof value !== 'object' || value === null) return false
  const status = value as Partial<Status>
  return status.kind === 'Status' && (status.status === 'Failure' || status.status === 'Success')
}

/**
 * What any thrown value means, as a Status. The text of an error that is not a Status stays where it was thrown:
 * it may name files, hosts or secrets, and says nothing to the reader.
 */
export function toStatus(error: unknown): Status {
  if (error instanceof StatusError) return error.status
  if (isStatus(error)) return error
  if (isTimeout(error)) return failure(504, 'The server did not answer in time.')
  if (isNetworkFailure(error)) return failure(503, 'The server cannot be reached.')
  return failure(500, 'Something went wrong inside virtdeck.')
}

/** A response that is not a Status (plain text from an aggregated API, HTML from a proxy), as one. */
export function statusOfResponse(code: number, text: string): Status {
  const parsed = parseStatus(text)
  // Some webhooks and CDI leave the code out of the body; the HTTP code then counts.
  if (parsed) return { ...parsed, code: parsed.code || code }
  // API priority and fairness answers "Too many requests, please try again later.", as if whoever reads it had asked too often.
  if (code === 429) return failure(code, 'The Kubernetes API server has too much to do just now. Try again in a moment.')
  const line = text.trim().split('\n', 1)[0] ?? ''
  const readable = code < 500 && line !== '' && !line.startsWith('<') && !line.startsWith('{')
  return failure(
    code,
    readable ? line.slice(0, 300) : `The API server answered ${code} (${reasons[code] ?? 'Unknown'}) without saying why.`,
  )
}

function parseStatus(text: string): Status | undefined {
  if (!text.trimStart().startsWith('{')) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isStatus(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError'
}

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ETIMEDOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** What `fetch` rejects with in Node, Chromium, Firefox and Safari, and the system errors beneath it. */
function isNetworkFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code } = error as { code?: unknown }
  if (typeof code === 'string' && networkCodes.has(code)) return true
  if (error instanceof TypeError && /^(fetch failed|Failed to fetch|NetworkError when|Load failed)/.test(error.message)) return true
  return error.cause !== undefined && error.cause !== error && isNetworkFailure(error.cause)
}
