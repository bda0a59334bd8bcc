// The part of docs/simulation.md that the claims decide: printed by `npm run contract -- --markdown`.
import { exceptions, ignored, leftOut } from './claims.ts'

const code = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ')
const list = (entries: readonly (readonly [names: readonly string[], reason: string])[]) =>
  entries.map(([names, reason]) => `- ${code(names)}: ${reason}`).join('\n')

export function exceptionsInMarkdown(): string {
  return [
    '### Captures that are not claimed\n',
    list(exceptions.map(({ captures, reason }) => [captures, reason] as const)),
    '\n### Parts of claimed captures that are not compared\n',
    ignored.map(({ captures, paths, reason }) => `- ${code(captures)}: ${code(paths)}. ${reason}`).join('\n'),
    '\n### Entries of discovery that are not compared\n',
    list(leftOut.map(({ names, reason }) => [names, reason] as const)),
  ].join('\n')
}
