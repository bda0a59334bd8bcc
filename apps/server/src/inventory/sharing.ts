// One string and one object for all equal ones. Ten thousand VMs have the same few conditions, sizes and images, of which
// JSON makes new ones each time.

/** What is handed in is given back, or what was handed in before and equals it: it must not be changed by anybody. */
export type Sharing = {
  text(text: string): string
  /** Equal is what has equal fields in the same order. */
  object<T extends object>(object: T): T
}

const maxTextLength = 300
const textPlaces = 8_192
const objectPlaces = 4_096

export function createSharing(): Sharing {
  const texts = createPlaces<string>(textPlaces, (a, b) => a === b)
  const objects = createPlaces<object>(objectPlaces, isEqual)
  return {
    text: (text) => (text.length > maxTextLength ? text : texts(hashOfText(text), text)),
    object<T extends object>(object: T): T {
      return objects(hashOf(object), object) as T
    },
  }
}

/**
 * Remembers two values in each of so many places (a power of two): one that was asked for again, and the newest. What comes
 * once pushes out nothing but its like, and nothing is allocated, however many different ones come.
 */
function createPlaces<V>(places: number, equal: (a: V, b: V) => boolean): (hash: number, value: V) => V {
  const again = Array.from<V | undefined>({ length: places }).fill(undefined)
  const newest = Array.from<V | undefined>({ length: places }).fill(undefined)
  return (hash, value) => {
    const place = (hash ^ (hash >>> 16)) & (places - 1)
    const known = again[place]
    if (known !== undefined && equal(known, value)) return known
    const last = newest[place]
    if (last === undefined || !equal(last, value)) {
      newest[place] = value
      return value
    }
    again[place] = last
    newest[place] = known
    return last
  }
}

const hashedLetters = 16

/** Of its length and its last letters: texts that differ elsewhere share a place. */
function hashOfText(text: string): number {
  const { length } = text
  let hash = length
  for (let at = Math.max(0, length - hashedLetters); at < length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x9e3779b1)
  return hash
}

/** Of an object that is shared or of what is in it. */
function hashOf(value: unknown): number {
  if (typeof value === 'string') return hashOfText(value)
  if (typeof value !== 'object' || value === null) return Number(value ?? 0)
  let hash = 0
  for (const key in value)
    hash = Math.imul(hash ^ key.length, 0xc2b2ae35) ^ Math.imul(hashOf((value as Record<string, unknown>)[key]), 0x85ebca6b)
  return hash
}

/** Of JSON values: whether they are written alike. */
function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false
  const keys = Object.keys(a)
  const others = Object.keys(b)
  if (keys.length !== others.length) return false
  for (let at = 0; at < keys.length; at += 1) {
    const key = keys[at] as string
    if (key !== others[at] || !isEqual((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key])) return false
  }
  return true
}
