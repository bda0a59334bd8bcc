// A watch: lines of JSON, one event each, and what an event does to the objects one has.
import { failure, isStatus, StatusError } from './status.ts'
import type { ObjectMeta, WatchEvent } from './types.ts'

const newline = 0x0a

/**
 * The events of a watch response, whatever chunks it arrives in. ERROR events are events: the caller decides (410 ->
 * relist). Throws a StatusError when the stream is no watch: a line that is not JSON or not an event, a line longer
 * than `maxLineBytes` (4 MiB), bytes that are not UTF-8, or an end in the middle of a line.
 */
export async function* decodeWatchStream<T = unknown>(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { maxLineBytes = 4 * 2 ** 20 }: { maxLineBytes?: number } = {},
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  // Decoding whole lines, not chunks, keeps a character that two chunks share in one piece.
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let pieces: Uint8Array[] = []
  let pendingBytes = 0
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      const tail = chunk.subarray(start, end)
      start = end + 1
      if (pendingBytes + tail.length > maxLineBytes) throw broken(`a line is longer than ${maxLineBytes} bytes`)
      const line = pieces.length === 0 ? tail : concat([...pieces, tail], pendingBytes + tail.length)
      pieces = []
      pendingBytes = 0
      const event = parseEvent<T>(line, decoder)
      if (event) yield event
    }
    if (start < chunk.length) {
      // A copy: the reader may reuse its buffer for the next chunk.
      const rest = chunk.slice(start)
      pieces.push(rest)
      pendingBytes += rest.length
      if (pendingBytes > maxLineBytes) throw broken(`a line is longer than ${maxLineBytes} bytes`)
    }
  }
  if (pendingBytes > 0) throw broken('it ended in the middle of an event')
}

function parseEvent<T>(line: Uint8Array, decoder: TextDecoder): WatchEvent<T> | undefined {
  let value: unknown
  try {
    const text = decoder.decode(line)
    if (text.trim() === '') return undefined
    value = JSON.parse(text)
  } catch (cause) {
    throw broken('a line is not JSON', cause)
  }
  if (!isEvent<T>(value)) throw broken('a line is not a watch event')
  return value
}

function isEvent<T>(value: unknown): value is WatchEvent<T> {
  if (typeof value !== 'object' || value === null) return false
  const { type, object } = value as { type?: unknown; object?: unknown }
  if (typeof object !== 'object' || object === null) return false
  if (type === 'ERROR') return isStatus(object)
  if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED' && type !== 'BOOKMARK') return false
  // A Table's event has its metadata as well, so this holds for every form that a watch can take.
  const { metadata } = object as { metadata?: unknown }
  return typeof metadata === 'object' && metadata !== null
}

function concat(pieces: Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

function broken(why: string, cause?: unknown): StatusError {
  return new StatusError(failure(500, `The watch broke off: ${why}.`), { cause })
}

/**
 * The objects, by uid, after one event; the same map where the event changes nothing. By uid, a late DELETED of an
 * object cannot remove the one that has since been created under its name.
 */
export function applyWatchEvent<T extends { metadata: ObjectMeta }>(
  objects: ReadonlyMap<string, T>,
  event: WatchEvent<T>,
): ReadonlyMap<string, T> {
  if (event.type === 'BOOKMARK' || event.type === 'ERROR') return objects
  const { uid, resourceVersion } = event.object.metadata
  if (!uid) return objects
  const known = objects.get(uid)
  if (event.type === 'DELETED') {
    if (!known) return objects
    const rest = new Map(objects)
    rest.delete(uid)
    return rest
  }
  if (known && resourceVersion && known.metadata.resourceVersion === resourceVersion) return objects
  return new Map(objects).set(uid, event.object)
}
