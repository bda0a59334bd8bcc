// The life of the tab's one live connection as a function of events: when to connect, how long to wait, when to call
// what is on the screen stale. Nothing here touches a socket, a clock or a timer.

/** The server's heartbeat comes every 5 s: two missed and a bit of patience. */
const SILENCE_MS = 12_000
const CONNECT_TIMEOUT_MS = 10_000
const FIRST_BACKOFF_MS = 500
const LONGEST_BACKOFF_MS = 30_000
/** Close code of a server that no longer knows the session (CloseCodes.sessionEnded). */
const SESSION_ENDED = 4401

export type Connection =
  /** Nobody needs it. */
  | { phase: 'idle' }
  /** `failures` attempts have failed since it last worked; `lostAt` is when it was last heard. */
  | { phase: 'connecting'; failures: number; lostAt?: number; since: number }
  | { phase: 'open'; heardAt: number }
  | { phase: 'waiting'; failures: number; lostAt?: number; since: number; retryAt: number }
  /** The session ended: reconnecting would be refused. */
  | { phase: 'ended'; lostAt: number }

/** `at` is the browser's clock in ms; `random` is in [0, 1). */
export type ConnectionEvent =
  | { type: 'wanted'; at: number }
  | { type: 'unwanted' }
  | { type: 'heard'; at: number }
  /** `retryInMs`: when a server that restarts wants to see us again. */
  | { type: 'closed'; at: number; code: number; random: number; retryInMs?: number }
  /** The deadline of the phase may have passed. */
  | { type: 'tick'; at: number; random: number }
  /** The tab is visible again, the network is back, or somebody pressed Reconnect now. */
  | { type: 'wake'; at: number }

type Effect = 'connect' | 'close' | 'reconnect'

export type Step = { connection: Connection; effect?: Effect }

export function step(connection: Connection, event: ConnectionEvent): Step {
  switch (event.type) {
    case 'wanted':
      return connection.phase === 'idle'
        ? { connection: { phase: 'connecting', failures: 0, since: event.at }, effect: 'connect' }
        : { connection }
    case 'unwanted':
      return connection.phase === 'idle' ? { connection } : { connection: { phase: 'idle' }, effect: 'close' }
    case 'heard':
      return connection.phase === 'open' || connection.phase === 'connecting'
        ? { connection: { phase: 'open', heardAt: event.at } }
        : { connection }
    case 'closed':
      return closed(connection, event)
    case 'tick':
      return tick(connection, event)
    case 'wake':
      return wake(connection, event.at)
  }
}

function closed(connection: Connection, { at, code, random, retryInMs }: ConnectionEvent & { type: 'closed' }): Step {
  if (connection.phase === 'idle' || connection.phase === 'ended' || connection.phase === 'waiting') return { connection }
  if (code === SESSION_ENDED) return { connection: { phase: 'ended', lostAt: connection.phase === 'open' ? connection.heardAt : at } }
  return { connection: waiting(connection, at, random, retryInMs) }
}

function waiting(
  connection: Extract<Connection, { phase: 'open' | 'connecting' }>,
  at: number,
  random: number,
  retryInMs?: number,
): Connection {
  const failures = connection.phase === 'open' ? 0 : connection.failures + 1
  const retryAt = at + (retryInMs ?? random * Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** failures))
  return connection.phase === 'open'
    ? { phase: 'waiting', failures, lostAt: connection.heardAt, since: at, retryAt }
    : { ...connection, phase: 'waiting', failures, retryAt }
}

function tick(connection: Connection, { at, random }: { at: number; random: number }): Step {
  const due = deadline(connection)
  if (due === undefined || at < due) return { connection }
  switch (connection.phase) {
    case 'open':
      return { connection: { phase: 'connecting', failures: 1, lostAt: connection.heardAt, since: at }, effect: 'reconnect' }
    case 'connecting':
      return { connection: waiting(connection, at, random), effect: 'close' }
    case 'waiting':
      return { connection: retry(connection, at), effect: 'connect' }
    default:
      return { connection }
  }
}

function wake(connection: Connection, at: number): Step {
  if (connection.phase === 'waiting') return { connection: retry(connection, at), effect: 'connect' }
  if (connection.phase === 'ended')
    return { connection: { phase: 'connecting', failures: 0, lostAt: connection.lostAt, since: at }, effect: 'connect' }
  if (connection.phase === 'open' && at - connection.heardAt >= SILENCE_MS) return tick(connection, { at, random: 0 })
  return { connection }
}

function retry({ failures, lostAt }: Extract<Connection, { phase: 'waiting' }>, at: number): Connection {
  return { phase: 'connecting', failures, lostAt, since: at }
}

/** When `tick` is due, or undefined where only an event moves it on. */
export function deadline(connection: Connection): number | undefined {
  switch (connection.phase) {
    case 'open':
      return connection.heardAt + SILENCE_MS
    case 'connecting':
      return connection.since + CONNECT_TIMEOUT_MS
    case 'waiting':
      return connection.retryAt
    default:
      return undefined
  }
}

/**
 * What the screen says about its own freshness. Times are the browser's, in ms. `cause` is `connection` where the
 * virtdeck server is out of reach, `cluster` where it answers and the API server behind it does not.
 */
export type LiveState =
  | { state: 'live' }
  | { state: 'connecting' }
  | { state: 'stale'; since: number; cause: 'connection' | 'cluster'; retryAt?: number }

/** A first reconnect is given its half second before anything is called stale. */
export function liveStateOf(connection: Connection): LiveState {
  switch (connection.phase) {
    case 'open':
      return { state: 'live' }
    case 'connecting':
    case 'waiting': {
      if (connection.failures === 0) return { state: 'connecting' }
      const since = connection.lostAt ?? connection.since
      return { state: 'stale', since, cause: 'connection', retryAt: connection.phase === 'waiting' ? connection.retryAt : undefined }
    }
    case 'ended':
      return { state: 'stale', since: connection.lostAt, cause: 'connection' }
    case 'idle':
      return { state: 'connecting' }
  }
}
