// Seeded randomness: the same seed gives the same names, uids and addresses.

export type Random = {
  /** In [0, 1). */
  next(): number
  integer(below: number): number
  pick<T>(from: readonly T[]): T
  /** A version 4 UUID. */
  uuid(): string
  /** What the API server appends to a generateName: no vowels, no confusable digits. */
  suffix(length?: number): string
}

const alphabet = 'bcdfghjklmnpqrstvwxz2456789'.split('')

/**
 * The seed of one of several streams that begin with the same number. Whoever draws from that number itself draws what
 * the others draw, uids included.
 */
export const seedFor = (purpose: string, seed: number): number => hashOf(`${purpose} ${seed}`)

export function createRandom(seed: number): Random {
  let state = seed >>> 0
  // mulberry32
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const integer = (below: number) => Math.floor(next() * below)
  const pick = <T>(from: readonly T[]): T => from[integer(from.length)] as T
  const hex = (digits: number) => {
    let text = ''
    while (text.length < digits)
      text += Math.floor(next() * 4294967296)
        .toString(16)
        .padStart(8, '0')
    return text.slice(0, digits)
  }
  return {
    next,
    integer,
    pick,
    uuid() {
      const h = hex(32)
      return `${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-${'89ab'[integer(4)]}${h.slice(17, 20)}-${h.slice(20)}`
    },
    suffix: (length = 5) => Array.from({ length }, () => pick(alphabet)).join(''),
  }
}

/** A number that depends on a text alone (FNV-1a): for choices that must not depend on the order of events. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0
  return hash
}
