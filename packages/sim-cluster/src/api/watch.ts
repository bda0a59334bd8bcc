// watch: a stream of JSON lines, from a version on or from the current state, encoded once for all who watch.
// https://github.com/kubernetes/apiserver/blob/9d86305/pkg/endpoints/handlers/watch.go
import type { ServerResponse } from 'node:http'
import type { KubeObject } from '@virtdeck/k8s'
import { encodeObject } from '../storage/encoding.ts'
import type { StorageEvent, StoredObject } from '../storage/storage.ts'
import { groupVersion, resourceKey, type ApiResource } from './api-resources.ts'
import type { RequestInfo } from './context.ts'
import { parseResourceVersion } from './list.ts'
import type { Representation } from './negotiation.ts'
import { parseSelectors } from './selectors.ts'
import type { ServedContext } from './served-context.ts'
import { badRequest, failure, invalid } from './status.ts'
import { includeObjectOf, partialMetadata, table } from './table.ts'

const bookmarkMs = 60_000
/** https://github.com/kubernetes/apiserver/blob/9d86305/pkg/server/config.go (MinRequestTimeout) */
const minTimeoutSeconds = 1800
const slowWatcherBytes = 16 * 1024 * 1024
const slowWatcherGraceMs = 30_000
const maxWaitingEvents = 10_000
const pieceBytes = 256 * 1024
const pieceMs = 4

type EventType = 'ADDED' | 'MODIFIED' | 'DELETED'
type EncodeEvent = (type: EventType, object: StoredObject) => Buffer

const lines = new WeakMap<StoredObject, Map<EventType, Buffer>>()
const lineEnd = Buffer.from('}\n')

/** The line of an event about a whole object: every watcher that sees it writes the same bytes. */
function sharedLine(resource: ApiResource, type: EventType, object: StoredObject): Buffer {
  let byType = lines.get(object)
  if (!byType) lines.set(object, (byType = new Map()))
  let line = byType.get(type)
  if (!line) byType.set(type, (line = Buffer.concat([Buffer.from(`{"type":"${type}","object":`), encodeObject(resource, object), lineEnd])))
  return line
}

const line = (type: string, object: unknown) => Buffer.from(`${JSON.stringify({ type, object })}\n`)

function encoderFor(context: ServedContext, resource: ApiResource, info: RequestInfo, representation: Representation): EncodeEvent {
  if (representation.as === 'PartialObjectMetadata') return (type, object) => line(type, partialMetadata(object))
  if (representation.as === 'Object') return (type, object) => sharedLine(resource, type, object)
  const include = includeObjectOf(info.query)
  let first = true
  return (type, object) => {
    const metadata = { resourceVersion: object.metadata.resourceVersion }
    const encoded = line(type, table(context, resource, [object], metadata, include, first))
    first = false
    return encoded
  }
}

function bookmark(resource: ApiResource, representation: Representation, revision: number, annotations?: Record<string, string>): Buffer {
  const metadata = { ...(annotations ? { annotations } : {}), resourceVersion: String(revision) }
  if (representation.as === 'Table') {
    const row = {
      cells: [],
      object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: { ...metadata, creationTimestamp: null } },
    }
    return line('BOOKMARK', {
      kind: 'Table',
      apiVersion: 'meta.k8s.io/v1',
      metadata: { resourceVersion: String(revision) },
      columnDefinitions: null,
      rows: [row],
    })
  }
  if (representation.as === 'PartialObjectMetadata') {
    return line('BOOKMARK', {
      kind: 'PartialObjectMetadata',
      apiVersion: 'meta.k8s.io/v1',
      metadata: { ...metadata, creationTimestamp: null },
    })
  }
  // Built-in kinds are written kind first and with the empty fields that their Go types keep.
  return line(
    'BOOKMARK',
    resource.custom
      ? { apiVersion: groupVersion(resource), kind: resource.kind, metadata }
      : { kind: resource.kind, apiVersion: groupVersion(resource), metadata: { ...metadata, creationTimestamp: null } },
  )
}

function initialEventsEnd(resource: ApiResource): Record<string, string> {
  const blueprint = { apiVersion: groupVersion(resource), items: [], kind: resource.listKind }
  return {
    'k8s.io/initial-events-end': 'true',
    'kubernetes.io/initial-events-list-blueprint': Buffer.from(`${JSON.stringify(blueprint)}\n`).toString('base64'),
  }
}

/** What a change is to someone who sees only what a selector matches. */
function effectiveEvent(
  event: StorageEvent,
  matches: (object: KubeObject) => boolean,
): { type: EventType; object: StoredObject } | undefined {
  const before = event.previous !== undefined && matches(event.previous)
  const after = event.type !== 'DELETED' && matches(event.object)
  if (after) return { type: before ? 'MODIFIED' : 'ADDED', object: event.object }
  if (!before) return undefined
  // The object as it was when it last matched, with the version of the change that took it away.
  return event.type === 'DELETED' ? { type: 'DELETED', object: event.object } : { type: 'DELETED', object: departed(event) }
}

const departures = new WeakMap<StorageEvent, StoredObject>()

function departed(event: StorageEvent): StoredObject {
  let object = departures.get(event)
  if (!object) {
    // Only an event with a previous object can take one away.
    const previous = event.previous!
    object = { ...previous, metadata: { ...previous.metadata, resourceVersion: event.object.metadata.resourceVersion } }
    departures.set(event, object)
  }
  return object
}

type WatchOptions = { since: number | undefined; initialEvents: boolean; bookmarks: boolean; timeoutSeconds: number | undefined }

function watchOptions(query: URLSearchParams): WatchOptions {
  const since = parseResourceVersion(query.get('resourceVersion'))
  const sendInitialEvents = query.get('sendInitialEvents')
  const match = query.get('resourceVersionMatch')
  const bookmarks = query.get('allowWatchBookmarks') === 'true' || query.get('allowWatchBookmarks') === '1'
  const refuse = (message: string, field = 'resourceVersionMatch') => {
    throw invalid({ group: 'meta.k8s.io', plural: '', kind: 'ListOptions' }, '', [
      { reason: 'FieldValueForbidden', message: `Forbidden: ${message}`, field },
    ])
  }
  if (sendInitialEvents !== null) {
    if (match !== 'NotOlderThan') refuse('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan')
    if (sendInitialEvents === 'true' && !bookmarks)
      refuse('sendInitialEvents requires allowWatchBookmarks to be set to true', 'allowWatchBookmarks')
  } else if (match) {
    refuse('resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided')
  }
  const timeout = query.get('timeoutSeconds')
  if (timeout !== null && !/^\d+$/.test(timeout)) throw badRequest(`invalid value for timeoutSeconds: "${timeout}"`)
  return {
    since,
    bookmarks,
    initialEvents: sendInitialEvents === null ? since === undefined || since === 0 : sendInitialEvents === 'true',
    timeoutSeconds: timeout === null || timeout === '0' ? undefined : Number(timeout),
  }
}

/**
 * Writes lines in pieces, each once the one before has left: however many there are, they neither pile up nor keep
 * others waiting. Few are written at once.
 */
function writeInPieces(res: ServerResponse, lines: Iterator<Buffer>, done: () => void): void {
  const next = () => {
    const piece: Buffer[] = []
    const untilMs = performance.now() + pieceMs
    for (let bytes = 0; bytes < pieceBytes && performance.now() < untilMs;) {
      const { value, done: isLast } = lines.next()
      if (isLast) {
        if (piece.length > 0) res.write(Buffer.concat(piece))
        return done()
      }
      piece.push(value)
      bytes += value.length
    }
    res.write(Buffer.concat(piece), (error) => {
      if (!error && !res.writableEnded) next()
    })
  }
  next()
}

export function serveWatch(
  context: ServedContext,
  res: ServerResponse,
  resource: ApiResource,
  info: RequestInfo,
  representation: Representation,
): void {
  const { storage, clock, watchCache } = context
  const key = resourceKey(resource)
  const namespace = resource.namespaced ? info.namespace : undefined
  const { matches } = parseSelectors(info.query, resource, info.name)
  const options = watchOptions(info.query)
  const encode = encoderFor(context, resource, info, representation)

  res.writeHead(200, { 'Content-Type': 'application/json' })
  res.flushHeaders()
  let ended = false
  let corked = false
  const owned: (() => void)[] = []
  const end = () => {
    if (ended) return
    ended = true
    for (const release of owned) release()
    res.end()
  }
  res.once('close', end)

  /** A watcher that lets too much pile up is cut: it lists again, as after any lost watch. */
  const cut = () => {
    end()
    const timer = clock.after(slowWatcherGraceMs, () => res.destroy())
    res.once('close', () => timer.cancel())
  }

  // Events of one turn travel together.
  const write = (bytes: Buffer) => {
    if (ended) return
    if (!corked) {
      corked = true
      res.cork()
      process.nextTick(() => {
        corked = false
        res.uncork()
      })
    }
    res.write(bytes)
    if (res.writableLength > slowWatcherBytes) cut()
  }

  const startRevision = storage.revision()
  // A watch without a version begins at the most recent state, one that skips the initial events too.
  const since = options.initialEvents || !options.since ? startRevision : options.since
  const tell = (event: StorageEvent) => {
    if (namespace !== undefined && event.object.metadata.namespace !== namespace) return
    const effective = effectiveEvent(event, matches)
    if (effective) write(encode(effective.type, effective.object))
  }
  /** What happens while the initial events are sent. */
  let waiting: StorageEvent[] | undefined = options.initialEvents ? [] : undefined
  const unwatch = watchCache.watch(key, since, {
    receive(event) {
      if (!waiting) return tell(event)
      waiting.push(event)
      if (waiting.length > maxWaitingEvents) cut()
    },
  })
  if (!unwatch) {
    const { status } = failure(410, 'Expired', `too old resource version: ${since} (${watchCache.oldestRevision(key)})`)
    write(line('ERROR', status))
    end()
    return
  }
  if (ended) {
    unwatch()
    return
  }
  owned.push(unwatch)
  const begin = () => {
    for (const event of waiting ?? []) tell(event)
    waiting = undefined
    if (!options.bookmarks || ended) return
    let timer = clock.after(bookmarkMs, tick)
    owned.push(() => timer.cancel())
    function tick() {
      write(bookmark(resource, representation, storage.revision()))
      timer = clock.after(bookmarkMs, tick)
    }
  }
  const initialEvents = function* () {
    for (const object of storage.list(key, namespace)) if (matches(object)) yield encode('ADDED', object)
    if (options.bookmarks) yield bookmark(resource, representation, startRevision, initialEventsEnd(resource))
  }
  if (options.initialEvents) writeInPieces(res, initialEvents(), begin)
  else begin()
  // Spread over half an hour, so that not all watches end at once.
  const timeoutSeconds = options.timeoutSeconds ?? minTimeoutSeconds + (startRevision % minTimeoutSeconds)
  const timeout = clock.after(timeoutSeconds * 1000, () => {
    if (options.bookmarks && !waiting) write(bookmark(resource, representation, storage.revision()))
    end()
  })
  owned.push(() => timeout.cancel())
}
