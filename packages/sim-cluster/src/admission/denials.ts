// How a webhook's refusal reaches the client through the API server.
// https://github.com/kubernetes/apiserver/blob/release-1.32/pkg/admission/plugin/webhook/errors/statuserror.go
import type { StatusCause } from '@virtdeck/k8s'
import { failure, type ApiError } from '../api/status.ts'

const denied = (webhook: string, message: string) => `admission webhook "${webhook}" denied the request: ${message}`

/** 422 with causes, as KubeVirt's validators answer: their messages joined. */
export function invalidBy(webhook: string, causes: StatusCause[]): ApiError {
  return failure(422, 'Invalid', denied(webhook, causes.map((cause) => cause.message).join(', ')), { causes })
}

/** 400 without a reason: errors that a webhook did not turn into causes. */
export const badRequestBy = (webhook: string, message: string): ApiError => failure(400, undefined, denied(webhook, message))

/** CDI's validators give no reason, and leave two spaces. */
export function invalidByCdi(webhook: string, cause: StatusCause): ApiError {
  return failure(422, undefined, denied(webhook, ` ${cause.message}`), { causes: [cause] })
}
