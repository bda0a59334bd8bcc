// The guest's serial port in xterm.js. Its own chunk: nothing else imports the library.
import { FitAddon } from '@xterm/addon-fit'
import { WebglAddon } from '@xterm/addon-webgl'
import { Terminal, type ITheme } from '@xterm/xterm'
import '@xterm/xterm/css/xterm.css'
import type { ConsoleLink } from './console-connection.ts'
import { formatTime } from '../../util/format.ts'
import { httpUrl } from '../../util/http-url.ts'
import { focusIsFree } from './focus.ts'
import { giveStylesTheNonce } from './style-nonce.ts'

export type TerminalSize = { columns: number; rows: number }

export type SerialTerminal = {
  serve(link: ConsoleLink): void
  type(text: string): void
  setScreenReader(on: boolean): void
  focus(): void
  blur(): void
  /** Everything that is still in the scrollback. */
  text(): string
  /** Selects the next place (before the last one found) that has the text; false where there is none. */
  find(text: string): boolean
  close(): void
}

// The stage is dark in both themes, and so is what stands on it.
const theme: ITheme = {
  background: '#0b0910',
  foreground: '#d9d5e0',
  cursor: '#d9d5e0',
  cursorAccent: '#0b0910',
  selectionBackground: '#6b5a86',
  black: '#2a2731',
  red: '#f2867b',
  green: '#6fd8b2',
  yellow: '#f2c96b',
  blue: '#8fb4ff',
  magenta: '#d99bea',
  cyan: '#7fd3e6',
  white: '#d9d5e0',
  brightBlack: '#8c8798',
  brightRed: '#ffaaa0',
  brightGreen: '#96ecca',
  brightYellow: '#ffdf95',
  brightBlue: '#b3ccff',
  brightMagenta: '#ecc2f5',
  brightCyan: '#a8e7f5',
  brightWhite: '#ffffff',
}

/** More often than any program has a reason to. */
const REPEATS = 10_000

export function createSerialTerminal(
  target: HTMLElement,
  {
    label,
    onSize,
    onOutput,
    onLink,
    onReleaseKeyboard,
  }: {
    label: string
    onSize(size: TerminalSize): void
    /** The guest wrote something. */
    onOutput(): void
    /** Somebody pressed a link that the guest has written: its text says nothing about where it leads. */
    onLink(url: URL): void
    onReleaseKeyboard(): void
  },
): SerialTerminal {
  giveStylesTheNonce()
  const terminal = new Terminal({
    theme,
    fontFamily: getComputedStyle(target).getPropertyValue('--vd-mono') || 'monospace',
    fontSize: 13,
    lineHeight: 1.1,
    scrollback: 10_000,
    screenReaderMode: true,
    cursorBlink: !matchMedia('(prefers-reduced-motion: reduce)').matches,
    // A serial line has no size of its own: guests assume 80 by 24, and wider is better.
    convertEol: false,
    // Its own asks with the browser's dialog, which the page cannot explain.
    linkHandler: {
      allowNonHttpProtocols: false,
      activate: (_event, text) => {
        const url = httpUrl(text)
        if (url) onLink(url)
      },
    },
  })
  // What these do is done as often as the guest says, up to 2^31 times: the tab would stand still.
  for (const final of ['b', 'I', 'L', 'M', 'S', 'T', 'Z'])
    terminal.parser.registerCsiHandler({ final }, ([count]) => Number(count) > REPEATS)
  const fit = new FitAddon()
  terminal.loadAddon(fit)
  terminal.open(target)
  try {
    const webgl = new WebglAddon()
    webgl.onContextLoss(() => webgl.dispose())
    terminal.loadAddon(webgl)
  } catch {
    // Without WebGL the DOM renderer does the same, more slowly.
  }
  terminal.textarea?.setAttribute('aria-label', label)
  terminal.attachCustomKeyEventHandler((event) => {
    if (!(event.ctrlKey && event.altKey && event.code === 'Period')) return true
    if (event.type === 'keydown') onReleaseKeyboard()
    event.preventDefault()
    return false
  })
  const resize = () => {
    fit.fit()
    onSize({ columns: terminal.cols, rows: terminal.rows })
  }
  const observer = new ResizeObserver(resize)
  observer.observe(target)

  const encoder = new TextEncoder()
  let link: ConsoleLink | undefined
  let served = false
  /** A line of our own between those of the guest, who may have stopped in the middle of an escape sequence. */
  const mark = (words: string) => terminal.write(`\u0018\u001b[0m\r\n\u001b[2m── ${words} ${formatTime(Date.now())} ──\u001b[0m\r\n`)
  const send = (text: string) => link?.send(encoder.encode(text))
  terminal.onData(send)
  terminal.onBinary((data) => link?.send(Uint8Array.from(data, (character) => character.charCodeAt(0))))

  const lines = (): string[] => {
    const buffer = terminal.buffer.active
    return Array.from({ length: buffer.length }, (_, index) => buffer.getLine(index)?.translateToString(true) ?? '')
  }
  let found: { line: number; column: number } | undefined

  return {
    serve(next) {
      link = next
      if (served) mark('connected again')
      served = true
      next.onBytes((bytes) => {
        terminal.write(new Uint8Array(bytes))
        onOutput()
      })
      next.onClose(() => {
        if (link !== next) return
        link = undefined
        mark('disconnected')
      })
      if (focusIsFree()) terminal.focus()
    },
    type: send,
    setScreenReader(on) {
      terminal.options.screenReaderMode = on
    },
    focus: () => terminal.focus(),
    blur: () => terminal.blur(),
    text: () => lines().join('\n').trimEnd(),
    find(text) {
      const wanted = text.toLowerCase()
      if (!wanted) {
        terminal.clearSelection()
        found = undefined
        return true
      }
      const all = lines()
      // Upwards from the last place, then again from the end.
      for (let step = 0; step <= all.length; step += 1) {
        const index = ((found?.line ?? all.length - 1) - step + all.length) % all.length
        const line = (all[index] ?? '').toLowerCase()
        const column = step === 0 && found ? (found.column > 0 ? line.lastIndexOf(wanted, found.column - 1) : -1) : line.lastIndexOf(wanted)
        if (column < 0) continue
        found = { line: index, column }
        terminal.select(column, index, text.length)
        terminal.scrollToLine(Math.max(0, index - Math.floor(terminal.rows / 2)))
        return true
      }
      found = undefined
      return false
    },
    close() {
      observer.disconnect()
      terminal.dispose()
    },
  }
}
