// `npm start`'s own behaviour: the ready line, what it refuses, and that nothing outlives it.
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { repositoryRoot } from './stack.ts'

let stateDir: string

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'virtdeck-start-'))
})
afterAll(() => rm(stateDir, { recursive: true, force: true }))

type Run = {
  child: ReturnType<typeof spawn>
  ready: Promise<string>
  /** The next link that is printed after the one with this token. */
  another(launch: string): Promise<string>
  ended: Promise<{ code: number | null; stderr: string; stdout: string }>
}

function start(...args: string[]): Run {
  const child = spawn(process.execPath, [join(repositoryRoot, 'dev/start.mjs'), '--state-dir', stateDir, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const ended = new Promise<{ code: number | null; stderr: string; stdout: string }>((resolve) =>
    child.once('close', (code) => resolve({ code, stderr, stdout })),
  )
  const ready = new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      const line = /^virtdeck ready: (\S+)\n/m.exec(stdout)
      if (line?.[1]) resolve(line[1])
    })
    void ended.then(({ code }) => reject(new Error(`ended with ${code} before it was ready: ${stderr}`)))
  })
  ready.catch(() => undefined)
  const another = (launch: string) =>
    new Promise<string>((resolve) => {
      child.stdout.on('data', () => {
        const last = stdout.split('#t=').at(-1)?.trim() ?? ''
        if (last && !last.startsWith(launch)) resolve(last)
      })
    })
  return { child, ready, another, ended }
}

/** One sentence on standard error, exit code 1, no stack. */
async function refusal(...args: string[]): Promise<string> {
  const { code, stderr } = await start(...args).ended
  expect(code).toBe(1)
  expect(stderr).not.toMatch(/^\s+at /m)
  return stderr.trim()
}

describe('npm start', () => {
  test('is ready with a kubeconfig for every demo user, and takes everything along when it is told to stop', async () => {
    const { child, ready, ended } = start('--port', '0')
    const url = await ready
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    const kubeconfig = join(stateDir, 'kubeconfig')
    expect((await stat(kubeconfig)).mode & 0o777).toBe(0o600)
    const text = await readFile(kubeconfig, 'utf8')
    for (const user of ['admin', 'operator', 'power-user', 'user', 'viewer']) expect(text).toContain(`name: ${user}`)
    const cluster = /server: (\S+)/.exec(text)?.[1] ?? ''
    child.kill('SIGINT')
    expect((await ended).code).toBe(0)
    await expect(fetch(`${url}/healthz`)).rejects.toThrow('fetch failed')
    await expect(fetch(cluster)).rejects.toThrow('fetch failed')
  })

  test('serves a real cluster instead, given its kubeconfig, to whoever signs in with a token or the printed link [A-20]', async () => {
    const simulated = start('--port', '0')
    await simulated.ready
    const { child, ready, another, ended } = start('--port', '0', '--kubeconfig', join(stateDir, 'kubeconfig'), '--context', 'operator')
    const link = new URL(await ready)
    expect(link.hash).toMatch(/^#t=[\w-]{43}$/)
    const url = link.origin
    const session = (await (await fetch(`${url}/api/session`)).json()) as { signIn: { mode: string }[]; cluster: { simulated: boolean } }
    expect(session.cluster.simulated).toBe(false)
    expect(session.signIn.map(({ mode }) => mode).toSorted()).toEqual(['kubeconfig', 'token'])
    const signIn = (launch: string) =>
      fetch(`${url}/auth/sign-in`, {
        method: 'POST',
        headers: { origin: url, 'content-type': 'application/json' },
        body: JSON.stringify({ mode: 'kubeconfig', launch }),
      }).then(({ status }) => status)
    const launch = link.hash.slice(3)
    const next = another(launch)
    expect([await signIn(launch), await signIn(launch)]).toEqual([200, 403])
    child.stdin?.write('\n')
    expect(await signIn(await next)).toBe(200)
    child.kill('SIGINT')
    simulated.child.kill('SIGINT')
    await Promise.all([ended, simulated.ended])
  })

  test('says which port is taken', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => holder.once('listening', resolve))
    const { port } = holder.address() as AddressInfo
    expect(await refusal('--port', String(port))).toBe(`Port ${port} is taken; choose another with --port N.`)
    holder.close()
  })

  test('says which kubeconfig is missing', async () => {
    expect(await refusal('--kubeconfig', '/nowhere/config')).toBe('There is no kubeconfig at /nowhere/config.')
  })

  test('says which cluster does not answer', async () => {
    const file = join(stateDir, 'unreachable')
    await writeFile(
      file,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'gone', cluster: { server: 'https://127.0.0.1:1' } }],
        users: [{ name: 'me', user: { token: 'none' } }],
        contexts: [{ name: 'gone', context: { cluster: 'gone', user: 'me' } }],
        'current-context': 'gone',
      }),
    )
    const sentence = await refusal('--port', '0', '--kubeconfig', file)
    expect(sentence).toContain('https://127.0.0.1:1')
    expect(sentence.split('\n')).toHaveLength(1)
  })

  test.each([
    [['--scenario', 'huge'], '--scenario is one of small, fleet, trouble, empty, not "huge".'],
    [['--guests', 'vmware'], '--guests is simulated or qemu, not "vmware".'],
    [['--qemu-limit', '3'], '--qemu-limit goes with --guests qemu.'],
    [['--port', 'http'], '--port takes a whole number up to 65535, not "http".'],
    [['--context', 'prod'], '--context goes with --kubeconfig.'],
    [['--kubeconfig', 'x', '--vms', '5'], '--scenario and --vms are for the simulated cluster, not with --kubeconfig.'],
  ])('refuses %j', async (args, sentence) => {
    expect(await refusal(...args)).toBe(sentence)
  })
})
