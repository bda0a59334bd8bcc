import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLineEditor } from './line-editor.ts'
import { createTextScreen } from './text-screen.ts'

function terminal({ echo = true, history = [] as string[] } = {}) {
  const screen = createTextScreen(60, 4)
  const lines: string[] = []
  let interrupts = 0
  const editor = createLineEditor({ write: (text) => screen.write(text), onInterrupt: () => (interrupts += 1) })
  editor.ask({ prompt: '$ ', echo, history, onLine: (line) => lines.push(line) })
  return { editor, screen, lines, interrupts: () => interrupts }
}

test('edits a line with the keys that readline knows', () => {
  const { editor, lines } = terminal()
  editor.feed('world\x1b[D\x1b[D\x7f\x7f0\x01hello \x05!\r')
  expect(lines).toEqual(['hello w0ld!'])
})

test('walks through the history and back to what was being typed', () => {
  const { editor, lines, screen } = terminal({ history: ['ls', 'pwd'] })
  editor.feed('dra\x1b[A\x1b[A')
  expect(screen.text()).toBe('$ ls')
  editor.feed('\x1b[B\x1b[Bft\r')
  expect(lines).toEqual(['draft'])
})

test('shows nothing of a password', () => {
  const { editor, lines, screen } = terminal({ echo: false })
  editor.feed('secret\x7f\x1b[D\r')
  expect(lines).toEqual(['secre'])
  expect(screen.text()).toBe('$')
})

test('keeps what is typed ahead, but Ctrl-C drops it and reaches the running program', () => {
  const { editor, lines, interrupts } = terminal()
  editor.feed('one\rtwo\r')
  expect(lines).toEqual(['one'])
  editor.ask({ prompt: '', echo: true, onLine: (line) => lines.push(line) })
  expect(lines).toEqual(['one', 'two'])
  editor.feed('three\x03four\r')
  expect(interrupts()).toBe(1)
  editor.ask({ prompt: '', echo: true, onLine: (line) => lines.push(line) })
  expect(lines).toEqual(['one', 'two', 'four'])
})

test('takes CR LF as one line end', () => {
  const { editor, lines } = terminal()
  editor.feed('a\r\nb')
  editor.ask({ prompt: '', echo: true, onLine: (line) => lines.push(line) })
  editor.feed('\n')
  expect(lines).toEqual(['a', 'b'])
})

test('shows on the screen exactly the line it will hand over, whatever keys come in whatever pieces', () => {
  const keys = fc.constantFrom(
    'a',
    'b',
    ' ',
    'x',
    '\x7f',
    '\x01',
    '\x05',
    '\x0b',
    '\x15',
    '\x17',
    '\x1b[A',
    '\x1b[B',
    '\x1b[C',
    '\x1b[D',
    '\x1b[H',
    '\x1b[F',
    '\x1b[3~',
    '\x1bOC',
  )
  fc.assert(
    fc.property(fc.array(keys, { maxLength: 40 }), fc.nat(5), (pressed, cut) => {
      const { editor, screen, lines } = terminal({ history: ['first', 'second one'] })
      const typed = pressed.join('')
      for (let at = 0; at < typed.length; at += cut + 1) editor.feed(typed.slice(at, at + cut + 1))
      const shown = screen.text()
      editor.feed('\r')
      expect(`$ ${lines[0] ?? ''}`.trimEnd()).toBe(shown)
    }),
  )
})
