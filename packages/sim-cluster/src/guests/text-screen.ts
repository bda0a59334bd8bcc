// A virtual console as the Linux kernel draws it on a frame buffer: cells, a cursor, and the escape sequences that boot
// logs and shells use. https://man7.org/linux/man-pages/man4/console_codes.4.html
import { glyph, glyphHeight, glyphWidth } from './font.ts'
import type { Rect, Screen } from './screen.ts'

const palette = [
  0x000000, 0xaa0000, 0x00aa00, 0xaa5500, 0x0000aa, 0xaa00aa, 0x00aaaa, 0xaaaaaa, 0x555555, 0xff5555, 0x55ff55, 0xffff55, 0x5555ff,
  0xff55ff, 0x55ffff, 0xffffff,
]
const defaultForeground = 7
const blank = 0x20

export type TextScreen = Screen & {
  readonly columns: number
  readonly rows: number
  write(text: string): void
  clear(): void
  /** What stands on the screen, line by line, without trailing blanks. */
  text(): string
}

export function createTextScreen(columns = 128, rows = 48): TextScreen {
  const characters = new Uint16Array(columns * rows).fill(blank)
  // Foreground in the low four bits, background in the high four.
  const colours = new Uint8Array(columns * rows).fill(defaultForeground)
  const listeners = new Set<(rect: Rect) => void>()
  let column = 0
  let row = 0
  let cursorShown = true
  let foreground = defaultForeground
  let background = 0
  let bold = false
  let reverse = false
  let escape: string | undefined

  const damage = (rect: Rect) => {
    for (const listener of listeners) listener(rect)
  }
  const damageCells = (fromColumn: number, fromRow: number, width: number, height = 1) =>
    damage({ x: fromColumn * glyphWidth, y: fromRow * glyphHeight, width: width * glyphWidth, height: height * glyphHeight })
  const attribute = () => {
    const front = bold && foreground < 8 ? foreground + 8 : foreground
    return reverse ? background | (front << 4) : front | (background << 4)
  }
  const erase = (from: number, to: number) => {
    characters.fill(blank, from, to)
    colours.fill(defaultForeground | (background << 4), from, to)
    const firstRow = Math.floor(from / columns)
    damageCells(0, firstRow, columns, Math.ceil(to / columns) - firstRow)
  }
  const moveTo = (toColumn: number, toRow: number) => {
    damageCells(Math.min(column, columns - 1), row, 1)
    column = Math.max(0, Math.min(columns - 1, toColumn))
    row = Math.max(0, Math.min(rows - 1, toRow))
    damageCells(column, row, 1)
  }
  const lineFeed = () => {
    if (row < rows - 1) {
      moveTo(column, row + 1)
      return
    }
    characters.copyWithin(0, columns)
    colours.copyWithin(0, columns)
    erase((rows - 1) * columns, rows * columns)
    damageCells(0, 0, columns, rows)
  }
  const put = (codeUnit: number) => {
    if (column >= columns) {
      column = 0
      lineFeed()
    }
    const at = row * columns + column
    characters[at] = codeUnit
    colours[at] = attribute()
    // The cell and, right of it, the cursor.
    damageCells(column, row, Math.min(2, columns - column))
    column += 1
  }
  const select = (codes: number[]) => {
    for (const code of codes) {
      if (code === 0) {
        foreground = defaultForeground
        background = 0
        bold = false
        reverse = false
      } else if (code === 1) bold = true
      else if (code === 22) bold = false
      else if (code === 7) reverse = true
      else if (code === 27) reverse = false
      else if (code >= 30 && code <= 37) foreground = code - 30
      else if (code === 39) foreground = defaultForeground
      else if (code >= 40 && code <= 47) background = code - 40
      else if (code === 49) background = 0
      else if (code >= 90 && code <= 97) foreground = code - 82
    }
  }
  const control = (sequence: string) => {
    const final = sequence.at(-1)
    const parameters = sequence.slice(1, -1)
    if (parameters.startsWith('?')) {
      if (parameters === '?25') {
        cursorShown = final === 'h'
        moveTo(column, row)
      }
      return
    }
    const numbers = parameters.split(';').map((text) => Number(text) || 0)
    const [first = 0, second = 0] = numbers
    const cursor = row * columns + Math.min(column, columns - 1)
    if (final === 'm') select(numbers)
    else if (final === 'A') moveTo(column, row - (first || 1))
    else if (final === 'B') moveTo(column, row + (first || 1))
    else if (final === 'C') moveTo(column + (first || 1), row)
    else if (final === 'D') moveTo(column - (first || 1), row)
    else if (final === 'G') moveTo((first || 1) - 1, row)
    else if (final === 'H' || final === 'f') moveTo((second || 1) - 1, (first || 1) - 1)
    else if (final === 'J') erase(first === 2 ? 0 : cursor, columns * rows)
    else if (final === 'K') erase(first === 2 ? row * columns : cursor, (row + 1) * columns)
  }
  const writeUnit = (codeUnit: number) => {
    const character = String.fromCharCode(codeUnit)
    if (escape !== undefined) {
      escape += character
      if (escape === '[') return
      if (!escape.startsWith('[')) escape = undefined
      else if (/[@-~]/.test(character)) {
        control(escape)
        escape = undefined
      } else if (escape.length > 32) escape = undefined
      return
    }
    if (codeUnit === 0x1b) escape = ''
    else if (character === '\r') moveTo(0, row)
    else if (character === '\n') lineFeed()
    else if (character === '\b') moveTo(Math.min(column, columns) - 1, row)
    else if (character === '\t') moveTo((Math.floor(column / 8) + 1) * 8, row)
    else if (codeUnit >= blank && codeUnit !== 0x7f) put(codeUnit)
  }

  return {
    width: columns * glyphWidth,
    height: rows * glyphHeight,
    columns,
    rows,
    write(text) {
      for (let index = 0; index < text.length; index += 1) writeUnit(text.charCodeAt(index))
    },
    clear() {
      select([0])
      erase(0, columns * rows)
      moveTo(0, 0)
    },
    text() {
      const lines = Array.from({ length: rows }, (_, line) =>
        String.fromCharCode(...characters.subarray(line * columns, (line + 1) * columns)).trimEnd(),
      )
      return lines.join('\n').trimEnd()
    },
    read(rect) {
      const pixels = new Uint32Array(rect.width * rect.height)
      let index = 0
      for (let y = rect.y; y < rect.y + rect.height; y += 1) {
        const cellRow = Math.floor(y / glyphHeight)
        const glyphRow = y % glyphHeight
        for (let x = rect.x; x < rect.x + rect.width; x += 1) {
          const cellColumn = Math.floor(x / glyphWidth)
          const cell = cellRow * columns + cellColumn
          const colour = colours[cell] ?? 0
          const underCursor = cursorShown && glyphRow >= 14 && cellRow === row && cellColumn === Math.min(column, columns - 1)
          const bits = glyph(characters[cell] ?? blank)[glyphRow] ?? 0
          const lit = underCursor || (bits >> (glyphWidth - 1 - (x % glyphWidth))) & 1
          pixels[index] = palette[lit ? colour & 15 : colour >> 4] ?? 0
          index += 1
        }
      }
      return pixels
    },
    onDamage(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
