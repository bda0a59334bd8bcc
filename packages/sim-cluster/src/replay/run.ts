// One run of the suite: every scene on the target, then the verdict on every capture.
import { capturesExist, readCaptures, type Capture } from './captures.ts'
import { claims } from './claims.ts'
import type { Difference } from './compare.ts'
import { scenes } from './scenes.ts'
import { createStage, type Results } from './stage.ts'
import type { Target } from './target.ts'

export type Verdict =
  | { name: string; verdict: 'passed' }
  | { name: string; verdict: 'failed'; differences: Difference[]; error?: unknown }
  /** Not claimed: the reason is in the claims. */
  | { name: string; verdict: 'excepted'; reason: string }

export type Run = { verdicts: Verdict[]; brokenOff: { scene: string; error: unknown }[] }

const inFolder = (name: string) => name.slice(0, name.indexOf('/'))

/**
 * Plays all scenes, or those that `only` names, of whose captures alone there is a verdict then. A scene that breaks off
 * fails what it had still to replay, and the next one begins.
 */
export async function runReplay(newTarget: () => Promise<Target>, only?: RegExp): Promise<Run> {
  const captures = readCaptures()
  const results: Results = new Map()
  const skipped = new Map<string, string>()
  const errors: { scene: string; error: unknown }[] = []
  for (const [scene, play] of Object.entries(scenes)) {
    if (only && !only.test(scene)) continue
    const stage = (target: Target) => createStage(target, captures, claims, results, skipped)
    await playScene(newTarget, (target) => play(stage(target), captures)).catch((error: unknown) => errors.push({ scene, error }))
  }
  const verdicts = [...captures]
    .filter(([name]) => !only || results.has(name) || skipped.has(name))
    .flatMap(([name, capture]) => verdict(name, capture, results, errors, skipped.get(name)))
  return { verdicts, brokenOff: errors }
}

async function playScene(newTarget: () => Promise<Target>, play: (target: Target) => Promise<void>): Promise<void> {
  await using target = await newTarget()
  // Controllers of a cluster that has just started have not aggregated its roles yet.
  await target.pass(1000)
  await play(target)
}

function verdict(
  name: string,
  capture: Capture,
  results: Results,
  errors: { scene: string; error: unknown }[],
  skipped: string | undefined,
): Verdict[] {
  if (!claims.folders.includes(inFolder(name)) || capture.kind === 'notes') return []
  const reason = claims.exception(name) ?? skipped
  if (reason !== undefined) return [{ name, verdict: 'excepted', reason }]
  const found = results.get(name)
  if (found?.length === 0) return [{ name, verdict: 'passed' }]
  const missing = {
    path: '',
    recorded: 'an answer',
    answered: errors.length > 0 ? `none: ${errors.map(({ scene }) => scene).join(' or ')} broke off` : 'none: no scene replays it',
  }
  return [{ name, verdict: 'failed', differences: found ?? [missing] }]
}

export type FolderCount = { total: number; claimed: number; passed: number }

/** Counts by folder, in the order of the claims. */
export function countByFolder({ verdicts }: Run): Record<string, FolderCount> {
  const counts: Record<string, FolderCount> = Object.fromEntries(
    claims.folders.map((folder) => [folder, { total: 0, claimed: 0, passed: 0 }]),
  )
  for (const { name, verdict: said } of verdicts) {
    const count = counts[inFolder(name)]
    if (!count) continue
    count.total += 1
    if (said !== 'excepted') count.claimed += 1
    if (said === 'passed') count.passed += 1
  }
  return counts
}

export { capturesExist }
