// An audit log in memory, which takes as much as a test tells it to: nothing, a few bytes at a time, or all.
import type { Sink } from '../audit/sink.ts'
import { auditRecord, type AuditRecord } from '../audit/record.ts'

export type MemorySink = Sink & {
  text(): string
  /** Throws for a line that is not a record. */
  records(): AuditRecord[]
  /** Bytes that each write takes at most. */
  room: number
  /** What each write fails with. */
  broken?: Error
}

export function memorySink(): MemorySink {
  let text = ''
  const sink: MemorySink = {
    room: Infinity,
    text: () => text,
    records: () =>
      text
        .split('\n')
        .filter(Boolean)
        .map((line) => auditRecord.parse(JSON.parse(line))),
    write(lines) {
      if (sink.broken) return Promise.reject(sink.broken)
      const bytes = Buffer.concat(lines)
      const taken = Math.min(bytes.length, sink.room)
      text += bytes.subarray(0, taken).toString('utf8')
      return Promise.resolve(taken)
    },
    close: () => Promise.resolve(),
  }
  return sink
}
