import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ConfigError, startServer, type ServerConfig } from './index.ts'
import { configFor } from './testing/behind-hostile-api.ts'
import { openBrowser } from './testing/browser.ts'
import { startHostileApiServer } from './testing/hostile-api-server.ts'
import { memorySink } from './testing/memory-sink.ts'

const base = { host: '127.0.0.1', port: 0, webRoot: '/nonexistent', logLevel: 'silent' } satisfies Partial<ServerConfig>

function kubeconfig(server: string): string {
  return JSON.stringify({
    'current-context': 'here',
    clusters: [{ name: 'here', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'ann', user: { token: 'x' } }],
    contexts: [{ name: 'here', context: { cluster: 'here', user: 'ann' } }],
  })
}

test.each([
  [{ file: '/no/such/kubeconfig' }, 'The kubeconfig /no/such/kubeconfig cannot be read: ENOENT'],
  [{ text: ': nonsense' }, 'The kubeconfig'],
  [{ text: '{}' }, 'has no context'],
  [{ text: kubeconfig('not a url') }, 'is not a URL'],
])('says in a sentence what is wrong with the kubeconfig %j', async (source, sentence) => {
  const start = startServer({ ...base, kubeconfig: source })
  await expect(start).rejects.toBeInstanceOf(ConfigError)
  await expect(start).rejects.toThrow(sentence)
})

test('names the contexts there are when asked for another', async () => {
  const start = startServer({ ...base, kubeconfig: { text: kubeconfig('https://127.0.0.1:1') }, context: 'there' })
  await expect(start).rejects.toThrow('The kubeconfig has no context "there". It has here.')
})

test('refuses to start without its cluster only where that is asked for', async () => {
  const source = { kubeconfig: { text: kubeconfig('https://127.0.0.1:1') } }
  await expect(startServer({ ...base, ...source, requireCluster: true })).rejects.toThrow(
    'The cluster at https://127.0.0.1:1 cannot be reached (connect ECONNREFUSED 127.0.0.1:1).',
  )
  await using server = await startServer({ ...base, ...source })
  const browser = openBrowser(server.url)
  expect((await browser.request('/healthz')).status).toBe(200)
  expect((await browser.request('/readyz')).status).toBe(503)
  await expect(browser.signIn({ mode: 'token', token: 'x' })).rejects.toThrow('sign-in answered 503')
})

test('listens on no address of the network without its public origin [A-01]', async () => {
  await expect(startServer({ ...base, host: '0.0.0.0', kubeconfig: { text: '{}' } })).rejects.toThrow('publicOrigin: is required')
})

/** Somebody else's port, until it is given back. */
async function takePort() {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  return { port, giveBack: () => new Promise((resolve) => other.close(resolve)) }
}

test('leaves a taken port to who has it, and nothing else behind', async () => {
  const { port, giveBack } = await takePort()
  const free = await takePort()
  await free.giveBack()
  const metrics = { host: '127.0.0.1', port: free.port }
  const sink = memorySink()
  const config = { ...base, port, metrics, audit: { sink }, kubeconfig: { text: kubeconfig('https://127.0.0.1:1') } }
  await expect(startServer(config)).rejects.toMatchObject({ code: 'EADDRINUSE' })
  expect(sink.records().map(({ event }) => event)).toEqual(['server.start', 'server.stop'])
  await expect(fetch(`http://127.0.0.1:${metrics.port}/metrics`)).rejects.toThrow('fetch failed')
  await giveBack()
})

test('stops listening where it fails after it began to', async () => {
  const webRoot = await mkdtemp(join(tmpdir(), 'virtdeck-start-'))
  // A directory in the page's place: it is there, and cannot be read.
  await mkdir(join(webRoot, 'index.html'))
  const { port, giveBack } = await takePort()
  await giveBack()
  const start = startServer({ ...base, webRoot, port, kubeconfig: { text: kubeconfig('https://127.0.0.1:1') } })
  await expect(start).rejects.toMatchObject({ code: 'EISDIR' })
  await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow('fetch failed')
  await rm(webRoot, { recursive: true })
})

test('answers under its public origin and no other name [A-01]', async () => {
  await using api = await startHostileApiServer()
  await using shared = await startServer(configFor(api, { publicOrigin: 'https://vms.example.com' }))
  const answer = await fetch(`http://127.0.0.1:${shared.port}/healthz`)
  expect([answer.status, shared.url]).toEqual([200, 'https://vms.example.com'])
  expect(answer.headers.get('strict-transport-security')).toBe('max-age=31536000; includeSubDomains')
  expect((await fetch(`http://127.0.0.1:${shared.port}/api/session`)).status).toBe(421)
})

test('outlives the reader of its log', async () => {
  const script = `
    import { createLogger } from ${JSON.stringify(new URL('./logger.ts', import.meta.url).href)}
    const log = createLogger('info')
    log.info('ready')
    process.stdin.once('data', () => {
      for (let index = 0; index < 100; index += 1) log.info('x'.repeat(10_000))
      setTimeout(() => process.exit(7), 50)
    })
  `
  const tsx = createRequire(import.meta.url).resolve('tsx')
  const child = spawn(process.execPath, ['--import', tsx, '--input-type=module', '--eval', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  child.stdout.destroy()
  child.stdin.write('go')
  const [code] = (await once(child, 'exit')) as [number]
  expect(code).toBe(7)
})
