// A screen to draw on: filled rectangles and text in the console font, magnified.
import { glyph, glyphHeight, glyphWidth } from './font.ts'
import { intersection, type Rect, type Screen } from './screen.ts'

export type Canvas = Screen & {
  fill(rect: Rect, colour: number | ((x: number, y: number) => number)): void
  text(x: number, y: number, text: string, colour: number, scale?: number): void
  /** Tells viewers that a part was redrawn. */
  changed(rect: Rect): void
}

export const textWidth = (text: string, scale = 1) => text.length * glyphWidth * scale

export function createCanvas(width: number, height: number): Canvas {
  const pixels = new Uint32Array(width * height)
  const listeners = new Set<(rect: Rect) => void>()
  const whole = { x: 0, y: 0, width, height }
  return {
    width,
    height,
    fill(rect, colour) {
      const area = intersection(rect, whole)
      if (!area) return
      for (let y = area.y; y < area.y + area.height; y += 1) {
        const row = y * width
        if (typeof colour === 'number') pixels.fill(colour, row + area.x, row + area.x + area.width)
        else for (let x = area.x; x < area.x + area.width; x += 1) pixels[row + x] = colour(x, y)
      }
    },
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
    changed(rect) {
      for (const listener of listeners) listener(rect)
    },
    read(rect) {
      const part = new Uint32Array(rect.width * rect.height)
      for (let row = 0; row < rect.height; row += 1) {
        const from = (rect.y + row) * width + rect.x
        part.set(pixels.subarray(from, from + rect.width), row * rect.width)
      }
      return part
    },
    onDamage(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
