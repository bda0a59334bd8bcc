// All running guests, and the WebSockets of their consoles.
// https://github.com/kubevirt/kubevirt/blob/release-1.6/pkg/virt-handler/rest/console.go
import type { IncomingMessage } from 'node:http'
import { pipeline, type Duplex } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { createWebSocketStream, WebSocket, WebSocketServer } from 'ws'
import type { Subresources, SubresourceRequest } from '../api/context.ts'
import { badRequest, failure, internalError } from '../api/status.ts'
import type { Clock } from '../clock.ts'
import type { Storage } from '../storage/storage.ts'
import type { Domain, Hypervisor } from './domain.ts'
import { emptyDisk } from './filesystem.ts'
import type { GuestFacts, Guests } from './guest.ts'
import { createLinux } from './linux.ts'
import type { Machine } from './machine.ts'
import { encodePng } from './png.ts'
import { createRfbServer } from './rfb-server.ts'
import { createWindows } from './windows.ts'

const subprotocol = 'plain.kubevirt.io'
const clientMessageLimitBytes = 16 << 20
const serialBacklogLimitBytes = 1 << 20
const pausedInputLimit = 1000

type ConsoleKind = 'vnc' | 'console'

type Entry = {
  facts: GuestFacts
  bootedAtMs: number
  disk: unknown
  paused: boolean
  /** What was typed while the guest stood still. */
  pending: (() => void)[]
  /** Made when somebody looks: thousands of guests cost nothing until then. */
  machine?: Machine
  /** A real machine in place of the simulated one. */
  domain?: Domain
  consoles: Map<ConsoleKind, WebSocket>
}

export type GuestsOptions = {
  clock: Clock
  storage: Storage
  /** Runs some of the guests; without one, all are simulated. */
  hypervisor?: Hypervisor | undefined
}

export function createGuests({ clock, storage, hypervisor }: GuestsOptions): Guests & { upgrade: Subresources['upgrade'] } {
  const entries = new Map<string, Entry>()
  const powerListeners = new Set<(uid: string, action: 'poweroff' | 'reboot') => void>()
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: clientMessageLimitBytes,
    handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
  })

  const tellPower = (uid: string, action: 'poweroff' | 'reboot') => {
    for (const listener of powerListeners) listener(uid, action)
  }
  const machineOf = (entry: Entry): Machine => {
    if (!entry.machine) {
      const { facts, bootedAtMs, disk } = entry
      const create = /windows/i.test(facts.os) ? createWindows : createLinux
      entry.machine = create({ facts, bootedAtMs, disk, clock, onPower: (action) => tellPower(facts.uid, action) })
      entry.machine.setPaused(entry.paused)
    }
    return entry.machine
  }
  const input = (entry: Entry, act: () => void) => {
    if (!entry.paused) act()
    else if (entry.pending.length < pausedInputLimit) entry.pending.push(act)
  }
  const cut = (entry: Entry) => {
    // KubeVirt says no goodbye: the socket dies without a close frame.
    for (const socket of entry.consoles.values()) socket.terminate()
    entry.consoles.clear()
  }

  function connect(
    entry: Entry,
    kind: ConsoleKind,
    { req, socket, head }: { req: IncomingMessage; socket: Duplex; head: Buffer },
    serve: (websocket: WebSocket) => () => void,
  ) {
    sockets.handleUpgrade(req, socket, head, (websocket) => {
      entry.consoles.get(kind)?.terminate()
      entry.consoles.set(kind, websocket)
      const end = serve(websocket)
      websocket.on('error', () => websocket.terminate())
      websocket.on('close', () => {
        end()
        if (entry.consoles.get(kind) === websocket) entry.consoles.delete(kind)
      })
    })
  }
  const bytesOf = (data: WebSocket.RawData): Buffer =>
    Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data)

  /** The bytes of a real machine, as virt-handler copies them from and to its socket. */
  const serveDomainVnc = (domain: Domain) => (websocket: WebSocket) => {
    const stream = createWebSocketStream(websocket)
    stream.on('error', () => websocket.terminate())
    let over = false
    let rfb: Duplex | undefined
    const copy = async () => {
      rfb = await domain.vnc()
      if (over) rfb.destroy()
      else pipeline(stream, rfb, stream, () => websocket.terminate())
    }
    copy().catch(() => websocket.terminate())
    return () => {
      over = true
      rfb?.destroy()
    }
  }
  const serveDomainSerial = (domain: Domain) => (websocket: WebSocket) => {
    websocket.on('message', (data) => domain.serialInput(bytesOf(data)))
    return domain.onSerialOutput((bytes) => sendSerial(websocket, bytes))
  }
  const sendSerial = (websocket: WebSocket, bytes: Buffer) => {
    // A real serial port waits for nobody either.
    if (websocket.readyState === WebSocket.OPEN && websocket.bufferedAmount < serialBacklogLimitBytes) websocket.send(bytes)
  }
  const serveVnc = (entry: Entry) => (websocket: WebSocket) => {
    if (entry.domain) return serveDomainVnc(entry.domain)(websocket)
    const machine = machineOf(entry)
    const server = createRfbServer({
      screen: machine.screen,
      name: `QEMU (${entry.facts.namespace}_${entry.facts.name})`,
      clock,
      send: (bytes) => websocket.send(bytes),
      backlogBytes: () => websocket.bufferedAmount,
      onKey: (keysym, down) => input(entry, () => machine.key(keysym, down)),
      onPointer: (x, y, buttons) => input(entry, () => machine.pointer(x, y, buttons)),
      onProtocolError: () => websocket.terminate(),
    })
    websocket.on('message', (data) => server.receive(bytesOf(data)))
    return () => server.stop()
  }
  const serveSerial = (entry: Entry) => (websocket: WebSocket) => {
    if (entry.domain) return serveDomainSerial(entry.domain)(websocket)
    const machine = machineOf(entry)
    const decoder = new StringDecoder('utf8')
    const end = machine.onSerialOutput((text) => sendSerial(websocket, Buffer.from(text, 'utf8')))
    websocket.on('message', (data) => {
      const text = decoder.write(bytesOf(data))
      input(entry, () => machine.serialInput(text))
    })
    return end
  }

  /** The VMI of a request, as virt-api fetches it before it dials virt-handler. */
  function fetchVmi({ namespace, name }: SubresourceRequest) {
    const vmi = storage.get('virtualmachineinstances.kubevirt.io', namespace, name)
    if (!vmi) {
      throw failure(404, 'NotFound', `virtualmachineinstance.kubevirt.io "${name}" not found`, {
        name,
        group: 'kubevirt.io',
        kind: 'virtualmachineinstance',
      })
    }
    const { spec, status } = vmi as {
      spec?: { domain?: { devices?: { autoattachGraphicsDevice?: boolean; autoattachSerialConsole?: boolean } } }
      status?: { phase?: string }
    }
    return { uid: vmi.metadata.uid, phase: status?.phase ?? '', devices: spec?.domain?.devices ?? {} }
  }
  const upgrade: Subresources['upgrade'] = new Map()
  // https://github.com/kubevirt/kubevirt/blob/release-1.6/pkg/virt-api/rest/vnc.go
  upgrade.set('virtualmachineinstances/vnc', (request, raw) => {
    const { uid, phase, devices } = fetchVmi(request)
    if (devices.autoattachGraphicsDevice === false) throw badRequest('No graphics devices are present.')
    const entry = entries.get(uid)
    if (phase !== 'Running' || !entry) throw badRequest('VMI is not running')
    if (request.query.get('preserveSession') === 'true' && entry.consoles.has('vnc')) {
      throw internalError('Active VNC connection. Request denied.')
    }
    connect(entry, 'vnc', raw, serveVnc(entry))
  })
  // https://github.com/kubevirt/kubevirt/blob/release-1.6/pkg/virt-api/rest/console.go
  upgrade.set('virtualmachineinstances/console', (request, raw) => {
    const { uid, phase, devices } = fetchVmi(request)
    if (devices.autoattachSerialConsole === false) throw badRequest('No serial consoles are present.')
    const entry = entries.get(uid)
    if (phase !== 'Running' || !entry) {
      throw badRequest(`Unable to connect to VirtualMachineInstance because phase is ${phase || 'Pending'} instead of Running or Scheduled`)
    }
    connect(entry, 'console', raw, serveSerial(entry))
  })

  return {
    volumes: new Map(),
    upgrade,
    boot(facts) {
      const entry = entries.get(facts.uid)
      if (entry) {
        entry.facts = facts
        entry.machine?.updateFacts(facts)
        return
      }
      const domain = hypervisor?.start(facts, (action) => tellPower(facts.uid, action))
      entries.set(facts.uid, {
        facts,
        ...(domain ? { domain } : {}),
        bootedAtMs: facts.bootedAt ?? clock.now(),
        disk: undefined,
        paused: false,
        pending: [],
        consoles: new Map(),
      })
    },
    setPaused(uid, paused) {
      const entry = entries.get(uid)
      if (!entry || entry.paused === paused) return
      entry.paused = paused
      entry.domain?.setPaused(paused)
      entry.machine?.setPaused(paused)
      if (!paused) for (const act of entry.pending.splice(0)) act()
    },
    migrated(uid, node) {
      const entry = entries.get(uid)
      if (!entry) return
      entry.facts = { ...entry.facts, node }
      entry.machine?.updateFacts(entry.facts)
      cut(entry)
    },
    shutdown(uid) {
      const entry = entries.get(uid)
      if (!entry) return
      cut(entry)
      entry.domain?.stop()
      entry.machine?.stop()
      entries.delete(uid)
    },
    reset(uid, how) {
      const entry = entries.get(uid)
      if (!entry) return
      entry.bootedAtMs = clock.now()
      entry.domain?.reset()
      entry.machine?.reset(how)
    },
    agent(uid) {
      const entry = entries.get(uid)
      if (!entry) return undefined
      return entry.domain ? { hostname: entry.facts.hostname, users: [] } : machineOf(entry).report()
    },
    connect(uid, port, send, end) {
      const entry = entries.get(uid)
      return entry && !entry.domain ? machineOf(entry).connect(port, send, end) : undefined
    },
    exportDisk(uid) {
      const entry = entries.get(uid)
      if (!entry || entry.domain) return undefined
      // An untouched disk is a disk too: restoring a snapshot of it undoes what was written since.
      return entry.machine ? entry.machine.exportDisk() : (entry.disk ?? emptyDisk())
    },
    importDisk(uid, disk) {
      const entry = entries.get(uid)
      if (!entry || entry.domain) return
      if (entry.machine) entry.machine.importDisk(disk)
      else entry.disk = disk
    },
    screenshot(uid) {
      const entry = entries.get(uid)
      return entry && (entry.domain?.screenshot() ?? encodePng(machineOf(entry).screen))
    },
    onPower(listener) {
      powerListeners.add(listener)
      return () => powerListeners.delete(listener)
    },
    stop() {
      for (const entry of entries.values()) {
        cut(entry)
        entry.domain?.stop()
        entry.machine?.stop()
      }
      entries.clear()
      sockets.close()
    },
  }
}
