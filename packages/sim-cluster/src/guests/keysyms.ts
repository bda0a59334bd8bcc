// X11 keysyms as a Linux virtual console turns them into characters.
// https://gitlab.freedesktop.org/xorg/proto/xorgproto/-/blob/master/include/X11/keysymdef.h

export const keysym = {
  backspace: 0xff08,
  tab: 0xff09,
  enter: 0xff0d,
  escape: 0xff1b,
  delete: 0xffff,
  f1: 0xffbe,
  f12: 0xffc9,
  shiftLeft: 0xffe1,
  shiftRight: 0xffe2,
  controlLeft: 0xffe3,
  controlRight: 0xffe4,
  altLeft: 0xffe9,
  altRight: 0xffea,
} as const

const sequences = new Map<number, string>([
  [keysym.backspace, '\x7f'],
  [keysym.tab, '\t'],
  [keysym.enter, '\r'],
  [keysym.escape, '\x1b'],
  [keysym.delete, '\x1b[3~'],
  [0xff8d, '\r'],
  [0xff50, '\x1b[H'],
  [0xff51, '\x1b[D'],
  [0xff52, '\x1b[A'],
  [0xff53, '\x1b[C'],
  [0xff54, '\x1b[B'],
  [0xff55, '\x1b[5~'],
  [0xff56, '\x1b[6~'],
  [0xff57, '\x1b[F'],
])
// The keypad's operators and digits: 0xffaa is *, 0xffb0 is 0.
for (let code = 0xffaa; code <= 0xffb9; code += 1) sequences.set(code, String.fromCharCode(code - 0xff80))

export type Modifiers = { control: boolean; alt: boolean }

/** The character of a keysym, for keys that have one. */
export function keysymCharacter(code: number): string | undefined {
  if ((code >= 0x20 && code <= 0x7e) || (code >= 0xa0 && code <= 0xff)) return String.fromCharCode(code)
  if (code >= 0x01000100 && code <= 0x0110ffff) return String.fromCodePoint(code - 0x01000000)
  return undefined
}

/** What a tty reads when a key goes down, or undefined for keys that say nothing. */
export function keysymToTty(code: number, { control, alt }: Modifiers): string | undefined {
  const character = keysymCharacter(code)
  let text = sequences.get(code) ?? character
  if (text === undefined) return undefined
  if (control && character && /^[@-_a-z ]$/.test(character)) {
    text = String.fromCharCode(character === ' ' ? 0 : character.toUpperCase().charCodeAt(0) - 0x40)
  }
  return alt ? `\x1b${text}` : text
}

/** Follows which modifiers are held. */
export function createKeyboard(): { press(code: number, down: boolean): Modifiers } {
  const held = new Set<number>()
  return {
    press(code, down) {
      if (down) held.add(code)
      else held.delete(code)
      return {
        control: held.has(keysym.controlLeft) || held.has(keysym.controlRight),
        alt: held.has(keysym.altLeft) || held.has(keysym.altRight),
      }
    },
  }
}
