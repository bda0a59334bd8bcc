import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { propertyRuns, propertyTimeoutMs } from '../testing/property-runs.ts'
import { createChain, lastHead, verifyLines, type Head } from './chain.ts'

const key = randomBytes(32)

function logOf(count: number, options: { key?: Buffer; after?: Head } = { key }): { lines: string[]; head: Head } {
  const chain = createChain(options.key, options.after)
  const lines = Array.from(
    { length: count },
    (_, index) =>
      chain.append({
        phase: 'event',
        ts: new Date(index * 1000).toISOString(),
        id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
        event: 'vm.start',
        actor: { kind: 'user', name: `user-${index}`, groups: 0, mode: 'token', sid: 's' },
      }).line,
  )
  return { lines, head: chain.head() }
}

test('finds nothing in a log that nobody touched, and says where it ends', async () => {
  const { lines, head } = logOf(50)
  expect(await verifyLines(lines, { key, heads: [head], fromStart: true })).toEqual({ records: 50, findings: [], heads: [head] })
})

test(
  'finds every line that was altered, taken out, doubled or moved, and every end that was cut off [L-06]',
  async () => {
    const { lines, head } = logOf(40)
    const position = fc.nat(lines.length - 1)
    const tampering = fc.oneof(
      fc.tuple(position, fc.nat(), fc.integer({ min: 32, max: 126 })).map(([at, column, code]) => {
        const line = lines[at] ?? ''
        const place = column % line.length
        return lines.with(at, line.slice(0, place) + String.fromCharCode(code) + line.slice(place + 1))
      }),
      position.map((at) => lines.toSpliced(at, 1)),
      position.map((at) => lines.toSpliced(at, 0, lines[at] ?? '')),
      fc.tuple(position, position).map(([a, b]) => lines.with(a, lines[b] ?? '').with(b, lines[a] ?? '')),
      position.map((at) => lines.slice(0, at)),
      position.map((at) => lines.slice(at)),
      position.map((at) => lines.with(at, (lines[at] ?? '').slice(0, -1))),
    )
    await fc.assert(
      fc.asyncProperty(tampering, async (log) => {
        const { findings } = await verifyLines(log, { key, heads: [head], fromStart: true })
        expect(findings.length > 0).toBe(log.join('\n') !== lines.join('\n'))
      }),
      { numRuns: Math.min(propertyRuns, 20_000) },
    )
  },
  propertyTimeoutMs,
)

test('goes on where an older log ended, and finds a log that was begun anew without the key', async () => {
  const old = logOf(5)
  const more = logOf(5, { key, after: lastHead(old.lines).head })
  expect((await verifyLines([...old.lines, ...more.lines], { key, fromStart: true })).findings).toEqual([])
  const forged = logOf(5, { after: lastHead(old.lines).head })
  expect((await verifyLines([...old.lines, ...forged.lines], { key })).findings).toHaveLength(5)
})

test('passes over the server’s other lines on the same stream', async () => {
  const { lines } = logOf(3)
  const mixed = lines.flatMap((line) => ['{"level":"info","msg":"request"}', 'plain text', line])
  expect(await verifyLines(mixed, { key })).toMatchObject({ records: 3, findings: [] })
})
