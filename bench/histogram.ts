// Milliseconds by the hundredth: millions of them cost no memory.

const perMs = 100
const longestMs = 60_000

export function histogram() {
  const buckets = new Uint32Array(longestMs * perMs)
  let count = 0
  return {
    add(ms: number) {
      const bucket = Math.min(buckets.length - 1, Math.max(0, Math.round(ms * perMs)))
      buckets[bucket] = (buckets[bucket] ?? 0) + 1
      count += 1
    },
    count: () => count,
    clear() {
      buckets.fill(0)
      count = 0
    },
    /** The value below which this share of all lies; NaN where there are none. */
    at(share: number): number {
      if (count === 0) return Number.NaN
      let left = count * share
      for (const [bucket, size] of buckets.entries()) {
        left -= size
        if (left <= 0 && size > 0) return bucket / perMs
      }
      return longestMs
    },
  }
}
