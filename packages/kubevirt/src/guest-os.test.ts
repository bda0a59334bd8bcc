import { expect, test } from 'vitest'
import { guestOs, osDisplayName, osKey } from './guest-os.ts'

test.each([
  ['ubuntu24.04', 'ubuntu', 'Ubuntu 24.04'],
  ['rhel.9', 'rhel', 'RHEL 9'],
  ['rhel9.5', 'rhel', 'RHEL 9.5'],
  ['centos-stream9', 'centos', 'CentOS Stream 9'],
  ['centos.stream9', 'centos', 'CentOS Stream 9'],
  ['fedora', 'fedora', 'Fedora'],
  ['windows2k22', 'windows', 'Windows Server 2022'],
  ['win2k19', 'windows', 'Windows Server 2019'],
  ['windows.11.virtio', 'windows', 'Windows 11'],
  ['mswindows', 'windows', 'Windows'],
  ['Debian 13', 'debian', 'Debian 13'],
  ['ol9', 'oracle', 'Oracle Linux 9'],
  ['opensuse-leap', 'opensuse', 'openSUSE'],
  ['templeos', undefined, 'templeos'],
])('reads %j as %j, called %j', (text, key, name) => {
  expect(osKey(text)).toBe(key)
  expect(osDisplayName(text)).toBe(name)
})

test('believes the guest first', () => {
  const guest = { id: 'ubuntu', prettyName: 'Ubuntu 24.04.1 LTS' }
  expect(guestOs({ guest, preference: 'windows.11', metadata: [{ 'vm.kubevirt.io/os': 'rhel9' }] })).toEqual({
    os: 'ubuntu',
    osName: 'Ubuntu 24.04.1 LTS',
  })
})

test('takes annotations and labels before the preference, and the name last', () => {
  expect(guestOs({ preference: 'rhel', metadata: [undefined, { 'vm.kubevirt.io/os': 'rhel9.5' }] })).toEqual({
    os: 'rhel',
    osName: 'RHEL 9.5',
  })
  expect(guestOs({ metadata: [{ 'os.template.kubevirt.io/fedora41': 'true' }] })).toEqual({ os: 'fedora', osName: 'Fedora 41' })
  expect(guestOs({ metadata: [{ 'kubevirt.io/os': 'linux' }], preference: 'debian' })).toEqual({ os: 'debian', osName: 'Debian' })
  expect(guestOs({ names: ['golden', 'ubuntu-server-2404'] })).toMatchObject({ os: 'ubuntu' })
  expect(guestOs({})).toEqual({})
})
