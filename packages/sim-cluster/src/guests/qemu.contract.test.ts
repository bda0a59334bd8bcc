// Real guests: QEMU's own VNC server and serial port behind the consoles of a VMI. Skipped where QEMU is not installed.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { manualClock } from '../clock.ts'
import { startSimCluster, type SimCluster } from '../sim-cluster.ts'
import { ask } from '../testing/ask.ts'
import { bootDisk, findBootFiles } from './qemu-image.ts'
import { isQemuInstalled } from './qemu.ts'

const installed = isQemuInstalled()
if (!installed) console.warn('The tests of real guests are skipped: qemu-system-x86_64 is not installed.')
const { kernel, busybox } = findBootFiles()
/** Software emulation boots Linux in many seconds, more of them on a busy machine. */
const bootMs = 120_000

const vms = '/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines'
const vmis = '/apis/kubevirt.io/v1/namespaces/team-a/virtualmachineinstances'
const consoles = '/apis/subresources.kubevirt.io/v1/namespaces/team-a/virtualmachineinstances'

test('a boot sector is a bootable one, with as much of its text as there is room for', () => {
  const disk = bootDisk('x'.repeat(1000))
  expect(disk.readUInt16LE(510)).toBe(0xaa55)
  expect(disk.subarray(500, 510).toString('latin1')).toBe('xxxxxxxxx\0')
  expect(disk.subarray(512).every((byte) => byte === 0)).toBe(true)
})

describe.skipIf(!installed)('a guest in QEMU', () => {
  const clock = manualClock()
  let cluster: SimCluster
  const failures: unknown[] = []

  beforeAll(async () => {
    cluster = await startSimCluster({
      scenario: 'empty',
      clock,
      qemu: { limit: 1 },
      onError: (where, error) => failures.push(where, error),
    })
    for (const name of ['real-01', 'simulated-01']) {
      await ask(cluster, 'admin', 'POST', vms, {
        apiVersion: 'kubevirt.io/v1',
        kind: 'VirtualMachine',
        metadata: { name },
        spec: {
          runStrategy: 'Always',
          template: {
            spec: {
              domain: { memory: { guest: '1Gi' }, devices: { disks: [{ name: 'root', disk: { bus: 'virtio' } }] } },
              volumes: [{ name: 'root', containerDisk: { image: 'quay.io/containerdisks/alpine:3' } }],
            },
          },
        },
      })
      await cluster.settle()
    }
  })
  afterAll(() => cluster[Symbol.asyncDispose]())

  function open(name: string, kind: 'vnc' | 'console') {
    const token = cluster.users.find((user) => user.name === 'admin')?.token
    const socket = new WebSocket(`${cluster.url.replace('https', 'wss')}${consoles}/${name}/${kind}`, ['plain.kubevirt.io'], {
      ca: cluster.caCert,
      headers: { Authorization: `Bearer ${token}` },
    })
    let received = Buffer.alloc(0)
    const changed = new Set<() => void>()
    const announce = () => changed.forEach((look) => look())
    let closed = false
    socket.on('message', (data: Buffer) => {
      received = Buffer.concat([received, data])
      announce()
    })
    socket.on('close', () => {
      closed = true
      announce()
    })
    return {
      socket,
      /** Resolves once what came is as wanted, counted from the end of what was taken before. */
      until: (wanted: (bytes: Buffer) => boolean, what: string) =>
        new Promise<Buffer>((resolve, reject) => {
          const look = () => {
            if (wanted(received)) {
              changed.delete(look)
              const bytes = received
              received = Buffer.alloc(0)
              resolve(bytes)
            } else if (closed) reject(new Error(`the console closed before ${what}; it said: ${received.toString('latin1').slice(-500)}`))
          }
          changed.add(look)
          look()
        }),
      closed: () => new Promise<void>((resolve) => (closed ? resolve() : socket.once('close', () => resolve()))),
    }
  }

  /** The pixels of a frame, raw. */
  async function handshake(vnc: ReturnType<typeof open>) {
    expect((await vnc.until((bytes) => bytes.length >= 12, 'its version')).toString('latin1')).toBe('RFB 003.008\n')
    vnc.socket.send('RFB 003.008\n')
    expect([...(await vnc.until((bytes) => bytes.length >= 2, 'its security types'))]).toEqual([1, 1])
    vnc.socket.send(Buffer.from([1]))
    await vnc.until((bytes) => bytes.length >= 4, 'its consent')
    vnc.socket.send(Buffer.from([1]))
    const init = await vnc.until((bytes) => bytes.length >= 24 && bytes.length >= 24 + bytes.readUInt32BE(20), 'its size')
    return { width: init.readUInt16BE(0), height: init.readUInt16BE(2), name: init.subarray(24).toString() }
  }

  test('speaks RFB itself, and sends its screen [F100]', async () => {
    const vnc = open('real-01', 'vnc')
    const { width, height, name } = await handshake(vnc)
    expect(name).toBe('QEMU (team-a_real-01)')
    expect(width).toBeGreaterThanOrEqual(640)
    vnc.socket.send(Buffer.from([2, 0, 0, 1, 0, 0, 0, 0]))
    const request = Buffer.from([3, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    request.writeUInt16BE(width, 6)
    request.writeUInt16BE(height, 8)
    vnc.socket.send(request)
    const update = await vnc.until((bytes) => bytes.length > 16 + 64 * 64 * 4, 'a frame')
    expect(update[0]).toBe(0)
    vnc.socket.terminate()
  })

  test('answers on its serial port', { timeout: bootMs }, async () => {
    const serial = open('real-01', 'console')
    await new Promise((resolve) => serial.socket.once('open', resolve))
    if (kernel && busybox) {
      serial.socket.send('\r')
      await serial.until((bytes) => /real-01:~# /.test(bytes.toString()), 'a prompt')
      serial.socket.send('echo $((6 * 7))\r')
      await serial.until((bytes) => /\r\n42\r\n/.test(bytes.toString()), 'an answer')
    } else {
      serial.socket.send('hello')
      await serial.until((bytes) => bytes.toString().includes('hello'), 'an echo')
    }
    serial.socket.terminate()
  })

  test('gives way to who connects later, as in KubeVirt', async () => {
    const first = open('real-01', 'vnc')
    await handshake(first)
    const second = open('real-01', 'vnc')
    await handshake(second)
    await first.closed()
    second.socket.terminate()
  })

  test('takes a picture of its screen, paused as well, and goes on', async () => {
    const png = async () => (await ask(cluster, 'admin', 'GET', `${consoles}/real-01/vnc/screenshot?moveCursor=false`)).text
    expect((await png()).slice(1, 4)).toBe('PNG')
    expect((await ask(cluster, 'admin', 'PUT', `${consoles}/real-01/pause`)).code).toBe(200)
    expect((await png()).slice(1, 4)).toBe('PNG')
    expect((await ask(cluster, 'admin', 'PUT', `${consoles}/real-01/unpause`)).code).toBe(200)
    expect((await ask(cluster, 'admin', 'PUT', `${consoles}/real-01/reset`)).code).toBe(200)
  })

  test('leaves what is beyond the limit to the simulation', async () => {
    const vnc = open('simulated-01', 'vnc')
    await handshake(vnc)
    vnc.socket.terminate()
    const serial = open('simulated-01', 'console')
    await new Promise((resolve) => serial.socket.once('open', resolve))
    // Its boot is as simulated as its time.
    clock.advance(30_000)
    serial.socket.send('\r')
    await serial.until((bytes) => bytes.toString().includes('login:'), 'a login')
    serial.socket.terminate()
  })

  test('dies with its VMI, and its consoles with it', async () => {
    const serial = open('real-01', 'console')
    await new Promise((resolve) => serial.socket.once('open', resolve))
    await ask(cluster, 'admin', 'DELETE', `${vms}/real-01`)
    await cluster.settle()
    await serial.closed()
    expect((await ask(cluster, 'admin', 'GET', `${vmis}/real-01`)).code).toBe(404)
    expect(failures).toEqual([])
  })

  test('gives its place to the next guest at once', { timeout: bootMs }, async () => {
    await ask(cluster, 'admin', 'PUT', `${vms.replace('kubevirt.io/v1', 'subresources.kubevirt.io/v1')}/simulated-01/restart`)
    await cluster.settle()
    const vnc = open('simulated-01', 'vnc')
    const { width } = await handshake(vnc)
    const serial = open('simulated-01', 'console')
    await new Promise((resolve) => serial.socket.once('open', resolve))
    // Simulated time stands still, and with it a simulated guest.
    serial.socket.send('\r')
    await serial.until((bytes) => bytes.toString().includes('simulated-01'), 'a greeting')
    expect(width).toBeGreaterThan(0)
    vnc.socket.terminate()
    serial.socket.terminate()
  })
})
