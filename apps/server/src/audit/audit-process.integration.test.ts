// The server in a process of its own, with both its logs on stdout: what they hold, and what happens when nobody reads them.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { collectionPath, objectPath, resources, subresourcePath } from '@virtdeck/k8s'
import { startStack, type Stack } from '../../../../dev/stack.ts'
import { openBrowser, outcome, type Browser } from '../testing/browser.ts'
import { spawnServer, type SpawnedServer } from '../testing/spawned-server.ts'
import { verifyLines } from './chain.ts'

let stack: Stack

beforeAll(async () => {
  stack = await startStack({ scenario: 'small', speed: 20 })
})
afterAll(async () => stack?.[Symbol.asyncDispose]())

const key = Buffer.alloc(32, 7)

async function spawned(env: NodeJS.ProcessEnv = {}): Promise<{ server: SpawnedServer; as: (user: string) => Promise<Browser> }> {
  const server = await spawnServer(stack.cluster.kubeconfig(), ['operator', 'viewer'], {
    VIRTDECK_INVENTORY_CONTEXT: 'virtdeck',
    VIRTDECK_AUDIT_KEY: key.toString('base64'),
    ...env,
  })
  onTestFinished(() => server[Symbol.asyncDispose]())
  const as = async (user: string) => {
    const browser = openBrowser(server.url)
    await browser.signIn({ mode: 'demo', user })
    return browser
  }
  return { server, as }
}

/** Waits until the output holds it; the test's own time limit is the limit. */
async function written(server: SpawnedServer, text: string): Promise<void> {
  while (!server.output().includes(text)) await new Promise((resolve) => setTimeout(resolve, 20))
}

test('writes no credential and no content to any log at any level, and a chain that holds [L-03] [L-06]', async () => {
  const { server, as } = await spawned({ VIRTDECK_LOG_LEVEL: 'trace' })
  const operator = await as('operator')
  const canaries = {
    bearer: stack.cluster.users.find(({ name }) => name === 'operator')?.token ?? '',
    badToken: 'canary-bad-token',
    password: 'canary-password',
    cloudInit: 'canary-cloud-init',
    label: 'canary-label',
    typed: 'canary-typed',
    query: 'canary-query',
    header: 'canary-header',
    ticket: 'canary-ticket',
    state: 'canary-state',
  }
  const { csrf = '' } = await operator.session()
  await expect(openBrowser(server.url).signIn({ mode: 'token', token: canaries.badToken })).rejects.toThrow('401')
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'canary-holder' },
    stringData: { userdata: canaries.cloudInit, password: canaries.password },
  }
  const created = await operator.request(`/k8s${collectionPath(resources.secrets, 'team-a')}`, { method: 'POST', body: secret })
  expect(created.status).toBe(201)
  const patch = { metadata: { labels: { [canaries.label]: canaries.label } }, spec: { [canaries.label]: 1 } }
  const patched = await operator.request(`/k8s${objectPath(resources.virtualMachines, { namespace: 'team-a', name: 'web-01' })}`, {
    method: 'PATCH',
    body: patch,
    contentType: 'application/merge-patch+json',
    headers: { 'x-canary': canaries.header, authorization: `Bearer ${canaries.header}` },
  })
  expect([200, 422]).toContain(patched.status)
  await operator.request(`/k8s${collectionPath(resources.virtualMachines)}?labelSelector=${canaries.query}`)
  await operator.request(`/k8s/api/v1/nodes?${canaries.query}=1`)
  await operator.request(`/auth/callback?state=${canaries.state}&code=${canaries.state}`)
  const web = { namespace: 'team-a', name: 'web-01' }
  const serial = await operator.console(subresourcePath('virtualmachineinstances', web, 'console'))
  await once(serial, 'open')
  serial.send(Buffer.from(`${canaries.typed}\r`))
  await once(serial, 'message')
  serial.close()
  await outcome(
    await operator.socket(`/k8s${subresourcePath('virtualmachineinstances', web, 'vnc')}`, ['plain.kubevirt.io'], {}, canaries.ticket),
  )
  await operator.request('/auth/sign-out', { method: 'POST' })
  await written(server, '"event":"auth.sign-out"')
  server.process.kill('SIGTERM')
  await once(server.process, 'exit')

  const output = server.output()
  expect(output).toContain('"level":"debug"')
  for (const event of ['auth.sign-in', 'secret.create', 'vm.patch', 'gate.reject', 'vm.console'])
    expect(output).toContain(`"event":"${event}"`)
  for (const [name, canary] of Object.entries({ ...canaries, csrf })) expect([name, output.includes(canary)]).toEqual([name, false])
  for (const pair of operator.cookie().split('; ').filter(Boolean)) expect(output).not.toContain(pair.split('=')[1])
  const { records, findings } = await verifyLines(output.split('\n'), { key, fromStart: true })
  expect(findings).toEqual([])
  expect(records).toBeGreaterThan(10)
}, 60_000)

test('goes on reading while nobody takes its logs, changes nothing meanwhile, and loses no record [L-04] [G-12]', async () => {
  const { server, as } = await spawned({ VIRTDECK_LOG_LEVEL: 'debug' })
  const operator = await as('operator')
  server.process.stdout?.pause()
  const stop = `/k8s${subresourcePath('virtualmachines', { namespace: 'team-a', name: 'build-runner' }, 'start')}?dryRun=All`
  const change = () => operator.request(stop, { method: 'PUT', body: {} })
  const refused = () => operator.request('/k8s/api/v1/nodes?watch=1')
  while ((await change()).status !== 503) await Promise.all(Array.from({ length: 250 }, refused))
  expect((await operator.request('/k8s/version')).status).toBe(200)
  expect((await operator.snapshot('virtualmachines')).rows.length).toBeGreaterThan(0)

  server.process.stdout?.resume()
  while ((await change()).status === 503) await new Promise((resolve) => setTimeout(resolve, 50))
  server.process.kill('SIGTERM')
  await once(server.process, 'exit')
  const { records, findings } = await verifyLines(server.output().split('\n'), { key, fromStart: true })
  expect(findings).toEqual([])
  expect(records).toBeGreaterThan(5_000)
}, 120_000)

test('lives on where stdout is a full disk [L-04]', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'virtdeck-full-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const kubeconfig = join(directory, 'kubeconfig')
  await writeFile(kubeconfig, stack.cluster.kubeconfig())
  const full = await open('/dev/full', 'w')
  const port = await freePort()
  const child = spawn(
    process.execPath,
    ['--import', createRequire(import.meta.url).resolve('tsx'), fileURLToPath(new URL('../main.ts', import.meta.url))],
    {
      stdio: ['ignore', full.fd, 'ignore'],
      env: {
        PATH: process.env['PATH'],
        VIRTDECK_KUBECONFIG: kubeconfig,
        VIRTDECK_PORT: String(port),
        VIRTDECK_AUTH_MODE: 'token',
        VIRTDECK_INVENTORY_CONTEXT: 'virtdeck',
        VIRTDECK_LOG_LEVEL: 'debug',
      },
    },
  )
  onTestFinished(() => void child.kill('SIGKILL'))
  await full.close()
  const operator = openBrowser(`http://127.0.0.1:${port}`)
  while (!(await operator.request('/healthz').catch(() => undefined))) await new Promise((resolve) => setTimeout(resolve, 100))
  await operator.signIn({ mode: 'token', token: stack.cluster.users.find(({ name }) => name === 'operator')?.token ?? '' })
  for (let count = 0; count < 50; count += 1) await operator.request('/k8s/api/v1/nodes?watch=1')
  expect((await operator.request('/k8s/version')).status).toBe(200)
  expect(child.exitCode).toBeNull()
}, 60_000)

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
