// Copies of an object that differ in a few words and times: what does not differ is shared, so that ten thousand
// settled VMs are written in a second or two.

export type Stamp<T> = (values: StampValues) => T
export type StampValues = {
  /** What each token becomes. */
  words: Record<string, string>
  /** How far every time in the object moves. */
  shiftMs: number
}

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/

type Part = (values: StampValues, times: Map<string, string>) => unknown

/** Finds tokens and times in an object once; the stamp then only rebuilds the branches that carry one. */
export function compileStamp<T>(object: T, tokens: readonly string[]): Stamp<T> {
  const pattern = new RegExp(tokens.map((token) => token.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)).join('|'), 'g')

  function textPart(text: string): Part | undefined {
    if (rfc3339.test(text)) {
      const at = Date.parse(text)
      const micro = text.includes('.')
      return ({ shiftMs }, times) => {
        let shifted = times.get(text)
        if (shifted === undefined) {
          shifted = new Date(at + shiftMs).toISOString().replace(/\.\d+Z$/, micro ? '.000000Z' : 'Z')
          times.set(text, shifted)
        }
        return shifted
      }
    }
    const found = [...text.matchAll(pattern)]
    if (found.length === 0) return undefined
    if (found.length === 1 && found[0]?.[0] === text) return ({ words }) => words[text]
    return ({ words }) => text.replaceAll(pattern, (token) => words[token] ?? token)
  }

  function compile(value: unknown): Part | undefined {
    if (typeof value === 'string') return textPart(value)
    if (Array.isArray(value)) {
      const parts = value.map(compile)
      if (parts.every((part) => part === undefined)) return undefined
      return (values, times) => value.map((item: unknown, i) => parts[i]?.(values, times) ?? item)
    }
    if (value && typeof value === 'object') {
      const entries = Object.entries(value).map(([key, item]) => ({
        key,
        keyPart: textPart(key),
        item: item as unknown,
        part: compile(item),
      }))
      if (entries.every(({ keyPart, part }) => !keyPart && !part)) return undefined
      return (values, times) => {
        const copy: Record<string, unknown> = {}
        for (const { key, keyPart, item, part } of entries)
          copy[keyPart ? String(keyPart(values, times)) : key] = part ? part(values, times) : item
        return copy
      }
    }
    return undefined
  }

  const part = compile(object)
  return (values) => (part ? (part(values, new Map()) as T) : object)
}
