import { expect, test } from 'vitest'
import { vmRow } from '../../components/test-rows.ts'
import { createRowIndex, scanRows } from '../../components/fleet/scan.ts'
import { accept as acceptFor, suggest } from '../../components/fleet/suggest.ts'
import type { Suggestion } from '../../components/fleet/suggest.ts'
import { measuredVmFleet, vmFleet } from './vm-fleet.ts'

const { language } = vmFleet
const accept = (text: string, suggestion: Suggestion) => acceptFor(language, text, suggestion)

const rows = [
  vmRow('a', { namespace: 'team-a', os: 'ubuntu', node: 'n1', labels: { app: 'pay', 'team.io/owner': 'Ann' }, runStrategy: 'Always' }),
  vmRow('b', { namespace: 'team-a', os: 'ubuntu', labels: { app: 'pay' }, runStrategy: 'Halted' }),
  vmRow('c', { namespace: 'team-b', os: 'rhel', labels: { app: 'shop' } }),
  vmRow('d', { namespace: 'big-team', os: 'windows' }),
]
const source = { language, rows, facets: scanRows(language, createRowIndex({ language }), rows, []).facets }
const offered = (text: string) => suggest(text, source).map(({ insert }) => insert)

test('offers nothing before something is typed, and nothing for what it does not know', () => {
  expect(offered('')).toEqual([])
  expect(offered('web ')).toEqual([])
  expect(offered('colour:r')).toEqual([])
})

test('offers keys, and values that say what they are', () => {
  expect(offered('na')).toEqual(['namespace:', 'name:'])
  expect(offered('web ubu')).toEqual(['os:ubuntu'])
  expect(offered('team')).toEqual(['namespace:team-a', 'namespace:team-b', 'namespace:big-team'])
})

test('offers the values of a key, most common first and with their number', () => {
  expect(suggest('namespace:', source)).toMatchObject([
    { insert: 'namespace:team-a', count: 2 },
    { insert: 'namespace:big-team', count: 1 },
    { insert: 'namespace:team-b', count: 1 },
  ])
  expect(offered('-os:r')).toEqual(['-os:rhel'])
  expect(offered('runstrategy:h')).toEqual(['runstrategy:Halted'])
})

test('offers label keys, then the values of one', () => {
  expect(offered('label:')).toEqual(['label:app=', 'label:team.io/owner='])
  expect(offered('label:app=')).toEqual(['label:app=pay', 'label:app=shop'])
  expect(offered('label:team.io/owner=a')).toEqual(['label:team.io/owner=Ann'])
})

test('puts what was chosen in the place of the last word', () => {
  const [first] = suggest('web name', source)
  expect(first && accept('web name', first)).toBe('web namespace:')
  const [value] = suggest('web namespace:team-a', source)
  expect(value && accept('web namespace:team-a', value)).toBe('web namespace:team-a ')
})

test.each(['__proto__', 'constructor'])('offers nothing for a label key that only every object has: %s [X-14]', (key) => {
  expect(offered(`label:${key}=`)).toEqual([])
})

test('offers a search by use only where a Prometheus measures it [F227]', () => {
  const keysWith = ({ beside }: typeof vmFleet, text: string) => suggest(text, { ...source, beside }).map(({ insert }) => insert)
  expect(keysWith(measuredVmFleet, 'cpu')).toEqual(['cpu:', 'cpuuse:'])
  expect(keysWith(vmFleet, 'cpu')).toEqual(['cpu:'])
  expect(keysWith(vmFleet, 'memory')).toEqual(['memory:'])
})
