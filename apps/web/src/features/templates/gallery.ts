// What the gallery shows of its templates: by system, by what is typed, by what is ready.
import type { TemplateRow } from '@virtdeck/kubevirt'

type Family = TemplateRow['family']

/** What the URL says about the gallery. */
export type GalleryQuery = { text: string; family?: Family; readyOnly: boolean }

export function readGalleryQuery(parameters: URLSearchParams): GalleryQuery {
  const family = families.find(({ family: known }) => known === parameters.get('os'))?.family
  return { text: parameters.get('q') ?? '', ...(family && { family }), readyOnly: parameters.get('ready') === 'true' }
}

export function writeGalleryQuery({ text, family, readyOnly }: GalleryQuery): Record<string, string> {
  return { ...(text && { q: text }), ...(family && { os: family }), ...(readyOnly && { ready: 'true' }) }
}

export const families: readonly { family: Family; title: string }[] = [
  { family: 'linux', title: 'Linux' },
  { family: 'windows', title: 'Windows' },
  { family: 'other', title: 'Other systems' },
]

/** Every word is in the name, the description, the system or a label's value. */
function matchesText(facts: TemplateRow, text: string): boolean {
  const haystack = [facts.displayName, facts.name, facts.description, facts.os, facts.osName, ...Object.values(facts.labels ?? {})]
    .join(' ')
    .toLowerCase()
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => haystack.includes(word))
}

type Section = { family: Family; title: string; templates: TemplateRow[] }

/** The sections that have something to show, each by system and name. */
export function gallerySections(templates: readonly TemplateRow[], query: GalleryQuery): Section[] {
  const matching = templates.filter(
    (facts) =>
      matchesText(facts, query.text) && (!query.family || facts.family === query.family) && (!query.readyOnly || facts.image === 'ready'),
  )
  const ordered = matching.toSorted(
    (a, b) => (a.os ?? '~').localeCompare(b.os ?? '~') || a.displayName.localeCompare(b.displayName, undefined, { numeric: true }),
  )
  return families
    .map((section) => ({ ...section, templates: ordered.filter(({ family }) => family === section.family) }))
    .filter((section) => section.templates.length > 0)
}

/** How many templates each facet would show, given what is typed. */
export function galleryCounts(templates: readonly TemplateRow[], text: string) {
  const matching = templates.filter((facts) => matchesText(facts, text))
  return {
    all: matching.length,
    ready: matching.filter(({ image }) => image === 'ready').length,
    families: families.map((item) => ({ ...item, count: matching.filter(({ family }) => family === item.family).length })),
  }
}

/** The system under the template's name, unless the name says it already. */
export function subtitle({ displayName, osName, name }: TemplateRow): string {
  return osName && !displayName.toLowerCase().includes(osName.toLowerCase()) ? osName : name
}
