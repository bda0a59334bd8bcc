import type { TemplateRow } from '@virtdeck/kubevirt'
import { describe, expect, test } from 'vitest'
import { galleryCounts, gallerySections, readGalleryQuery, subtitle, writeGalleryQuery } from './gallery.ts'

const facts = (name: string, more: Partial<TemplateRow> = {}): TemplateRow => ({
  uid: name,
  name,
  createdAt: 0,
  displayName: name,
  family: 'linux',
  cpus: 1,
  memoryBytes: 2 ** 30,
  diskBytes: 2 ** 30,
  image: 'ready',
  ...more,
})

const templates = [
  facts('windows-server-2022', { os: 'windows', family: 'windows' }),
  facts('Ubuntu 24.04 LTS', { os: 'ubuntu', osName: 'Ubuntu 24.04', labels: { tier: 'postgres' } }),
  facts('Ubuntu 9.10', { os: 'ubuntu', image: 'importing' }),
  facts('Debian 12', { os: 'debian' }),
  facts('appliance', { family: 'other' }),
]
const names = (query: Partial<Parameters<typeof gallerySections>[1]>) =>
  gallerySections(templates, { text: '', readyOnly: false, ...query }).map((section) => [
    section.title,
    ...section.templates.map(({ name }) => name),
  ])

describe('the gallery [F043]', () => {
  test('groups by family, then by system, then by name as people count', () => {
    expect(names({})).toEqual([
      ['Linux', 'Debian 12', 'Ubuntu 9.10', 'Ubuntu 24.04 LTS'],
      ['Windows', 'windows-server-2022'],
      ['Other systems', 'appliance'],
    ])
  })

  test('finds by any words of name, system or label, and leaves empty sections out', () => {
    expect(names({ text: 'POSTGRES ubuntu' })).toEqual([['Linux', 'Ubuntu 24.04 LTS']])
    expect(names({ text: 'nothing' })).toEqual([])
    expect(names({ family: 'windows' })).toEqual([['Windows', 'windows-server-2022']])
    expect(names({ readyOnly: true, text: 'ubuntu' })).toEqual([['Linux', 'Ubuntu 24.04 LTS']])
  })

  test('counts what each facet would show', () => {
    expect(galleryCounts(templates, 'ubuntu')).toMatchObject({
      all: 2,
      ready: 1,
      families: [{ family: 'linux', count: 2 }, { count: 0 }, { count: 0 }],
    })
  })

  test('lives in the URL, both ways', () => {
    const query = { text: 'ubuntu', family: 'linux', readyOnly: true } as const
    expect(readGalleryQuery(new URLSearchParams(writeGalleryQuery(query)))).toEqual(query)
    expect(writeGalleryQuery({ text: '', readyOnly: false })).toEqual({})
    expect(readGalleryQuery(new URLSearchParams('os=beos'))).toEqual({ text: '', readyOnly: false })
  })
})

test('says the system under a name that does not', () => {
  expect(subtitle(facts('web', { displayName: 'Web server', osName: 'Ubuntu 24.04' }))).toBe('Ubuntu 24.04')
  expect(subtitle(facts('ubuntu-2404', { displayName: 'Ubuntu 24.04 LTS', osName: 'Ubuntu 24.04' }))).toBe('ubuntu-2404')
})
