// Fields that a JSON text names twice, which JSON.parse does not tell.
// https://github.com/kubernetes/apiserver/blob/9d86305/pkg/endpoints/handlers/create.go (strict decoding)

type Container = { path: string; keys?: Set<string>; index: number }

const whitespace = new Set([' ', '\n', '\r', '\t'])

function endOfString(text: string, start: number): number {
  let end = start + 1
  while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1
  return end
}

/** The paths of duplicate fields, as `spec.disks[0].name`, in their order; of a text that JSON.parse takes. */
export function duplicateFields(text: string): string[] {
  const found: string[] = []
  const open: Container[] = []
  let path = ''
  let expectsKey = false
  for (let position = 0; position < text.length; position += 1) {
    const character = text[position] ?? ''
    const container = open.at(-1)
    if (whitespace.has(character)) continue
    if (character === '"') {
      const end = endOfString(text, position)
      if (expectsKey && container?.keys) {
        const key = JSON.parse(text.slice(position, end + 1)) as string
        path = container.path === '' ? key : `${container.path}.${key}`
        if (container.keys.has(key)) found.push(path)
        container.keys.add(key)
        expectsKey = false
      }
      position = end
    } else if (character === '{') {
      open.push({ path, keys: new Set(), index: 0 })
      expectsKey = true
    } else if (character === '[') {
      open.push({ path, index: 0 })
      path = `${path}[0]`
    } else if (character === '}' || character === ']') {
      open.pop()
      expectsKey = false
    } else if (character === ',' && container) {
      if (container.keys) expectsKey = true
      else path = `${container.path}[${(container.index += 1)}]`
    }
  }
  return found
}
