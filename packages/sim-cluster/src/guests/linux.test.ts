import { expect, test } from 'vitest'
import { manualClock } from '../clock.ts'
import type { GuestFacts } from './guest.ts'
import { keysym } from './keysyms.ts'
import { createLinux } from './linux.ts'

const ubuntu: GuestFacts = {
  uid: '0f0e0d0c-aa11-4000-8000-000000000001',
  namespace: 'team-a',
  name: 'web-01',
  hostname: 'web-01',
  os: 'ubuntu',
  osName: 'Ubuntu 24.04 LTS',
  kernel: '6.8.0-49-generic',
  cpus: 2,
  memoryBytes: 4 * 2 ** 30,
  node: 'node-1',
  ips: ['10.244.1.7'],
  nics: [],
  disks: [],
  users: [{ name: 'ubuntu', password: 'secret' }, { name: 'keys-only' }],
}

function start(facts: GuestFacts = ubuntu, disk?: unknown) {
  const clock = manualClock()
  const power: string[] = []
  const machine = createLinux({ facts, bootedAtMs: clock.now(), disk, clock, onPower: (action) => power.push(action) })
  let output = ''
  machine.onSerialOutput((text) => (output += text))
  const take = () => {
    const taken = output
    output = ''
    return taken
  }
  /** Types on the serial line and returns what came back. */
  const type = (text: string, ms = 100) => {
    machine.serialInput(text)
    clock.advance(ms)
    return take()
  }
  const press = (text: string) => {
    for (const character of text) {
      const code = character === '\n' ? keysym.enter : character.charCodeAt(0)
      machine.key(code, true)
      machine.key(code, false)
    }
    clock.advance(500)
  }
  const chord = (...codes: number[]) => {
    for (const code of codes) machine.key(code, true)
    for (const code of codes.toReversed()) machine.key(code, false)
  }
  const loggedIn = () => {
    clock.advance(8000)
    type('ubuntu\rsecret\r', 500)
    return { clock, machine, power, take, type, press, chord }
  }
  return { clock, machine, power, take, type, press, chord, loggedIn }
}

test('boots on both consoles at a pace, and then asks who is there', () => {
  const { clock, machine, take } = start()
  clock.advance(1000)
  expect(take()).toContain('Linux version 6.8.0-49-generic')
  clock.advance(7000)
  const log = take()
  expect(log).toContain('nginx.service')
  expect(log.endsWith('Ubuntu 24.04 LTS web-01 ttyS0\r\n\r\nweb-01 login: ')).toBe(true)
  expect(machine.text().endsWith('web-01 login:')).toBe(true)
})

test('lets in who knows the password, and nobody else [wrong, unknown, key only]', () => {
  const { clock, type } = start()
  clock.advance(8000)
  for (const name of ['ubuntu', 'nobody', 'keys-only']) expect(type(`${name}\rwrong\r`, 3000)).toContain('Login incorrect')
  const welcome = type('ubuntu\rsecret\r', 500)
  expect(welcome).not.toContain('secret')
  expect(welcome).toContain('ubuntu@web-01:~$ ')
})

test('refuses every password on a guest without password users', () => {
  const { clock, type } = start({ ...ubuntu, users: [] })
  clock.advance(8000)
  expect(type('ubuntu\r\r', 3000)).toContain('Login incorrect')
})

test('shows one system on the screen and on the serial line', () => {
  const { type, press, machine } = start().loggedIn()
  press('ubuntu\nsecret\n')
  press('echo "from the screen" > /tmp/note\n')
  expect(type('cat /tmp/note; who\r')).toMatch(/from the screen\r\nubuntu\s+ttyS0.*\r\nubuntu\s+tty1/s)
  expect(machine.text()).toContain('ubuntu@web-01:~$ echo "from the screen" > /tmp/note')
})

test.each([
  ['echo one two | wc -w', '2'],
  ['false || echo saved && echo again', 'saved\r\nagain'],
  ['cd /etc && pwd', '/etc'],
  ['cat /nope', 'cat: /nope: No such file or directory'],
  ['echo x > /etc/hostname', '-bash: /etc/hostname: Permission denied'],
  ['echo x | sudo tee /etc/motd', 'x'],
  ['frobnicate', 'frobnicate: command not found'],
  ['mkdir -p a/b && touch a/b/c && ls a/b', 'c'],
  ['ls /etc/*name', '/etc/hostname'],
  ['NAME=value; echo $NAME', ''],
  ['whoami; sudo whoami', 'ubuntu\r\nroot'],
  ['curl http://localhost/', '<h1>It works on web-01</h1>'],
  ['uname -r', '6.8.0-49-generic'],
  ['reboot', 'reboot: Operation not permitted'],
  ["echo 'open", '-bash: unexpected EOF'],
])('answers %s', (command, answer) => {
  expect(start().loggedIn().type(`${command}\r`)).toContain(answer)
})

test('ends a program that runs on with Ctrl-C', () => {
  const { type } = start().loggedIn()
  expect(type('ping localhost\r', 2500)).toContain('icmp_seq=3')
  expect(type('\x03')).toMatch(/3 packets transmitted, 3 received.*\$ $/s)
})

test('becomes root and comes back, and logs out', () => {
  const { type } = start().loggedIn()
  expect(type('sudo -i\r')).toContain('root@web-01:~# ')
  expect(type('exit\r')).toContain('ubuntu@web-01:~$ ')
  expect(type('exit\r')).toContain('web-01 login: ')
})

test('keeps in its disk what was written and removed, and comes back as it was after an import', () => {
  const { type, machine, clock, take } = start().loggedIn()
  const before = machine.exportDisk()
  type('sudo rm /srv/www/index.html\r')
  expect(type('curl localhost; systemctl status nginx\r')).toMatch(/404 Not Found.*index.html" failed/s)
  const broken = JSON.parse(JSON.stringify(machine.exportDisk())) as unknown
  machine.importDisk(before)
  clock.advance(8000)
  take()
  expect(type('ubuntu\rsecret\rcurl localhost\r', 500)).toContain('It works on web-01')
  const other = start(ubuntu, broken).loggedIn()
  expect(other.type('cat /srv/www/index.html\r')).toContain('No such file or directory')
})

test('says that nginx cannot start without its configuration', () => {
  const { type } = start().loggedIn()
  expect(type('sudo rm /etc/nginx/nginx.conf; sudo systemctl restart nginx\r')).toContain('Job for nginx.service failed')
  expect(type('systemctl is-active nginx; curl localhost\r')).toMatch(/failed.*Connection refused/s)
})

test('does not survive rm -rf /*: programs are gone, and after a reset there is nothing to boot', () => {
  const { type, clock, machine, chord, take } = start().loggedIn()
  type('sudo rm -rf /*\r')
  expect(type('ls\r')).toContain('-bash: /usr/bin/ls: No such file or directory')
  chord(keysym.controlLeft, keysym.altLeft, keysym.delete)
  clock.advance(10_000)
  expect(take()).toContain("error: file `/boot/vmlinuz-6.8.0-49-generic' not found.")
  expect(type('\r')).toBe('')
  machine.importDisk(undefined)
  clock.advance(8000)
  expect(take()).toContain('web-01 login: ')
})

test('panics without init', () => {
  const { type, clock } = start().loggedIn()
  const log = type('sudo rm -rf /usr/lib/systemd; sudo reboot\r', 10_000)
  expect(log).toContain('Kernel panic - not syncing: No working init found.')
  clock.advance(1000)
})

test('tells of poweroff and reboot, and is back after a reboot', () => {
  const { type, power } = start().loggedIn()
  expect(type('sudo reboot\r', 12_000)).toMatch(/reboot: Restarting system.*web-01 login: $/s)
  expect(power).toEqual(['reboot'])
  type('ubuntu\rsecret\r', 500)
  expect(type('sudo poweroff\r', 12_000)).toMatch(/reboot: Power down\r\n$/)
  expect(power).toEqual(['reboot', 'poweroff'])
})

test('stands still while paused, and goes on where it was', () => {
  const { clock, machine, take } = start()
  clock.advance(1500)
  take()
  machine.setPaused(true)
  clock.advance(60_000)
  expect(take()).toBe('')
  machine.setPaused(false)
  clock.advance(8000)
  expect(take()).toContain('login: ')
})

test('has six virtual consoles behind Ctrl+Alt+F1 to F6', () => {
  const { machine, chord, press } = start().loggedIn()
  chord(keysym.controlLeft, keysym.altLeft, keysym.f1 + 1)
  expect(machine.text()).toContain('web-01 tty2')
  press('ubuntu\nsecret\n')
  press('tty\n')
  expect(machine.text()).toContain('/dev/tty2')
  chord(keysym.controlLeft, keysym.altLeft, keysym.f1)
  expect(machine.text()).toContain('web-01 tty1')
})

test('has its whole log behind it when somebody looks long after its boot', () => {
  const clock = manualClock()
  const machine = createLinux({ facts: ubuntu, bootedAtMs: clock.now() - 40 * 86_400_000, disk: undefined, clock, onPower() {} })
  expect(machine.text()).toContain('web-01 login:')
  expect(clock.nextMs()).toBeUndefined()
})

test('looks like its distribution', () => {
  const { clock, type } = start({ ...ubuntu, os: 'fedora', osName: 'Fedora Linux 41' })
  clock.advance(8000)
  expect(type('ubuntu\rsecret\r', 500)).toContain('[ubuntu@web-01 ~]$ ')
})
