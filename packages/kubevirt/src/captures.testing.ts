// Answers recorded from a real cluster, which lie beside the repository and are no part of it.
// oxlint-disable-next-line no-restricted-imports -- only tests import this file
import { existsSync, readFileSync } from 'node:fs'

const root = new URL('../../../../shared/captures/', import.meta.url)

/** Tests over captures skip without them. */
export const withoutCaptures = existsSync(root) ? false : 'the captures are not beside this repository'

/** The object that a request was answered with. */
export function captured<T>(path: string): T {
  const { response } = JSON.parse(readFileSync(new URL(path, root), 'utf8')) as { response: { body: T } }
  return response.body
}

/** The events of a recorded watch. */
export function capturedEvents<T>(path: string): { type: string; object: T }[] {
  return readFileSync(new URL(path, root), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { type: string; object: T })
}
