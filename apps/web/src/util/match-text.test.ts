import { expect, test } from 'vitest'
import { matchText } from './match-text.ts'

const best = (labels: string[], query: string) =>
  labels
    .map((label) => ({ label, score: matchText(label, query)?.score }))
    .filter((match): match is { label: string; score: number } => match.score !== undefined)
    .sort((a, b) => b.score - a.score)
    .map(({ label }) => label)

test('prefers the whole, then a beginning, then the beginning of a word, then anywhere', () => {
  expect(best(['spayed', 'shop-pay', 'pay-db-01', 'pay'], 'pay')).toEqual(['pay', 'pay-db-01', 'shop-pay', 'spayed'])
})

test('finds letters in order, in as few pieces as possible, after everything that has them in one', () => {
  expect(best(['shop-web-01', 'web-shop-w01', 'db'], 'shw01')).toEqual(['web-shop-w01', 'shop-web-01'])
  expect(best(['s-h-o-p', 'workshop'], 'shop')).toEqual(['workshop', 's-h-o-p'])
})

test('highlights what matched, whatever its case', () => {
  expect(matchText('Take snapshot…', 'SNAP')?.ranges).toEqual([[5, 9]])
  expect(matchText('shop-web-01', 'shw01')?.ranges).toEqual([
    [0, 2],
    [5, 6],
    [9, 11],
  ])
})

test('a single letter is not scattered', () => {
  expect(matchText('shop', 'x')).toBeUndefined()
  expect(matchText('templates', 'm')?.ranges).toEqual([[2, 3]])
})
