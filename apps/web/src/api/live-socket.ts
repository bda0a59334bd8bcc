// The tab's one WebSocket to the server. Fleets and watches attach to it and are told when it opens (again) and what
// it says; live-state.ts decides when it connects.
import { useSyncExternalStore } from 'react'
import type { Fleet } from '@virtdeck/kubevirt'
import { StatusError } from '@virtdeck/k8s'
import type { LiveMessage, LiveRequest } from '@virtdeck/server/protocol'
import { sessionKey } from './client.ts'
import { deadline, liveStateOf, step } from './live-state.ts'
import type { Connection, ConnectionEvent, LiveState } from './live-state.ts'
import { queryClient } from './query-client.ts'
import { letGo, openSocket, retryAfterMs } from './socket.ts'
import { whenIdle } from '../util/when-idle.ts'

export type LiveSubscriber = {
  /** The socket is open, for the first time or again: ask for what you follow. */
  opened(): void
  heard(message: LiveMessage): void
  /** Nobody has looked at the tab for a while: stop following what can be continued. `opened` comes when somebody does. */
  hidden?(): void
}

export type LiveSocket = {
  /** Keeps the connection wanted until the returned function is called. */
  attach(subscriber: LiveSubscriber): () => void
  /** Says something if the socket is open. Nothing is queued: `opened` asks again. */
  send(request: LiveRequest): void
  /** Since when (browser's clock) a fleet on the screen could not be brought up to date; undefined once it is. */
  behind(fleet: Fleet, since: number | undefined): void
  subscribe(listener: () => void): () => void
  state(): LiveState
  /** What to add to the browser's clock to get the server's, ms. */
  clockOffsetMs(): number
  reconnectNow(): void
  /** Drops the connection at once, as after a change of identity; with `resume` whoever is attached gets a new one. */
  restart(resume: boolean): void
}

/** A page change detaches one follower before it attaches the next: the socket outlives the moment between. */
const LINGER_MS = 5_000
/** A tab in the background is left in peace after this time, and catches up when it is looked at. */
const HIDDEN_MS = 60_000

export function createLiveSocket(open: () => Promise<WebSocket>, onSessionEnded: () => void): LiveSocket {
  const subscribers = new Set<LiveSubscriber>()
  const listeners = new Set<() => void>()
  let connection: Connection = { phase: 'idle' }
  /** Since when (browser's clock) the server has had nothing new from the cluster, by fleet and by the id of a watch. */
  const silent = new Map<Fleet | number, number>()
  const fleetsBehind = new Map<Fleet, number>()
  let published: LiveState = { state: 'connecting' }
  let socket: WebSocket | undefined
  /** Counts connections: one that was given up while it was being opened is closed as soon as it is there. */
  let dial = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let linger: ReturnType<typeof setTimeout> | undefined
  let clockOffsetMs = 0
  let hideTimer: ReturnType<typeof setTimeout> | undefined
  let hidden = false

  function dispatch(event: ConnectionEvent) {
    const next = step(connection, event)
    connection = next.connection
    if (next.effect === 'close' || next.effect === 'reconnect') disconnect()
    if (next.effect === 'connect' || next.effect === 'reconnect') connect()
    clearTimeout(timer)
    const due = deadline(connection)
    if (due !== undefined)
      timer = setTimeout(() => dispatch({ type: 'tick', at: Date.now(), random: Math.random() }), Math.max(0, due - Date.now()))
    publish()
  }

  function publish() {
    const own = liveStateOf(connection)
    const old = [...silent.values(), ...fleetsBehind.values()]
    const next: LiveState = own.state === 'live' && old.length > 0 ? { state: 'stale', since: Math.min(...old), cause: 'cluster' } : own
    if (JSON.stringify(next) === JSON.stringify(published)) return
    published = next
    for (const listener of listeners) listener()
  }

  function connect() {
    dial += 1
    const mine = dial
    silent.clear()
    open().then(
      (opened) => (dial === mine ? listen(opened) : letGo(opened)),
      (error: unknown) => dial === mine && ended(isStatus(error, 401) ? 4401 : 1006),
    )
  }

  function listen(current: WebSocket) {
    socket = current
    // A socket that was replaced may still report its own end: only the current one is listened to.
    current.onopen = () => {
      if (socket === current) for (const subscriber of subscribers) subscriber.opened()
    }
    current.onmessage = (event: MessageEvent<string>) => {
      if (socket === current) hear(JSON.parse(event.data) as LiveMessage)
    }
    current.onclose = ({ code, reason }) => {
      if (socket !== current) return
      socket = undefined
      ended(code, code === 1012 ? retryAfterMs(reason) : undefined)
    }
  }

  function ended(code: number, retryInMs?: number) {
    dispatch({ type: 'closed', at: Date.now(), code, random: Math.random(), retryInMs })
    // A refused handshake does not say why; the session does, and it leads to the sign-in page if it is over.
    if (code === 4401 || (connection.phase === 'waiting' && connection.failures > 0)) onSessionEnded()
  }

  function disconnect() {
    dial += 1
    const previous = socket
    socket = undefined
    if (!previous) return
    if (connection.phase === 'idle') letGo(previous)
    // It has had its time: the next one would wait for it.
    else previous.close(1000)
  }

  function hear(message: LiveMessage) {
    if (message.type === 'heartbeat') clockOffsetMs = message.now - Date.now()
    if (message.type === 'fleet-state' || message.type === 'watch-state') {
      const what = message.type === 'fleet-state' ? message.fleet : message.id
      if (message.state === 'live') silent.delete(what)
      else silent.set(what, message.since === undefined ? Date.now() : message.since - clockOffsetMs)
    }
    // What it shows then is an error.
    if (message.type === 'watch-error') silent.delete(message.id)
    dispatch({ type: 'heard', at: Date.now() })
    for (const subscriber of subscribers) subscriber.heard(message)
  }

  const wake = () => dispatch({ type: 'wake', at: Date.now() })
  const onVisibility = () => {
    clearTimeout(hideTimer)
    if (document.visibilityState === 'visible') {
      wake()
      const missed = hidden
      hidden = false
      if (missed && socket?.readyState === WebSocket.OPEN) for (const { hidden: pauses, opened } of subscribers) if (pauses) opened()
    } else {
      hideTimer = setTimeout(() => {
        hidden = true
        for (const subscriber of subscribers) subscriber.hidden?.()
      }, HIDDEN_MS)
    }
  }

  function listenToBrowser() {
    window.addEventListener('online', wake)
    window.addEventListener('pageshow', wake)
    document.addEventListener('visibilitychange', onVisibility)
  }

  function stopListening() {
    window.removeEventListener('online', wake)
    window.removeEventListener('pageshow', wake)
    document.removeEventListener('visibilitychange', onVisibility)
    clearTimeout(hideTimer)
  }

  function release() {
    if (subscribers.size > 0) return
    stopListening()
    dispatch({ type: 'unwanted' })
  }

  return {
    attach(subscriber) {
      clearTimeout(linger)
      subscribers.add(subscriber)
      if (connection.phase === 'idle') {
        listenToBrowser()
        dispatch({ type: 'wanted', at: Date.now() })
      } else if (socket?.readyState === WebSocket.OPEN) {
        subscriber.opened()
      }
      return () => {
        if (subscribers.delete(subscriber) && subscribers.size === 0) linger = setTimeout(release, LINGER_MS)
      }
    },
    send(request) {
      if (request.type === 'watch-close' && silent.delete(request.id)) publish()
      if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(request))
    },
    behind(fleet, since) {
      if (since === undefined) fleetsBehind.delete(fleet)
      else fleetsBehind.set(fleet, since)
      publish()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    state: () => published,
    clockOffsetMs: () => clockOffsetMs,
    reconnectNow: wake,
    restart(resume) {
      stopListening()
      dispatch({ type: 'unwanted' })
      if (!resume || subscribers.size === 0) return
      listenToBrowser()
      dispatch({ type: 'wanted', at: Date.now() })
    },
  }
}

function isStatus(error: unknown, code: number): boolean {
  return error instanceof StatusError && error.code === code
}

/** This tab's connection. */
export const live = createLiveSocket(
  // What the page shows first is read without it.
  () => new Promise<void>((resolve) => whenIdle(resolve)).then(() => openSocket('/live', 'virtdeck.v1')),
  () => void queryClient.invalidateQueries({ queryKey: sessionKey }),
)

/** Whether what the screen shows is live, and if not, since when. */
export function useLiveState(): LiveState {
  return useSyncExternalStore(live.subscribe, live.state)
}
