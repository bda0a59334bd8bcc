import { expect, test } from 'vitest'
import { createTextScreen } from './text-screen.ts'

test('wraps, scrolls and obeys cursor movements', () => {
  const screen = createTextScreen(10, 3)
  screen.write('0123456789ab\r\ncd\r\nef')
  expect(screen.text()).toBe('ab\ncd\nef')
  screen.write('\x1b[1;2HX\x1b[2;1H\x1b[K\b\tY')
  expect(screen.text()).toBe('aX\n        Y\nef')
  screen.write('\x1b[2J\x1b[Htop')
  expect(screen.text()).toBe('top')
})

test('swallows sequences that it does not know, however they are cut', () => {
  const screen = createTextScreen(20, 2)
  for (const part of ['a\x1b', '[?2004', 'h\x1b[', '99', 'qb\x1bMc']) screen.write(part)
  expect(screen.text()).toBe('abc')
})

test('paints letters in their colours, and damages no more than the cells it touched', () => {
  const screen = createTextScreen(10, 3)
  const damage: { x: number; y: number; width: number; height: number }[] = []
  const end = screen.onDamage((rect) => damage.push(rect))
  screen.write('\x1b[1;32mA')
  expect(damage).toEqual([{ x: 0, y: 0, width: 16, height: 16 }])
  const colours = new Set(screen.read({ x: 0, y: 0, width: 8, height: 16 }))
  expect(colours).toEqual(new Set([0x000000, 0x55ff55]))
  end()
  screen.write('B')
  expect(damage).toHaveLength(1)
})
