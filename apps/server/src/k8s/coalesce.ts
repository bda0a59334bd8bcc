import type { Readable, Writable } from 'node:stream'

const flushBytes = 256 * 1024

type Coalescer = {
  push(parts: Buffer[]): void
  /** Writes what waits, at once. */
  flush(): void
}

/**
 * Joins the chunks of one event-loop turn into one write: TLS delivers records of 16 KiB, and a write costs more than a
 * copy. `onFull` is told when the sink takes no more until it drains. Ending and errors are the caller's.
 */
export function coalesce(sink: Writable, onFull: () => void): Coalescer {
  let pending: Buffer[] = []
  let size = 0
  let scheduled = false

  const flush = () => {
    scheduled = false
    if (pending.length === 0 || sink.destroyed) return
    const joined = pending.length === 1 && pending[0] ? pending[0] : Buffer.concat(pending, size)
    pending = []
    size = 0
    if (!sink.write(joined)) onFull()
  }
  return {
    flush,
    push(parts) {
      for (const part of parts) {
        pending.push(part)
        size += part.length
      }
      if (size >= flushBytes) {
        flush()
      } else if (size > 0 && !scheduled) {
        scheduled = true
        setImmediate(flush)
      }
    },
  }
}

/** Pipes from one socket to another in joined writes, with back-pressure. Errors and closing are the caller's. */
export function pipeCoalesced(source: Readable, sink: Writable, transform: (chunk: Buffer) => Buffer[]): (parts: Buffer[]) => void {
  const { push, flush } = coalesce(sink, () => source.pause())
  source.on('data', (chunk: Buffer) => push(transform(chunk)))
  sink.on('drain', () => source.resume())
  source.once('end', flush)
  return push
}
