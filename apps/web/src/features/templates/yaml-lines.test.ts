import { expect, test } from 'vitest'
import { changeCount, yamlLines } from './yaml-lines.ts'

test('marks the lines that differ, and counts the places', () => {
  const before = 'kind: VM\nname: ""\nspec:\n  cores: 2\n  memory: 4Gi\n'
  const lines = yamlLines('kind: VM\nname: web\nspec:\n  cores: 4\n  memory: 8Gi\n  disk: 1\n', before)
  expect(lines.map(({ changed }) => changed)).toEqual([false, true, false, true, true, true])
  expect(changeCount(lines)).toBe(2)
})

test('keeps every character of every line in its parts', () => {
  const text = 'a: 1\nb:\n  - name: x\n    url: http://host:80/#frag\n  - plain\nc: "quoted: text"\n"d e": {}\n# comment: no'
  const lines = yamlLines(text, text)
  expect(lines.map(({ parts }) => parts.map((part) => part.text).join(''))).toEqual(text.split('\n'))
  expect(lines.some(({ changed }) => changed)).toBe(false)
  expect(lines[0]?.parts.map(({ kind }) => kind)).toEqual(['key', 'punctuation', 'number'])
  expect(lines[3]?.parts.map(({ kind, text: part }) => [kind, part])).toContainEqual(['text', ' http://host:80/#frag'])
  expect(lines[7]?.parts.map(({ kind }) => kind)).toEqual(['text'])
})
