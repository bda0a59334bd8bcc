import { expect, test } from 'vitest'
import { arranged, isSameView, nameProblem, viewSearch, withView, type SavedView } from './saved-views.ts'

const view = (name: string, query = '', rest: Partial<SavedView> = {}): SavedView => ({ name, query, columns: {}, compact: false, ...rest })
const names = (views: readonly SavedView[]) => views.map(({ name }) => name)

test('keeps views by name, in order, and replaces one of the same name [F224]', () => {
  const views = [view('Payments'), view('Broken', 'status:failing')].reduce(withView, [] as SavedView[])
  expect(names(views)).toEqual(['Broken', 'Payments'])
  const again = withView(views, view('Broken', 'status:failing namespace:shop'))
  expect(again).toHaveLength(2)
  expect(again[0]?.query).toBe('status:failing namespace:shop')
})

test('a view is its search, order, groups and columns, whatever its name [F224]', () => {
  const saved = view('a', 'status:failing', { sort: '-memory', group: 'node', columns: { os: false, ip: true } })
  expect(isSameView(saved, { ...saved, name: '', columns: { ip: true, os: false } })).toBe(true)
  for (const other of [{ query: '' }, { sort: 'memory' }, { group: undefined }, { columns: {} }, { compact: true }])
    expect(isSameView(saved, { ...saved, ...other })).toBe(false)
  expect(viewSearch(saved, new URLSearchParams())).toBe('?q=status:failing&sort=-memory&group=node')
  expect(viewSearch(view('all'), new URLSearchParams('?q=a&group=node&view=table'))).toBe('?view=table')
})

test('renames, drops and puts in order, and opens the list with one of them [F224]', () => {
  const views = [view('a', 'one'), view('b', 'two'), view('c', 'three', { opens: true })]
  const kept = [
    { was: 'a', name: 'z ' },
    { was: 'b', name: 'b' },
  ]
  expect(arranged(views, kept, 'a')).toEqual([view('b', 'two'), view('z', 'one', { opens: true })])
  expect(arranged(views, kept, undefined).some(({ opens }) => opens)).toBe(false)
  // Saved anew under its name, it opens the list as before.
  expect(withView(views, view('c', 'four'))[2]).toEqual(view('c', 'four', { opens: true }))
})

test('takes no name twice, and no empty one', () => {
  const changes = [
    { was: 'a', name: 'b' },
    { was: 'b', name: ' b ' },
    { was: 'c', name: ' ' },
    { was: 'd', name: 'd' },
  ]
  expect(changes.map((change) => nameProblem(changes, change))).toEqual([
    'Another view is called that.',
    'Another view is called that.',
    'Give it a name.',
    undefined,
  ])
})
