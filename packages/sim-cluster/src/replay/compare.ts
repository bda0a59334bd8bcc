// Where two normalised answers differ.

export type Difference = { path: string; recorded: unknown; answered: unknown }

/** Paths that are not compared, as `status.conditions[*].message`; `*` stands for one key or every index. */
export type IgnoredPaths = readonly string[]

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

function isIgnored(path: readonly string[], ignored: readonly (readonly string[])[]): boolean {
  return ignored.some((pattern) => {
    if (pattern[0] === '**') {
      const rest = pattern.slice(1)
      return path.length >= rest.length && rest.every((part, index) => part === '*' || part === path[path.length - rest.length + index])
    }
    return pattern.length === path.length && pattern.every((part, index) => part === '*' || part === path[index])
  })
}

/** A path as its parts: `items[*].spec` is `items`, `*`, `spec`; a part with dots is written in quotes. */
export function pathParts(path: string): string[] {
  return [...path.matchAll(/"([^"]*)"|\[([^\]]*)\]|([^.[\]"]+)/g)].map((match) => match[1] ?? match[2] ?? match[3] ?? '')
}

const showPath = (parts: readonly string[]) =>
  parts
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : /[./]/.test(part) ? `."${part}"` : `.${part}`))
    .join('')
    .replace(/^\./, '')

/** Every place where the two differ; `undefined` stands for what is not there. */
export function differences(recorded: unknown, answered: unknown, ignore: IgnoredPaths = []): Difference[] {
  const ignored = ignore.map(pathParts)
  const found: Difference[] = []
  const visit = (left: unknown, right: unknown, path: string[]): void => {
    if (isIgnored(path, ignored)) return
    if (isObject(left) && isObject(right)) {
      for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) visit(left[key], right[key], [...path, key])
      return
    }
    if (Array.isArray(left) && Array.isArray(right)) {
      const length = Math.max(left.length, right.length)
      for (let index = 0; index < length; index += 1) visit(left[index], right[index], [...path, String(index)])
      return
    }
    if (left !== right) found.push({ path: showPath(path), recorded: left, answered: right })
  }
  visit(recorded, answered, [])
  return found
}

const brief = (value: unknown) => {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length > 300 ? `${text.slice(0, 300)}…` : text
}

/** A difference as a person reads it. */
export const showDifference = ({ path, recorded, answered }: Difference): string =>
  `${path || 'body'}: recorded ${brief(recorded)}, answered ${brief(answered)}`
