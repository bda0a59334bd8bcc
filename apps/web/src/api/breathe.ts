// Long work in slices: between them a key that was pressed is handled, and a frame is drawn.

/** A slice may take so long that one more of its kind still fits into a frame. */
const SLICE_MS = 6

/** Lets others have their turn. */
export function breathe(): Promise<void> {
  const { scheduler } = globalThis as { scheduler?: { yield?: () => Promise<void> } }
  return scheduler?.yield?.() ?? new Promise((resolve) => setTimeout(resolve))
}

/** Breathes whenever the time since it last did is used up: `await slices.pause()` between small steps. */
export function inSlices(): { pause(): Promise<void> | undefined } {
  let startedAt = performance.now()
  return {
    pause() {
      if (performance.now() - startedAt < SLICE_MS) return undefined
      return breathe().then(() => void (startedAt = performance.now()))
    },
  }
}
