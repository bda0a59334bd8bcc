// One's own kubeconfig on one's own machine: who may use it, and what of it runs.
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { startServer, type ServerConfig } from '../index.ts'
import type { Session } from '../protocol.ts'
import { configFor } from '../testing/behind-hostile-api.ts'
import { openBrowser } from '../testing/browser.ts'
import { startHostileApiServer, token, type HostileApiServer } from '../testing/hostile-api-server.ts'

let api: HostileApiServer
let directory: string
let file: string

beforeAll(async () => {
  api = await startHostileApiServer()
  directory = await mkdtemp(join(tmpdir(), 'virtdeck-kubeconfig-'))
  file = join(directory, 'config')
  await writeFile(file, api.kubeconfig)
})
afterAll(async () => {
  await api?.[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

const start = (overrides: Partial<ServerConfig> = {}) => startServer(configFor(api, { kubeconfig: { file }, ...overrides }))
/** What the link holds beyond the address; browsers send none of it. */
const launchOf = (url = '') => new URL(url).hash.replace('#t=', '')

test('signs in with the printed link, once, and never with one that was replaced [A-20]', async () => {
  await using local = await start()
  const browser = openBrowser(local.url)
  expect((await browser.json<Session>('/api/session')).signIn).toEqual([{ mode: 'kubeconfig', user: 'ann' }, { mode: 'token' }])
  const [replaced, launch] = [launchOf(local.launchUrl?.()), launchOf(local.launchUrl?.())]
  expect(Buffer.from(launch, 'base64url')).toHaveLength(32)
  for (const wrong of ['', 'x', replaced, `${launch}x`, launch.slice(1)])
    await expect(browser.signIn({ mode: 'kubeconfig', launch: wrong })).rejects.toThrow('sign-in answered 403')
  expect((await browser.signIn({ mode: 'kubeconfig', launch })).user?.name).toBe('ann')
  expect(await browser.snapshot('virtualmachines')).toMatchObject({ access: { scope: 'cluster' } })
  await expect(openBrowser(local.url).signIn({ mode: 'kubeconfig', launch })).rejects.toThrow('sign-in answered 403')
})

test('keeps its cookies apart from those of other ports, without Secure on plain http [A-20]', async () => {
  await using local = await start()
  const response = await openBrowser(local.url).request('/auth/sign-in', {
    method: 'POST',
    body: { mode: 'kubeconfig', launch: launchOf(local.launchUrl?.()) },
  })
  expect(response.headers.getSetCookie()[0]).toMatch(new RegExp(`^virtdeck_${local.port}_s0=[^;]+; Path=/; HttpOnly; SameSite=Strict$`))
})

test('answers to loopback names alone, and signs in for its own page alone [A-20]', async () => {
  await using local = await start()
  const launch = launchOf(local.launchUrl?.())
  const attempt = (headers: Record<string, string>) =>
    openBrowser(local.url)
      .request('/auth/sign-in', { method: 'POST', body: { mode: 'kubeconfig', launch }, headers })
      .then(({ status }) => status)
  for (const origin of ['null', 'http://evil.example', `http://127.0.0.1:${local.port + 1}`, `http://127.0.0.1.evil.example:${local.port}`])
    expect([origin, await attempt({ origin })]).toEqual([origin, 403])
  expect(await attempt({ 'sec-fetch-site': 'same-site' })).toBe(403)
  expect(await attempt({ 'content-type': 'text/plain' })).toBe(415)
  const answer = await openBrowser(local.url).navigate('/api/session', { host: `rebound.example:${local.port}` })
  expect(answer.status).toBe(421)
  expect(answer.headers.get('access-control-allow-origin')).toBeNull()
  // None of them used the link up.
  expect(await attempt({})).toBe(200)
})

test.each(['0.0.0.0', '::', '10.1.2.3', 'vms.example.com'])('does not start on %s with somebody’s own kubeconfig [A-20]', async (host) => {
  await expect(start({ authMode: 'local-kubeconfig', host })).rejects.toThrow('host: must be a loopback address')
})

test('offers the kubeconfig’s user to nobody through a public origin or beside an identity provider [A-20]', async () => {
  await expect(start({ authMode: 'local-kubeconfig', publicOrigin: 'https://vms.example.com' })).rejects.toThrow('publicOrigin')
  await using singleSignOn = await start({ oidc: { issuer: 'http://127.0.0.1:1', clientId: 'virtdeck' } })
  expect(singleSignOn.launchUrl).toBeUndefined()
  const browser = openBrowser(singleSignOn.url)
  expect((await browser.json<Session>('/api/session')).signIn).toEqual([{ mode: 'oidc' }, { mode: 'token' }])
  await expect(browser.signIn({ mode: 'kubeconfig', launch: '' })).rejects.toThrow('sign-in answered 403')
})

/** A kubeconfig whose user has what is given. */
async function kubeconfigWith(user: unknown): Promise<string> {
  const path = join(directory, `config-${Math.random().toString(36).slice(2)}`)
  onTestFinished(() => rm(path))
  const config = JSON.parse(api.kubeconfig) as { users: unknown[] }
  await writeFile(path, JSON.stringify({ ...config, users: [{ name: 'ann', user }] }))
  return path
}

async function plugin(name: string, script: string) {
  const path = join(directory, name)
  await writeFile(path, `#!/usr/bin/env node\n${script}`)
  await chmod(path, 0o755)
  return { apiVersion: 'client.authentication.k8s.io/v1', command: `./${name}`, interactiveMode: 'IfAvailable' }
}

const print = (status: unknown) =>
  `console.log(JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: ${JSON.stringify(status)} }))`

test('gets its credential from the exec plugin of the file that was named [A-21]', async () => {
  const exec = await plugin('good', print({ token }))
  await using local = await start({ kubeconfig: { file: await kubeconfigWith({ exec }) } })
  const browser = openBrowser(local.url)
  await browser.signIn({ mode: 'kubeconfig', launch: launchOf(local.launchUrl?.()) })
  api.answer((_req, res) => void res.writeHead(200, { 'content-type': 'application/json' }).end('{}'))
  api.seen.splice(0)
  await browser.request('/k8s/version')
  expect(api.seen.at(-1)?.headers.authorization).toBe(`Bearer ${token}`)
})

test('shows nobody what a failing plugin says [A-21]', async () => {
  const exec = await plugin('failing', "console.error('canary-of-the-plugin'); process.exit(1)")
  await using local = await start({ kubeconfig: { file: await kubeconfigWith({ exec }) } })
  const response = await openBrowser(local.url).request('/auth/sign-in', {
    method: 'POST',
    body: { mode: 'kubeconfig', launch: launchOf(local.launchUrl?.()) },
  })
  expect(response.status).toBe(503)
  expect(await response.text()).not.toContain('canary')
})

test('runs no plugin of a kubeconfig that is no file, and none of those that want a shell or a conversation [A-21]', async () => {
  const exec = await plugin('any', print({ token }))
  const text = JSON.stringify({ ...(JSON.parse(api.kubeconfig) as object), users: [{ name: 'ann', user: { exec } }] })
  await expect(start({ kubeconfig: { text }, authMode: 'token' })).rejects.toThrow('only runs from a file')
  for (const [user, sentence] of [
    [{ exec: { ...exec, interactiveMode: 'Always' } }, 'wants to ask questions'],
    [{ exec: { ...exec, apiVersion: 'client.authentication.k8s.io/v1alpha1' } }, 'apiVersion'],
    [{ exec: { ...exec, command: '' } }, 'command'],
    [
      { 'auth-provider': { name: 'gcp', config: { 'cmd-path': 'sh', 'cmd-args': '-c id' } } },
      'auth provider "gcp", which is not supported',
    ],
    [{ 'auth-provider': { name: 'exec', config: { exec } } }, 'auth provider "exec", which is not supported'],
  ] as const) {
    await expect(start({ kubeconfig: { file: await kubeconfigWith(user) } })).rejects.toThrow(sentence)
  }
})

test('acts as the user that the kubeconfig names with `as`, and says so with what else is unusual of it', async () => {
  const user = { token, as: 'ben', 'as-groups': ['ops', 'dév'], 'as-uid': '7', 'as-user-extra': { 'acme.com/reason': ['drill'] } }
  await using local = await start({ kubeconfig: { file: await kubeconfigWith(user) } })
  const browser = openBrowser(local.url)
  expect((await browser.session()).cluster.warnings).toBeUndefined()
  const { cluster } = await browser.signIn({ mode: 'kubeconfig', launch: launchOf(local.launchUrl?.()) })
  expect(cluster.warnings).toEqual([expect.stringContaining('not to verify'), expect.stringContaining('acts as ben')])
  api.answer((_req, res) => void res.writeHead(200, { 'content-type': 'application/json' }).end('{}'))
  api.seen.splice(0)
  await browser.request('/k8s/version')
  expect(api.seen.at(-1)?.headers).toMatchObject({
    authorization: `Bearer ${token}`,
    'impersonate-user': 'ben',
    'impersonate-group': `ops, ${Buffer.from('dév').toString('latin1')}`,
    'impersonate-uid': '7',
    'impersonate-extra-acme.com%2freason': 'drill',
  })
})
