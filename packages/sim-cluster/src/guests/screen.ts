// What a VNC client sees of a guest: pixels, and word of where they changed.

export type Rect = { x: number; y: number; width: number; height: number }

export type Screen = {
  readonly width: number
  readonly height: number
  /** Pixels of a rectangle as 0xRRGGBB, row by row. */
  read(rect: Rect): Uint32Array
  /** Tells of every change, as it happens; returns the end of it. */
  onDamage(listener: (rect: Rect) => void): () => void
}

export function intersection(a: Rect, b: Rect): Rect | undefined {
  const x = Math.max(a.x, b.x)
  const y = Math.max(a.y, b.y)
  const width = Math.min(a.x + a.width, b.x + b.width) - x
  const height = Math.min(a.y + a.height, b.y + b.height) - y
  return width > 0 && height > 0 ? { x, y, width, height } : undefined
}
