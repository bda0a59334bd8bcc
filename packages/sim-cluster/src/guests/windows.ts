// A Windows guest: boot logo, lock screen with a clock, a sign-in box after Ctrl+Alt+Del, a bare desktop behind it, and
// the Special Administration Console on the serial port.
import { createCanvas, textWidth } from './canvas.ts'
import { createKeyboard, keysym, keysymCharacter } from './keysyms.ts'
import { createLineEditor } from './line-editor.ts'
import type { Machine, MachineOptions } from './machine.ts'
import { pausableClock } from './pausable-clock.ts'
import type { Rect } from './screen.ts'

const width = 1024
const height = 768
const bootMs = 6000
const white = 0xffffff
const grey = 0xc8d2e6

type Scene =
  | { name: 'booting' }
  | { name: 'locked' }
  | { name: 'sign-in'; user: string; typed: string; refused: boolean }
  | { name: 'desktop'; user: string; sinceMs: number }
  | { name: 'off' }

export function createWindows(options: MachineOptions): Machine {
  const clock = pausableClock(options.clock)
  let { facts, bootedAtMs } = options
  const canvas = createCanvas(width, height)
  const whole: Rect = { x: 0, y: 0, width, height }
  const serialListeners = new Set<(text: string) => void>()
  const serial = (text: string) => {
    for (const listener of serialListeners) listener(text)
  }
  let scene: Scene = { name: 'booting' }
  let timer: { cancel(): void } | undefined
  let backdrop: Uint32Array | undefined

  const centred = (y: number, text: string, colour: number, scale: number) =>
    canvas.text(Math.round((width - textWidth(text, scale)) / 2), y, text, colour, scale)
  const windowMark = (x: number, y: number, size: number) => {
    const pane = Math.floor(size / 2) - 2
    for (const [dx, dy] of [
      [0, 0],
      [pane + 4, 0],
      [0, pane + 4],
      [pane + 4, pane + 4],
    ] as const) {
      canvas.fill({ x: x + dx, y: y + dy, width: pane, height: pane }, 0x39a5ff)
    }
  }
  const draw = () => {
    const now = new Date(clock.now())
    if (scene.name === 'booting' || scene.name === 'off') {
      canvas.fill(whole, 0)
      if (scene.name === 'booting') {
        windowMark(width / 2 - 56, 250, 112)
        centred(480, 'Please wait', grey, 2)
      }
    } else {
      canvas.put((backdrop ??= dusk()))
      if (scene.name === 'locked') {
        canvas.text(64, 470, now.toISOString().slice(11, 16), white, 7)
        const date = now.toLocaleString('en-US', { weekday: 'long', month: 'long', day: 'numeric', timeZone: 'UTC' })
        canvas.text(72, 600, date, white, 2)
        centred(700, 'Press Ctrl+Alt+Delete to unlock.', white, 2)
      } else if (scene.name === 'sign-in') {
        canvas.fill({ x: 448, y: 210, width: 128, height: 128 }, 0x31507e)
        centred(242, scene.user.slice(0, 1).toUpperCase(), white, 4)
        centred(362, scene.user, white, 3)
        canvas.fill({ x: 332, y: 438, width: 360, height: 44 }, white)
        canvas.fill({ x: 334, y: 440, width: 356, height: 40 }, 0x0b1526)
        if (scene.typed) canvas.text(346, 444, '\u2022'.repeat(Math.min(20, scene.typed.length)), white, 2)
        else canvas.text(346, 444, 'Password', 0x8193b3, 2)
        if (scene.refused) centred(504, 'The password is incorrect. Try again.', white, 2)
        centred(700, facts.hostname, grey, 1)
      } else {
        canvas.fill({ x: 0, y: height - 48, width, height: 48 }, 0x101a2c)
        windowMark(16, height - 38, 28)
        canvas.text(width - 76, height - 40, now.toISOString().slice(11, 16), white, 1)
        canvas.text(width - 100, height - 22, now.toISOString().slice(0, 10), white, 1)
        canvas.text(24, 24, facts.osName, grey, 1)
        canvas.text(24, 44, `${facts.hostname}  ${facts.ips.join('  ')}`, grey, 1)
      }
    }
    canvas.present()
  }
  const become = (next: Scene) => {
    scene = next
    draw()
  }
  /** The clocks on the picture turn with the minute. */
  const tick = () => {
    timer = clock.after(60_000 - (clock.now() % 60_000), () => {
      draw()
      tick()
    })
  }
  const boot = (atMs: number) => {
    timer?.cancel()
    bootedAtMs = atMs
    const leftMs = atMs + bootMs - clock.now()
    const ready = () => {
      become({ name: 'locked' })
      serial(`\r\n\r\nComputer is booting, SAC started and initialized.\r\n\r\n`)
      sac.reset()
      prompt()
      tick()
    }
    if (leftMs <= 0) {
      ready()
      return
    }
    become({ name: 'booting' })
    timer = clock.after(leftMs, ready)
  }
  const power = (action: 'poweroff' | 'reboot') => {
    timer?.cancel()
    become({ name: 'off' })
    timer = clock.after(1500, () => {
      if (action === 'reboot') boot(clock.now())
      options.onPower(action)
    })
  }

  const sac = createLineEditor({ write: serial, onInterrupt() {} })
  const answer = (line: string) => {
    const command = line.trim().toLowerCase()
    const say = (text: string) => serial(text.replaceAll('\n', '\r\n'))
    if (command === '?' || command === 'help') {
      say(
        'ch         Channel management commands.\nd          Dump the current kernel log.\ni          List all IP network numbers.\nid         Display the computer identification information.\nrestart    Restart the system immediately.\ns          Display the current time.\nshutdown   Shutdown the system immediately.\nt          Tlist.\n',
      )
    } else if (command === 'id') {
      say(
        `Computer Name: ${facts.hostname}\n  Operating System: ${facts.osName}\n  Time since last reboot: ${Math.floor((clock.now() - bootedAtMs) / 1000)} s\n`,
      )
    } else if (command === 'i') say(facts.ips.map((ip) => `Net: 2, Ip=${ip}\n`).join('') || 'No networks.\n')
    else if (command === 's') say(`Date: ${new Date(clock.now()).toISOString().replace('T', ' Time: ').slice(0, 25)} (GMT)\n`)
    else if (command === 'restart' || command === 'shutdown') {
      say('System is shutting down.\n')
      power(command === 'restart' ? 'reboot' : 'poweroff')
      return
    } else if (command) say('Unrecognized command. Type "help" or "?" for command help.\n')
    prompt()
  }
  function prompt() {
    sac.ask({ prompt: 'SAC>', echo: true, onLine: answer, onInterrupt: prompt, onEnd: prompt })
  }

  const signIn = (current: Scene & { name: 'sign-in' }) => {
    const account = facts.users.find((user) => user.name.toLowerCase() === current.user.toLowerCase())
    if (account?.password && account.password === current.typed) become({ name: 'desktop', user: current.user, sinceMs: clock.now() })
    else become({ ...current, typed: '', refused: true })
  }
  const keyboard = createKeyboard()
  boot(bootedAtMs)

  return {
    screen: canvas,
    key(code, down) {
      const { control, alt } = keyboard.press(code, down)
      if (!down) return
      if (control && alt && code === keysym.delete) {
        if (scene.name === 'locked') become({ name: 'sign-in', user: facts.users[0]?.name ?? 'Administrator', typed: '', refused: false })
        else if (scene.name === 'desktop') become({ name: 'locked' })
        return
      }
      if (scene.name !== 'sign-in') return
      const character = keysymCharacter(code)
      if (code === keysym.escape) become({ name: 'locked' })
      else if (code === keysym.enter) signIn(scene)
      else if (code === keysym.backspace) become({ ...scene, typed: scene.typed.slice(0, -1) })
      else if (character !== undefined && !control && scene.typed.length < 127)
        become({ ...scene, typed: scene.typed + character, refused: false })
    },
    pointer() {},
    serialInput(text) {
      if (scene.name !== 'booting' && scene.name !== 'off') sac.feed(text)
    },
    onSerialOutput(listener) {
      serialListeners.add(listener)
      return () => serialListeners.delete(listener)
    },
    exportDisk: () => undefined,
    importDisk: () => boot(clock.now()),
    reset: () => boot(clock.now()),
    report: () => ({
      hostname: facts.hostname.slice(0, 15).toUpperCase(),
      users: scene.name === 'desktop' ? [{ userName: scene.user, sinceMs: scene.sinceMs }] : [],
    }),
    connect: () => undefined,
    setPaused: clock.setPaused,
    updateFacts(next) {
      facts = next
    },
    stop() {
      timer?.cancel()
      clock.stop()
    },
  }
}

/** The picture behind everything: a blue evening. */
function dusk(): Uint32Array {
  const picture = new Uint32Array(width * height)
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const light = Math.max(0, 1 - Math.hypot((x - 730) / 900, (y - 560) / 620))
      picture[y * width + x] = (Math.round(10 + 22 * light) << 16) | (Math.round(26 + 62 * light) << 8) | Math.round(58 + 110 * light)
    }
  }
  return picture
}
