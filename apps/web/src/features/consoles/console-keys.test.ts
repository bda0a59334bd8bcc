import { expect, test } from 'vitest'
import { chord, functionKey, keys, typeable, typeCharacter } from './console-keys.ts'

const strokes = (character: string) =>
  typeCharacter(character).map(({ key, down }) => `${down ? '+' : '-'}${key.code || key.keysym.toString(16)}`)

test.each([
  ['a', ['+KeyA', '-KeyA']],
  ['A', ['+ShiftLeft', '+KeyA', '-KeyA', '-ShiftLeft']],
  ['!', ['+ShiftLeft', '+Digit1', '-Digit1', '-ShiftLeft']],
  ['?', ['+ShiftLeft', '+Slash', '-Slash', '-ShiftLeft']],
  [' ', ['+Space', '-Space']],
  ['\n', ['+Enter', '-Enter']],
  ['ü', ['+fc', '-fc']],
  ['€', ['+10020ac', '-10020ac']],
])('types %j as a person at a US keyboard does [F135]', (character, expected) => {
  expect(strokes(character)).toEqual(expected)
})

test('has a key for every printable ASCII character', () => {
  for (let code = 0x20; code < 0x7f; code += 1) {
    const [first] = typeCharacter(String.fromCharCode(code)).filter(({ key }) => key !== keys.shift)
    expect(first?.key).toMatchObject({ keysym: code, code: expect.stringMatching(/^[A-Z]/) })
  }
})

test('types what text says, and no control characters', () => {
  expect(typeable('a\r\nb\tc\x07\x1b[0m\x7f')).toEqual(['a', '\n', 'b', '\t', 'c', '[', '0', 'm'])
})

test('releases a chord in the opposite order [F134]', () => {
  expect(chord(keys.control, keys.alt, functionKey(2)).map(({ key, down }) => `${key.code}${down}`)).toEqual([
    'ControlLefttrue',
    'AltLefttrue',
    'F2true',
    'F2false',
    'AltLeftfalse',
    'ControlLeftfalse',
  ])
  expect(functionKey(1).keysym).toBe(0xffbe)
  expect(functionKey(12).keysym).toBe(0xffc9)
})
