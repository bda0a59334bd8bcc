import fc from 'fast-check'
import { expect, test } from 'vitest'
import { propertyRuns, propertyTimeoutMs } from '../testing/property-runs.ts'
import { createChain } from './chain.ts'
import { auditRecord, cut, toLine, type Entry } from './record.ts'

/** Whatever bytes somebody may get into a name: controls, escapes, quotes, separators, direction marks, halves of pairs. */
const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc.string({
    unit: fc.constantFrom(
      '\n',
      '\r',
      '\u001b[2J',
      '\u2028',
      '\u2029',
      '"',
      '\\',
      '{"a":1}',
      '\ud800',
      '\udfff',
      '\u202e',
      '\u0085',
      '\0',
      'é',
    ),
  }),
)
const id = '00000000-0000-4000-8000-000000000000'

test(
  'is one line of valid JSON with nothing but text in it, whatever bytes a name, a browser or the API server has [L-02]',
  () => {
    fc.assert(
      fc.property(nasty, nasty, nasty, nasty, (name, userAgent, ip, reason) => {
        const entry: Entry = {
          id,
          event: 'vm.start',
          actor: { kind: 'user', name: cut(name, 128), groups: 1, mode: 'token', sid: 'x' },
          client: { ip: cut(ip, 45), userAgent: cut(userAgent, 120) },
        }
        const { line, record } = createChain(undefined).append({
          phase: 'outcome',
          ts: '2026-01-01T00:00:00.000Z',
          ...entry,
          result: { status: 200, reason: cut(reason, 64), ms: 0 },
        })
        expect(line).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u)
        expect(line.length).toBeLessThan(4096)
        const read = auditRecord.parse(JSON.parse(line))
        expect(read).toEqual(record)
        expect(name.startsWith(read.actor.kind === 'user' ? read.actor.name : '?')).toBe(true)
      }),
      { numRuns: propertyRuns },
    )
  },
  propertyTimeoutMs,
)

test('keeps names of all languages readable', () => {
  expect(toLine({ name: 'Jürgen 王小明 🙂' })).toBe('{"name":"Jürgen 王小明 🙂"}')
  expect(toLine({ name: '\u202eadmin\u0000' })).toBe(String.raw`{"name":"\u202eadmin\u0000"}`)
})

test('has no room for anything that is not named in its shape [L-03]', () => {
  const { record } = createChain(undefined).append({
    phase: 'start',
    ts: '2026-01-01T00:00:00.000Z',
    id,
    event: 'vm.start',
    actor: { kind: 'anonymous' },
  })
  expect(auditRecord.safeParse(record).success).toBe(true)
  for (const more of [
    { token: 'x' },
    { body: 'x' },
    { query: 'x' },
    { actor: { kind: 'anonymous', cookie: 'x' } },
    { client: { ip: '', userAgent: '', authorization: 'x' } },
  ])
    expect(auditRecord.safeParse({ ...record, ...more }).success).toBe(false)
})
