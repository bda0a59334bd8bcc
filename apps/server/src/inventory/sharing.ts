// One string and one object for all equal ones. Ten thousand VMs have the same few conditions, sizes and images, of which
// JSON makes new ones each time.

/** What is handed in is given back, or what was handed in before and equals it: it must not be changed by anybody. */
export type Sharing = {
  text(text: string): string
  /** Of objects whose fields stand in the same order. */
  object<T extends object>(object: T): T
}

const maxStrings = 10_000
const maxObjects = 4_000
const maxStringLength = 300
const maxObjectLength = 1_000

export function createSharing(): Sharing {
  const strings = recent<string>(maxStrings)
  const objects = recent<object>(maxObjects)
  return {
    text: (text) => (text.length > maxStringLength ? text : strings(text, text)),
    object<T extends object>(object: T): T {
      const text = JSON.stringify(object)
      // Equal texts of kept fields are equal objects, of the same kind.
      return text.length > maxObjectLength ? object : (objects(text, object) as T)
    },
  }
}

/** Remembers at least the last `max` different values, and no more than twice as many: what differs each time pushes nothing out for long. */
function recent<V>(max: number): (key: string, value: V) => V {
  let young = new Map<string, V>()
  let old = new Map<string, V>()
  return (key, value) => {
    const found = young.get(key)
    if (found !== undefined) return found
    const known = old.get(key) ?? value
    if (young.size >= max) {
      old = young
      young = new Map()
    }
    young.set(key, known)
    return known
  }
}
