import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { decodedBase64, encodedBase64, passwordProblem, sshKeyProblem, userDataWith, userNameProblem, userOf } from './cloud-init.ts'

const spectro = `#cloud-config
# the agent is needed for snapshots
ssh_pwauth: True
chpasswd: { expire: False }
password: spectro
disable_root: false
packages:
- qemu-guest-agent
- |
  not: a key
runcmd:
  - ["systemctl", "enable", "--now", "qemu-guest-agent"]
`

describe('userDataWith [F060]', () => {
  test('replaces a template’s default password by the chosen login and keeps the rest', () => {
    const text = userDataWith(spectro, { kind: 'password', user: 'ada', password: 'pass: "word" # 1' })
    expect(text.startsWith('#cloud-config\n')).toBe(true)
    expect(text).not.toContain('spectro')
    expect(text).toContain('# the agent is needed for snapshots')
    expect(parse(text)).toEqual({
      user: 'ada',
      password: 'pass: "word" # 1',
      chpasswd: { expire: false },
      ssh_pwauth: true,
      packages: ['qemu-guest-agent', 'not: a key\n'],
      runcmd: [['systemctl', 'enable', '--now', 'qemu-guest-agent']],
    })
  })

  test('lets an SSH key in and no password', () => {
    const parsed: unknown = parse(userDataWith(spectro, { kind: 'sshKey', user: 'ada', key: ' ssh-ed25519 AAAA ada@laptop\n' }))
    expect(parsed).toMatchObject({ user: 'ada', ssh_authorized_keys: ['ssh-ed25519 AAAA ada@laptop'], ssh_pwauth: false })
    expect(parsed).not.toHaveProperty('password')
  })

  test('removes the default password also where no login is chosen', () => {
    expect(parse(userDataWith(spectro, { kind: 'none' }))).not.toHaveProperty('password')
  })

  test('drops users that have default passwords, and keeps those that have none beside the default user', () => {
    const login = { kind: 'password', user: 'ada', password: 'secret123' } as const
    const risky = '#cloud-config\nusers:\n  - name: admin\n    plain_text_passwd: admin\nhostname: x\n'
    expect(parse(userDataWith(risky, login))).toMatchObject({ hostname: 'x' })
    expect(userDataWith(risky, login)).not.toContain('admin')
    const fine = '#cloud-config\nusers:\n  - default\n  - name: backup\n    ssh_authorized_keys: [ssh-ed25519 AAAA]\n'
    expect(parse(userDataWith(fine, login))).toMatchObject({ users: ['default', { name: 'backup' }] })
    const closed = '#cloud-config\nusers:\n- name: backup\n'
    expect(parse(userDataWith(closed, login))).not.toHaveProperty('users')
    expect(parse(userDataWith(closed, { kind: 'none' }))).toMatchObject({ users: [{ name: 'backup' }] })
  })

  test('writes a document of its own where the template has none', () => {
    expect(parse(userDataWith(undefined, { kind: 'password', user: 'ada', password: 'secret123' }))).toMatchObject({ user: 'ada' })
  })

  test('leaves a script alone and adds the login as a part of its own', () => {
    const script = '#!/bin/sh\necho hello\n'
    expect(userDataWith(script, { kind: 'none' })).toBe(script)
    const parts = userDataWith(script, { kind: 'password', user: 'ada', password: 'secret123' })
    expect(parts).toMatch(/^Content-Type: multipart\/mixed/)
    expect(parts).toContain('Content-Type: text/cloud-config')
    expect(parts).toContain('Content-Type: text/x-shellscript')
    expect(parts).toContain(script.trim())
  })

  test('is valid YAML that holds exactly the chosen password, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (password) => {
        const parsed = parse(userDataWith(spectro, { kind: 'password', user: 'ada', password })) as { password: string }
        expect(parsed.password).toBe(password)
      }),
    )
  })
})

test('finds the user that user data names', () => {
  expect(userOf('#cloud-config\nuser: fedora # default\n')).toBe('fedora')
  expect(userOf('#cloud-config\nuser: "ada"\n')).toBe('ada')
  expect(userOf('#cloud-config\nuser: {name: ada}\n')).toBeUndefined()
  expect(userOf('#cloud-config\nusers: [default]\n')).toBeUndefined()
  expect(userOf(undefined)).toBeUndefined()
})

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ6w4Yh0mVb8yQ9bq2o4dF8sFv0m6m0m0m0m0m0m0m0m'

test('takes public keys and says what is wrong with anything else', () => {
  expect(sshKeyProblem(`${key} ada@laptop\n`)).toBeUndefined()
  expect(sshKeyProblem('')).toBe('A public key is needed.')
  expect(sshKeyProblem('-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl')).toMatch(/private key/)
  expect(sshKeyProblem(`${key}\n${key}`)).toBe('One key, on one line.')
  expect(sshKeyProblem('ada@laptop')).toMatch(/begins with its type/)
  expect(sshKeyProblem('ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIJ6w')).toBe('The key is incomplete.')
})

test('says what is wrong with a user or a password', () => {
  expect(userNameProblem('ada')).toBeUndefined()
  expect(userNameProblem('root')).toMatch(/root/)
  expect(userNameProblem('Ada L')).toBeDefined()
  expect(passwordProblem('short')).toBe('At least 8 characters.')
  expect(passwordProblem('long enough\n')).toBeDefined()
  expect(passwordProblem('correct horse')).toBeUndefined()
})

test('base64 carries any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(decodedBase64(encodedBase64(text))).toBe(text)
    }),
  )
  expect(decodedBase64('not base64!')).toBeUndefined()
})
