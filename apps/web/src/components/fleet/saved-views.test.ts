import { expect, test } from 'vitest'
import { withoutView, withView, type SavedView } from './saved-views.ts'

const view = (name: string, query = ''): SavedView => ({ name, query, columns: {}, compact: false })

test('keeps views by name, in order, and replaces one of the same name [F224]', () => {
  const views = [view('Payments'), view('Broken', 'status:failing')].reduce(withView, [] as SavedView[])
  expect(views.map(({ name }) => name)).toEqual(['Broken', 'Payments'])
  const again = withView(views, view('Broken', 'status:failing namespace:shop'))
  expect(again).toHaveLength(2)
  expect(again[0]?.query).toBe('status:failing namespace:shop')
})

test('forgets one without touching the others', () => {
  expect(withoutView([view('a'), view('b')], 'a').map(({ name }) => name)).toEqual(['b'])
})
