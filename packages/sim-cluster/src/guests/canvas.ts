// A screen to draw on: filled rectangles and text in the console font, magnified.
import { glyph, glyphHeight, glyphWidth } from './font.ts'
import { intersection, type Rect, type Screen } from './screen.ts'

export type Canvas = Screen & {
  fill(rect: Rect, colour: number): void
  /** A whole picture at once. */
  put(picture: Uint32Array): void
  text(x: number, y: number, text: string, colour: number, scale?: number): void
  /** Shows what was drawn, and tells viewers where it differs from what was shown before. */
  present(): void
}

/** The finest that differences are told. */
const bandHeight = 16

export const textWidth = (text: string, scale = 1) => text.length * glyphWidth * scale

export function createCanvas(width: number, height: number): Canvas {
  const pixels = new Uint32Array(width * height)
  const shown = new Uint32Array(width * height)
  const listeners = new Set<(rect: Rect) => void>()
  const whole = { x: 0, y: 0, width, height }
  return {
    width,
    height,
    fill(rect, colour) {
      const area = intersection(rect, whole)
      if (!area) return
      for (let y = area.y; y < area.y + area.height; y += 1) {
        pixels.fill(colour, y * width + area.x, y * width + area.x + area.width)
      }
    },
    put: (picture) => pixels.set(picture),
    text(x, y, text, colour, scale = 1) {
      for (let index = 0; index < text.length; index += 1) {
        const rows = glyph(text.charCodeAt(index))
        for (let row = 0; row < glyphHeight; row += 1) {
          for (let column = 0; column < glyphWidth; column += 1) {
            if (!(((rows[row] ?? 0) >> (glyphWidth - 1 - column)) & 1)) continue
            this.fill({ x: x + (index * glyphWidth + column) * scale, y: y + row * scale, width: scale, height: scale }, colour)
          }
        }
      }
    },
    present() {
      for (let top = 0; top < height; top += bandHeight) {
        const rows = Math.min(bandHeight, height - top)
        let left = width
        let right = 0
        for (let y = top; y < top + rows; y += 1) {
          for (let x = 0; x < width; x += 1) {
            if (pixels[y * width + x] === shown[y * width + x]) continue
            left = Math.min(left, x)
            right = Math.max(right, x + 1)
          }
        }
        if (left >= right) continue
        shown.set(pixels.subarray(top * width, (top + rows) * width), top * width)
        for (const listener of listeners) listener({ x: left, y: top, width: right - left, height: rows })
      }
    },
    read(rect) {
      const part = new Uint32Array(rect.width * rect.height)
      for (let row = 0; row < rect.height; row += 1) {
        const from = (rect.y + row) * width + rect.x
        part.set(shown.subarray(from, from + rect.width), row * rect.width)
      }
      return part
    },
    onDamage(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
