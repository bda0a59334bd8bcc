import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { StatusError, failure } from './status.ts'
import type { KubeObject, WatchEvent } from './types.ts'
import { applyWatchEvent, decodeWatchStream } from './watch.ts'

const pod = (uid: string, resourceVersion: string, name = uid): KubeObject => ({ kind: 'Pod', metadata: { uid, name, resourceVersion } })
const encode = (events: unknown[]) => new TextEncoder().encode(events.map((event) => `${JSON.stringify(event)}\n`).join(''))

async function decode(chunks: Uint8Array[], maxLineBytes?: number): Promise<WatchEvent<unknown>[]> {
  const events: WatchEvent<unknown>[] = []
  for await (const event of decodeWatchStream(chunks, maxLineBytes === undefined ? {} : { maxLineBytes })) events.push(event)
  return events
}

/** Cuts bytes at the given places, in whatever order they come. */
function cut(bytes: Uint8Array, places: number[]): Uint8Array[] {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
  return sorted.slice(1).map((end, index) => bytes.slice(sorted[index], end))
}

describe('decodeWatchStream', () => {
  test('yields the same events however the bytes are cut into chunks', async () => {
    const event = fc.record({
      type: fc.constantFrom('ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK'),
      object: fc.record({
        metadata: fc.record({ uid: fc.uuid(), name: fc.string({ unit: 'grapheme' }), resourceVersion: fc.nat().map(String) }),
      }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(event), fc.array(fc.nat(), { maxLength: 40 }), async (events, places) => {
        expect(await decode(cut(encode(events), places))).toEqual(events)
      }),
    )
  })

  test('survives a reader that reuses its buffer', async () => {
    const bytes = encode([{ type: 'ADDED', object: pod('a', '1') }])
    const buffer = new Uint8Array(8)
    async function* chunks() {
      for (let at = 0; at < bytes.length; at += 8) {
        const part = bytes.subarray(at, at + 8)
        buffer.set(part)
        yield buffer.subarray(0, part.length)
      }
    }
    const events = []
    for await (const event of decodeWatchStream(chunks())) events.push(event)
    expect(events).toHaveLength(1)
  })

  test('yields ERROR events of any code instead of throwing them', async () => {
    const expired = { type: 'ERROR', object: failure(410, 'too old resource version') }
    const unavailable = { type: 'ERROR', object: failure(500, 'required storage feature RequestWatchProgress is disabled') }
    expect(await decode([encode([expired, unavailable])])).toEqual([expired, unavailable])
  })

  test('ignores blank lines', async () => {
    expect(await decode([new TextEncoder().encode('\n \n'), encode([{ type: 'ADDED', object: pod('a', '1') }])])).toHaveLength(1)
  })

  test.each([
    ['a line that is not JSON', 'garbage\n'],
    ['an unknown type', '{"type":"GREETING","object":{"metadata":{}}}\n'],
    ['an object without metadata', '{"type":"ADDED","object":{}}\n'],
    ['an ERROR that is no Status', '{"type":"ERROR","object":{"code":410}}\n'],
    ['an array', '[]\n'],
    ['an end in the middle of an event', '{"type":"ADDED","object":{"metadata":{}}}'],
  ])('throws a StatusError on %s', async (_, text) => {
    await expect(decode([new TextEncoder().encode(text)])).rejects.toBeInstanceOf(StatusError)
  })

  test('throws on bytes that are not UTF-8', async () => {
    const bytes = encode([{ type: 'ADDED', object: pod('a', '1') }])
    bytes[12] = 0xff
    await expect(decode([bytes])).rejects.toBeInstanceOf(StatusError)
  })

  test('throws on a line that is longer than the limit, before its end has arrived', async () => {
    const endless = Array.from({ length: 4 }, () => new Uint8Array(40).fill(0x20))
    await expect(decode(endless, 100)).rejects.toThrow('longer than 100 bytes')
  })

  test('keeps the events that came before the break', async () => {
    const seen: string[] = []
    const stream = decodeWatchStream([encode([{ type: 'ADDED', object: pod('a', '1') }]), new TextEncoder().encode('{"type"')])
    await expect(
      (async () => {
        for await (const event of stream) seen.push(event.type)
      })(),
    ).rejects.toBeInstanceOf(StatusError)
    expect(seen).toEqual(['ADDED'])
  })
})

describe('applyWatchEvent', () => {
  const apply = (events: WatchEvent[]) => events.reduce<ReadonlyMap<string, KubeObject>>(applyWatchEvent, new Map())

  test('ends with the last version of each object that was not deleted', () => {
    const change = fc.record({
      type: fc.constantFrom('ADDED' as const, 'MODIFIED' as const, 'DELETED' as const),
      uid: fc.constantFrom('a', 'b', 'c'),
    })
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const model = new Map<string, string>()
        const events = changes.map(({ type, uid }, index): WatchEvent => {
          if (type === 'DELETED') model.delete(uid)
          else model.set(uid, String(index))
          return { type, object: pod(uid, String(index)) }
        })
        expect(new Map([...apply(events)].map(([uid, object]) => [uid, object.metadata.resourceVersion]))).toEqual(model)
      }),
    )
  })

  test('keeps the new object when the DELETED of its predecessor of the same name comes late', () => {
    const after = apply([
      { type: 'ADDED', object: pod('old', '1', 'web') },
      { type: 'ADDED', object: pod('new', '3', 'web') },
      { type: 'DELETED', object: pod('old', '2', 'web') },
    ])
    expect([...after.keys()]).toEqual(['new'])
  })

  test('returns the same map where nothing changes, and never changes the one it was given', () => {
    const before = apply([{ type: 'ADDED', object: pod('a', '1') }])
    expect(applyWatchEvent(before, { type: 'MODIFIED', object: pod('a', '1') })).toBe(before)
    expect(applyWatchEvent(before, { type: 'DELETED', object: pod('x', '1') })).toBe(before)
    expect(applyWatchEvent(before, { type: 'BOOKMARK', object: { metadata: { resourceVersion: '9' } } })).toBe(before)
    expect(applyWatchEvent(before, { type: 'ERROR', object: failure(410, 'gone') })).toBe(before)
    applyWatchEvent(before, { type: 'DELETED', object: pod('a', '2') })
    expect(before.size).toBe(1)
  })
})
