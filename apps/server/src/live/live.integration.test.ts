import { afterAll, beforeAll, expect, test } from 'vitest'
import { startServer } from '../index.ts'
import { configFor, startBehindHostileApi, type BehindHostileApi } from '../testing/behind-hostile-api.ts'
import { message, openBrowser, type Browser } from '../testing/browser.ts'
import { token, type HostileApiServer } from '../testing/hostile-api-server.ts'

let stack: BehindHostileApi
let api: HostileApiServer
let ann: Browser
const vms = '/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines'

beforeAll(async () => {
  stack = await startBehindHostileApi()
  ;({ api, ann } = stack)
})
afterAll(async () => stack?.[Symbol.asyncDispose]())

test('says at once that it lives, with the server’s time', async () => {
  using live = await ann.live()
  const { now } = await live.until(message('heartbeat'))
  expect(Math.abs(now - Date.now())).toBeLessThan(5_000)
})

test.each([
  '',
  'hello',
  '{}',
  '[]',
  '{"type":"fleet","fleet":"secrets","epoch":"","seq":0}',
  '{"type":"fleet","fleet":"nodes","epoch":"","seq":-1}',
  '{"type":"watch","id":"1","path":"/x"}',
  '['.repeat(60),
])('closes a socket that sends what is no request: %s [W-12]', async (text) => {
  using live = await ann.live()
  await live.until(message('heartbeat'))
  live.ws.send(text)
  expect(await live.closed).toBe(4400)
})

test('closes a socket that sends more than 64 KiB [W-12]', async () => {
  using live = await ann.live()
  await live.until(message('heartbeat'))
  live.ws.send('x'.repeat(70_000))
  expect(await live.closed).toBe(1009)
})

test.each([
  ['/api/v1/namespaces/team-a/secrets', 405],
  ['/api/v1/namespaces/team-a/pods/x/log', 404],
  ['//evil.example/x', 400],
  [`${vms}/../../secrets`, 400],
  [`${vms}?watch=1`, 400],
  ['/k8s/version', 404],
])('watches nothing that is not in the gate’s table: %s [P-01] [P-02]', async (path, code) => {
  using live = await ann.live()
  await live.send({ type: 'watch', id: 7, path })
  expect(await live.until(message('watch-error'))).toMatchObject({ id: 7, status: { code } })
})

test('keeps at most 50 watches on a socket, and lets go of what is closed', async () => {
  using live = await ann.live()
  for (let id = 0; id < 51; id += 1) await live.send({ type: 'watch', id, path: vms, fieldSelector: `metadata.name=vm-${id}` })
  expect(await live.until(message('watch-error'))).toMatchObject({ id: 50, status: { code: 429 } })
  await live.send({ type: 'watch-close', id: 0 })
  await live.send({ type: 'watch', id: 51, path: vms, fieldSelector: 'metadata.name=x' })
  expect(await live.until(message('objects', ({ id }) => id === 51))).toMatchObject({ items: [] })
})

test('mixes up no two sockets: the same ids mean each one’s own [W-09]', async () => {
  using one = await ann.live()
  using other = await ann.live()
  await one.send({ type: 'watch', id: 1, path: vms })
  await other.send({ type: 'watch', id: 1, path: vms })
  await Promise.all([one.until(message('objects')), other.until(message('objects'))])
  await other.send({ type: 'watch-close', id: 1 })
  await other.send({ type: 'watch', id: 1, path: vms })
  await other.until(message('objects', () => other.messages.filter(message('objects')).length === 2))
  expect(one.messages.filter(message('objects'))).toHaveLength(1)
})

test('tells open sockets that it restarts [W-18]', async () => {
  const own = await startServer(configFor(api))
  const ben = openBrowser(own.url)
  await ben.signIn({ mode: 'token', token })
  using live = await ben.live()
  await live.until(message('heartbeat'))
  const stopped = own[Symbol.asyncDispose]()
  expect(await live.closed).toBe(1012)
  await stopped
})
