// YAML as lines: each in its coloured parts, and whether it is the template's or the form's.

type YamlPart = { kind: 'key' | 'punctuation' | 'number' | 'text'; text: string }
export type YamlLine = { text: string; changed: boolean; parts: YamlPart[] }

/** The lines of `text`; changed are those that `before` does not have in the same order. */
export function yamlLines(text: string, before: string): YamlLine[] {
  const lines = text.trimEnd().split('\n')
  const kept = commonLines(lines, before.trimEnd().split('\n'))
  return lines.map((line, index) => ({ text: line, changed: !kept.has(index), parts: yamlParts(line) }))
}

/** How many runs of changed lines there are. */
export function changeCount(lines: readonly YamlLine[]): number {
  return lines.filter(({ changed }, index) => changed && !lines[index - 1]?.changed).length
}

/** The indices of `lines` that are part of a longest common subsequence with `others`. */
function commonLines(lines: readonly string[], others: readonly string[]): Set<number> {
  const width = others.length + 1
  const lengths = new Uint32Array((lines.length + 1) * width)
  const at = (i: number, j: number) => lengths[i * width + j] ?? 0
  for (let i = lines.length - 1; i >= 0; i--) {
    for (let j = others.length - 1; j >= 0; j--) {
      lengths[i * width + j] = lines[i] === others[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
    }
  }
  const kept = new Set<number>()
  for (let i = 0, j = 0; i < lines.length && j < others.length;) {
    if (lines[i] === others[j]) {
      kept.add(i++)
      j++
    } else if (at(i + 1, j) >= at(i, j + 1)) i++
    else j++
  }
  return kept
}

function yamlParts(line: string): YamlPart[] {
  const entry = /^(\s*(?:- )*)([^\s:#'"][^:#]*|"[^"]*"|'[^']*')(:)(?=\s|$)(.*)$/.exec(line)
  if (!entry) return valueParts(line)
  const [, indent = '', key = '', colon = '', value = ''] = entry
  return [
    { kind: 'punctuation', text: indent },
    { kind: 'key', text: key },
    { kind: 'punctuation', text: colon },
    ...valueParts(value),
  ].filter(({ text }) => text !== '') as YamlPart[]
}

function valueParts(text: string): YamlPart[] {
  const plain = text.trim().replace(/^- /, '')
  const number = /^(-?\d+(\.\d+)?([KMGTPE]i?|m)?|true|false|null)$/.test(plain)
  return text === '' ? [] : [{ kind: number ? 'number' : 'text', text }]
}
