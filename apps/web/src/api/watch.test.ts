import { expect, test, vi } from 'vitest'
import { failure } from '@virtdeck/k8s'
import type { KubeObject } from '@virtdeck/k8s'
import type { LiveRequest } from '@virtdeck/server/protocol'
import type { LiveSubscriber } from './live-socket.ts'
import { createWatches, foldWatch, unwatched } from './watch.ts'

const object = (name: string, resourceVersion = '1', uid = `uid-${name}`): KubeObject => ({ metadata: { name, uid, resourceVersion } })
const names = (items: readonly KubeObject[]) => items.map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`)

test('follows a first picture through its events', () => {
  let watched = foldWatch(unwatched, 1, { type: 'objects', id: 1, items: [object('a'), object('b')] })
  watched = foldWatch(watched, 1, { type: 'event', id: 1, event: 'MODIFIED', object: object('a', '2') })
  watched = foldWatch(watched, 1, { type: 'event', id: 1, event: 'ADDED', object: object('c', '3') })
  watched = foldWatch(watched, 1, { type: 'event', id: 1, event: 'DELETED', object: object('b', '4') })
  expect(watched.state.status).toBe('ready')
  expect(names(watched.state.items)).toEqual(['a@2', 'c@3'])
})

test('is not touched by what is meant for others', () => {
  expect(foldWatch(unwatched, 1, { type: 'objects', id: 2, items: [object('a')] })).toBe(unwatched)
  expect(foldWatch(unwatched, 1, { type: 'heartbeat', now: 0 })).toBe(unwatched)
})

test('keeps what was seen last when the watch ends, and says why', () => {
  const watched = foldWatch(unwatched, 1, { type: 'objects', id: 1, items: [object('a')] })
  const { state } = foldWatch(watched, 1, { type: 'watch-error', id: 1, status: failure(429, 'too many') })
  expect(state).toMatchObject({ status: 'error', error: { code: 429 } })
  expect(names(state.items)).toEqual(['a@1'])
})

test('shows nothing any longer of what one may see no longer [F140]', () => {
  const watched = foldWatch(unwatched, 1, { type: 'objects', id: 1, items: [object('a')] })
  const { objects, state } = foldWatch(watched, 1, { type: 'watch-error', id: 1, status: failure(403, 'no') })
  expect(state).toMatchObject({ status: 'error', error: { code: 403 }, items: [] })
  expect(objects.size).toBe(0)
})

test('keeps the successor when the removal of its namesake comes late', () => {
  let watched = foldWatch(unwatched, 1, { type: 'objects', id: 1, items: [object('a', '1', 'old')] })
  watched = foldWatch(watched, 1, { type: 'event', id: 1, event: 'ADDED', object: object('a', '3', 'new') })
  watched = foldWatch(watched, 1, { type: 'event', id: 1, event: 'DELETED', object: object('a', '2', 'old') })
  expect(names(watched.state.items)).toEqual(['a@3'])
})

test('asks once for what two components show, again after a reconnect, and closes when nobody has looked for a while', () => {
  vi.useFakeTimers()
  const sent: LiveRequest[] = []
  const attached = new Set<LiveSubscriber>()
  const watches = createWatches({
    attach(own) {
      attached.add(own)
      own.opened()
      return () => attached.delete(own)
    },
    send: (request) => sent.push(request),
  })
  const target = { path: '/api/v1/namespaces/shop/events' }
  const first = watches.store(target).subscribe(() => {})
  const second = watches.store({ ...target }).subscribe(() => {})
  for (const subscriber of attached) subscriber.opened()
  expect(sent).toEqual([
    { type: 'watch', id: 1, ...target },
    { type: 'watch', id: 1, ...target },
  ])
  first()
  second()
  vi.advanceTimersByTime(9_999)
  expect(attached.size).toBe(1)
  vi.advanceTimersByTime(1)
  vi.useRealTimers()
  expect(attached.size).toBe(0)
  expect(sent.at(-1)).toEqual({ type: 'watch-close', id: 1 })
})
