// Every claimed capture, and that docs/simulation.md says what is not claimed. The captures lie outside the repository.
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { capturesDirectory } from './replay/captures.ts'
import { claims } from './replay/claims.ts'
import { showDifference } from './replay/compare.ts'
import { exceptionsInMarkdown } from './replay/markdown.ts'
import { capturesExist, countByFolder, runReplay, type Run } from './replay/run.ts'
import { simulatedTarget } from './replay/simulated-target.ts'

test('docs/simulation.md lists every exception with its reason', () => {
  const documentation = readFileSync(new URL('../../../docs/simulation.md', import.meta.url), 'utf8')
  expect(documentation).toContain(exceptionsInMarkdown())
})

const here = capturesExist()
if (!here) console.warn(`The replay is skipped: the captures of a real cluster are not in ${capturesDirectory}.`)

describe.skipIf(!here)('the simulated cluster answers as the recorded one', () => {
  let run: Run
  beforeAll(async () => {
    run = await runReplay(simulatedTarget)
  }, 60_000)

  test('every claimed capture passes', () => {
    const failures = run.verdicts.flatMap((verdict) =>
      verdict.verdict === 'failed' ? [`${verdict.name}\n${verdict.differences.slice(0, 5).map(showDifference).join('\n')}`] : [],
    )
    expect(failures).toEqual([])
  })

  test('every claim and every exception names a capture that is there', () => {
    const names = run.verdicts.map(({ name }) => name)
    for (const pattern of claims.patterns()) {
      expect(
        names.some((name) => claims.matches(pattern, name)),
        pattern,
      ).toBe(true)
    }
  })

  test('at least nine in ten captures are claimed, counted over all folders', () => {
    const counts = Object.values(countByFolder(run))
    const sum = (key: 'total' | 'claimed') => counts.reduce((total, count) => total + count[key], 0)
    expect(sum('claimed') / sum('total')).toBeGreaterThanOrEqual(0.9)
  })
})
