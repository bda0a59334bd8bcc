// Several servers with the same keys, and what reaches all of them: keys, revocations, and what a browser brings along.
import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { startServer, type RunningServer } from '../index.ts'
import { startBalancer, type Balancer } from '../testing/balancer.ts'
import { configFor } from '../testing/behind-hostile-api.ts'
import { message, openBrowser, outcome, type Browser } from '../testing/browser.ts'
import { startHostileApiServer, tokenOf, type HostileApiServer } from '../testing/hostile-api-server.ts'
import { memorySink } from '../testing/memory-sink.ts'

let api: HostileApiServer
let directory: string
let keysFile: string
let revokedFile: string
let balancer: Balancer
let replicas: RunningServer[]
const sink = memorySink()
const guests = new WebSocketServer({ noServer: true, handleProtocols: () => 'plain.kubevirt.io' })
const key = (kid: string) => `${kid}:${randomBytes(32).toString('base64')}`
const [oldKey, newKey] = [key('old'), key('new')]

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** As Kubernetes exchanges a mounted file: whole, never half. */
async function exchange(file: string, text: string) {
  await writeFile(`${file}.next`, text)
  await rename(`${file}.next`, file)
}

beforeAll(async () => {
  api = await startHostileApiServer()
  directory = await mkdtemp(join(tmpdir(), 'virtdeck-replicas-'))
  keysFile = join(directory, 'keys')
  revokedFile = join(directory, 'revoked.json')
  await exchange(keysFile, oldKey)
  await exchange(revokedFile, '{}')
  balancer = await startBalancer()
  const ports = [await freePort(), await freePort()]
  replicas = await Promise.all(
    ports.map((port) =>
      startServer(
        configFor(api, {
          port,
          publicOrigin: balancer.url,
          sessionKeysFile: keysFile,
          session: { revokedFile },
          peers: ports.map((port) => `127.0.0.1:${port}`),
          rereadMs: 25,
          signInAttemptsPerMinute: 1_000,
          audit: { sink },
        }),
      ),
    ),
  )
  balancer.serve(replicas.map(({ port }) => port))
})
afterAll(async () => {
  for (const each of [...(replicas ?? []), balancer, api]) await each?.[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})
beforeEach(() => {
  api.upgrade((req, socket, head) => guests.handleUpgrade(req, socket, head, () => {}))
})

async function signIn(person: string): Promise<Browser> {
  const browser = openBrowser(balancer.url)
  await browser.signIn({ mode: 'token', token: tokenOf(person) })
  return browser
}

const userOf = async (browser: Browser) => (await browser.session()).user?.name
const vnc = '/apis/subresources.kubevirt.io/v1/namespaces/team-a/virtualmachineinstances/web-01/vnc'

/** The browser's sockets on every replica: `/live` and a console on each. */
async function openStreams(browser: Browser) {
  const streams = []
  for (const { port } of replicas) {
    balancer.pin(port)
    const live = await browser.live()
    await live.until(message('heartbeat'))
    const console = await browser.console(vnc)
    await once(console, 'open')
    streams.push(live.closed, outcome(console))
  }
  balancer.pin()
  return streams
}

test('knows a session on every replica, and goes on with it when one of them is gone', async () => {
  const browser = await signIn('carl')
  for (const { port } of replicas) {
    balancer.pin(port)
    expect(await userOf(browser)).toBe('carl')
  }
  balancer.pin()
})

test('ends a revoked user’s sessions and streams on every replica, and nobody else’s [A-25]', async () => {
  const [ann, ben] = [await signIn('ann'), await signIn('ben')]
  const [annsStreams, bensStreams] = [await openStreams(ann), await openStreams(ben)]
  const bensEnd = Promise.race(bensStreams).then(() => 'ended')
  await exchange(revokedFile, JSON.stringify({ users: { ann: new Date(Date.now() + 1).toISOString() } }))

  const ended = { closed: 4401, reason: 'The session has ended.' }
  expect(await Promise.all(annsStreams)).toEqual([4401, ended, 4401, ended])
  for (const { port } of replicas) {
    balancer.pin(port)
    expect([await userOf(ann), await userOf(ben)]).toEqual([undefined, 'ben'])
    expect((await ann.request('/k8s/version')).status).toBe(401)
  }
  balancer.pin()
  expect(await Promise.race([bensEnd, Promise.resolve('open')])).toBe('open')
  expect(await userOf(await signIn('ann'))).toBe('ann')
  const noted = sink.records().filter(({ event }) => event === 'auth.session.revoked')
  expect(noted.map(({ actor }) => (actor.kind === 'user' ? actor.name : actor.kind))).toEqual(['ann', 'ann'])

  // A file that cannot be read ends nobody's session, and begins nobody's again.
  await exchange(revokedFile, '{"users": ')
  await exchange(revokedFile, JSON.stringify({ notBefore: new Date(Date.now() + 1).toISOString() }))
  expect(await Promise.all(bensStreams)).toEqual([4401, ended, 4401, ended])
  expect(await userOf(ben)).toBeUndefined()
})

test('ends a session on every replica when its person signs out on one, with all that is open there [A-17]', async () => {
  const [ann, ben] = [await signIn('ann'), await signIn('ben')]
  const [streams, others] = [await openStreams(ann), await openStreams(ben)]
  const copied = ann.cookie()
  const startedAt = performance.now()
  expect((await ann.request('/auth/sign-out', { method: 'POST' })).status).toBe(200)
  const ended = { closed: 4401, reason: 'The session has ended.' }
  expect(await Promise.all(streams)).toEqual([4401, ended, 4401, ended])
  expect(performance.now() - startedAt).toBeLessThan(60_000)
  for (const { port } of replicas) {
    balancer.pin(port)
    expect((await openBrowser(balancer.url).request('/k8s/version', { headers: { cookie: copied } })).status).toBe(401)
    expect(await userOf(ben)).toBe('ben')
  }
  balancer.pin()
  expect(await Promise.race([...others, Promise.resolve('open')])).toBe('open')
})

test('believes nobody who says that a session ended, unless it is a replica with the keys [A-17]', async () => {
  const ann = await signIn('ann')
  const [first] = replicas
  for (const body of ['', 'x', 'old.AAAA.AAAA.AAAA', /_s0=([^;]+)/.exec(ann.cookie())?.[1] ?? '', 'x'.repeat(10_000)]) {
    const response = await fetch(`http://127.0.0.1:${first?.port}/peers/ended`, { method: 'POST', body })
    expect([403, 413]).toContain(response.status)
  }
  expect(await userOf(ann)).toBe('ann')
})

test('takes new keys while it runs, and signs nobody out until the old one is taken out [A-24]', async () => {
  const browser = await signIn('dora')
  const kidOf = async () => /_s0=([^.]+)/.exec((await signIn('eve')).cookie())?.[1]
  expect(await kidOf()).toBe('old')
  await exchange(keysFile, `${newKey}\n${oldKey}\n`)
  await expect.poll(kidOf).toBe('new')
  await expect.poll(kidOf).toBe('new')
  expect(await userOf(browser)).toBe('dora')
  // What is no key changes nothing.
  await exchange(keysFile, 'new:AAAA')
  expect(await userOf(browser)).toBe('dora')
  await exchange(keysFile, newKey)
  await expect.poll(async () => [await userOf(browser), await userOf(browser)]).toEqual([undefined, undefined])
})

test.each([
  ['sessionKeysFile', 'k1:AAAA', 'has 3 bytes'],
  ['sessionKeysFile', '', 'there is no key in it'],
  ['revokedFile', '{"everybody": true}', 'everybody'],
])('does not start with a %s that says %j', async (name, text, complaint) => {
  const file = join(directory, 'wrong')
  await writeFile(file, text)
  const start = startServer(configFor(api, name === 'revokedFile' ? { session: { revokedFile: file } } : { sessionKeysFile: file }))
  await expect(start).rejects.toThrow(complaint)
})
