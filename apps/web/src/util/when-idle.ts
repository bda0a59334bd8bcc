/** Calls back when there is nothing else to do; browsers that cannot tell get a moment. Returns what calls it off. */
export function whenIdle(run: () => void): () => void {
  if (typeof requestIdleCallback !== 'function') {
    const timer = setTimeout(run, 300)
    return () => clearTimeout(timer)
  }
  const idle = requestIdleCallback(run, { timeout: 3_000 })
  return () => cancelIdleCallback(idle)
}
