// The consoles over real WebSockets, as the captures of a real cluster show them.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { ApiError } from '../api/status.ts'
import { manualClock } from '../clock.ts'
import { createStorage } from '../storage/storage.ts'
import type { GuestFacts } from './guest.ts'
import { createGuests } from './guests.ts'

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

async function cluster() {
  const clock = manualClock()
  const storage = createStorage(clock)
  const guests = createGuests({ clock, storage })
  const vmi = (name: string, phase: string, devices: object = {}) => {
    const stored = storage.create('virtualmachineinstances.kubevirt.io', {
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachineInstance',
      metadata: { namespace: 'team-a', name },
      spec: { domain: { devices } },
      status: { phase },
    })
    const facts: GuestFacts = {
      uid: stored.metadata.uid,
      namespace: 'team-a',
      name,
      hostname: name,
      os: 'ubuntu',
      osName: 'Ubuntu 24.04 LTS',
      kernel: '6.8.0-49-generic',
      cpus: 1,
      memoryBytes: 2 ** 31,
      node: 'node-1',
      ips: [],
      nics: [],
      disks: [],
      users: [{ name: 'ubuntu', password: 'secret' }],
      bootedAt: clock.now() - 3_600_000,
    }
    if (phase === 'Running') guests.boot(facts)
    return stored.metadata.uid
  }
  const server = createServer()
  server.on('upgrade', (req, socket, head) => {
    const url = new URL(req.url ?? '', 'http://api')
    const [, name = '', kind = ''] = url.pathname.split('/')
    const user = { username: 'alice', groups: [] }
    try {
      guests.upgrade.get(`virtualmachineinstances/${kind}`)?.(
        { method: 'GET', namespace: 'team-a', name, query: url.searchParams, body: undefined, user, accept: '*/*' },
        { req, socket, head },
      )
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      const body = JSON.stringify(error.status)
      socket.end(`HTTP/1.1 ${error.status.code} Refused\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => {
    guests.stop()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const dial = (path: string, protocols: string[] = ['plain.kubevirt.io']) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/${path}`, protocols)
    ends.push(() => socket.terminate())
    let text = ''
    const waiting = new Set<() => void>()
    let closed: number | undefined
    let refused: { code?: number; message?: string } | undefined
    const changed = () => waiting.forEach((check) => check())
    socket.on('message', (data: Buffer, isBinary) => {
      text += isBinary ? data.toString('latin1') : 'NOT BINARY'
      changed()
    })
    socket.on('close', (code) => {
      closed = code
      changed()
    })
    socket.on('error', () => {})
    socket.on('unexpected-response', (_, response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString()))
      response.on('end', () => {
        refused = JSON.parse(body) as { code?: number; message?: string }
        changed()
      })
    })
    const until = <T>(value: () => T | undefined | false): Promise<T> =>
      new Promise((resolve) => {
        const check = () => {
          const found = value()
          if (!found) return
          waiting.delete(check)
          resolve(found)
        }
        waiting.add(check)
        check()
      })
    return {
      socket,
      text: () => text,
      says: (part: string) => until(() => text.includes(part)),
      closed: () => until(() => closed),
      refusal: () => until(() => refused),
    }
  }
  return { clock, guests, vmi, dial }
}

test('serves VNC frames as QEMU sends them, and echoes only the subprotocol it knows', async () => {
  const { vmi, dial } = await cluster()
  vmi('vm1', 'Running')
  const plain = dial('vm1/vnc')
  await plain.says('RFB 003.008\n')
  expect(plain.socket.protocol).toBe('plain.kubevirt.io')
  expect(plain.socket.extensions).toBe('')
  const none = dial('vm1/vnc', [])
  await none.says('RFB 003.008\n')
  expect(none.socket.protocol).toBe('')
})

test('evicts the VNC client before without a close frame, unless the new one preserves its session', async () => {
  const { vmi, dial } = await cluster()
  vmi('vm1', 'Running')
  const first = dial('vm1/vnc')
  await first.says('RFB')
  const polite = await dial('vm1/vnc?preserveSession=true').refusal()
  expect(polite).toMatchObject({ code: 500, reason: 'InternalError' })
  expect(polite.message).toContain('Active VNC connection. Request denied.')
  const second = dial('vm1/vnc')
  await second.says('RFB')
  expect(await first.closed()).toBe(1006)
  expect(second.socket.readyState).toBe(WebSocket.OPEN)
})

test('evicts the serial client before, and the new one finds the same shell', async () => {
  const { clock, vmi, dial } = await cluster()
  vmi('vm1', 'Running')
  const first = dial('vm1/console')
  await new Promise((resolve) => first.socket.once('open', resolve))
  first.socket.send(Buffer.from('ubuntu\r'))
  await first.says('Password: ')
  first.socket.send(Buffer.from('secret\r'))
  await first.says('Password: \r\n')
  clock.advance(500)
  await first.says('ubuntu@vm1:~$ ')
  const second = dial('vm1/console')
  await new Promise((resolve) => second.socket.once('open', resolve))
  expect(await first.closed()).toBe(1006)
  second.socket.send(Buffer.from('whoami\r'))
  await second.says('whoami\r\nubuntu\r\nubuntu@vm1:~$ ')
})

test('cuts consoles at a live migration, and keeps the guest as it was', async () => {
  const { clock, guests, vmi, dial } = await cluster()
  const uid = vmi('vm1', 'Running')
  const before = dial('vm1/console')
  await new Promise((resolve) => before.socket.once('open', resolve))
  before.socket.send(Buffer.from('ubuntu\r'))
  await before.says('Password: ')
  before.socket.send(Buffer.from('secret\r'))
  await before.says('Password: \r\n')
  clock.advance(500)
  await before.says('$ ')
  guests.migrated(uid, 'node-2')
  expect(await before.closed()).toBe(1006)
  const after = dial('vm1/console')
  await new Promise((resolve) => after.socket.once('open', resolve))
  after.socket.send(Buffer.from('echo still here\r'))
  await after.says('\r\nstill here\r\n')
})

test.each([
  ['nosuch/vnc', 404, 'virtualmachineinstance.kubevirt.io "nosuch" not found'],
  ['nosuch/console', 404, 'virtualmachineinstance.kubevirt.io "nosuch" not found'],
  ['starting/vnc', 400, 'VMI is not running'],
  ['starting/console', 400, 'Unable to connect to VirtualMachineInstance because phase is Scheduling instead of Running or Scheduled'],
  ['headless/vnc', 400, 'No graphics devices are present.'],
  ['headless/console', 400, 'No serial consoles are present.'],
])('refuses %s before the handshake: %i %s', async (path, code, message) => {
  const { vmi, dial } = await cluster()
  vmi('starting', 'Scheduling')
  vmi('headless', 'Running', { autoattachGraphicsDevice: false, autoattachSerialConsole: false })
  expect(await dial(path).refusal()).toMatchObject({ code, message })
})

test('holds what is typed into a paused guest until it goes on', async () => {
  const { guests, vmi, dial } = await cluster()
  const uid = vmi('vm1', 'Running')
  const serial = dial('vm1/console')
  await new Promise((resolve) => serial.socket.once('open', resolve))
  guests.setPaused(uid, true)
  serial.socket.send(Buffer.from('ubuntu\r'))
  await new Promise((resolve) => {
    serial.socket.ping()
    serial.socket.once('pong', resolve)
  })
  expect(serial.text()).toBe('')
  guests.setPaused(uid, false)
  await serial.says('Password: ')
})

/** Logs in on a serial console that was just dialled. */
async function logIn(serial: ReturnType<Awaited<ReturnType<typeof cluster>>['dial']>, clock: { advance(ms: number): void }) {
  await new Promise((resolve) => serial.socket.once('open', resolve))
  serial.socket.send(Buffer.from('ubuntu\r'))
  await serial.says('Password: ')
  serial.socket.send(Buffer.from('secret\r'))
  await serial.says('Password: \r\n')
  clock.advance(500)
  await serial.says('ubuntu@web:~$ ')
}

test('keeps a serial console open while its guest is reset, or asked to restart', async () => {
  const { guests, vmi, dial, clock } = await cluster()
  const uid = vmi('web', 'Running')
  const serial = dial('web/console')
  await logIn(serial, clock)
  guests.reset(uid, 'request')
  clock.advance(60_000)
  await serial.says('reboot: Restarting system')
  await serial.says('Linux version 6.8.0-49-generic')
  guests.reset(uid, 'button')
  clock.advance(60_000)
  await serial.says('web login: ')
  serial.socket.send(Buffer.from('ubuntu\r'))
  await serial.says('web login: ubuntu')
  expect(serial.text().split('Linux version 6.8.0-49-generic').length - 1).toBe(2)
  expect(serial.socket.readyState).toBe(WebSocket.OPEN)
})

test('tells who is logged in, by what name the guest goes, and what answers on its ports', async () => {
  const { guests, vmi, dial, clock } = await cluster()
  const uid = vmi('web', 'Running')
  expect(guests.agent(uid)).toEqual({ hostname: 'web', users: [] })
  await logIn(dial('web/console'), clock)
  expect(guests.agent(uid)?.users).toEqual([{ userName: 'ubuntu', sinceMs: expect.any(Number) }])
  let page = ''
  let ended = false
  const receive = (bytes: Buffer) => void (page += bytes.toString())
  const end = () => void (ended = true)
  expect(guests.connect(uid, 8080, receive, end)).toBeUndefined()
  const connection = guests.connect(uid, 80, receive, end)
  connection?.receive(Buffer.from('GET / HTTP/1.1\r\nHost: web\r\n\r\n'))
  expect(page).toContain('HTTP/1.1 200 OK')
  expect(page).toContain('<h1>It works on web</h1>')
  expect(ended).toBe(true)
})
