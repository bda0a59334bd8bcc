// The audit log: who did what, where, when, and what came of it. Every operation has one start and one outcome, whatever happens.
import type { IncomingMessage } from 'node:http'
import { createHmac, randomUUID } from 'node:crypto'
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { failure } from '@virtdeck/k8s'
import { refusal } from '../refusal.ts'
import type { Session } from '../auth/sessions.ts'
import { ConfigError } from '../config.ts'
import type { Logger } from '../logger.ts'
import { createChain, lastHead, type Head } from './chain.ts'
import type { AuditConfig } from './config.ts'
import { createHistory, type History } from './history.ts'
import { createQueue, type QueueHealth } from './queue.ts'
import { cut, type Actor, type AuditRecord, type Client, type Entry, type Result } from './record.ts'
import { fileSink, rotatedFiles, standardOutputSink } from './sink.ts'

/**
 * What an operation came to. `reason` follows from the status unless it is given; `ms` is counted from the start. Who
 * signs in is known only then.
 */
export type Outcome = Pick<Result, 'status'> & Partial<Omit<Result, 'status'>> & { actor?: Actor }

export type Audit = AsyncDisposable & {
  /** Throws 503 while more than 4 MiB wait for the log: what cannot be recorded is not done. Reads need no room. */
  assertRoom(): void
  /** Records the start; the first call of what it returns records the outcome, further ones do nothing. */
  begin(entry: Entry): (outcome: Outcome) => void
  /** Records what happens at once. Without an id, it was nobody's request. */
  event(entry: Omit<Entry, 'id'> & { id?: string }, outcome?: Outcome): void
  /** The latest operations, for the Activity page. */
  history: History
  /** Where the log stands; noted elsewhere, it shows later that nothing was cut off. */
  head(): Head
  health(): QueueHealth & { records: number }
  /** Resolves when the log holds all records so far. */
  drained(): Promise<void>
}

const backlogBytes = 4 * 1024 * 1024
/** Outcomes of what had already begun, sign-ins and refusals still find room beyond the backlog. */
const hardLimitBytes = 2 * backlogBytes
const tailBytes = 4 * 1024 * 1024

/** Opens the log, and goes on from where its file ended. Throws ConfigError where the file can be neither read nor made. */
export async function openAudit(config: AuditConfig, { log, now = Date.now }: { log: Logger; now?: () => number }): Promise<Audit> {
  const key = config.key ? Buffer.from(config.key, 'base64') : undefined
  const { file, maxFileBytes = 32 * 1024 * 1024, maxFiles = 10 } = config
  const sink = config.sink ?? (file ? fileSink({ file, maxFileBytes, maxFiles }) : standardOutputSink())
  const history = createHistory()
  if (file && !config.sink) await assertWritable(file)
  const earlier = file && !config.sink ? await readTail(file) : []
  const after = lastHead(earlier)
  for (const record of after.records) history.add(record)
  const chain = createChain(key, after.head)
  const queue = createQueue(sink, {
    maxBytes: hardLimitBytes,
    onFailure: (error) => log.error({ err: error }, 'the audit log cannot be written; it is tried again'),
  })
  const inFlight = new Set<(outcome: Outcome) => void>()
  let records = 0
  let lost = 0

  const append = (record: Parameters<typeof chain.append>[0]) => {
    // A record that finds no room takes no place in the chain: the next one says how many are missing.
    if (queue.health().backlogBytes > hardLimitBytes - 8192) {
      lost += 1
      return
    }
    if (lost > 0) {
      const missing = lost
      lost = 0
      write({ phase: 'event', ts: iso(now()), id: randomUUID(), event: 'log.gap', actor: { kind: 'server' }, missing })
    }
    write(record)
  }
  const write = (record: Parameters<typeof chain.append>[0]) => {
    const appended = chain.append(record)
    queue.push(Buffer.from(`${appended.line}\n`))
    records += 1
    history.add(appended.record)
  }
  const serverEvent = (event: string) => append({ phase: 'event', ts: iso(now()), id: randomUUID(), event, actor: { kind: 'server' } })

  // A server that was killed could not say what came of what it had begun: nobody knows, and that is the outcome.
  for (const { id, event, actor, client, target, change } of unfinished(after.records)) {
    const entry = { id, event, actor, ...(client ? { client } : {}), ...(target ? { target } : {}), ...(change ? { change } : {}) }
    append({ phase: 'outcome', ts: iso(now()), ...entry, result: { status: 0, reason: 'ServerKilled', ms: 0 } })
  }
  serverEvent('server.start')

  return {
    assertRoom() {
      if (queue.health().backlogBytes > backlogBytes) {
        throw refusal(503, 'The audit log cannot be written, so nothing may be changed. Reading goes on.', { retryAfterSeconds: 5 })
      }
    },
    begin(entry) {
      const startedAt = now()
      append({ phase: 'start', ts: iso(startedAt), ...entry })
      const end = (outcome: Outcome) => {
        if (!inFlight.delete(end)) return
        const at = now()
        const { actor = entry.actor, ...came } = outcome
        append({ phase: 'outcome', ts: iso(at), ...entry, actor, result: resultOf(came, at - startedAt) })
      }
      inFlight.add(end)
      return end
    },
    event(entry, outcome) {
      append({ phase: 'event', ts: iso(now()), id: randomUUID(), ...entry, ...(outcome ? { result: resultOf(outcome, 0) } : {}) })
    },
    history,
    head: () => chain.head(),
    health: () => ({ ...queue.health(), dropped: queue.health().dropped + lost, records }),
    drained: () => queue.drained(),
    async [Symbol.asyncDispose]() {
      for (const end of inFlight) end({ status: 0, reason: 'ServerStopped' })
      serverEvent('server.stop')
      await queue.close()
    },
  }
}

const iso = (ms: number) => new Date(ms).toISOString()

function resultOf({ status, reason, ms, actor: _, ...more }: Outcome, elapsedMs: number): Result {
  const given = reason ?? (status >= 400 ? (failure(status, '').reason ?? 'Unknown') : '')
  return { status, reason: cut(given, 64), ms: Math.max(0, Math.round(ms ?? elapsedMs)), ...more }
}

async function assertWritable(file: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true })
    await (await open(file, 'a', 0o600)).close()
  } catch (cause) {
    throw new ConfigError(`The audit log ${file} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

/** Who acts, as the log names them. */
export function actorOf({ user, credential, sid }: Pick<Session, 'user' | 'credential' | 'sid'>): Actor {
  return {
    kind: 'user',
    name: cut(user.name, 128),
    groups: user.groups.length,
    mode: credential.kind === 'oidc' && 'impersonate' in credential.shown ? 'impersonate' : credential.kind,
    sid: createHmac('sha256', 'virtdeck audit sid').update(sid).digest('base64url').slice(0, 12),
  }
}

/** Where a request comes from; who stands between is believed only where it is a proxy of ours (client-address.ts). */
export function clientOf(req: Pick<IncomingMessage, 'clientAddress' | 'socket' | 'headers'>): Client {
  return { ip: cut(req.clientAddress ?? req.socket.remoteAddress ?? '', 45), userAgent: cut(req.headers['user-agent'] ?? '', 120) }
}

function unfinished(records: readonly AuditRecord[]): AuditRecord[] {
  const begun = new Map<string, AuditRecord>()
  for (const record of records) {
    const key = `${record.id}|${record.event}`
    if (record.phase === 'start') begun.set(key, record)
    else begun.delete(key)
  }
  return [...begun.values()]
}

/** The end of a log, for the page and for the chain to go on from: a part of a large file, or more than one small one. */
async function readTail(file: string): Promise<string[]> {
  const lines: string[] = []
  let left = tailBytes
  for (const path of (await rotatedFiles(file)).toReversed()) {
    const { text, bytes } = await readEnd(path, left)
    lines.unshift(...text.split('\n'))
    left -= bytes
    if (left <= 0) break
  }
  return lines
}

async function readEnd(path: string, maxBytes: number): Promise<{ text: string; bytes: number }> {
  await using handle = await open(path)
  const { size } = await handle.stat()
  const bytes = Math.min(size, maxBytes)
  const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(bytes), position: size - bytes })
  const text = buffer.subarray(0, bytesRead).toString('utf8')
  // The first of its lines may be a half.
  return { text: bytes < size ? text.slice(text.indexOf('\n') + 1) : text, bytes }
}
