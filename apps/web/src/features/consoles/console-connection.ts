// Carries out what the session's function decides: opens and closes the WebSocket, and wakes up in time.
import { vmRequest } from '@virtdeck/kubevirt'
import type { VmRef } from '../../paths.ts'
import {
  dueMs,
  holdsSocket,
  newSession,
  nextSession,
  type ConsoleEvent,
  type ConsoleKind,
  type ConsoleSession,
  type VmFacts,
} from './console-session.ts'

const subprotocol = 'plain.kubevirt.io'

/** What a screen or a terminal does with an open connection. */
export type ConsoleLink = {
  /** The guest's bytes, from the first on. */
  onBytes(listener: (bytes: ArrayBuffer) => void): void
  /** Called once, before the phase changes. */
  onClose(listener: () => void): void
  send(bytes: ArrayBufferView<ArrayBuffer> | ArrayBuffer): void
  close(): void
}

export type ConsoleConnection = {
  session(): ConsoleSession
  subscribe(listener: () => void): () => void
  dispatch(event: ConsoleEvent): void
  /** Who serves the connections from now on; undefined while the library is on its way. */
  serve(viewer: ((link: ConsoleLink) => void) | undefined): void
  close(): void
}

/** The path, below the server, of a console's socket. VNC asks not to disturb unless somebody clicked to take over. */
export function consolePath(ref: VmRef, kind: ConsoleKind, takeOver: boolean): string {
  const path = `/k8s${vmRequest(kind === 'vnc' ? 'vnc' : 'console', ref).path}`
  return kind === 'vnc' && takeOver ? path.replace('preserveSession=true', 'preserveSession=false') : path
}

function openWebSocket(path: string): WebSocket {
  const url = new URL(path, window.location.href)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  return new WebSocket(url, subprotocol)
}

export function createConsoleConnection(
  ref: VmRef,
  kind: ConsoleKind,
  vm: VmFacts,
  open: (path: string) => WebSocket = openWebSocket,
): ConsoleConnection {
  const listeners = new Set<() => void>()
  let session = newSession(kind, vm)
  let socket: { dial: number; close(): void } | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let timerMs: number | undefined
  let viewer: ((link: ConsoleLink) => void) | undefined

  function dispatch(event: ConsoleEvent) {
    const next = nextSession(session, event, Date.now())
    if (next === session) return
    session = next
    carryOut()
    for (const listener of listeners) listener()
  }

  function carryOut() {
    if (socket && (!holdsSocket(session) || socket.dial !== session.dial)) {
      socket.close()
      socket = undefined
    }
    if (!socket && session.phase.name === 'connecting' && viewer) socket = connect(session.dial, session.phase.takeOver, viewer)
    const atMs = dueMs(session)
    if (atMs === timerMs) return
    clearTimeout(timer)
    timerMs = atMs
    if (atMs !== undefined) {
      timer = setTimeout(
        () => {
          timerMs = undefined
          dispatch({ type: 'due' })
        },
        Math.max(0, atMs - Date.now()),
      )
    }
  }

  function connect(dial: number, takeOver: boolean, serve: (link: ConsoleLink) => void) {
    const websocket = open(consolePath(ref, kind, takeOver))
    websocket.binaryType = 'arraybuffer'
    let onBytes: (bytes: ArrayBuffer) => void = () => {}
    let onClose: () => void = () => {}
    let served = false
    const begin = () => {
      if (served) return
      served = true
      serve({
        onBytes: (listener) => (onBytes = listener),
        onClose: (listener) => (onClose = listener),
        send: (bytes) => {
          if (websocket.readyState === websocket.OPEN) websocket.send(bytes)
        },
        close: () => websocket.close(),
      })
      dispatch({ type: 'live', dial })
    }
    // A refused console is accepted only to be closed. VNC servers speak first; a serial line may have nothing to say.
    if (kind === 'serial') websocket.addEventListener('open', begin)
    websocket.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      if (!(data instanceof ArrayBuffer)) return
      begin()
      onBytes(data)
    })
    const end = () => {
      const told = onClose
      onClose = () => {}
      told()
    }
    websocket.addEventListener('close', ({ code }) => {
      end()
      if (socket?.dial === dial) socket = undefined
      dispatch({ type: 'closed', dial, code })
    })
    return {
      dial,
      close() {
        end()
        onBytes = () => {}
        websocket.close(1000)
      },
    }
  }

  return {
    session: () => session,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    dispatch,
    serve(next) {
      viewer = next
      carryOut()
    },
    close() {
      clearTimeout(timer)
      timerMs = undefined
      viewer = undefined
      socket?.close()
      socket = undefined
    },
  }
}
