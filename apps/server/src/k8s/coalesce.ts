import type { Readable, Writable } from 'node:stream'

const flushBytes = 256 * 1024

/**
 * Pipes with the chunks of one event-loop turn joined into one write: TLS delivers records of 16 KiB, and a write costs
 * more than a copy. Back-pressure holds. Ends the sink with the source; errors and closing are the caller's.
 */
export function pipeCoalesced(source: Readable, sink: Writable, transform?: (chunk: Buffer) => Buffer[]): (parts: Buffer[]) => void {
  let pending: Buffer[] = []
  let size = 0
  let scheduled = false

  const flush = () => {
    scheduled = false
    if (pending.length === 0 || sink.destroyed) return
    const joined = pending.length === 1 && pending[0] ? pending[0] : Buffer.concat(pending, size)
    pending = []
    size = 0
    if (!sink.write(joined)) source.pause()
  }
  const push = (parts: Buffer[]) => {
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
  }
  source.on('data', (chunk: Buffer) => push(transform ? transform(chunk) : [chunk]))
  sink.on('drain', () => source.resume())
  source.once('end', flush)
  return push
}
