// Every refusal of the server is a Kubernetes Status; this is where they are made. The inventory's thread needs no more than this.
import { StatusError, failure, type Status } from '@virtdeck/k8s'
import type { GateRule } from './audit/record.ts'

// Codes that Kubernetes has no reason for.
const ownReasons: Record<number, string> = {
  408: 'Timeout',
  421: 'MisdirectedRequest',
  431: 'RequestHeaderFieldsTooLarge',
  502: 'BadGateway',
}

/** Throw it; the error handler answers it. The message is for the person at the screen. */
export function refusal(code: number, message: string, details?: Status['details']): StatusError {
  return new StatusError(failure(code, message, { reason: ownReasons[code], details }))
}

/** A refusal by a rule of the gate: the audit log names the rule. */
export function gateRefusal(rule: GateRule, ...refused: Parameters<typeof refusal>): StatusError {
  return Object.assign(refusal(...refused), { gate: rule })
}
