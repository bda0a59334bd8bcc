import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createExecCredential, readExecConfig, type ExecOptions } from './exec-credential.ts'

const directory = mkdtempSync(join(tmpdir(), 'virtdeck-exec-'))
afterAll(() => rmSync(directory, { recursive: true }))

const cluster = { server: 'https://cluster.example:6443' }

/** A plugin that runs this JavaScript, with its arguments in `process.argv.slice(1)`. */
function plugin(
  script: string,
  { args = [], env, ...options }: { args?: string[]; env?: { name: string; value: string }[] } & Partial<ExecOptions> = {},
) {
  const exec = readExecConfig({
    apiVersion: 'client.authentication.k8s.io/v1',
    command: process.execPath,
    args: ['--eval', script, '--', ...args],
    env,
    provideClusterInfo: true,
  })
  return createExecCredential(exec, { file: join(directory, 'config'), cluster, ...options })
}

const answer = (status: string) => `console.log(JSON.stringify({ kind: 'ExecCredential', status: ${status} }))`

test('gives a plugin its arguments as they are, with no shell in between [A-21]', async () => {
  const args = ['$(touch pwned)', '`id`', '; rm -rf /', '| cat', '"\'', '*', '--flag=a b', '\n']
  const ask = plugin(answer('{ token: JSON.stringify(process.argv.slice(1)) }'), { args })
  expect(JSON.parse((await ask()).token ?? '')).toEqual(args)
  const command = join(directory, 'no such plugin; id > x')
  const missing = createExecCredential(readExecConfig({ apiVersion: 'client.authentication.k8s.io/v1', command }), {
    file: join(directory, 'config'),
    cluster,
  })
  await expect(missing()).rejects.toThrow('ENOENT')
})

test('tells a plugin what the kubeconfig does, and of the server’s own environment only what it needs [A-21]', async () => {
  const environment = {
    PATH: '/bin',
    HOME: '/home/ann',
    HTTPS_PROXY: 'http://proxy',
    AWS_PROFILE: 'prod',
    VIRTDECK_SESSION_KEYS: 'secret',
    VIRTDECK_OIDC_CLIENT_SECRET: 'secret',
    NODE_OPTIONS: '--no-warnings',
    LD_PRELOAD: '',
    DATABASE_PASSWORD: 'secret',
  }
  const ask = plugin(answer('{ token: JSON.stringify(process.env) }'), { env: [{ name: 'REGION', value: 'eu' }], environment })
  const seen = JSON.parse((await ask()).token ?? '') as Record<string, string>
  const { KUBERNETES_EXEC_INFO: info = '', ...rest } = seen
  expect(rest).toEqual({ PATH: '/bin', HOME: '/home/ann', HTTPS_PROXY: 'http://proxy', AWS_PROFILE: 'prod', REGION: 'eu' })
  expect(JSON.parse(info)).toEqual({
    kind: 'ExecCredential',
    apiVersion: 'client.authentication.k8s.io/v1',
    spec: { interactive: false, cluster },
  })
})

test('ends a plugin that hangs, with everything that it started [A-21]', async () => {
  const pidFile = join(directory, 'pid')
  const script = `
    const child = require('node:child_process').spawn(process.execPath, ['--eval', 'setInterval(() => {}, 1000)'])
    require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(child.pid))
    setInterval(() => {}, 1000)
  `
  const started = performance.now()
  await expect(plugin(script, { timeoutMs: 1_500 })()).rejects.toThrow('did not end within 1.5 s')
  expect(performance.now() - started).toBeLessThan(10_000)
  const pid = Number(readFileSync(pidFile, 'utf8'))
  await expect.poll(() => isRunning(pid)).toBe(false)
})

/** A process that has ended and that nobody has waited for is not running, either. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

test('stops listening to a plugin that does not stop talking [A-21]', async () => {
  await expect(plugin("setInterval(() => process.stdout.write('x'.repeat(65536)), 1)")()).rejects.toThrow('wrote more than 256 KiB')
})

test.each([
  ['is not JSON', "console.log('token')", 'not JSON'],
  ['is something else', "console.log('{}')", 'no ExecCredential'],
  ['has no credential', answer('{}'), 'gave no credential'],
  ['has half a certificate', answer("{ clientCertificateData: 'x' }"), 'gave no credential'],
  ['ends badly', "console.error('log in first'); process.exit(3)", 'ended with 3: log in first'],
])('refuses an answer that %s, for the log to say [A-21]', async (_, script, sentence) => {
  await expect(plugin(script)()).rejects.toThrow(sentence)
})

test('asks once for all who wait, and again a minute before the end', async () => {
  const counter = join(directory, 'counter')
  writeFileSync(counter, '')
  let nowMs = Date.parse('2026-01-31T12:00:00Z')
  const script = `
    require('node:fs').appendFileSync(${JSON.stringify(counter)}, 'x')
    ${answer("{ token: 't', expirationTimestamp: '2026-01-31T12:10:00Z' }")}
  `
  const ask = plugin(script, { now: () => nowMs })
  const runs = () => readFileSync(counter, 'utf8').length
  expect(await Promise.all([ask(), ask(), ask()])).toEqual([{ token: 't' }, { token: 't' }, { token: 't' }])
  expect(runs()).toBe(1)
  nowMs += 8 * 60_000
  await ask()
  expect(runs()).toBe(1)
  nowMs += 61_000
  await ask()
  expect(runs()).toBe(2)
})

test('takes a client certificate as well as a token, and what is empty or null for what is not there', async () => {
  expect(await plugin(answer("{ clientCertificateData: 'c', clientKeyData: 'k' }"))()).toEqual({ cert: 'c', key: 'k' })
  expect(await plugin(answer("{ token: '', clientCertificateData: 'c', clientKeyData: 'k' }"))()).toEqual({ cert: 'c', key: 'k' })
  const token = "{ token: 't', clientCertificateData: null, clientKeyData: null, expirationTimestamp: null }"
  expect(await plugin(answer(token))()).toEqual({ token: 't' })
})
