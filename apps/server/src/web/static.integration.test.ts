import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { Agent, get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startServer, type RunningServer } from '../index.ts'
import { atFullSize } from '../testing/property-runs.ts'
import { startHostileApiServer, type HostileApiServer } from '../testing/hostile-api-server.ts'

let api: HostileApiServer
let server: RunningServer
let webRoot: string
const script = `export const answer = ${'4'.repeat(2000)}`

beforeAll(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'virtdeck-web-'))
  webRoot = join(directory, 'dist')
  await mkdir(join(webRoot, 'assets'), { recursive: true })
  await writeFile(join(directory, 'secret.txt'), 'secret')
  await writeFile(join(webRoot, 'index.html'), '<!doctype html><script nonce="__CSP_NONCE__"></script><title>virtdeck</title>')
  await writeFile(join(webRoot, 'favicon.svg'), '<svg/>')
  await writeFile(join(webRoot, 'robots.txt'), '0')
  await writeFile(join(webRoot, '.digest'), 'x')
  await writeFile(join(webRoot, 'assets/index-abc.js'), script)
  await writeFile(join(webRoot, 'assets/index-abc.js.gz'), gzipSync(script))
  api = await startHostileApiServer()
  server = await startServer({ host: '127.0.0.1', port: 0, webRoot, kubeconfig: { text: api.kubeconfig }, logLevel: 'silent' })
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await api?.[Symbol.asyncDispose]()
  await rm(join(webRoot, '..'), { recursive: true })
})

/** Without the tidying-up of a target that fetch does. */
function ask(
  path: string,
  headers: Record<string, string> = {},
  agent?: Agent,
  port = server.port,
): Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; text: string }> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, headers, agent }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
    }).on('error', reject)
  })
}
const navigation = { accept: 'text/html,*/*', 'sec-fetch-mode': 'navigate' }

test('answers every page of the app with index.html, a strict policy and a nonce of its own [X-07] [X-08]', async () => {
  const answers = await Promise.all(
    ['/', '/virtual-machines', '/virtual-machines/team-a/web.01/console?kind=vnc'].map((path) => ask(path, navigation)),
  )
  const nonces = answers.map(({ status, text, headers }) => {
    const nonce = /nonce="([^"]+)"/.exec(text)?.[1] ?? ''
    expect([status, headers['cache-control'], headers['content-type']]).toEqual([200, 'no-store', 'text/html; charset=utf-8'])
    expect(headers['content-security-policy']).toBe(
      `default-src 'none';script-src 'nonce-${nonce}' 'strict-dynamic';style-src-elem 'self' 'nonce-${nonce}';style-src-attr 'none';` +
        `img-src 'self' data:;font-src 'self';connect-src 'self';worker-src 'self';manifest-src 'self';form-action 'self';frame-src 'none';` +
        `frame-ancestors 'none';base-uri 'none';object-src 'none';require-trusted-types-for 'script';trusted-types 'none';report-uri /api/csp-report`,
    )
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    })
    return nonce
  })
  expect(new Set(nonces).size).toBe(3)
})

test('over HTTPS, names the place for reports in both ways, for browsers take the newer where they know it [X-08]', async () => {
  const [host, publicOrigin] = ['vms.example.com', 'https://vms.example.com']
  const sessionKeys = [`k:${randomBytes(32).toString('base64')}`]
  const config = {
    host: '127.0.0.1',
    port: 0,
    webRoot,
    kubeconfig: { text: api.kubeconfig },
    logLevel: 'silent',
    publicOrigin,
    sessionKeys,
  }
  await using secure = await startServer(config)
  const { headers } = await ask('/', { ...navigation, host }, undefined, secure.port)
  expect(headers['reporting-endpoints']).toBe('csp="/api/csp-report"')
  expect(headers['content-security-policy']).toMatch(/;report-to csp;report-uri \/api\/csp-report;upgrade-insecure-requests$/)
  // A browser that knows report-to looks at no report-uri, and sends to no place over plain HTTP.
  expect((await ask('/', navigation)).headers).not.toHaveProperty('reporting-endpoints')
})

test('gives no two pages the same nonce [X-08]', async () => {
  const count = atFullSize ? 10_000 : 1_000
  const nonces = new Set<string>()
  const agent = new Agent({ keepAlive: true, maxSockets: 4 })
  const lane = async () => {
    for (let asked = 0; asked < count / 4; asked += 1) {
      const { headers, text } = await ask('/', navigation, agent)
      const nonce = /nonce="([^"]+)"/.exec(text)?.[1] ?? ''
      expect(headers['content-security-policy']).toContain(`'nonce-${nonce}'`)
      nonces.add(nonce)
    }
  }
  await Promise.all([lane(), lane(), lane(), lane()])
  agent.destroy()
  expect(nonces.size).toBe(count)
})

test('serves hashed assets for ever, compressed where the browser takes it, pictures for a day, and nothing else unasked', async () => {
  const plain = await ask('/assets/index-abc.js')
  expect(plain.text).toBe(script)
  expect(plain.headers).toMatchObject({
    'cache-control': 'public, max-age=31536000, immutable',
    'content-type': 'text/javascript; charset=utf-8',
  })
  expect((await ask('/assets/index-abc.js', { 'accept-encoding': 'gzip, br' })).headers['content-encoding']).toBe('gzip')
  const { headers } = await ask('/favicon.svg')
  expect(headers['cache-control']).toBe('public, max-age=86400')
  expect((await ask('/favicon.svg', { 'if-none-match': String(headers.etag) })).status).toBe(304)
  expect((await ask('/robots.txt')).headers['cache-control']).toBe('no-cache')
})

test.each([
  '/../secret.txt',
  '/assets/../../secret.txt',
  '/assets/..%2f..%2fsecret.txt',
  '/%2e%2e/secret.txt',
  '/..%5csecret.txt',
  '//secret.txt',
  '/assets//index-abc.js',
  '/.digest',
  '/index.html.bak',
  '/assets/missing.js',
  '/assets/index-abc.js.gz',
])('serves only files that were there at the start, and redirects never: %s [P-03]', async (path) => {
  for (const accept of ['*/*', 'application/json']) {
    const { status, text } = await ask(path, { accept })
    expect([400, 404, 421]).toContain(status)
    expect(text).not.toContain('secret"')
    expect(JSON.parse(text)).toMatchObject({ kind: 'Status' })
  }
  const asPage = await ask(path, navigation)
  expect(asPage.status).not.toBe(301)
  expect(asPage.text).not.toBe('secret')
})
