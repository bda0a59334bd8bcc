import { StatusError } from '@virtdeck/k8s'
import type { CloseCodes } from '../protocol.ts'

export const closeCodes: CloseCodes = {
  badRequest: 4400,
  sessionEnded: 4401,
  forbidden: 4403,
  gone: 4404,
  slow: 4408,
  inUse: 4409,
  notRunning: 4412,
  limit: 4429,
  upstreamProtocol: 4502,
  upstreamDown: 4503,
  upstreamTimeout: 4504,
}

/** RFC 6455 section 7.4.1: the server restarts. */
export const restarting = 1012
/** At most eighty a second come back to whoever takes over. */
const betweenReturnsMs = 12.5

/** The reason for each socket that is closed because the server goes: when it should come back, one after the other. */
export function createRestartReasons(): () => string {
  let place = 0
  return () => {
    place += 1
    return `The server restarts. Come back in ${Math.round(place * betweenReturnsMs)} ms.`
  }
}

type Code = CloseCodes[keyof CloseCodes]

/** Reasons come from here alone: never what the API server or a guest says. */
const reasons: Record<Code, string> = {
  4400: 'The request cannot be read.',
  4401: 'The session has ended.',
  4403: 'You may not open this.',
  4404: 'There is no such virtual machine.',
  4408: 'The connection is too slow.',
  4409: 'Somebody else uses this console.',
  4412: 'The virtual machine does not run, or has no such console.',
  4429: 'Too many connections.',
  4502: 'The cluster did not open the connection.',
  4503: 'The cluster cannot be reached.',
  4504: 'The cluster did not answer in time.',
}

export const closeReason = (code: Code) => reasons[code]

/** What a console's refused upgrade means to the browser, which cannot read the refusal itself. */
export function consoleCloseCode(error: unknown): Code {
  if (!(error instanceof StatusError)) return closeCodes.upstreamDown
  const { code, message } = error
  // virt-api wraps virt-handler's 503 into a 500: its text is all there is to tell it by.
  if (code === 500 && message.includes('Active VNC connection')) return closeCodes.inUse
  if (code === 401) return closeCodes.sessionEnded
  if (code === 403) return closeCodes.forbidden
  if (code === 404) return closeCodes.gone
  if (code === 400 || code === 409) return closeCodes.notRunning
  if (code === 503) return closeCodes.upstreamDown
  if (code === 504) return closeCodes.upstreamTimeout
  return closeCodes.upstreamProtocol
}
