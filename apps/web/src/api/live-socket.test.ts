import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { failure, StatusError } from '@virtdeck/k8s'
import type { LiveMessage } from '@virtdeck/server/protocol'
import { createLiveSocket, live as ownSocket } from './live-socket.ts'

/** A WebSocket whose other end is the test. */
class FakeSocket {
  static readonly OPEN = 1
  readonly CONNECTING = 0
  readyState = 0
  closedWith: number | undefined
  onopen: (() => void) | undefined
  onmessage: ((event: { data: string }) => void) | undefined
  onclose: ((event: { code: number; reason: string }) => void) | undefined
  send() {}
  close(code: number) {
    this.closedWith = code
  }
  open() {
    this.readyState = FakeSocket.OPEN
    this.onopen?.()
  }
  say(message: LiveMessage) {
    this.onmessage?.({ data: JSON.stringify(message) })
  }
  end(code: number, reason = '') {
    this.readyState = 3
    this.onclose?.({ code, reason })
  }
}

const noon = Date.parse('2026-11-20T12:00:00Z')
let page: EventTarget
let shown: EventTarget & { visibilityState: string }

beforeEach(() => {
  vi.useFakeTimers({ now: noon })
  page = new EventTarget()
  shown = Object.assign(new EventTarget(), { visibilityState: 'visible' })
  vi.stubGlobal('WebSocket', FakeSocket)
  vi.stubGlobal('window', page)
  vi.stubGlobal('document', shown)
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

const heartbeat = (now = Date.now()): LiveMessage => ({ type: 'heartbeat', now })

function show(state: 'visible' | 'hidden') {
  shown.visibilityState = state
  shown.dispatchEvent(new Event('visibilitychange'))
}

/** A tab that follows one thing. */
function tab() {
  const dials: { resolve(socket: FakeSocket): void; reject(error: Error): void }[] = []
  const told: string[] = []
  let sessionEnds = 0
  const live = createLiveSocket(
    () => new Promise((resolve, reject) => dials.push({ resolve: (socket) => resolve(socket as unknown as WebSocket), reject })),
    () => (sessionEnds += 1),
  )
  const detach = live.attach({
    opened: () => told.push('opened'),
    heard: ({ type }) => told.push(type),
    hidden: () => told.push('hidden'),
  })
  /** A call is made, the latest unless told otherwise, and nothing is heard of it yet. */
  async function connecting(call = -1) {
    const socket = new FakeSocket()
    dials.at(call)?.resolve(socket)
    await vi.advanceTimersByTimeAsync(0)
    return socket
  }
  return {
    live,
    told,
    detach,
    dials: () => dials.length,
    sessionEnds: () => sessionEnds,
    async refuse(error: Error) {
      dials.at(-1)?.reject(error)
      await vi.advanceTimersByTimeAsync(0)
    },
    connecting,
    /** The server takes a call. */
    async answer(call = -1) {
      const socket = await connecting(call)
      socket.open()
      return socket
    },
  }
}

async function liveTab() {
  const own = tab()
  const socket = await own.answer()
  socket.say(heartbeat())
  return { ...own, socket }
}

test('asks for nothing as long as the tab is busy with its first rows', async () => {
  const idle: (() => void)[] = []
  const asked: string[] = []
  vi.stubGlobal('requestIdleCallback', (run: () => void) => idle.push(run))
  vi.stubGlobal('fetch', async (url: string) => {
    asked.push(url)
    return new Response('{}', { status: 503 })
  })
  const detach = ownSocket.attach({ opened: () => {}, heard: () => {} })
  await vi.advanceTimersByTimeAsync(0)
  expect(asked).toEqual([])
  idle.forEach((run) => run())
  await vi.advanceTimersByTimeAsync(0)
  expect(asked).toEqual(['/api/ws-ticket'])
  detach()
  await vi.runOnlyPendingTimersAsync()
})

test('tells its followers when it is open, each time, and is live with the first word', async () => {
  const { live, told, answer, dials } = tab()
  const socket = await answer()
  expect(live.state()).toEqual({ state: 'connecting' })
  socket.say(heartbeat())
  expect(live.state()).toEqual({ state: 'live' })
  socket.end(1006)
  await vi.advanceTimersByTimeAsync(500)
  expect(dials()).toBe(2)
  ;(await answer()).say(heartbeat())
  expect(told).toEqual(['opened', 'heartbeat', 'opened', 'heartbeat'])
  expect(live.state()).toEqual({ state: 'live' })
})

test('is stale since the last word, and tries again with a new connection, where nothing is heard any more [F250]', async () => {
  const { live, socket, dials, answer, told } = await liveTab()
  await vi.advanceTimersByTimeAsync(11_999)
  expect(live.state()).toEqual({ state: 'live' })
  await vi.advanceTimersByTimeAsync(1)
  expect(live.state()).toMatchObject({ state: 'stale', since: noon, cause: 'connection' })
  expect(socket.closedWith).toBe(1000)
  expect(dials()).toBe(2)
  // What the old one still says is of a connection that was given up.
  socket.say(heartbeat())
  socket.end(1006)
  expect(live.state()).toMatchObject({ state: 'stale' })
  ;(await answer()).say(heartbeat())
  expect(live.state()).toEqual({ state: 'live' })
  expect(told.filter((word) => word === 'opened')).toHaveLength(2)
})

test.each([
  ['the network is back', () => page.dispatchEvent(new Event('online'))],
  ['the page is shown again out of the browser’s memory', () => page.dispatchEvent(new Event('pageshow'))],
  ['somebody looks at the tab', () => show('visible')],
])('tries at once when %s', async (_, happens) => {
  const { socket, dials } = await liveTab()
  socket.end(1006)
  expect(dials()).toBe(1)
  happens()
  expect(dials()).toBe(2)
})

test('after sleep it does not wait for silence to last: what was heard long ago is stale at once [F250]', async () => {
  const { live, dials } = await liveTab()
  // A machine that sleeps runs no timers.
  vi.setSystemTime(noon + 3_600_000)
  page.dispatchEvent(new Event('online'))
  expect(live.state()).toMatchObject({ state: 'stale', since: noon })
  expect(dials()).toBe(2)
})

test('says since when the cluster is silent, by the browser’s clock, until each fleet is heard of again [F250]', async () => {
  const { live, socket } = await liveTab()
  // The server's clock is a minute ahead.
  socket.say(heartbeat(noon + 60_000))
  socket.say({ type: 'fleet-state', fleet: 'nodes', state: 'stale', since: noon + 55_000 })
  socket.say({ type: 'fleet-state', fleet: 'virtualmachines', state: 'stale', since: noon + 50_000 })
  expect(live.state()).toEqual({ state: 'stale', since: noon - 10_000, cause: 'cluster' })
  socket.say({ type: 'fleet-state', fleet: 'virtualmachines', state: 'live' })
  expect(live.state()).toEqual({ state: 'stale', since: noon - 5_000, cause: 'cluster' })
  socket.say({ type: 'fleet-state', fleet: 'nodes', state: 'live' })
  expect(live.state()).toEqual({ state: 'live' })
})

test('says so of a page’s own watch, too, until that is answered, fails or is closed [F250]', async () => {
  const { live, socket } = await liveTab()
  const silent = (id: number) => socket.say({ type: 'watch-state', id, state: 'stale', since: noon - 1_000 })
  const stale = { state: 'stale', since: noon - 1_000, cause: 'cluster' }
  silent(1)
  expect(live.state()).toEqual(stale)
  socket.say({ type: 'watch-state', id: 1, state: 'live' })
  expect(live.state()).toEqual({ state: 'live' })
  silent(2)
  socket.say({ type: 'watch-error', id: 2, status: failure(429, 'too slow') })
  expect(live.state()).toEqual({ state: 'live' })
  silent(3)
  expect(live.state()).toEqual(stale)
  live.send({ type: 'watch-close', id: 3 })
  expect(live.state()).toEqual({ state: 'live' })
})

test('says so of rows that cannot be read again, also after a new connection [F250]', async () => {
  const { live, socket, answer } = await liveTab()
  live.behind('nodes', noon - 2_000)
  expect(live.state()).toEqual({ state: 'stale', since: noon - 2_000, cause: 'cluster' })
  socket.end(1006)
  await vi.advanceTimersByTimeAsync(500)
  ;(await answer()).say(heartbeat())
  expect(live.state()).toEqual({ state: 'stale', since: noon - 2_000, cause: 'cluster' })
  live.behind('nodes', undefined)
  expect(live.state()).toEqual({ state: 'live' })
})

test('knows nothing of the cluster’s silence after a new connection, until it is told', async () => {
  const { live, socket, answer } = await liveTab()
  socket.say({ type: 'fleet-state', fleet: 'nodes', state: 'stale', since: noon })
  socket.end(1006)
  await vi.advanceTimersByTimeAsync(500)
  ;(await answer()).say(heartbeat())
  expect(live.state()).toEqual({ state: 'live' })
})

test('leaves off what can be continued a minute after nobody looks, and goes on with it when somebody does', async () => {
  const { told, socket } = await liveTab()
  // The server's word comes all the while.
  const beat = setInterval(() => socket.say(heartbeat()), 5_000)
  const words = () => told.filter((word) => word !== 'heartbeat')
  show('hidden')
  await vi.advanceTimersByTimeAsync(59_000)
  show('visible')
  await vi.advanceTimersByTimeAsync(120_000)
  expect(words()).toEqual(['opened'])
  show('hidden')
  await vi.advanceTimersByTimeAsync(60_000)
  expect(words()).toEqual(['opened', 'hidden'])
  show('visible')
  expect(words()).toEqual(['opened', 'hidden', 'opened'])
  clearInterval(beat)
})

test('has one connection: one that comes after it was given up is closed, and not listened to', async () => {
  const { live, told, answer, connecting, dials } = tab()
  live.restart(true)
  expect(dials()).toBe(2)
  ;(await answer()).say(heartbeat())
  const late = await connecting(0)
  late.open()
  expect(late.closedWith).toBe(1000)
  late.say(heartbeat())
  expect(told).toEqual(['opened', 'heartbeat'])
  live.restart(false)
  expect(live.state()).toEqual({ state: 'connecting' })
})

test('lets a connection open before it closes one that nobody wants any more, but for five seconds only', async () => {
  const signedOut = tab()
  const first = await signedOut.connecting()
  signedOut.live.restart(false)
  expect(first.closedWith).toBeUndefined()
  first.open()
  expect(first.closedWith).toBe(1000)
  expect(signedOut.told).toEqual([])
  const other = tab()
  const second = await other.connecting()
  other.live.restart(true)
  await vi.advanceTimersByTimeAsync(4_999)
  expect(second.closedWith).toBeUndefined()
  await vi.advanceTimersByTimeAsync(1)
  expect(second.closedWith).toBe(1000)
})

test('breaks a connection off that does not come about, for the next one would wait for it', async () => {
  const { live, connecting } = tab()
  const socket = await connecting()
  await vi.advanceTimersByTimeAsync(9_999)
  expect(socket.closedWith).toBeUndefined()
  await vi.advanceTimersByTimeAsync(1)
  expect(socket.closedWith).toBe(1000)
  expect(live.state()).toMatchObject({ state: 'stale', cause: 'connection' })
})

test('does not knock again where its session is over, whether the socket or the ticket says so', async () => {
  const { socket, sessionEnds, dials } = await liveTab()
  socket.end(4401)
  await vi.advanceTimersByTimeAsync(600_000)
  expect([sessionEnds(), dials()]).toEqual([1, 1])
  const other = tab()
  await other.refuse(new StatusError(failure(401, 'no')))
  await vi.advanceTimersByTimeAsync(600_000)
  expect([other.sessionEnds(), other.dials()]).toEqual([1, 1])
})

test('comes back when the server that restarts said [W-18]', async () => {
  const { socket, dials } = await liveTab()
  socket.end(1012, 'The server restarts. Come back in 2500 ms.')
  await vi.advanceTimersByTimeAsync(2_499)
  expect(dials()).toBe(1)
  await vi.advanceTimersByTimeAsync(1)
  expect(dials()).toBe(2)
})

test('outlives the moment between two pages, and lets go when nothing follows any more', async () => {
  const { live, socket, detach } = await liveTab()
  detach()
  await vi.advanceTimersByTimeAsync(4_000)
  const next = live.attach({ opened() {}, heard() {} })
  await vi.advanceTimersByTimeAsync(7_000)
  expect(socket.closedWith).toBeUndefined()
  socket.say(heartbeat())
  next()
  await vi.advanceTimersByTimeAsync(5_000)
  expect(socket.closedWith).toBe(1000)
  expect(vi.getTimerCount()).toBe(0)
})
