// Lines that hang together: each holds the hash of the one before, so that none can be altered, taken out or moved unseen.
import { createHmac, randomBytes } from 'node:crypto'
import { auditRecord, toLine, type AuditRecord } from './record.ts'

export type Head = { chain: string; seq: number; hash: string }

type Unchained = AuditRecord extends infer R
  ? R extends AuditRecord
    ? Omit<R, 'v' | 'kind' | 'chain' | 'seq' | 'prev' | 'hash'>
    : never
  : never

/** Without a key, whoever may write to the log can also compute its hashes anew; see docs/security.md. */
const hashOf = (key: Buffer | undefined, prev: string, line: string) =>
  createHmac('sha256', key ?? 'virtdeck audit')
    .update(`${prev}\n${line}`)
    .digest('base64url')

/** Gives records their place; `after` is where an older log ended. */
export function createChain(key: Buffer | undefined, after?: Head) {
  let head: Head = after ?? { chain: randomBytes(4).toString('hex'), seq: 0, hash: '' }
  return {
    head: () => head,
    /** The record as it goes to the log, and its line without the line feed. */
    append(record: Unchained): { record: AuditRecord; line: string } {
      const { chain, hash: prev } = head
      const chained = { v: 1 as const, kind: 'audit' as const, chain, seq: head.seq + 1, prev, ...record }
      const body = toLine(chained)
      const hash = hashOf(key, prev, body)
      head = { chain, seq: chained.seq, hash }
      return { record: { ...chained, hash } as AuditRecord, line: `${body.slice(0, -1)},"hash":"${hash}"}` }
    },
  }
}

export type Finding = { line: number; problem: string }

export type Verification = {
  records: number
  findings: Finding[]
  /** The last record of each chain, in the order in which they began. */
  heads: Head[]
}

const hashField = /,"hash":"([\w-]{43})"\}$/

/**
 * Reads the lines of a log, oldest first, and finds every one that was altered, and every place where one was taken
 * out, put in or moved. What is cut off at the end shows against `heads` noted elsewhere. Lines of other logs on the same
 * stream are passed over.
 */
export async function verifyLines(
  lines: AsyncIterable<string> | Iterable<string>,
  { key, heads: noted = [], fromStart = false }: { key?: Buffer; heads?: Head[]; fromStart?: boolean } = {},
): Promise<Verification> {
  const heads = new Map<string, Head>()
  const seen = new Set<string>()
  const findings: Finding[] = []
  let records = 0
  let number = 0
  for await (const line of lines) {
    number += 1
    const found = readLine(line)
    if (found === 'other') continue
    if (found === 'broken') {
      findings.push({ line: number, problem: 'is not a whole record' })
      continue
    }
    records += 1
    const { chain, seq, prev, hash } = found
    if (hashOf(key, prev, line.replace(hashField, '}')) !== hash) findings.push({ line: number, problem: 'was altered' })
    const before = heads.get(chain)
    if (before && (before.seq + 1 !== seq || before.hash !== prev)) {
      findings.push({ line: number, problem: `does not follow record ${before.seq}: one was altered, taken out, put in or moved` })
    } else if (!before && fromStart && seq !== 1) {
      findings.push({ line: number, problem: `begins with record ${seq}: what was before is not here` })
    }
    heads.set(chain, { chain, seq, hash })
    seen.add(`${chain}:${seq}:${hash}`)
  }
  for (const { chain, seq, hash } of noted) {
    if (!seen.has(`${chain}:${seq}:${hash}`)) {
      findings.push({ line: number, problem: `ends before record ${seq} of chain ${chain}, or holds another in its place` })
    }
  }
  return { records, findings, heads: [...heads.values()] }
}

function readLine(line: string): AuditRecord | 'other' | 'broken' {
  if (line.trim() === '') return 'other'
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return line.includes('"kind":"audit"') || line.startsWith('{"v":1') ? 'broken' : 'other'
  }
  if (typeof value !== 'object' || value === null || !('kind' in value) || value.kind !== 'audit') return 'other'
  const parsed = auditRecord.safeParse(value)
  return parsed.success && hashField.test(line) ? parsed.data : 'broken'
}

/** The whole records among lines, and where the last of them left the chain. */
export function lastHead(lines: readonly string[]): { records: AuditRecord[]; head?: Head } {
  const records = lines.map(readLine).filter((found) => typeof found === 'object')
  const last = records.at(-1)
  return { records, ...(last ? { head: { chain: last.chain, seq: last.seq, hash: last.hash } } : {}) }
}
