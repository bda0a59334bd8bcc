// A reflector keeps the objects of one collection as the cluster has them: list, then watch, whatever happens on the way.
// https://github.com/kubernetes/client-go/blob/release-1.32/tools/cache/reflector.go
import type { IncomingMessage } from 'node:http'
import { StatusError, decodeWatchStream, isStatus, toStatus, type KubeList, type KubeObject, type Status } from '@virtdeck/k8s'
import { statusOfText } from '../k8s/unserved.ts'

/** The part of an HTTP answer that a reflector reads. */
export type Answer = AsyncIterable<Uint8Array> & Pick<IncomingMessage, 'statusCode' | 'headers'> & { destroy(): unknown }

export type ReflectorState =
  | { phase: 'syncing' }
  | { phase: 'live' }
  /** The API server does not answer as it should; what was known is still shown. */
  | { phase: 'stale'; since: number; status: Status }
  /** It answered 401, 403 or 404: there is nothing to show. */
  | { phase: 'refused'; status: Status }

export type ReflectorChange = { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: KubeObject; before?: KubeObject }

export type ReflectorOptions = {
  /** The collection's path on the API server. */
  path: string
  selectors?: { fieldSelector?: string; labelSelector?: string }
  /** Opens a GET; the answer is read to its end or destroyed. */
  open(path: string, signal: AbortSignal): Promise<Answer>
  /** Cuts an object down to what is worth keeping. */
  trim?: (object: KubeObject) => KubeObject
  /** After every (re)list: all objects by `namespace/name`, and those before. */
  onSync(objects: ReadonlyMap<string, KubeObject>, before: ReadonlyMap<string, KubeObject>): void
  /** One change; an object that replaces another of its name comes as DELETED and ADDED. */
  onChange(change: ReflectorChange): void
  onState(state: ReflectorState): void
  /** After each object of a list, before all of them are known. */
  onListed?(): void
  clock?: ReflectorClock
}

/** Time and chance, so that tests own them. */
export type ReflectorClock = {
  now(): number
  random(): number
  wait(ms: number, signal: AbortSignal): Promise<void>
  /** Calls back once nothing renewed it for `ms`. */
  idle(ms: number, fn: () => void): { renew(): void; stop(): void }
}

export type Reflector = { objects: ReadonlyMap<string, KubeObject>; stop(): void }

const pageSize = 500
const maxPageBytes = 64 * 1024 * 1024
const maxErrorBytes = 64 * 1024
const maxListRestarts = 3
/** How often in a row a page is asked for again that the API server put off. */
const maxPagePutOff = 4
const idleMs = 150_000
const initialEventsIdleMs = 10_000
const baseDelayMs = 800
const maxDelayMs = 30_000
const maxRetryAfterMs = 60_000
const soonMs = 2_000
/** A refusal may end: a role is granted, KubeVirt is installed. The first ones are asked about sooner. */
const askAgainMs = { 401: 30_000, 403: 60_000, 404: 30_000 } as const
/**
 * An API server that starts refuses everybody with 403 until it has read its roles (kube-apiserver 1.32: from when it
 * listens until the poststarthook rbac/bootstrap-roles, longer on a busy machine). Of what could be read before, such
 * an answer is believed once nothing else was heard for so long. Nobody sees the more for it: whose rows are whose is
 * asked with everybody's own credential (visibility.ts).
 */
const disbeliefMs = 30_000

export const keyOf = ({ metadata }: KubeObject) => (metadata.namespace ? `${metadata.namespace}/${metadata.name}` : (metadata.name ?? ''))

/** Without `managedFields`, which are a third of most objects. */
function withoutManagedFields(object: KubeObject): KubeObject {
  if (object.metadata.managedFields) delete object.metadata.managedFields
  return object
}

/** What the API server itself answered, as opposed to what became of the connection. */
class Refused extends Error {
  override name = 'Refused'
  readonly status: Status
  readonly retryAfterMs: number
  constructor(status: Status, retryAfterMs = 0) {
    super(status.message)
    this.status = status
    this.retryAfterMs = Math.max(retryAfterMs, (status.details?.retryAfterSeconds ?? 0) * 1000)
  }
}

/** There was no answer at all: nothing is known of the collection, and nothing of it was lost. */
class Unreachable extends Error {
  override name = 'Unreachable'
  readonly status: Status
  constructor(cause: unknown) {
    super('the API server cannot be reached', { cause })
    this.status = toStatus(cause)
  }
}

/** Starts at once; runs until stopped, through every failure. */
export function startReflector(options: ReflectorOptions): Reflector {
  const {
    open,
    path,
    selectors = {},
    trim = withoutManagedFields,
    onSync,
    onChange,
    onState,
    onListed = () => {},
    clock = realClock,
  } = options
  const stopped = new AbortController()
  const { signal } = stopped
  let objects = new Map<string, KubeObject>()
  /** Opaque. Undefined: everything must be listed again. */
  let version: string | undefined
  let streamsLists = true
  let failures = 0
  /** Whether the objects are what the cluster had, if only once. */
  let wasRead = false
  let refusals = 0
  let refusedSince: number | undefined
  let staleSince: number | undefined
  let phase: ReflectorState['phase'] | undefined

  const enter = (state: ReflectorState) => {
    if (state.phase !== 'stale') staleSince = undefined
    if (phase === state.phase || signal.aborted) return
    phase = state.phase
    onState(state)
  }
  const target = (query: Record<string, string>) => `${path}?${new URLSearchParams({ ...selectors, ...query }).toString()}`

  const request = async (query: Record<string, string>): Promise<Answer> => {
    const answer = await open(target(query), signal).catch((error: unknown) => {
      throw new Unreachable(error)
    })
    const code = answer.statusCode ?? 502
    if (code === 200) return answer
    const text = await read(answer, maxErrorBytes)
    throw new Refused(statusOfText(path, code >= 400 ? code : 502, text), retryAfterMs(answer.headers['retry-after'], clock.now()))
  }

  const read = async (answer: Answer, maxBytes: number): Promise<string> => {
    const guard = clock.idle(idleMs, () => answer.destroy())
    try {
      return await readText(renewing(answer, guard.renew), maxBytes)
    } finally {
      guard.stop()
      answer.destroy()
    }
  }

  const replace = (next: Map<string, KubeObject>, at: string | undefined) => {
    const before = objects
    objects = next
    version = at
    wasRead = true
    failures = 0
    refusals = 0
    onSync(objects, before)
    enter({ phase: 'live' })
  }

  const apply = (type: ReflectorChange['type'], object: KubeObject) => {
    const key = keyOf(object)
    const known = objects.get(key)
    const same = known?.metadata.uid === object.metadata.uid
    if (type === 'DELETED') {
      // A late DELETED of a former object leaves its successor alone.
      if (!known || !same) return
      objects.delete(key)
      onChange({ type, object, before: known })
      return
    }
    if (known && !same) {
      objects.delete(key)
      onChange({ type: 'DELETED', object: known, before: known })
    }
    if (known && same && known.metadata.resourceVersion === object.metadata.resourceVersion) return
    objects.set(key, object)
    onChange(known && same ? { type: 'MODIFIED', object, before: known } : { type: 'ADDED', object })
  }

  /**
   * A page; the first is asked for once. A later one that API priority and fairness puts off is asked for again, so that
   * those before it were not read in vain, over and over.
   */
  const requestPage = async (token: string | undefined): Promise<Answer> => {
    for (let putOff = 0; ; putOff += 1) {
      try {
        return await request({ limit: String(pageSize), ...(token ? { continue: token } : {}) })
      } catch (error) {
        if (!token || !isPutOff(error) || putOff >= maxPagePutOff) throw error
        await clock.wait(pauseMs(error, putOff), signal)
        signal.throwIfAborted()
      }
    }
  }

  /** Of a page, nothing but what is kept of its objects outlives this. */
  const readPage = async (found: Map<string, KubeObject>, token: string | undefined) => {
    const text = await read(await requestPage(token), maxPageBytes)
    const { items, metadata } = parseList(text)
    for (const item of items) {
      found.set(keyOf(item), trim(item))
      onListed()
    }
    return metadata
  }

  /** Reads in pages. A page token that expires meanwhile starts it over. */
  const list = async (): Promise<void> => {
    for (let restarts = 0; ; restarts += 1) {
      try {
        const found = new Map<string, KubeObject>()
        let next: KubeList<KubeObject>['metadata'] | undefined
        do {
          next = await readPage(found, next?.continue)
        } while (next.continue)
        replace(found, next.resourceVersion)
        return
      } catch (error) {
        if (!isExpired(error) || restarts >= maxListRestarts) throw error
      }
    }
  }

  /** One watch, from `version`, or with everything as its first events. Returns when the server ends it. */
  const watch = async (): Promise<void> => {
    let fresh = version === undefined ? new Map<string, KubeObject>() : undefined
    const from: Record<string, string> =
      version === undefined ? { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' } : { resourceVersion: version }
    const timeoutSeconds = String(240 + Math.floor(clock.random() * 60))
    const answer = await request({ watch: '1', allowWatchBookmarks: 'true', timeoutSeconds, ...from })
    if (!fresh) enter({ phase: 'live' })
    const guard = clock.idle(fresh ? initialEventsIdleMs : idleMs, () => answer.destroy())
    let longGuard: ReturnType<ReflectorClock['idle']> | undefined
    try {
      for await (const event of decodeWatchStream<KubeObject>(renewing(answer, () => (longGuard ?? guard).renew()))) {
        if (event.type === 'ERROR') throw new Refused(event.object)
        refusedSince = undefined
        if (event.type === 'BOOKMARK') {
          const { annotations, resourceVersion } = event.object.metadata
          if (!fresh) {
            version = resourceVersion ?? version
          } else if (annotations?.['k8s.io/initial-events-end'] === 'true') {
            replace(fresh, resourceVersion)
            fresh = undefined
            guard.stop()
            longGuard = clock.idle(idleMs, () => answer.destroy())
          }
          continue
        }
        const object = trim(event.object)
        if (fresh) {
          const key = keyOf(object)
          if (event.type !== 'DELETED') fresh.set(key, object)
          else if (fresh.get(key)?.metadata.uid === object.metadata.uid) fresh.delete(key)
          onListed()
        } else {
          failures = 0
          apply(event.type, object)
          version = object.metadata.resourceVersion ?? version
        }
      }
      if (fresh) throw new Error('the stream ended before the initial events did')
    } finally {
      guard.stop()
      longGuard?.stop()
      answer.destroy()
    }
  }

  const attempt = async (): Promise<void> => {
    if (version !== undefined) return watch()
    if (phase === undefined || phase === 'refused') enter({ phase: 'syncing' })
    if (!streamsLists) return list()
    try {
      return await watch()
    } catch (error) {
      // Without having become a watch, the streaming list failed; where that is the server's word, pages it is for good.
      if (version !== undefined || signal.aborted || !isAnswer(error)) throw error
      streamsLists = !(error instanceof Refused) || ![400, 422].includes(error.status.code)
      return list()
    }
  }

  const recover = async (error: unknown, startedAt: number): Promise<void> => {
    const status = error instanceof Refused || error instanceof Unreachable ? error.status : toStatus(error)
    failures += 1
    const refused = error instanceof Refused && isRefusal(status.code) ? status.code : undefined
    if (!refused) refusedSince = undefined
    else if (isBelieved(refused)) {
      version = undefined
      wasRead = false
      if (objects.size > 0) replaceWithNothing()
      enter({ phase: 'refused', status })
      const pauseMs = Math.min(askAgainMs[refused], soonMs * 2 ** refusals)
      refusals += 1
      await clock.wait(pauseMs * (0.9 + clock.random() * 0.2), signal)
      return
    }
    const hadVersion = version !== undefined
    if (!refused && mustListAgain(error, failures)) version = undefined
    // What is asked next is a list: it is not for that to wait for what failed before.
    if (isExpired(error) && (hadVersion || failures <= 1)) return
    // A connection that did its duty for a while may break: the next one is opened at once.
    if (isBroken(error) && version !== undefined && clock.now() - startedAt > 1_000 && failures <= 1) return
    staleSince ??= clock.now()
    enter({ phase: 'stale', since: staleSince, status })
    await clock.wait(pauseMs(error, failures - 1), signal)
  }
  /** As long as the API server asked for, and then longer by chance, the more often this was in vain before. */
  const pauseMs = (error: unknown, before: number): number => {
    const asked = error instanceof Refused ? Math.min(error.retryAfterMs, maxRetryAfterMs) : 0
    return asked + clock.random() * Math.min(maxDelayMs, baseDelayMs * 2 ** Math.min(before, 10))
  }
  /** Whether a refusal is what it says, and not a passing state of the API server. */
  const isBelieved = (code: keyof typeof askAgainMs): boolean => {
    if (!wasRead) return true
    refusedSince ??= clock.now()
    // That a credential ran out says nothing of what there is.
    return code !== 401 && clock.now() - refusedSince >= disbeliefMs
  }
  const replaceWithNothing = () => {
    const before = objects
    objects = new Map()
    onSync(objects, before)
  }

  const run = async () => {
    let quickEnds = 0
    while (!signal.aborted) {
      const startedAt = clock.now()
      try {
        await attempt()
        refusedSince = undefined
        // Servers end watches as a matter of course; one that does so at once, over and over, is left in peace a little.
        quickEnds = clock.now() - startedAt > 1_000 ? 0 : quickEnds + 1
        if (quickEnds > 3) await clock.wait(clock.random() * baseDelayMs * 2 ** Math.min(quickEnds - 3, 5), signal)
      } catch (error) {
        if (signal.aborted) return
        await recover(error, startedAt)
      }
    }
  }
  void run()

  return {
    get objects() {
      return objects
    },
    stop: () => stopped.abort(),
  }
}

const isRefusal = (code: number): code is keyof typeof askAgainMs => code in askAgainMs

/** The server said something about the request, or said less than it should; not that it could not be reached. */
function isAnswer(error: unknown): boolean {
  if (error instanceof Refused) return !isRefusal(error.status.code) && !isPutOff(error)
  return !(error instanceof Unreachable)
}

/** API priority and fairness: not now. */
const isPutOff = (error: unknown) => error instanceof Refused && error.status.code === 429

/** The connection broke; what had come of it was understood. */
const isBroken = (error: unknown) => !(error instanceof Refused || error instanceof StatusError)

/** Whether the version is worth nothing any more. */
function mustListAgain(error: unknown, failures: number): boolean {
  // A line that is no event may have been one: only a new list tells.
  if (error instanceof StatusError) return true
  if (!(error instanceof Refused)) return false
  // One that has too much to do is not asked for more.
  if (isPutOff(error)) return false
  return isExpired(error) || error.status.code < 500 || failures >= 5
}

function isExpired(error: unknown): boolean {
  if (!(error instanceof Refused)) return false
  const { code, reason, message = '' } = error.status
  return code === 410 || reason === 'Expired' || reason === 'Gone' || (code === 504 && /too large resource version/i.test(message))
}

/** Seconds, or a date. */
export function retryAfterMs(header: string | undefined, nowMs: number): number {
  if (!header) return 0
  const seconds = Number(header)
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - nowMs
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), maxRetryAfterMs) : 0
}

async function* renewing(chunks: AsyncIterable<Uint8Array>, renew: () => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    renew()
    yield chunk
  }
}

async function readText(answer: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of answer) {
    size += chunk.length
    if (size > maxBytes) throw new Error(`the answer is larger than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parseList(text: string): KubeList<KubeObject> {
  const parsed: unknown = JSON.parse(text)
  if (isStatus(parsed)) throw new Refused(parsed)
  if (typeof parsed !== 'object' || parsed === null || !('items' in parsed) || !Array.isArray(parsed.items)) {
    throw new Error('the answer is not a list')
  }
  return parsed as KubeList<KubeObject>
}

export const realClock: ReflectorClock = {
  now: Date.now,
  random: Math.random,
  wait: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve()
      const done = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      signal.addEventListener('abort', done, { once: true })
    }),
  idle(ms, fn) {
    const timer = setTimeout(fn, ms)
    return { renew: () => timer.refresh(), stop: () => clearTimeout(timer) }
  },
}
