// What a line of the audit log may say. The shape is closed: there is no field that a credential, a body or a query could go to.
import { z } from 'zod'

/** Text from elsewhere: cut, never parsed. A line stays below the 4 KiB that a pipe takes at once. */
const text = (max: number) => z.string().max(max)
const whole = z.number().int().nonnegative()

const actor = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('user'),
    name: text(128),
    groups: whole,
    mode: z.enum(['oidc', 'token', 'kubeconfig', 'impersonate', 'demo']),
    /** Tells sessions of one person apart; nothing can be opened with it. */
    sid: text(16),
  }),
  z.strictObject({ kind: z.literal('anonymous') }),
  z.strictObject({ kind: z.literal('server') }),
])

const client = z.strictObject({ ip: text(45), userAgent: text(120) })

const target = z.strictObject({
  group: text(63),
  resource: text(63),
  subresource: text(63).optional(),
  namespace: text(63).optional(),
  name: text(253).optional(),
  /** The VM that an object is about: a migration's, a snapshot's, a restore's. */
  vm: text(253).optional(),
})

const change = z.strictObject({
  /** The API's own verb. */
  verb: z.enum(['create', 'update', 'patch', 'delete', 'get']),
  dryRun: z.boolean(),
  bytes: whole,
  /** Which well-known parts of the object are named; never what they say. */
  fields: z.array(text(40)).max(12),
  /** A console that is taken from whoever uses it. */
  takeover: z.boolean().optional(),
})

const result = z.strictObject({
  /** The HTTP status that the API server, or virtdeck in its place, answered. */
  status: whole,
  reason: text(64),
  ms: whole,
  /** `Audit-ID` of the API server's answer. */
  auditId: text(64).optional(),
  /** Of a console: bytes to and from the browser, and the WebSocket's close code. */
  bytesDown: whole.optional(),
  bytesUp: whole.optional(),
  closeCode: whole.optional(),
})

const gateRules = ['host', 'origin', 'csrf', 'path', 'method', 'query', 'header', 'body', 'ticket', 'rate'] as const

const entry = {
  /** The request's id, `x-request-id` in its answer, and the `Audit-ID` sent to the API server. */
  id: z.string().regex(/^[0-9a-f-]{36}$/),
  event: z.string().regex(/^[a-z]+(\.[A-Za-z-]+){1,3}$/),
  actor,
  client: client.optional(),
  target: target.optional(),
  change: change.optional(),
  /** Which rule of the gate refused. */
  gate: z.enum(gateRules).optional(),
}

const envelope = {
  v: z.literal(1),
  kind: z.literal('audit'),
  ts: z.iso.datetime({ precision: 3 }),
  chain: z.string().regex(/^[0-9a-f]{8}$/),
  seq: whole,
  /** The hash of the line before. */
  prev: text(43),
}

export const auditRecord = z.discriminatedUnion('phase', [
  z.strictObject({ ...envelope, phase: z.literal('start'), ...entry, hash: text(43) }),
  z.strictObject({ ...envelope, phase: z.literal('outcome'), ...entry, result, hash: text(43) }),
  /** What happened at once, or to nobody's request. */
  z.strictObject({
    ...envelope,
    phase: z.literal('event'),
    ...entry,
    result: result.optional(),
    /** How many records found no room before this one. */
    missing: whole.optional(),
    hash: text(43),
  }),
])

export type AuditRecord = z.infer<typeof auditRecord>
export type Actor = z.infer<typeof actor>
export type Client = z.infer<typeof client>
export type Target = z.infer<typeof target>
export type Change = z.infer<typeof change>
export type Result = z.infer<typeof result>
export type GateRule = (typeof gateRules)[number]

/** What happened, before it has its place in the log. */
export type Entry = { id: string; event: string; actor: Actor; client?: Client; target?: Target; change?: Change; gate?: GateRule }

/**
 * JSON on one line in which no terminal and no line reader finds anything but text: controls, line separators, direction
 * marks, lone surrogates and the like are escaped.
 */
export function toLine(value: unknown): string {
  return JSON.stringify(value).replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from({ length: character.length }, (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`).join(''),
  )
}

/** At most `max` UTF-16 units once escaped, so that hostile text makes no long line. */
export function cut(value: string, max: number): string {
  const short = value.slice(0, max)
  let room = max * 2
  let kept = ''
  for (const character of short) {
    room -= toLine(character).length - 2
    if (room < 0) break
    kept += character
  }
  return kept
}
