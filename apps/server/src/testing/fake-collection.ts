// A collection of a Kubernetes API server, as a stream of bytes: for the reflector's tests, with faults on demand.
import type { KubeObject, Status } from '@virtdeck/k8s'
import { refusal } from '../refusal.ts'
import type { Answer } from '../inventory/reflector.ts'

type Event = { type: string; object: unknown }

/** An HTTP body that is written by hand. */
function createBody(statusCode: number, onDestroy: () => void = () => {}) {
  const chunks: Uint8Array[] = []
  let ended = false
  let broken = false
  let wake: (() => void) | undefined
  const step = () => {
    wake?.()
    wake = undefined
  }
  const answer: Answer = {
    statusCode,
    headers: {},
    destroy() {
      broken = true
      onDestroy()
      step()
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const chunk = chunks.shift()
        if (chunk) yield chunk
        else if (broken) throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' })
        else if (ended) return
        else await new Promise<void>((resolve) => (wake = resolve))
      }
    },
  }
  return {
    answer,
    write(text: string) {
      chunks.push(Buffer.from(text))
      step()
    },
    end() {
      ended = true
      step()
    },
  }
}

export type FakeCollection = ReturnType<typeof createFakeCollection>

export function createFakeCollection({ streamsLists }: { streamsLists: boolean }) {
  const objects = new Map<string, KubeObject>()
  let history: { revision: number; event: Event; line: string }[] = []
  let compactedAt = 0
  let revision = 100
  let uid = 0
  let down = 0
  let expirePages = 0
  let refused: Status | undefined
  let throttled: { retryAfter: string; times: number; pages: boolean } | undefined
  let holdsInitialEnds = false
  let listed: { all: KubeObject[]; at: number } = { all: [], at: 0 }
  let meanwhile: (() => void) | undefined
  const watches = new Set<ReturnType<typeof createBody>>()
  /** Watches whose initial events have not ended. */
  const beginning = new Set<ReturnType<typeof createBody>>()
  const requests: string[] = []

  const version = (at: number) => `v${at.toString(36)}x`
  const line = (event: Event) => `${JSON.stringify(event)}\n`
  const status = (code: number, reason: string) => ({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    code,
    reason,
    message: reason,
  })
  const change = (type: 'ADDED' | 'MODIFIED' | 'DELETED', name: string, object: KubeObject, lineOf = line) => {
    revision += 1
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: version(revision) } }
    if (type === 'DELETED') objects.delete(name)
    else objects.set(name, stored)
    const event = { type, object: stored }
    history.push({ revision, event, line: lineOf(event) })
    for (const watch of watches) watch.write(lineOf(event))
  }
  const initialEnd = () => {
    const metadata = { resourceVersion: version(revision), annotations: { 'k8s.io/initial-events-end': 'true' } }
    return line({ type: 'BOOKMARK', object: { metadata } })
  }
  const finish = (code: number, body: unknown): Answer => {
    const made = createBody(code)
    made.write(JSON.stringify(body))
    made.end()
    return made.answer
  }

  return {
    objects,
    requests,
    add(name: string) {
      if (objects.has(name)) return
      uid += 1
      change('ADDED', name, { metadata: { name, namespace: 'ns', uid: `uid-${uid}` }, spec: { generation: 0 } })
    },
    modify(name: string) {
      const known = objects.get(name)
      if (known) change('MODIFIED', name, { ...known, spec: { generation: (known.spec as { generation: number }).generation + 1 } })
    },
    remove(name: string) {
      const known = objects.get(name)
      if (known) change('DELETED', name, known)
    },
    /** Deleted and created again at once, with the news of its end coming twice. */
    recreate(name: string) {
      const known = objects.get(name)
      this.remove(name)
      this.add(name)
      if (known) for (const watch of watches) watch.write(line({ type: 'DELETED', object: known }))
    },
    /** The same, and the news of its end does not come at all. */
    swap(name: string) {
      const known = objects.get(name)
      if (!known) return
      objects.delete(name)
      this.add(name)
    },
    /** A change that no watch can read, whenever it is sent; a list can. */
    garble(name: string) {
      const known = objects.get(name)
      if (known) change('MODIFIED', name, known, () => '{"type":"MODIFIED","object":{,}}\n')
    },
    compact() {
      history = []
      compactedAt = revision
    },
    /** Ends all watches: cleanly, within a line, with garbage, with an ERROR event, or by a reset. */
    cut(how: 'end' | 'half-line' | 'garbage' | 'gone' | 'unknown' | 'reset' | 'wrong-kind') {
      for (const watch of watches) {
        watches.delete(watch)
        beginning.delete(watch)
        if (how === 'half-line') watch.write('{"type":"MODIFIED","obj')
        if (how === 'garbage') watch.write('{"type":"MODIFIED",,,}\n')
        if (how === 'wrong-kind') watch.write('{"type":"CHANGED","object":{}}\n')
        if (how === 'gone') watch.write(line({ type: 'ERROR', object: status(410, 'Expired') }))
        if (how === 'unknown') watch.write(line({ type: 'ERROR', object: status(500, 'Unknown') }))
        if (how === 'reset') watch.answer.destroy()
        else watch.end()
      }
    },
    repeatLast() {
      const last = history.at(-1)
      if (last) for (const watch of watches) watch.write(last.line)
    },
    bookmark() {
      for (const watch of watches)
        if (!beginning.has(watch)) watch.write(line({ type: 'BOOKMARK', object: { metadata: { resourceVersion: version(revision) } } }))
    },
    /** Something of another kind changes: the cluster's version moves on, and this collection has no event of it. */
    elsewhere() {
      revision += 1
    },
    /** Streamed lists begin, and do not end until they are released. */
    hold() {
      holdsInitialEnds = true
    },
    release() {
      holdsInitialEnds = false
      for (const watch of beginning) watch.write(initialEnd())
      beginning.clear()
    },
    /** The next requests, or the next ones for later pages, are put off, in the words of API priority and fairness. */
    throttle(retryAfter: string, { times = 1, pages = false } = {}) {
      throttled = { retryAfter, times, pages }
    },
    /** The next requests fail: with no connection. */
    fail(times: number) {
      down = times
    },
    /** The tokens of the next pages are too old; `then` happens while the first of them is. */
    expireNextPages(times: number, then?: () => void) {
      expirePages = times
      meanwhile = then
    },
    refuse(code: number | undefined) {
      refused = code === undefined ? undefined : (status(code, 'Forbidden') as Status)
    },
    watching: () => watches.size,
    async open(path: string): Promise<Answer> {
      requests.push(path)
      if (down > 0) {
        down -= 1
        throw refusal(503, 'The Kubernetes API server cannot be reached.')
      }
      if (refused) return finish(refused.code, refused)
      if (throttled && throttled.times > 0 && (!throttled.pages || path.includes('continue='))) {
        const { retryAfter } = throttled
        throttled.times -= 1
        return Object.assign(finish(429, status(429, 'TooManyRequests')), { headers: { 'retry-after': retryAfter } })
      }
      const query = new URLSearchParams(path.split('?')[1])
      if (query.get('watch') !== '1') {
        const start = Number(query.get('continue') ?? 0)
        if (start > 0 && expirePages > 0) {
          expirePages -= 1
          meanwhile?.()
          meanwhile = undefined
          return finish(410, status(410, 'Expired'))
        }
        // All pages of a list are of the moment of the first.
        if (start === 0) listed = { all: [...objects.values()], at: revision }
        const items = listed.all.slice(start, start + 3)
        const more = start + 3 < listed.all.length ? String(start + 3) : undefined
        return finish(200, { kind: 'List', metadata: { resourceVersion: version(listed.at), continue: more }, items })
      }
      const initial = query.get('sendInitialEvents') === 'true'
      if (initial && !streamsLists) return finish(422, status(422, 'Invalid'))
      const from = parseInt((query.get('resourceVersion') ?? '').slice(1, -1) || '0', 36)
      const body = createBody(200, () => {
        watches.delete(body)
        beginning.delete(body)
      })
      if (initial) {
        for (const object of objects.values()) body.write(line({ type: 'ADDED', object }))
        if (holdsInitialEnds) beginning.add(body)
        else body.write(initialEnd())
      } else if (from < compactedAt) {
        body.write(line({ type: 'ERROR', object: status(410, 'Expired') }))
        body.end()
        return body.answer
      } else {
        for (const entry of history) if (entry.revision > from) body.write(entry.line)
      }
      watches.add(body)
      return body.answer
    },
  }
}
