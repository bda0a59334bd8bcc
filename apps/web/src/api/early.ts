// The first answers, which first.js asked for while this code was still on its way.

/** Older ones may be of another session, or no longer true. */
const MAX_AGE_MS = 10_000

type Early = { at: number; answers: Record<string, Promise<Response> | undefined> }

/** The answer to a GET that is already under way; each is given once. */
export function takeEarly(url: string): Promise<Response> | undefined {
  const early = (globalThis as { virtdeckEarly?: Early }).virtdeckEarly
  const answer = early?.answers[url]
  if (!early || !answer) return undefined
  early.answers[url] = undefined
  return performance.now() - early.at < MAX_AGE_MS ? answer : undefined
}

const HINT = 'virtdeck.rows'

/** Whether first.js should ask for rows the next time: whoever is not signed in would only be refused. */
export function expectRows(expected: boolean) {
  try {
    if (expected) localStorage.setItem(HINT, 'early')
    else localStorage.removeItem(HINT)
  } catch {
    // Storage is forbidden: then nothing is asked for early.
  }
}
