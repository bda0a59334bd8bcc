import { expect, test } from 'vitest'
import { manualClock } from '../clock.ts'
import { keysym } from './keysyms.ts'
import { encodePng } from './png.ts'
import { createWindows } from './windows.ts'

function start() {
  const clock = manualClock()
  const power: string[] = []
  const machine = createWindows({
    facts: {
      uid: 'w',
      namespace: 'team-a',
      name: 'win-01',
      hostname: 'WIN-01',
      os: 'windows',
      osName: 'Windows Server 2022',
      kernel: '',
      cpus: 2,
      memoryBytes: 2 ** 33,
      node: 'node-1',
      ips: ['10.244.1.9'],
      nics: [],
      disks: [],
      users: [{ name: 'Administrator', password: 'pw' }],
    },
    bootedAtMs: clock.now(),
    disk: undefined,
    clock,
    onPower: (action) => power.push(action),
  })
  let serial = ''
  machine.onSerialOutput((text) => (serial += text))
  const picture = () => encodePng(machine.screen).toString('base64')
  const press = (...codes: number[]) => codes.forEach((code) => machine.key(code, true))
  const release = (...codes: number[]) => codes.forEach((code) => machine.key(code, false))
  const ctrlAltDel = () => {
    press(keysym.controlLeft, keysym.altLeft, keysym.delete)
    release(keysym.delete, keysym.altLeft, keysym.controlLeft)
  }
  const type = (text: string) => {
    for (const character of text) press(character === '\n' ? keysym.enter : character.charCodeAt(0))
  }
  return { clock, machine, power, picture, ctrlAltDel, type, serial: () => serial }
}

test('unlocks with Ctrl+Alt+Del and the password, and only with it', () => {
  const { clock, picture, ctrlAltDel, type } = start()
  clock.advance(7000)
  const locked = picture()
  type('pw\n')
  expect(picture()).toBe(locked)
  ctrlAltDel()
  const empty = picture()
  type('no')
  const dots = picture()
  expect(dots).not.toBe(empty)
  type('\n')
  const refused = picture()
  expect(refused).not.toBe(empty)
  type('pw\n')
  const desktop = picture()
  expect([locked, empty, dots, refused]).not.toContain(desktop)
})

test('sends only what a key changes', () => {
  const { clock, machine, ctrlAltDel, type } = start()
  clock.advance(7000)
  ctrlAltDel()
  const damage: { x: number; y: number; width: number; height: number }[] = []
  machine.screen.onDamage((rect) => damage.push(rect))
  type('p')
  const pixels = damage.reduce((sum, { width, height }) => sum + width * height, 0)
  expect(pixels).toBeGreaterThan(0)
  expect(pixels).toBeLessThan(20_000)
})

test('turns its clock once a minute', () => {
  const { clock, picture } = start()
  clock.advance(7000)
  const before = picture()
  clock.advance(60_000)
  expect(picture()).not.toBe(before)
})

test('answers on the Special Administration Console', () => {
  const { clock, machine, power, serial } = start()
  clock.advance(7000)
  expect(serial().endsWith('SAC>')).toBe(true)
  machine.serialInput('id\ri\rnonsense\r')
  expect(serial()).toMatch(/Computer Name: WIN-01.*Ip=10\.244\.1\.9.*Unrecognized command/s)
  machine.serialInput('shutdown\r')
  clock.advance(2000)
  expect(power).toEqual(['poweroff'])
})
