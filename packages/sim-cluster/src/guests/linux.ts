// A Linux guest: boots, logs in, and shows the same system on its serial port and its virtual consoles.
import { bootLog, okLine, type BootLine } from './boot-log.ts'
import { createFileSystem, diskFrom } from './filesystem.ts'
import type { GuestFacts } from './guest.ts'
import { createKeyboard, keysym, keysymToTty } from './keysyms.ts'
import { distributionOf, initPath, kernelPath, linuxImage } from './linux-image.ts'
import type { Machine, MachineOptions } from './machine.ts'
import { pausableClock } from './pausable-clock.ts'
import type { Rect, Screen } from './screen.ts'
import { createSession, type Session } from './session.ts'
import { connectToService } from './services.ts'
import { nginxStarts, startServices, type System } from './system.ts'
import { createTextScreen, type TextScreen } from './text-screen.ts'

const virtualConsoles = 6

export function createLinux(options: MachineOptions): Machine & { screen: Screen; text(): string } {
  const clock = pausableClock(options.clock)
  let { facts } = options
  const files = createFileSystem(linuxImage(facts), diskFrom(options.disk))
  const serialListeners = new Set<(text: string) => void>()
  const toSerial = (text: string) => {
    for (const listener of serialListeners) listener(text)
  }

  const screens = new Map<number, TextScreen>()
  const damageListeners = new Set<(rect: Rect) => void>()
  let shown = 1
  const screenOf = (index: number): TextScreen => {
    let screen = screens.get(index)
    if (!screen) {
      screens.set(index, (screen = createTextScreen()))
      screen.onDamage((rect) => {
        if (index !== shown) return
        for (const listener of damageListeners) listener(rect)
      })
    }
    return screen
  }
  const tty1 = screenOf(1)
  const whole: Rect = { x: 0, y: 0, width: tty1.width, height: tty1.height }

  const services = () => {
    const { sshService, cronService, family } = distributionOf(facts)
    const network = family === 'debian' ? 'systemd-networkd' : 'NetworkManager'
    return startServices(
      [
        [cronService, 'Regular background program processing daemon'],
        ['dbus', 'D-Bus System Message Bus'],
        [network, 'Network Configuration'],
        ['nginx', 'A high performance web server'],
        ['qemu-guest-agent', 'QEMU Guest Agent'],
        [sshService, 'OpenBSD Secure Shell server'],
      ],
      files,
      system.bootedAtMs + 5000,
    )
  }
  const system: System = {
    facts,
    clock,
    files,
    hostname: facts.hostname,
    bootedAtMs: options.bootedAtMs,
    kernelLog: [],
    services: new Map(),
    logins: new Map(),
    power,
  }

  let state: 'booting' | 'up' | 'dead' | 'going-down' = 'booting'
  const timers = new Set<{ cancel(): void }>()
  const sessions = new Map<string, Session>()

  const print = (line: string) => {
    toSerial(`${line}\r\n`)
    tty1.write(`${line}\r\n`)
  }
  function later(delayMs: number, fn: () => void) {
    const timer = clock.after(delayMs, () => {
      timers.delete(timer)
      fn()
    })
    timers.add(timer)
  }
  function halt() {
    for (const timer of timers) timer.cancel()
    timers.clear()
    for (const session of sessions.values()) session.hangUp()
    sessions.clear()
  }
  function boot(atMs: number) {
    halt()
    state = 'booting'
    system.bootedAtMs = atMs
    system.hostname = files.read('/etc/hostname')?.trim() || 'localhost'
    system.kernelLog = []
    system.services = services()
    show(1)
    const bootable = { kernel: files.isFile(kernelPath(facts)), init: files.isFile(initPath) }
    runLines(bootLog(facts, { ...bootable, hostname: system.hostname, nginx: nginxStarts(files) }), atMs, () => {
      if (!bootable.kernel || !bootable.init) {
        state = 'dead'
        return
      }
      state = 'up'
      session('ttyS0')
      session('tty1')
    })
  }
  /** Writes what is due, waits for the rest: a machine looked at years after its boot shows its log at once. */
  function runLines(lines: BootLine[], sinceMs: number, done: () => void, from = 0) {
    for (let index = from; index < lines.length; index += 1) {
      const line = lines[index]
      if (!line) break
      const waitMs = sinceMs + line.atMs - clock.now()
      if (waitMs > 0) {
        later(waitMs, () => runLines(lines, sinceMs, done, index))
        return
      }
      if (line.kernel) system.kernelLog.push(line.text)
      print(line.text)
    }
    done()
  }
  function session(tty: string): Session {
    let found = sessions.get(tty)
    if (!found) {
      const write = tty === 'ttyS0' ? toSerial : (text: string) => screenOf(Number(tty.slice(3))).write(text)
      sessions.set(tty, (found = createSession({ system, tty, write })))
      found.start()
    }
    return found
  }
  function show(index: number) {
    if (index === shown) return
    shown = index
    screenOf(index)
    for (const listener of damageListeners) listener(whole)
    if (state === 'up') session(`tty${index}`)
  }

  function power(action: 'poweroff' | 'reboot') {
    if (state !== 'up') return
    state = 'going-down'
    for (const each of sessions.values()) each.hangUp()
    sessions.clear()
    show(1)
    const lines = [
      '',
      okLine('Stopped target', 'multi-user.target', 'Multi-User System'),
      okLine('Stopped', 'nginx.service', 'A high performance web server'),
      okLine('Stopped', 'qemu-guest-agent.service', 'QEMU Guest Agent'),
      okLine('Unmounted', 'boot-efi.mount', '/boot/efi'),
      okLine('Reached target', 'umount.target', 'Unmount All Filesystems'),
      okLine(
        'Reached target',
        action === 'reboot' ? 'reboot.target' : 'poweroff.target',
        action === 'reboot' ? 'System Reboot' : 'System Power Off',
      ),
      action === 'reboot' ? 'reboot: Restarting system' : 'reboot: Power down',
    ]
    const timed = lines.map((text, index): BootLine => ({ atMs: 120 * index, text, kernel: false }))
    runLines(timed, clock.now(), () =>
      later(300, () => {
        if (action === 'reboot') boot(clock.now())
        else state = 'dead'
        options.onPower(action)
      }),
    )
  }

  const keyboard = createKeyboard()
  boot(options.bootedAtMs)

  return {
    screen: {
      width: whole.width,
      height: whole.height,
      read: (rect) => screenOf(shown).read(rect),
      onDamage(listener) {
        damageListeners.add(listener)
        return () => damageListeners.delete(listener)
      },
    },
    text: () => screenOf(shown).text(),
    key(code, down) {
      const modifiers = keyboard.press(code, down)
      if (!down) return
      if (modifiers.control && modifiers.alt) {
        if (code === keysym.delete && state === 'up') {
          print('')
          print('ctrl-alt-del: rebooting')
          power('reboot')
        }
        const console = code - keysym.f1 + 1
        if (console >= 1 && console <= virtualConsoles) show(console)
        return
      }
      const text = keysymToTty(code, modifiers)
      if (text !== undefined && state === 'up') session(`tty${shown}`).input(text)
    },
    pointer() {},
    serialInput(text) {
      if (state === 'up') session('ttyS0').input(text)
    },
    onSerialOutput(listener) {
      serialListeners.add(listener)
      return () => serialListeners.delete(listener)
    },
    exportDisk: () => files.export(),
    importDisk(disk) {
      files.import(diskFrom(disk))
      boot(clock.now())
    },
    reset(how) {
      if (how === 'request' && state === 'up') power('reboot')
      else boot(clock.now())
    },
    report: () => ({
      hostname: system.hostname,
      users: [...system.logins.values()].map(({ user, sinceMs }) => ({ userName: user, sinceMs })),
    }),
    connect: (port, send, end) => (state === 'up' ? connectToService(system, port, send, end) : undefined),
    setPaused: clock.setPaused,
    updateFacts(next: GuestFacts) {
      facts = next
      system.facts = next
    },
    stop() {
      halt()
      clock.stop()
    },
  }
}
