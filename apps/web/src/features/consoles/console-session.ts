// The life of one console as a function of events: when to dial, when to wait, when to stop and ask. Nothing here
// touches a socket, a clock or a timer. The rule above all: nobody is thrown out but by somebody's click.
import type { CloseCodes } from '@virtdeck/server/protocol'

export type ConsoleKind = 'vnc' | 'serial'

/** What the VM's page knows about the VM. */
export type VmFacts = {
  power: 'up' | 'down' | 'missing'
  /** Which VM it is: another one may come under the same name. */
  uid?: string
  /** It is being live-migrated; the node it moves to, where that is known. */
  migration?: { targetNode?: string }
}

type Retry = { because: 'migration' | 'restart' | 'server' | 'drop'; attempt: number; sinceMs: number }

export type ConsolePhase =
  | { name: 'idle' }
  /** `waiting`: another try to get in after somebody else. `retry`: a console that was open comes back. */
  | { name: 'connecting'; takeOver: boolean; waiting?: boolean; retry?: Retry }
  | { name: 'live'; sinceMs: number }
  | ({ name: 'reconnecting'; nextMs: number } & Retry)
  /** Somebody else has it. With `nextMs` we wait until it is free. */
  | { name: 'inUse'; nextMs?: number }
  /** Ours went away while nothing explained it, or somebody had it when we came back. */
  | { name: 'takenOver' }
  /** Given away by ourselves, to a tab of its own. */
  | { name: 'released' }
  | { name: 'vmDown' }
  | { name: 'expired' }
  | { name: 'forbidden' }
  | { name: 'gone' }
  /** Another VM has the name now: what was said to the old one is not for it. */
  | { name: 'recreated' }
  | { name: 'failed'; why: 'unreachable' | 'limit' | 'protocol' }

export type ConsoleSession = {
  kind: ConsoleKind
  vm: VmFacts
  /** The VM that somebody wanted to see. */
  uid?: string
  phase: ConsolePhase
  /** Grows with every connection that is opened; events of older ones are void. */
  dial: number
  /** When a migration was last seen going on. */
  migratingAtMs: number
  /** Serial: a drop without a reason was already mended once. */
  mended: boolean
}

export type ConsoleEvent =
  | { type: 'open' }
  | { type: 'vm'; vm: VmFacts }
  | { type: 'live'; dial: number }
  /** `retryAfterMs`: when the server wants to see us again. */
  | { type: 'closed'; dial: number; code: number; retryAfterMs?: number }
  /** The time that the phase waits for has come. */
  | { type: 'due' }
  /** Clicks. */
  | { type: 'retry' }
  | { type: 'wait' }
  | { type: 'takeOver' }
  | { type: 'release' }
  | { type: 'deny' }

const firstRetryMs = 500
const retryGrowth = 1.6
const longestRetryMs = 5_000
/** So long an unexplained drop is tried again. */
const retryBudgetMs = 60_000
const waitMs = 5_000
/** A drop shortly after a migration is the migration's. */
const migrationEchoMs = 15_000
/** A serial console that drops this soon after connecting was probably taken by somebody who does the same. */
const warGuardMs = 10_000
const mendedForgottenMs = 60_000

const codes = {
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
} satisfies CloseCodes
/** RFC 6455's own, which virtdeck's server says when it goes. */
const serverRestarts = 1012

/** `knownUid`: the VM that this tab had a console of before, under the same name. */
export function newSession(kind: ConsoleKind, vm: VmFacts, knownUid?: string): ConsoleSession {
  const uid = knownUid ?? vm.uid
  const phase: ConsolePhase = isAnother(uid, vm) ? { name: 'recreated' } : { name: 'idle' }
  return { kind, vm, uid, phase, dial: 0, migratingAtMs: Number.NEGATIVE_INFINITY, mended: false }
}

const isAnother = (uid: string | undefined, vm: VmFacts) => uid !== undefined && vm.uid !== undefined && vm.uid !== uid

/** Whether a connection belongs to the phase: all others are to be closed. */
export const holdsSocket = ({ phase }: ConsoleSession) => phase.name === 'connecting' || phase.name === 'live'

/** When `due` is to be sent, or undefined. */
export const dueMs = ({ phase }: ConsoleSession) => ('nextMs' in phase ? phase.nextMs : undefined)

export function nextSession(session: ConsoleSession, event: ConsoleEvent, nowMs: number): ConsoleSession {
  const { phase } = session
  const to = (next: ConsolePhase): ConsoleSession => ({ ...session, phase: next })
  const dial = (options: Omit<ConsolePhase & { name: 'connecting' }, 'name'>): ConsoleSession => ({
    ...session,
    dial: session.dial + 1,
    phase: { name: 'connecting', ...options },
  })

  switch (event.type) {
    case 'open':
      return isAnother(session.uid, session.vm) ? to({ name: 'recreated' }) : nextSession(session, { type: 'retry' }, nowMs)
    case 'retry':
      if (holdsSocket(session)) return session
      // Whoever clicks wants the VM that is there now.
      if (isAnother(session.uid, session.vm)) return nextSession({ ...session, uid: session.vm.uid }, event, nowMs)
      if (session.vm.power !== 'up') return to(notUp(session.vm))
      return dial({ takeOver: false, ...(phase.name === 'reconnecting' && { retry: retryOf(phase) }) })
    case 'takeOver':
      return phase.name === 'inUse' || phase.name === 'takenOver' || (phase.name === 'connecting' && phase.waiting)
        ? dial({ takeOver: true })
        : session
    case 'wait':
      if (phase.name === 'takenOver') return dial({ takeOver: false, waiting: true })
      return phase.name === 'inUse' ? to({ name: 'inUse', nextMs: nowMs + waitMs }) : session
    case 'release':
      return phase.name === 'recreated' ? session : to({ name: 'released' })
    case 'deny':
      return to({ name: 'forbidden' })
    case 'vm':
      return withVm(session, event.vm, nowMs)
    case 'live':
      if (event.dial !== session.dial || phase.name !== 'connecting') return session
      return to({ name: 'live', sinceMs: nowMs })
    case 'closed':
      return event.dial === session.dial && holdsSocket(session) ? closed(session, event, nowMs) : session
    case 'due':
      if (phase.name === 'reconnecting') return dial({ takeOver: false, retry: retryOf(phase) })
      if (phase.name === 'inUse' && phase.nextMs !== undefined) return dial({ takeOver: false, waiting: true })
      return session
  }
}

const retryOf = ({ because, attempt, sinceMs }: Retry): Retry => ({ because, attempt, sinceMs })
const notUp = (vm: VmFacts): ConsolePhase => (vm.power === 'missing' ? { name: 'gone' } : { name: 'vmDown' })

function withVm(before: ConsoleSession, vm: VmFacts, nowMs: number): ConsoleSession {
  const session = {
    ...before,
    vm,
    uid: before.uid ?? vm.uid,
    migratingAtMs: vm.migration || before.vm.migration ? nowMs : before.migratingAtMs,
  }
  const { phase } = session
  if (isAnother(before.uid, vm)) {
    // Nobody has looked at the old one yet.
    return phase.name === 'idle' ? { ...session, uid: vm.uid } : { ...session, phase: { name: 'recreated' } }
  }
  switch (phase.name) {
    case 'recreated':
      return vm.power === 'missing' ? { ...session, phase: notUp(vm) } : session
    case 'vmDown':
    case 'gone':
      // Whoever was here before the VM stopped is gone with it: coming back takes nothing from anybody.
      if (vm.power === 'up') return { ...session, dial: session.dial + 1, phase: { name: 'connecting', takeOver: false } }
      return { ...session, phase: notUp(vm) }
    case 'reconnecting':
      if (vm.power !== 'up') return { ...session, phase: notUp(vm) }
      return vm.migration && phase.because !== 'migration' ? { ...session, phase: { ...phase, because: 'migration' } } : session
    case 'inUse':
    case 'takenOver':
    case 'failed':
      return vm.power === 'up' ? session : { ...session, phase: notUp(vm) }
    default:
      return session
  }
}

function closed(session: ConsoleSession, { code, retryAfterMs = 0 }: ConsoleEvent & { type: 'closed' }, nowMs: number): ConsoleSession {
  const { phase, vm } = session
  const to = (next: ConsolePhase): ConsoleSession => ({ ...session, phase: next })
  switch (code) {
    case codes.sessionEnded:
      return to({ name: 'expired' })
    case codes.forbidden:
      return to({ name: 'forbidden' })
    case codes.limit:
      return to({ name: 'failed', why: 'limit' })
    case codes.badRequest:
      return to({ name: 'failed', why: 'protocol' })
    case codes.inUse:
      if (phase.name === 'connecting' && phase.waiting) return to({ name: 'inUse', nextMs: nowMs + waitMs })
      return to(phase.name === 'connecting' && !phase.retry ? { name: 'inUse' } : { name: 'takenOver' })
    default:
  }
  if (vm.power !== 'up') return to(notUp(vm))
  const migrating = vm.migration !== undefined || nowMs - session.migratingAtMs < migrationEchoMs
  // The cluster says that the guest does not run, and our picture of it lags behind: nobody has taken anything.
  const goingDown = code === codes.gone || code === codes.notRunning
  const because = migrating ? 'migration' : goingDown ? 'restart' : code === serverRestarts ? 'server' : 'drop'
  const unexplained = phase.name === 'live' && because === 'drop'

  let { mended } = session
  if (session.kind === 'serial' && unexplained) {
    const livedMs = nowMs - phase.sinceMs
    mended &&= livedMs < mendedForgottenMs
    // Serial consoles cannot be asked to spare a session: one more try at most, and none against an opponent.
    if (mended || livedMs < warGuardMs) return to({ name: 'takenOver' })
    mended = true
  }
  const before = phase.name === 'connecting' ? phase.retry : undefined
  const retry: Retry = before ? { ...before, because, attempt: before.attempt + 1 } : { because, attempt: 1, sinceMs: nowMs }
  if (nowMs - retry.sinceMs > retryBudgetMs && !vm.migration) {
    return to({ name: 'failed', why: code === codes.upstreamProtocol ? 'protocol' : 'unreachable' })
  }
  const delayMs = Math.max(retryAfterMs, Math.min(longestRetryMs, firstRetryMs * retryGrowth ** (retry.attempt - 1)))
  return { ...session, mended, phase: { name: 'reconnecting', ...retry, nextMs: nowMs + Math.round(delayMs) } }
}
