// `/live`: one WebSocket per tab, with the deltas of its fleets and the watches of its page.
import { WebSocketServer, type RawData, type WebSocket } from 'ws'
import { z } from 'zod'
import { StatusError, toStatus } from '@virtdeck/k8s'
import type { Fleet } from '@virtdeck/kubevirt'
import { activityPath, startActivityWatch } from '../audit/activity-watch.ts'
import { asKnown } from '../auth/doubt.ts'
import type { Session } from '../auth/sessions.ts'
import type { Context } from '../context.ts'
import { refusal } from '../refusal.ts'
import { fleets } from '../inventory/joins.ts'
import type { FleetView } from '../inventory/view.ts'
import type { LiveMessage, LiveRequest } from '../protocol.ts'
import { offers } from '../subprotocols.ts'
import type { Upgrade } from '../upgrade.ts'
import { closeCodes, closeReason, restarting } from './close-codes.ts'
import { startPersonalWatch, type PersonalWatch } from './personal-watch.ts'

const protocol = 'virtdeck.v1'
const heartbeatMs = 5_000
const digestMs = 60_000
const maxBufferedBytes = 1024 * 1024
const resumeBufferedBytes = 64 * 1024
const slowForMs = 30_000
const maxWatches = 50
/** Messages and pings of one tab between two heartbeats: ten times what the busiest page has a reason for. */
const maxHeard = 1_000
const lingerMs = 1_000
const maxSocketsPerSession = 30

const selector = z.string().max(1024).optional()
const id = z.number().int().nonnegative()
const fleet = z.enum(fleets as [Fleet, ...Fleet[]])
const liveRequest: z.ZodType<LiveRequest> = z.discriminatedUnion('type', [
  z.object({ type: z.literal('fleet'), fleet, epoch: z.string().max(64), seq: z.number().int().nonnegative() }),
  z.object({ type: z.literal('fleet-close'), fleet }),
  z.object({ type: z.literal('mismatch'), fleet, epoch: z.string().max(64), seq: z.number().int().nonnegative() }),
  z.object({ type: z.literal('watch'), id, path: z.string().max(1024), fieldSelector: selector, labelSelector: selector }),
  z.object({ type: z.literal('watch-close'), id }),
])

/** What a tab needs of its socket. */
export type TabSocket = Pick<
  WebSocket,
  'on' | 'once' | 'send' | 'close' | 'terminate' | 'bufferedAmount' | 'readyState' | 'OPEN' | 'pause' | 'resume'
>

type Tab = {
  session: Session
  ws: TabSocket
  beat(frame: Buffer): void
  tellStates(): void
  tellDigests(): Promise<void>
}

export function createLive(context: Context) {
  const { sessions, inventory, log } = context
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: 64 * 1024,
    maxFragments: 64,
    handleProtocols: () => protocol,
  })
  const tabs = new Set<Tab>()

  const heartbeat = setInterval(() => {
    const frame = encode({ type: 'heartbeat', now: Date.now() })
    for (const tab of tabs) tab.beat(frame)
  }, heartbeatMs)
  const digests = setInterval(() => {
    for (const tab of tabs) tab.tellDigests().catch((error: unknown) => log.debug({ err: error }, 'digests'))
  }, digestMs)
  const stopStates = inventory.onState(() => {
    for (const tab of tabs) tab.tellStates()
  })
  const stopEnds = sessions.onEnd((sid) => {
    for (const tab of tabs) if (tab.session.sid === sid) close(tab.ws, closeCodes.sessionEnded)
  })

  return {
    accept({ req, socket, head, session, requestId }: Upgrade) {
      if (!offers(req, protocol)) throw refusal(400, `This connection speaks ${protocol}.`)
      server.handleUpgrade(req, socket, head, (ws) => {
        if ([...tabs].filter((tab) => tab.session.sid === session.sid).length >= maxSocketsPerSession) return close(ws, closeCodes.limit)
        const tab = openTab(context, ws, session)
        tabs.add(tab)
        log.debug({ requestId, user: session.user.name, tabs: tabs.size }, 'live')
        ws.once('close', () => tabs.delete(tab))
      })
    },
    /** Tells every tab to come back in a while. */
    close(reason: () => string) {
      clearInterval(heartbeat)
      clearInterval(digests)
      stopStates()
      stopEnds()
      for (const { ws } of tabs) ws.close(restarting, reason())
      server.close()
    },
  }
}

type Follow = { view: FleetView; stop(): void; state: string }

export function openTab(context: Context, ws: TabSocket, session: Session): Tab {
  const { inventory, sessions, log, recheckMs } = context
  const follows = new Map<Fleet, Follow>()
  /** The latest request to follow each fleet; the tab may have closed it, or asked anew, before its rights are known. */
  const wanted = new Map<Fleet, LiveRequest>()
  /** Fleets whose deltas this tab was too slow for: it starts over once it has caught up. */
  const behind = new Set<Fleet>()
  const watches = new Map<number, PersonalWatch>()
  let slowSince: number | undefined
  let heard = 0

  const send = (message: LiveMessage) => ws.send(encode(message), { binary: false })
  const unfollow = (name: Fleet) => {
    follows.get(name)?.stop()
    follows.delete(name)
    wanted.delete(name)
    behind.delete(name)
  }
  const reset = (name: Fleet) => {
    unfollow(name)
    send({ type: 'reset', fleet: name })
  }

  const follow = async (request: LiveRequest & { type: 'fleet' }) => {
    const { fleet: name, epoch, seq } = request
    wanted.set(name, request)
    const view = await asKnown(sessions, session, (known) => inventory.view(known, name))
    if (ws.readyState !== ws.OPEN || wanted.get(name) !== request) return
    unfollow(name)
    const missed = view.since(epoch, seq)
    if (!missed) return reset(name)
    for (const frame of missed) ws.send(frame, { binary: false })
    const stop = view.subscribe({
      frame(frame) {
        if (ws.bufferedAmount <= maxBufferedBytes) return ws.send(frame, { binary: false })
        unfollow(name)
        behind.add(name)
      },
      ended: () => reset(name),
    })
    follows.set(name, { view, stop, state: '' })
    tellStates()
  }

  const tellStates = () => {
    for (const [name, following] of follows) {
      const state = inventory.state(following.view)
      const text = JSON.stringify(state)
      if (text === following.state) continue
      following.state = text
      send({ type: 'fleet-state', fleet: name, ...state })
    }
  }

  const tellDigests = async () => {
    await Promise.all(
      [...follows].map(async ([name, { view }]) => {
        const digest = await view.digest()
        if (follows.get(name)?.view === view) send({ type: 'digest', fleet: name, epoch: view.epoch, ...digest })
      }),
    )
  }

  const watch = (request: LiveRequest & { type: 'watch' }) => {
    if (watches.has(request.id)) throw refusal(400, 'The id of a watch is used twice.')
    const end = (error: unknown) => {
      const status = toStatus(error)
      // The session ends or, if the cluster knows it after all, the watch goes on: it asks again.
      if (status.code === 401) return void sessions.rejected(session)
      watches.get(request.id)?.stop()
      watches.delete(request.id)
      send({ type: 'watch-error', id: request.id, status })
    }
    try {
      if (watches.size >= maxWatches) throw refusal(429, 'Too many watches.')
      const start = request.path === activityPath ? startActivityWatch : startPersonalWatch
      watches.set(request.id, start(context, session, request, { send, end, isSlow: () => ws.bufferedAmount > 8 * maxBufferedBytes }))
    } catch (error) {
      end(error)
    }
  }

  const handle = async (request: LiveRequest): Promise<void> => {
    switch (request.type) {
      case 'fleet':
        return follow(request)
      case 'fleet-close':
        return unfollow(request.fleet)
      case 'mismatch':
        // It fetches the snapshot and follows again by itself.
        unfollow(request.fleet)
        return inventory.mismatched(request.fleet)
      case 'watch':
        return watch(request)
      case 'watch-close':
        watches.get(request.id)?.stop()
        watches.delete(request.id)
    }
  }

  /** Rights may have changed: a fleet that is now seen otherwise starts over. */
  const recheck = async () => {
    for (const [name, { view }] of follows) {
      const now = await inventory.view(sessions.current(session), name, 'asked-again')
      if (now !== view && follows.get(name)?.view === view) reset(name)
    }
  }
  /** `asked` is true for what the tab asked for: where that makes no sense, the tab is at fault. */
  const failed = (error: unknown, asked: boolean) => {
    if (error instanceof StatusError && error.code === 401) void sessions.rejected(session)
    else if (asked && error instanceof StatusError && error.code < 500) close(ws, closeCodes.badRequest)
    else log.debug({ err: error }, 'live')
  }
  const everyMs = recheckMs * (0.8 + Math.random() * 0.2)
  const rechecking = setInterval(() => void recheck().catch((error: unknown) => failed(error, false)), everyMs)
  // Twice as often: a watch ends when it was refused twice.
  const recheckingWatches = setInterval(() => {
    for (const open of watches.values()) void open.recheck()
  }, everyMs / 2)

  const isFlooded = () => {
    heard += 1
    if (heard === maxHeard) {
      close(ws, closeCodes.limit)
      // Nothing more is read; the reason has to arrive.
      ws.pause()
      setTimeout(() => ws.terminate(), lingerMs).unref()
    }
    return heard >= maxHeard
  }

  ws.on('ping', isFlooded)
  ws.on('pong', isFlooded)
  ws.on('message', (data: RawData, isBinary: boolean) => {
    if (isFlooded()) return
    const request = isBinary ? undefined : parse(data)
    if (!request) return close(ws, closeCodes.badRequest)
    handle(request).catch((error: unknown) => {
      // A fleet that cannot be read yet is asked for again by its snapshot, which says why.
      if (request.type === 'fleet' && !(error instanceof StatusError && error.code === 401) && ws.readyState === ws.OPEN) {
        if (wanted.get(request.fleet) === request) reset(request.fleet)
      } else failed(error, true)
    })
  })
  ws.on('error', () => ws.terminate())
  ws.once('close', () => {
    clearInterval(rechecking)
    clearInterval(recheckingWatches)
    for (const name of follows.keys()) unfollow(name)
    for (const open of watches.values()) open.stop()
    watches.clear()
  })
  send({ type: 'heartbeat', now: Date.now() })

  return {
    session,
    ws,
    tellStates,
    tellDigests,
    beat(frame) {
      heard = 0
      if (!sessions.alive(session)) return close(ws, closeCodes.sessionEnded)
      if (ws.bufferedAmount > maxBufferedBytes) {
        slowSince ??= Date.now()
        if (Date.now() - slowSince > slowForMs) {
          close(ws, closeCodes.slow)
          ws.terminate()
        }
        return
      }
      slowSince = undefined
      ws.send(frame, { binary: false })
      if (ws.bufferedAmount < resumeBufferedBytes) for (const name of behind) reset(name)
    },
  }
}

function parse(data: RawData): LiveRequest | undefined {
  try {
    const parsed = liveRequest.safeParse(JSON.parse(data.toString()))
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}

const encode = (message: LiveMessage) => Buffer.from(JSON.stringify(message))

function close(ws: TabSocket, code: Parameters<typeof closeReason>[0]): void {
  ws.close(code, closeReason(code))
}
