import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatQuery, parseQuery as parse } from '../../components/fleet/language.ts'
import * as searches from '../../components/fleet/list-search.ts'
import type { Draft } from '../../components/fleet/list-search.ts'
import { vmFleet } from './vm-fleet.ts'

const { language } = vmFleet
const { listSearch } = searches
const parseQuery = (source: string) => parse(language, source)
const draftOf = (q: string) => searches.draftOf(language, q)
const draftQuery = (draft: Draft) => searches.draftQuery(language, draft)
const draftTerms = (draft: Draft) => searches.draftTerms(language, draft)
const finish = (draft: Draft) => searches.finish(language, draft)
const tokenize = (draft: Draft) => searches.tokenize(language, draft)

test('query and sort are one state in the URL, beside whatever else is there [F002, F223]', () => {
  const search = new URLSearchParams('?do=stop&vm=shop/web')
  expect(listSearch(search, { q: 'namespace:shop web', sort: '-memory' })).toBe('?do=stop&vm=shop/web&q=namespace:shop+web&sort=-memory')
  expect(listSearch(new URLSearchParams('?q=a&sort=age'), { q: '', sort: '' })).toBe('')
  expect(listSearch(new URLSearchParams('?sort=age'), { q: 'web' })).toBe('?sort=age&q=web')
})

test('a term with a key becomes a token with the space after it', () => {
  expect(tokenize({ tokens: [], text: 'web status:running' })).toEqual({ tokens: [], text: 'web status:running' })
  expect(tokenize({ tokens: [], text: 'web status:running ' })).toEqual({ tokens: parseQuery('status:running'), text: 'web ' })
  expect(tokenize({ tokens: [], text: 'status:running ' })).toEqual({ tokens: parseQuery('status:running'), text: '' })
  expect(tokenize({ tokens: [], text: 'node:n1 web' })).toEqual({ tokens: parseQuery('node:n1'), text: 'web' })
})

test('letter by letter a search is the same as at once', () => {
  const whole = 'web status:running db node:n1 "a b" -os:ubuntu '
  const typed = whole
    .split('')
    .reduce((draft, letter) => tokenize({ ...draft, text: draft.text + letter }), { tokens: [], text: '' } as Draft)
  expect(typed).toEqual({ tokens: parseQuery('status:running node:n1 -os:ubuntu'), text: 'web db "a b" ' })
})

test('an unknown key becomes a token, too, which says what is wrong', () => {
  expect(tokenize({ tokens: [], text: 'colour:red ' }).tokens).toMatchObject([
    { kind: 'invalid', problem: expect.stringContaining('colour') },
  ])
})

test('a key without a value waits in the text', () => {
  expect(finish({ tokens: [], text: 'status:' })).toEqual({ tokens: [], text: 'status:' })
  expect(draftQuery({ tokens: [], text: 'web status:' })).toBe('web')
})

test('Enter finishes what is in the text', () => {
  expect(finish({ tokens: [], text: 'web node:n1' })).toEqual({ tokens: parseQuery('node:n1'), text: 'web' })
})

test('the box shows the query of a link, and filters by the same terms', () => {
  const words = fc.constantFrom('web', 'status:running', '-node:n1', 'os:"Ubuntu 24"', '"a b"', 'memory:>=4Gi', 'colour:red')
  fc.assert(
    fc.property(fc.array(words, { maxLength: 5 }), (parts) => {
      const q = formatQuery(parseQuery(parts.join(' ')))
      const draft = draftOf(q)
      const sorted = (terms: ReturnType<typeof parseQuery>) => terms.map((term) => JSON.stringify(term)).toSorted()
      expect(sorted(draftTerms(draft))).toEqual(sorted(parseQuery(q)))
      expect(draftOf(draftQuery(draft))).toEqual(draft)
    }),
  )
})
