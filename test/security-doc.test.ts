import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const numbered = (letter: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${letter}-${String(index + 1).padStart(2, '0')}`)
const checks = [...numbered('A', 26), ...numbered('P', 19), ...numbered('W', 22), ...numbered('X', 14), ...numbered('L', 8)]

const rows = read('docs/security.md')
  .split('\n')
  .filter((line) => /^\| [A-Z]-\d\d \|/.test(line))
  .map((line) => {
    const [, id = '', , state = '', shownBy = '', missing = ''] = line.split('|').map((cell) => cell.trim())
    const files = [...shownBy.matchAll(/\]\(([^)]+)\)/g)].map((match) => normalize(join('docs', match[1] ?? '')))
    return { id, state, files: files.toSorted(), missing }
  })

/** For each check, the files with a test that bears its ID. */
const shown = new Map<string, Set<string>>()
for (const file of execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '--', '*.test.ts', '*.test.tsx', '*.e2e.ts'],
  {
    cwd: root,
    encoding: 'utf8',
  },
)
  .split('\n')
  .filter(Boolean)) {
  for (const [, title = ''] of read(file).matchAll(/(?:^|\s|\))(?:test\(|\()\s*(['"`].*?['"`]),/gm)) {
    for (const [, id = ''] of title.matchAll(/\[([APWXL]-\d\d)\]/g)) shown.set(id, (shown.get(id) ?? new Set()).add(file))
  }
}

test('docs/security.md has a line for each check, once', () => {
  expect(rows.map(({ id }) => id)).toEqual(checks)
})

test('docs/security.md names exactly the files whose tests bear a check’s ID, and no test bears an unknown one', () => {
  expect([...shown.keys()].filter((id) => !checks.includes(id))).toEqual([])
  expect(rows.map(({ id, files }) => [id, files])).toEqual(rows.map(({ id }) => [id, [...(shown.get(id) ?? [])].toSorted()]))
})

test('docs/security.md calls nothing met that no test shows, and says what is missing of the rest', () => {
  for (const { id, state, files, missing } of rows) {
    expect([id, state]).toEqual([id, expect.stringMatching(/^(met|partly|not met)$/)])
    expect([id, files.length > 0]).toEqual([id, state !== 'not met'])
    // What is not met may speak for itself.
    expect([id, state === 'not met' || (missing === '') === (state === 'met')]).toEqual([id, true])
  }
})
