// What the audit log's terms are called on the page. What is not listed is said in the log's own terms.
import type { Activity } from '@virtdeck/server/protocol'
import type { State } from '../../ui/state-glyph.tsx'

const events: Readonly<Record<string, string>> = {
  'auth.sign-in': 'Sign in',
  'auth.sign-out': 'Sign out',
  'auth.refresh': 'Renew session',
  'auth.session.revoked': 'Session revoked',
  'auth.session.expired': 'Session expired',
  'auth.session.rejected': 'Session refused by the cluster',
  'gate.reject': 'Request refused',
  'log.gap': 'Records lost',
  'server.start': 'Server started',
  'server.stop': 'Server stopped',
  'vm.addvolume': 'Attach disk',
  'vm.removevolume': 'Detach disk',
  'vm.cancel-migration': 'Cancel migration',
  'vm.console': 'Serial console',
  'vm.vnc': 'Console',
  'vm.softreboot': 'Soft reboot',
  'vm.patch': 'Edit',
  'vm.update': 'Edit',
}

/** `Start`, `Migrate`, `Delete snapshot`. */
export function eventWords(event: string): string {
  const known = Object.hasOwn(events, event) ? events[event] : undefined
  if (known !== undefined) return known
  const [noun = '', ...verb] = event.split('.')
  const words = verb.join(' ').replaceAll('-', ' ')
  const said = noun === 'vm' ? words : `${words} ${noun}`
  return said.charAt(0).toUpperCase() + said.slice(1)
}

export type Outcome = 'running' | 'done' | 'refused' | 'failed' | 'unknown'

/** What came of it; what only happened is done. */
export function outcomeOf({ running, result, event }: Pick<Activity, 'running' | 'result' | 'event'>): Outcome {
  if (running) return 'running'
  if (event === 'gate.reject') return 'refused'
  if (!result) return 'done'
  if (result.status === 0) return 'unknown'
  if (result.status < 400) return 'done'
  return result.status === 401 || result.status === 403 || result.status === 429 ? 'refused' : 'failed'
}

export const outcomeStates: Readonly<Record<Outcome, State>> = {
  running: 'transit',
  done: 'running',
  refused: 'warning',
  failed: 'error',
  unknown: 'unknown',
}

/** A console is open and closed, everything else is under way and done. */
export function outcomeWords(outcome: Outcome, event: string): string {
  const isConsole = event === 'vm.vnc' || event === 'vm.console'
  switch (outcome) {
    case 'running':
      return isConsole ? 'Open' : 'Under way'
    case 'done':
      return isConsole ? 'Closed' : 'Done'
    case 'refused':
      return 'Refused'
    case 'failed':
      return 'Failed'
    case 'unknown':
      return 'Unknown'
  }
}

/** `ann`, or who else it was. */
export function actorWords(actor: Activity['actor']): string {
  switch (actor.kind) {
    case 'user':
      return actor.name
    case 'anonymous':
      return 'not signed in'
    case 'server':
      return 'virtdeck'
  }
}
