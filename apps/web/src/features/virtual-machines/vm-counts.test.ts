import fc from 'fast-check'
import { expect, test } from 'vitest'
import { facetKeys as facetKeysOf, matchesQuery, parseQuery as parse } from '../../components/fleet/language.ts'
import type { Term } from '../../components/fleet/language.ts'
import { createRowIndex, scanRows } from '../../components/fleet/scan.ts'
import { vmState } from '@virtdeck/kubevirt'
import { vmRow } from '../../components/test-rows.ts'
import { hasWarning, vmFleet } from './vm-fleet.ts'

const { language } = vmFleet
const facetKeys = facetKeysOf(language)
const parseQuery = (source: string) => parse(language, source)
const attention = (row: ReturnType<typeof vmRow>) => (vmState(row) === 'error' ? 'failing' : hasWarning(row) ? 'warning' : undefined)
const scanVms = (rows: ReturnType<typeof vmRow>[], terms: readonly Term[]) =>
  scanRows(language, createRowIndex({ language, attention }), rows, terms)

const fleet = [
  vmRow('web-1', { node: 'n1', os: 'ubuntu' }),
  vmRow('web-2', { node: 'n2', os: 'ubuntu', restartRequired: true }),
  vmRow('db', { namespace: 'data', node: 'n1', os: 'rhel' }),
  vmRow('old', { namespace: 'data', status: 'Stopped' }),
  vmRow('crashy', { namespace: 'ci', status: 'CrashLoopBackOff', os: 'ubuntu' }),
]

const counts = (query: string, facet: string) =>
  Object.fromEntries([...(scanVms(fleet, parseQuery(query)).facets[facet] ?? [])].map(([value, { count }]) => [value, count]))

test('counts per namespace what the list shows [F001]', () => {
  expect(counts('', 'namespace')).toEqual({ shop: 2, data: 2, ci: 1 })
})

test('counts follow every other facet and the search, and keep values at zero', () => {
  expect(counts('os:ubuntu', 'namespace')).toEqual({ shop: 2, data: 0, ci: 1 })
  expect(counts('web', 'os')).toEqual({ ubuntu: 2, rhel: 0 })
  expect(counts('os:rhel', 'status')).toEqual({ running: 1, stopped: 0, transition: 0, paused: 0, failing: 0, unknown: 0, warning: 0 })
})

test("a facet's own choice does not hide its other values", () => {
  expect(counts('namespace:shop os:ubuntu', 'namespace')).toEqual({ shop: 2, data: 0, ci: 1 })
  expect(counts('status:running', 'status')).toMatchObject({ running: 3, stopped: 1, failing: 1, warning: 1 })
})

test('counts sizes of memory as the language writes them [F008]', () => {
  const rows = [512, 1024, 1536, 4096, 4096].map((mib, index) => vmRow(`vm-${index}`, { memoryBytes: mib * 2 ** 20 }))
  const sizes = scanVms([...rows, vmRow('none')], []).facets['memory']
  expect([...(sizes?.keys() ?? [])]).toEqual(['512Mi', '1Gi', '1536Mi', '4Gi'])
  expect(scanVms(rows, parseQuery('memory:512Mi memory:4Gi')).rows).toHaveLength(3)
})

test('knows where something fails or warns, for the tree', () => {
  const { facets } = scanVms(fleet, [])
  expect(facets['namespace']?.get('ci')).toEqual({ count: 1, failing: 1, warnings: 0 })
  expect(facets['namespace']?.get('shop')).toEqual({ count: 2, failing: 0, warnings: 1 })
})

const anyFleet = fc.array(
  fc.record({
    namespace: fc.constantFrom('a', 'b'),
    node: fc.constantFrom('n1', 'n2', undefined),
    os: fc.constantFrom('ubuntu', undefined),
    memoryBytes: fc.constantFrom(2 ** 30, 512 * 2 ** 20, undefined),
    status: fc.constantFrom('Running', 'Stopped', 'Paused'),
    restartRequired: fc.boolean(),
  }),
  { maxLength: 12 },
)
const anyQuery = fc.array(
  fc.constantFrom(
    'namespace:a',
    'namespace:b',
    'node:n1',
    'os:ubuntu',
    'memory:1Gi',
    'memory:512Mi',
    'status:running',
    'status:warning',
    '-status:paused',
    'vm-1',
    '-namespace:a',
  ),
  { maxLength: 4 },
)

test('one pass filters and counts as asking every question alone would', () => {
  fc.assert(
    fc.property(anyFleet, anyQuery, (parts, words) => {
      const rows = parts.map((part, index) => vmRow(`vm-${index}`, part))
      const terms = parseQuery(words.join(' '))
      const scan = scanVms(rows, terms)
      expect(scan.rows).toEqual(rows.filter((row) => matchesQuery(language, row, terms)))
      for (const facet of facetKeys) {
        const others = terms.filter((term) => term.kind !== 'token' || term.key !== facet)
        for (const [value, { count }] of scan.facets[facet] ?? []) {
          const has = rows
            .filter((row) => matchesQuery(language, row, others))
            .filter((row) => {
              const values = language.keys[facet]?.facet?.of(row)
              return typeof values === 'string' ? values === value : values?.includes(value)
            })
          expect(count).toBe(has.length)
        }
      }
    }),
  )
})
