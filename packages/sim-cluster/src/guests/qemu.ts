// Guests that are real: a QEMU process each, in software emulation, with its own VNC server, serial port and monitor.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Domain, Hypervisor } from './domain.ts'
import type { GuestFacts } from './guest.ts'
import { assembleImage, findBootFiles, type BootFiles, type BootImage } from './qemu-image.ts'
import { speakQmp, type Qmp } from './qmp.ts'

const program = 'qemu-system-x86_64'

export const isQemuInstalled = (): boolean => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0

export type QemuOptions = {
  /** How many guests at most are QEMU's; all others are simulated. */
  limit: number
  bootFiles?: BootFiles
  onError(where: string, error: unknown): void
}

/** Throws where QEMU is not installed. */
export async function createQemu({
  limit,
  bootFiles = findBootFiles(),
  onError,
}: QemuOptions): Promise<Hypervisor & { boots: BootImage['kind'] }> {
  if (!isQemuInstalled()) throw new Error(`${program} is not installed: guests cannot be QEMU's.`)
  const directory = await mkdtemp(join(tmpdir(), 'virtdeck-qemu-'))
  const image = await assembleImage(directory, bootFiles)
  const running = new Map<ChildProcess, Promise<void>>()
  const kill = () => {
    for (const child of running.keys()) child.kill('SIGKILL')
  }
  // Nobody else ends them when this process ends without being asked.
  process.once('exit', kill)
  /** Those that nobody has stopped; their processes may live a moment longer. */
  const active = new Set<ChildProcess>()
  let started = 0

  return {
    boots: image.kind,
    start(facts, onPower) {
      if (active.size >= limit || facts.os === 'windows') return undefined
      started += 1
      const prefix = join(directory, String(started))
      const { child, domain } = startDomain(prefix, image, facts, onPower, (error) =>
        onError(`qemu ${facts.namespace}/${facts.name}`, error),
      )
      const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
      running.set(child, ended)
      active.add(child)
      child.once('close', () => {
        running.delete(child)
        active.delete(child)
      })
      return {
        ...domain,
        stop() {
          active.delete(child)
          domain.stop()
        },
      }
    },
    async stop() {
      process.off('exit', kill)
      const all = [...running.values()]
      kill()
      await Promise.all(all)
      await rm(directory, { recursive: true, force: true })
    },
  }
}

function startDomain(
  prefix: string,
  image: BootImage,
  facts: GuestFacts,
  onPower: (action: 'poweroff' | 'reboot') => void,
  onError: (error: unknown) => void,
): { child: ChildProcess; domain: Domain } {
  const vncPath = `${prefix}.vnc`
  const monitor = listenOnce(`${prefix}.qmp`)
  const serial = listenOnce(`${prefix}.serial`)
  let stopping = false
  const child = spawn(
    program,
    [
      ['-name', `${facts.namespace}_${facts.name}`, '-machine', 'q35', '-accel', 'tcg', '-cpu', 'qemu64', '-smp', '1'],
      ['-m', `${image.memoryMi}M`, '-nodefaults', '-no-user-config', '-nic', 'none', '-vga', 'std', '-display', 'none'],
      ['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
      ['-vnc', `unix:${vncPath}`],
      ['-chardev', `socket,id=serial,path=${serial.path}`, '-serial', 'chardev:serial'],
      ['-chardev', `socket,id=monitor,path=${monitor.path}`, '-mon', 'chardev=monitor,mode=control'],
      image.prepare(facts, prefix),
    ].flat(),
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint = (complaint + text).slice(-2000)))
  const ended = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => reject(new Error(`QEMU ended with ${signal ?? code}: ${complaint.trim()}`)))
  })
  // Whoever waits for the monitor hears of it; without anybody, it is reported once.
  ended.catch((error: unknown) => {
    monitor.close()
    serial.close()
    if (!stopping) onError(error)
  })

  const listeners = new Set<(bytes: Buffer) => void>()
  let port: Socket | undefined
  serial.connected
    .then((socket) => {
      port = socket
      socket.on('error', () => socket.destroy())
      socket.on('data', (bytes) => {
        for (const listener of listeners) listener(bytes)
      })
    })
    .catch(() => undefined) // The process ended first, which is reported above.
  const qmp: Promise<Qmp> = Promise.race([
    ended,
    monitor.connected.then((socket) => {
      socket.on('error', () => socket.destroy())
      return speakQmp(socket, ({ event, data }) => {
        if (event === 'SHUTDOWN' && data?.['guest'] === true) {
          stopping = true
          onPower('poweroff')
        } else if (event === 'RESET' && data?.['guest'] === true) onPower('reboot')
      })
    }),
  ])
  qmp.catch(() => undefined)
  const tell = (command: string) => {
    qmp.then(({ execute }) => execute(command)).catch((error: unknown) => stopping || onError(error))
  }

  return {
    child,
    domain: {
      async vnc() {
        // Once the monitor speaks, all devices are there.
        await qmp
        return connect(vncPath)
      },
      serialInput: (bytes) => void port?.write(bytes),
      onSerialOutput(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
      setPaused: (paused) => tell(paused ? 'stop' : 'cont'),
      reset: () => tell('system_reset'),
      async screenshot() {
        const filename = `${prefix}.${process.hrtime.bigint()}.png`
        await (await qmp).execute('screendump', { filename, format: 'png' })
        try {
          return await readFile(filename)
        } finally {
          await rm(filename, { force: true })
        }
      },
      stop() {
        stopping = true
        child.kill('SIGKILL')
      },
    },
  }
}

/** A socket that QEMU connects to as it starts: nobody has to try until it listens. */
function listenOnce(path: string): { path: string; connected: Promise<Socket>; close(): void } {
  const server = createServer()
  const connected = new Promise<Socket>((resolve, reject) => {
    server.once('connection', (socket) => {
      server.close()
      resolve(socket)
    })
    server.once('error', reject)
  })
  connected.catch(() => undefined)
  server.listen(path)
  return { path, connected, close: () => void server.close() }
}
