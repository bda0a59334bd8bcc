import { expect, test } from 'vitest'
import { createShortcuts } from './shortcuts.ts'
import type { Press } from './shortcuts.ts'

function setUp({ singleKeys = true } = {}) {
  const ran: string[] = []
  const shortcuts = createShortcuts(() => singleKeys)
  const add = (keys: string, name = keys) => shortcuts.register({ keys, label: name, group: 'Everywhere', run: () => ran.push(name) })
  const press = (key: string, rest: Partial<Press> = {}) => shortcuts.press({ key, ctrl: false, alt: false, busy: false, at: 0, ...rest })
  return { shortcuts, ran, add, press }
}

test('a single key runs its shortcut and tells that it did', () => {
  const { add, press, ran } = setUp()
  add('m')
  expect(press('m')).toBe(true)
  expect(press('n')).toBe(false)
  expect(ran).toEqual(['m'])
})

test('a capital letter is the same key', () => {
  const { add, press, ran } = setUp()
  add('m')
  press('M')
  expect(ran).toEqual(['m'])
})

test('two keys run in sequence, if the second comes soon', () => {
  const { add, press, ran } = setUp()
  add('g v')
  add('v')
  expect(press('g', { at: 0 })).toBe(false)
  press('v', { at: 900 })
  expect(ran).toEqual(['g v'])
  press('g', { at: 2_000 })
  press('v', { at: 4_000 })
  expect(ran).toEqual(['g v', 'v'])
})

test('another key between the two breaks the sequence', () => {
  const { add, press, ran } = setUp()
  add('g v')
  press('g')
  press('x')
  press('v')
  expect(ran).toEqual([])
})

test('single keys are off in fields, consoles and dialogs; chords are not', () => {
  const { add, press, ran } = setUp()
  add('m')
  add('Ctrl k')
  expect(press('m', { busy: true })).toBe(false)
  expect(press('k', { busy: true, ctrl: true })).toBe(true)
  expect(ran).toEqual(['Ctrl k'])
})

test('single keys can be switched off altogether; chords stay', () => {
  const { add, press, ran } = setUp({ singleKeys: false })
  add('m')
  add('Ctrl k')
  press('m')
  press('k', { ctrl: true })
  expect(ran).toEqual(['Ctrl k'])
})

test('a chord is not its letter', () => {
  const { add, press, ran } = setUp()
  add('k')
  expect(press('k', { ctrl: true })).toBe(false)
  expect(press('k', { alt: true })).toBe(false)
  expect(ran).toEqual([])
})

test('the latest registration of a key wins until it leaves', () => {
  const { add, press, ran } = setUp()
  add('m', 'page')
  const leave = add('m', 'dialog')
  press('m')
  leave()
  press('m')
  expect(ran).toEqual(['dialog', 'page'])
})
