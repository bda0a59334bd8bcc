// Keys as RFB names them: X11 keysyms, with the DOM code of the key, which QEMU turns into a scancode.

export type Key = { keysym: number; code: string }

const key = (keysym: number, code: string): Key => ({ keysym, code })

export const keys = {
  backspace: key(0xff08, 'Backspace'),
  tab: key(0xff09, 'Tab'),
  enter: key(0xff0d, 'Enter'),
  escape: key(0xff1b, 'Escape'),
  delete: key(0xffff, 'Delete'),
  left: key(0xff51, 'ArrowLeft'),
  up: key(0xff52, 'ArrowUp'),
  right: key(0xff53, 'ArrowRight'),
  down: key(0xff54, 'ArrowDown'),
  shift: key(0xffe1, 'ShiftLeft'),
  control: key(0xffe3, 'ControlLeft'),
  alt: key(0xffe9, 'AltLeft'),
  super: key(0xffeb, 'MetaLeft'),
  printScreen: key(0xff61, 'PrintScreen'),
} as const

export const functionKey = (number: number): Key => key(0xffbd + number, `F${number}`)

export type KeyStroke = { key: Key; down: boolean }

/** Pressed in order, released in the opposite order. */
export const chord = (...pressed: Key[]): KeyStroke[] => [
  ...pressed.map((each) => ({ key: each, down: true })),
  ...pressed.toReversed().map((each) => ({ key: each, down: false })),
]

// Where the characters are on a US keyboard: guests and QEMU's default key map assume it.
const plain = "`1234567890-=qwertyuiop[]\\asdfghjkl;'zxcvbnm,./ "
const shifted = '~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:"ZXCVBNM<>?'
const codes = [
  'Backquote',
  ...Array.from('1234567890', (digit) => `Digit${digit}`),
  'Minus',
  'Equal',
  ...Array.from('QWERTYUIOP', (letter) => `Key${letter}`),
  'BracketLeft',
  'BracketRight',
  'Backslash',
  ...Array.from('ASDFGHJKL', (letter) => `Key${letter}`),
  'Semicolon',
  'Quote',
  ...Array.from('ZXCVBNM', (letter) => `Key${letter}`),
  'Comma',
  'Period',
  'Slash',
  'Space',
]

/** The strokes that type one character; those that no key has go by their keysym alone. */
export function typeCharacter(character: string): KeyStroke[] {
  if (character === '\n' || character === '\r') return chord(keys.enter)
  if (character === '\t') return chord(keys.tab)
  const codePoint = character.codePointAt(0) ?? 0
  const keysym = codePoint < 0x100 ? codePoint : 0x01000000 + codePoint
  const at = plain.indexOf(character)
  if (at >= 0) return chord(key(keysym, codes[at] ?? ''))
  const shiftedAt = shifted.indexOf(character)
  return shiftedAt >= 0 ? chord(keys.shift, key(keysym, codes[shiftedAt] ?? '')) : chord(key(keysym, ''))
}

/** Text as somebody types it: line ends are one Enter, other control characters are no keys. */
export const typeable = (text: string): string[] =>
  Array.from(text.replaceAll('\r\n', '\n')).filter((character) => (character >= ' ' ? character !== '\x7f' : '\n\r\t'.includes(character)))
