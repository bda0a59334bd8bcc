import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { vmRow } from '../../components/test-rows.ts'
import * as languages from '../../components/fleet/language.ts'
import type { Term } from '../../components/fleet/language.ts'
import { vmFleet } from './vm-fleet.ts'

const { formatQuery, toggleToken, token } = languages
const { language } = vmFleet
const parseQuery = (source: string, options?: { typing?: boolean }) => languages.parseQuery(language, source, options)
const matchesQuery = (row: ReturnType<typeof vmRow>, terms: readonly Term[]) => languages.matchesQuery(language, row, terms)
const queryKeys = Object.keys(language.keys)

const GiB = 2 ** 30

const fleet = [
  vmRow('web-1', {
    node: 'n1',
    os: 'ubuntu',
    osName: 'Ubuntu 24.04',
    ips: ['10.2.0.1', '192.168.7.1'],
    memoryBytes: 2 * GiB,
    cpus: 2,
    labels: { app: 'shop-web', tier: 'front' },
    runStrategy: 'Always',
  }),
  vmRow('web-2', {
    node: 'n2',
    os: 'ubuntu',
    osName: 'Ubuntu 22.04',
    ips: ['10.2.0.2'],
    memoryBytes: 4 * GiB,
    cpus: 4,
    labels: { app: 'shop-web' },
    runStrategy: 'Always',
    restartRequired: true,
  }),
  vmRow('db', {
    namespace: 'data',
    node: 'n1',
    os: 'rhel',
    ips: ['10.20.0.1'],
    memoryBytes: 16 * GiB,
    cpus: 8,
    labels: { app: 'pay' },
    notMigratable: { reason: 'DisksNotLiveMigratable', message: 'no' },
    runStrategy: 'RerunOnFailure',
  }),
  vmRow('old', { namespace: 'data', status: 'Stopped', os: 'windows', runStrategy: 'Halted', memoryBytes: 8 * GiB }),
  vmRow('crashy', { namespace: 'ci', status: 'CrashLoopBackOff', runStrategy: 'Always' }),
  vmRow('moving', { namespace: 'ci', status: 'Migrating', node: 'n2' }),
]

/** The names of the VMs that a query shows. */
function found(query: string, options?: { typing: boolean }): string {
  const terms = parseQuery(query, options)
  return fleet
    .filter((row) => matchesQuery(row, terms))
    .map(({ name }) => name)
    .join(' ')
}

test.each([
  ['web', 'web-1 web-2', 'a name'],
  ['pay', 'db', 'the value of a label [F009]'],
  ['WEB', 'web-1 web-2', 'either case'],
  ['10.2.0', 'web-1 web-2', 'an address'],
  ['web front', 'web-1', 'all words'],
  ['', 'web-1 web-2 db old crashy moving', 'nothing in particular'],
])('free text %j finds %j by %s', (query, names) => {
  expect(found(query)).toBe(names)
})

test.each([
  ['status:running', 'web-1 web-2 db'],
  ['status:Running', 'web-1 web-2 db'],
  ['status:CrashLoopBackOff', 'crashy'],
  ['status:"Crash loop"', 'crashy'],
  ['status:failing', 'crashy'],
  ['status:transition', 'moving'],
  ['status:migrating', 'moving'],
  ['status:warning', 'web-2 db'],
  ['namespace:data', 'db old'],
  ['namespace:da', ''],
  ['namespace:da*', 'db old'],
  ['node:n1', 'web-1 db'],
  ['os:ubuntu', 'web-1 web-2'],
  ['os:"Ubuntu 24"', 'web-1'],
  ['ip:10.2.', 'web-1 web-2'],
  ['ip:192.168.', 'web-1'],
  ['label:app', 'web-1 web-2 db'],
  ['label:app=pay', 'db'],
  ['label:app=shop-*', 'web-1 web-2'],
  ['memory:>=4Gi', 'web-2 db old'],
  ['memory:>4GiB', 'db old'],
  ['memory:<4gi', 'web-1'],
  ['memory:16Gi', 'db'],
  ['cpu:>=4', 'web-2 db'],
  ['runstrategy:rerunonfailure', 'db'],
  ['name:web-*', 'web-1 web-2'],
])('%s finds %j [F008, F223]', (query, names) => {
  expect(found(query)).toBe(names)
})

describe('terms together', () => {
  test('of different keys narrow: two facets give the intersection [F008]', () => {
    expect(found('os:ubuntu node:n1')).toBe('web-1')
  })
  test('of one key widen', () => {
    expect(found('namespace:data namespace:ci')).toBe('db old crashy moving')
    expect(found('label:app=pay label:app=shop-web label:tier=front')).toBe('web-1')
  })
  test('bound a number from both sides', () => {
    expect(found('memory:>=4Gi memory:<16Gi')).toBe('web-2 old')
  })
  test('exclude with a minus', () => {
    expect(found('-status:running -namespace:ci')).toBe('old')
  })
  test('count the beginning of a word while it is typed', () => {
    expect(found('namespace:da', { typing: true })).toBe('db old')
    expect(found('namespace:da ', { typing: true })).toBe('')
    expect(found('namespace:', { typing: true })).toBe('web-1 web-2 db old crashy moving')
  })
})

test('names the keys there are when one is unknown, and filters by the rest', () => {
  expect(parseQuery('colour:red')).toEqual([
    { kind: 'invalid', source: 'colour:red', problem: expect.stringContaining('Unknown key colour. Known are status, namespace') },
  ])
  expect(found('colour:red web')).toBe('web-1 web-2')
})

test('says what a number looks like when it is none', () => {
  expect(parseQuery('memory:lots')).toMatchObject([{ kind: 'invalid', problem: 'memory takes a size, such as >=4Gi: not lots.' }])
  expect(parseQuery('cpu:>many')).toMatchObject([{ kind: 'invalid' }])
})

test('does not complain of what is still being typed', () => {
  expect(parseQuery('memory:>', { typing: true })).toEqual([{ kind: 'invalid', source: 'memory:>' }])
  expect(parseQuery('memory:> ', { typing: true })).toMatchObject([{ kind: 'invalid', problem: expect.stringContaining('memory') }])
})

test('takes what stands in quotes for text, whatever it holds', () => {
  expect(parseQuery('"status:running" "a \\"b\\""')).toEqual([
    { kind: 'text', text: 'status:running' },
    { kind: 'text', text: 'a "b"' },
  ])
})

const anyWord = fc.string({
  minLength: 1,
  maxLength: 12,
  unit: fc.constantFrom('a', 'B', '1', '-', ':', '*', '=', '.', '"', '\\', ' ', 'ü'),
})
const anyTerm: fc.Arbitrary<Term> = fc.oneof(
  fc.record({ kind: fc.constant('text' as const), text: anyWord }),
  fc.record({
    kind: fc.constant('token' as const),
    key: fc.constantFrom(...queryKeys.filter((key) => !/^(?:memory|cpu)/.test(key))),
    value: anyWord,
    negated: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('token' as const),
    key: fc.constant('memory' as const),
    value: fc.constantFrom('>=4Gi', '<512Mi', '2Gi'),
    negated: fc.boolean(),
  }),
)

test('reads back exactly what it writes', () => {
  fc.assert(
    fc.property(fc.array(anyTerm, { maxLength: 6 }), (terms) => {
      expect(parseQuery(formatQuery(terms))).toEqual(terms)
    }),
  )
})

test('has one spelling for whatever was typed, and matches anything without failing', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), fc.boolean(), (source, typing) => {
      const once = formatQuery(parseQuery(source))
      expect(formatQuery(parseQuery(once))).toBe(once)
      for (const row of fleet) matchesQuery(row, parseQuery(source, { typing }))
    }),
  )
})

test('a facet is put in, and taken out again', () => {
  const once = toggleToken(parseQuery('web'), token('status', 'running'))
  expect(formatQuery(once)).toBe('web status:running')
  expect(formatQuery(toggleToken(parseQuery('web status:Running'), token('status', 'running')))).toBe('web')
})

test('a facet that the search excludes is put in instead', () => {
  const only = toggleToken(parseQuery('-status:Running web -status:paused'), token('status', 'running'))
  expect(formatQuery(only)).toBe('web -status:paused status:running')
})

test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'])(
  'finds in labels what is in them, not what every object has: %s [X-14]',
  (key) => {
    const before = Object.getOwnPropertyNames(Object.prototype)
    for (const query of [`label:${key}`, `label:${key}=x`, `label:${key}=*`, `-label:${key}=x`, `${key}:x`, `os:${key}`, `status:${key}`])
      expect(() => found(query)).not.toThrow()
    expect(found(`label:${key}=*`)).toBe('')
    const labels = JSON.parse(`{"${key}":"mine"}`) as Record<string, string>
    const terms = parseQuery(`label:${key}=mine`)
    expect(matchesQuery(vmRow('odd', { labels }), terms)).toBe(true)
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before)
  },
)
