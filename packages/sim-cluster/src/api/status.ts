// Failures as the API server words them: every refusal in this package is an ApiError carrying a metav1.Status.
// https://github.com/kubernetes/apimachinery/blob/59e9003/pkg/api/errors/errors.go
import type { Status, StatusCause } from '@virtdeck/k8s'

export class ApiError extends Error {
  override name = 'ApiError'
  readonly status: Status
  /** Plain-text answers exist too: aggregated APIs and unknown paths do not speak Status. */
  readonly plainText: boolean
  constructor(status: Status, { plainText = false }: { plainText?: boolean } = {}) {
    super(status.message)
    this.status = status
    this.plainText = plainText
  }
}

type Ref = { group: string; plural: string; kind: string }

const qualified = (ref: Ref) => (ref.group ? `${ref.plural}.${ref.group}` : ref.plural)
const qualifiedKind = (ref: Ref) => (ref.group ? `${ref.kind}.${ref.group}` : ref.kind)

export function failure(code: number, reason: string | undefined, message: string, details?: Status['details']): ApiError {
  return new ApiError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    ...(reason ? { reason } : {}),
    ...(details ? { details } : {}),
    code,
  })
}

export const details = (ref: Ref, name?: string, causes?: StatusCause[]): NonNullable<Status['details']> => ({
  ...(name ? { name } : {}),
  ...(ref.group ? { group: ref.group } : {}),
  kind: ref.plural,
  ...(causes ? { causes } : {}),
})

export const notFound = (ref: Ref, name: string) => failure(404, 'NotFound', `${qualified(ref)} "${name}" not found`, details(ref, name))

export const alreadyExists = (ref: Ref, name: string) =>
  failure(409, 'AlreadyExists', `${qualified(ref)} "${name}" already exists`, details(ref, name))

export const conflict = (ref: Ref, name: string, why: string) =>
  failure(409, 'Conflict', `Operation cannot be fulfilled on ${qualified(ref)} "${name}": ${why}`, details(ref, name))

/** A delete whose preconditions do not hold names the kind, not the resource. */
export const preconditionFailed = (ref: Ref, name: string, why: string) =>
  failure(409, 'Conflict', `Operation cannot be fulfilled on ${qualifiedKind(ref)} "${name}": ${why}`, {
    ...details(ref, name),
    kind: ref.kind,
  })

export const methodNotAllowed = () =>
  failure(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {})

export const unsupportedMediaType = (accepted: readonly string[]) =>
  failure(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  )

/** What net/http, go-restful and the aggregator say in plain text. */
export const plainText = (code: number, text: string) =>
  new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: text, code }, { plainText: true })

export const badRequest = (message: string) => failure(400, 'BadRequest', message)

export const invalid = (ref: Ref, name: string, causes: StatusCause[]) =>
  failure(
    422,
    'Invalid',
    `${qualifiedKind(ref)} "${name}" is invalid: ${
      causes.length === 1
        ? `${causes[0]?.field}: ${causes[0]?.message}`
        : `[${causes.map((cause) => `${cause.field}: ${cause.message}`).join(', ')}]`
    }`,
    { ...details(ref, name, causes), kind: ref.kind },
  )

export const forbidden = (ref: Ref, name: string, why: string) =>
  failure(403, 'Forbidden', `${qualified(ref)}${name ? ` "${name}"` : ''} is forbidden: ${why}`, details(ref, name))

export const internalError = (message: string) =>
  failure(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] })
