// Carries out what the session's function decides: opens and closes the WebSocket, and wakes up in time.
import { StatusError } from '@virtdeck/k8s'
import { vmRequest } from '@virtdeck/kubevirt'
import { letGo, openSocket, retryAfterMs } from '../../api/socket.ts'
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

/** The close code that says what a refused ticket means. */
function codeOf(error: unknown): number {
  const code = error instanceof StatusError ? error.code : 0
  return [401, 403, 404, 429].includes(code) ? 4000 + code : 1006
}

export function createConsoleConnection(
  ref: VmRef,
  kind: ConsoleKind,
  vm: VmFacts,
  open: (path: string) => Promise<WebSocket> = (path) => openSocket(path, subprotocol),
  knownUid?: string,
): ConsoleConnection {
  const listeners = new Set<() => void>()
  let session = newSession(kind, vm, knownUid)
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
    let websocket: WebSocket | undefined
    let givenUp = false
    let onBytes: (bytes: ArrayBuffer) => void = () => {}
    let onClose: () => void = () => {}
    let served = false
    const begin = () => {
      if (served || givenUp) return
      served = true
      serve({
        onBytes: (listener) => (onBytes = listener),
        onClose: (listener) => (onClose = listener),
        send: (bytes) => {
          if (websocket?.readyState === websocket?.OPEN) websocket?.send(bytes)
        },
        close: () => websocket?.close(),
      })
      dispatch({ type: 'live', dial })
    }
    const end = () => {
      const told = onClose
      onClose = () => {}
      told()
    }
    const closed = (code: number, reason = '') => {
      end()
      if (socket?.dial === dial) socket = undefined
      dispatch({ type: 'closed', dial, code, retryAfterMs: code === 1012 ? retryAfterMs(reason) : undefined })
    }
    const listen = (opened: WebSocket) => {
      websocket = opened
      websocket.binaryType = 'arraybuffer'
      // A refused console is accepted only to be closed. VNC servers speak first; a serial line may have nothing to say.
      if (kind === 'serial') websocket.addEventListener('open', begin)
      websocket.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
        if (!(data instanceof ArrayBuffer)) return
        begin()
        onBytes(data)
      })
      websocket.addEventListener('close', ({ code, reason }) => closed(code, reason))
    }
    open(consolePath(ref, kind, takeOver)).then(
      (opened) => (givenUp ? letGo(opened) : listen(opened)),
      (error: unknown) => givenUp || closed(codeOf(error)),
    )
    return {
      dial,
      close() {
        end()
        onBytes = () => {}
        givenUp = true
        if (websocket) letGo(websocket)
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
