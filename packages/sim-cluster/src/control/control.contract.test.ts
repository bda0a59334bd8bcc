import { connect } from 'node:tls'
import { request as httpsRequest } from 'node:https'
import { expect, test } from 'vitest'
import { manualClock } from '../clock.ts'
import { startSimCluster, type SimCluster, type SimClusterOptions } from '../sim-cluster.ts'
import { ask } from '../testing/ask.ts'
import type { LedgerEntry } from './ledger.ts'

const start = (options: Partial<SimClusterOptions> = {}) => startSimCluster({ scenario: 'empty', clock: manualClock(), ...options })

const configMaps = '/api/v1/namespaces/team-a/configmaps'
const configMap = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })

/** A request with headers of its own; resolves to the answer's code, headers and body, or to the error's code. */
function send(
  cluster: SimCluster,
  method: string,
  path: string,
  { headers = {}, body }: { headers?: Record<string, string>; body?: string } = {},
) {
  const token = cluster.users.find(({ name }) => name === 'admin')?.token
  return new Promise<{ code?: number; auditId?: string | string[]; text: string; error?: string }>((resolve) => {
    let text = ''
    const sent = httpsRequest(`${cluster.url}${path}`, {
      method,
      ca: cluster.caCert,
      agent: false,
      // Else Node expects a certificate for what the header Host says.
      servername: 'localhost',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', ...headers },
    })
    const failed = (error: NodeJS.ErrnoException) => resolve({ text, error: error.code ?? error.message })
    sent.once('error', failed)
    sent.once('response', (response) => {
      response.on('error', failed)
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.once('end', () => resolve({ code: response.statusCode ?? 0, auditId: response.headers['audit-id'] ?? '', text }))
    })
    sent.end(body)
  })
}

test('answers matching requests with a fault as often as it was asked to, and others as ever', async () => {
  await using cluster = await start()
  cluster.faults.add({
    effect: 'status',
    code: 429,
    reason: 'TooManyRequests',
    retryAfterSeconds: 2,
    count: 1,
    skip: 1,
    match: { method: 'GET', path: '/api/v1/namespaces/*/configmaps', user: 'power-user' },
  })
  const codes = []
  for (const user of ['power-user', 'admin', 'power-user', 'power-user']) codes.push((await ask(cluster, user, 'GET', configMaps)).code)
  expect(codes).toEqual([200, 200, 429, 200])
  expect(cluster.faults.list()).toMatchObject([{ hits: 1 }])
})

test('answers with an object of the test’s choice, as a guest or a cluster that lies would', async () => {
  await using cluster = await start()
  cluster.faults.add({ effect: 'status', code: 200, object: { kind: 'Lie', of: ['<b>'] }, match: { path: configMaps } })
  const answer = await ask(cluster, 'admin', 'GET', configMaps)
  expect([answer.code, answer.json()]).toEqual([200, { kind: 'Lie', of: ['<b>'] }])
})

test('resets the connection, and breaks an answer off after so many bytes', async () => {
  await using cluster = await start()
  cluster.faults.add({ effect: 'reset', count: 1, match: { path: configMaps } })
  expect((await send(cluster, 'GET', configMaps)).error).toBe('ECONNRESET')
  const whole = await send(cluster, 'GET', configMaps)
  cluster.faults.add({ effect: 'truncate', afterBytes: 20, count: 1 })
  const broken = await send(cluster, 'GET', configMaps)
  expect([broken.text, broken.error]).toEqual([whole.text.slice(0, 20), 'ECONNRESET'])
})

test('breaks a watch off in the middle of an event', async () => {
  await using cluster = await start()
  await ask(cluster, 'admin', 'POST', configMaps, configMap('a'))
  cluster.faults.add({ effect: 'truncate', afterBytes: 30, match: { query: 'watch=true' } })
  const broken = await send(cluster, 'GET', `${configMaps}?watch=true`)
  expect([broken.text.length, broken.error]).toEqual([30, 'ECONNRESET'])
})

test('delays a request by the clock of the cluster', async () => {
  const clock = manualClock()
  await using cluster = await start({ clock })
  cluster.faults.add({ effect: 'delay', delayMs: 5000, match: { path: configMaps } })
  let answered = false
  const answer = ask(cluster, 'admin', 'GET', configMaps).then(({ code }) => {
    answered = true
    return code
  })
  // Another request that was sent later is answered first.
  expect((await ask(cluster, 'admin', 'GET', '/version')).code).toBe(200)
  expect(answered).toBe(false)
  while (cluster.faults.list()[0]?.hits === 0) await ask(cluster, 'admin', 'GET', '/version')
  clock.advance(5000)
  expect(await answer).toBe(200)
})

test('lets a request go unanswered until the fault is removed', async () => {
  await using cluster = await start()
  const { id } = cluster.faults.add({ effect: 'drop', match: { path: configMaps } })
  const unanswered = send(cluster, 'GET', configMaps)
  while (cluster.faults.list()[0]?.hits === 0) await ask(cluster, 'admin', 'GET', '/version')
  expect(cluster.faults.remove(id)).toBe(true)
  expect((await unanswered).error).toBe('ECONNRESET')
  expect((await send(cluster, 'GET', configMaps)).code).toBe(200)
})

test('brings faults upon upgrades, too', async () => {
  await using cluster = await start()
  cluster.faults.add({ effect: 'status', code: 503, text: 'no consoles today', match: { path: '*/vnc' } })
  const { hostname, port } = new URL(cluster.url)
  const socket = connect({ host: hostname, port: Number(port), ca: cluster.caCert })
  socket.write(
    'GET /apis/subresources.kubevirt.io/v1/namespaces/team-a/virtualmachineinstances/x/vnc HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  )
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  expect(text).toMatch(/^HTTP\/1\.1 503 [^]*no consoles today$/)
})

test('puts accepted writes down with their changes, refused ones not, and controllers on their own', async () => {
  await using cluster = await start()
  await cluster.settle()
  const before = cluster.ledger.sequence()
  const created = await send(cluster, 'POST', configMaps, { headers: { 'Audit-ID': 'mine' }, body: JSON.stringify(configMap('a')) })
  expect(created.auditId).toBe('mine')
  await ask(cluster, 'viewer', 'DELETE', `${configMaps}/a`)
  await ask(cluster, 'admin', 'DELETE', `${configMaps}/nothing`)
  const { uid, resourceVersion } = (JSON.parse(created.text) as { metadata: { uid: string; resourceVersion: string } }).metadata
  expect(cluster.ledger.entries(before)).toMatchObject([
    { entry: 'change', type: 'ADDED', resource: 'configmaps', namespace: 'team-a', name: 'a', uid, resourceVersion, auditId: 'mine' },
    { entry: 'write', auditId: 'mine', user: 'admin', verb: 'create', resource: 'configmaps', namespace: 'team-a', changes: [before + 1] },
  ])
  const vms = '/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines'
  const spec = { runStrategy: 'Always', template: { spec: { domain: { devices: {}, memory: { guest: '1Gi' } } } } }
  await ask(cluster, 'admin', 'POST', vms, { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', metadata: { name: 'v' }, spec })
  await cluster.settle()
  const changes = cluster.ledger.entries(before).filter((entry) => entry.entry === 'change')
  expect(changes.filter(({ resource, auditId }) => resource === 'pods' && auditId === undefined).length).toBeGreaterThan(0)
})

test('begins again as it began, and what it deletes and seeds is in the ledger', async () => {
  await using cluster = await start({ scenario: 'small' })
  await cluster.settle()
  const vms = '/apis/kubevirt.io/v1/virtualmachines'
  type List = { metadata: { resourceVersion: string }; items: { metadata: { name: string; namespace: string } }[] }
  const names = async () =>
    (await ask(cluster, 'admin', 'GET', vms)).json<List>().items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
  const seeded = await names()
  const first = (await ask(cluster, 'admin', 'GET', vms)).json<List>()
  const [vm] = first.items
  await ask(cluster, 'admin', 'DELETE', `/apis/kubevirt.io/v1/namespaces/${vm?.metadata.namespace}/virtualmachines/${vm?.metadata.name}`)
  await cluster.settle()
  expect(await names()).not.toEqual(seeded)
  await cluster.reset()
  await cluster.settle()
  expect(await names()).toEqual(seeded)
  const entries = cluster.ledger.entries()
  const reset = entries.findIndex(({ entry }) => entry === 'reset')
  const ofVms = (some: LedgerEntry[]) =>
    some.filter((entry) => entry.entry === 'change' && entry.resource === 'virtualmachines.kubevirt.io')
  expect(ofVms(entries.slice(reset)).filter((entry) => entry.entry === 'change' && entry.type === 'ADDED')).toHaveLength(seeded.length)
})

test('is controlled over HTTP by an administrator on the same machine', async () => {
  await using cluster = await start()
  const post = (path: string, body: object) => ask(cluster, 'admin', 'POST', path, body)
  const fault = (await post('/sim/faults', { effect: 'status', code: 500, match: { path: configMaps } })).json<{ id: number }>()
  expect((await ask(cluster, 'admin', 'GET', configMaps)).code).toBe(500)
  expect((await ask(cluster, 'admin', 'DELETE', `/sim/faults/${fault.id}`)).json()).toEqual({ faults: [] })
  expect((await ask(cluster, 'admin', 'GET', configMaps)).code).toBe(200)

  const now = cluster.clock.now()
  expect((await post('/sim/clock', { advanceMs: 60_000 })).json()).toEqual({ now: new Date(now + 60_000).toISOString(), manual: true })
  expect((await post('/sim/settle', {})).code).toBe(200)

  await post(configMaps, configMap('a'))
  const { entries, sequence } = (await ask(cluster, 'admin', 'GET', '/sim/ledger?after=0')).json<{
    entries: LedgerEntry[]
    sequence: number
  }>()
  expect(entries.at(-1)).toMatchObject({ entry: 'write', sequence, verb: 'create', resource: 'configmaps' })

  expect((await post('/sim/virt-api', { reachable: false })).json()).toEqual({ reachable: false })
  expect(cluster.virtApi.reachable).toBe(false)
  expect((await post('/sim/reset', {})).code).toBe(200)
  expect((await ask(cluster, 'admin', 'GET', `${configMaps}/a`)).code).toBe(404)
})

test('is not controlled by other users, by web pages, or under other names', async () => {
  await using cluster = await start()
  expect((await ask(cluster, 'operator', 'GET', '/sim/faults')).code).toBe(403)
  const refusals: Record<string, string>[] = [
    { Origin: 'https://evil.example' },
    { 'Sec-Fetch-Site': 'cross-site' },
    { Host: 'rebound.example' },
  ]
  for (const headers of refusals) expect((await send(cluster, 'POST', '/sim/reset', { headers, body: '{}' })).code).toBe(403)
  expect((await send(cluster, 'POST', '/sim/faults', { headers: { 'Content-Type': 'text/plain' }, body: '{}' })).code).toBe(415)
  expect((await send(cluster, 'GET', '/sim/faults', { headers: { Authorization: 'Bearer wrong' } })).code).toBe(401)
})

test('says what is wrong with a request for control', async () => {
  await using cluster = await start()
  const messageOf = async (path: string, body: object) =>
    (await ask(cluster, 'admin', 'POST', path, body)).json<{ message: string }>().message
  expect(await messageOf('/sim/faults', { effect: 'explode' })).toBe('effect is one of status, delay, drop, reset, truncate')
  expect(await messageOf('/sim/faults', { effect: 'status', code: 42 })).toBe('code is a status code from 200 to 599')
  expect(await messageOf('/sim/faults', { effect: 'drop', match: { host: 'x' } })).toBe(
    'match knows method, path, query and user, not "host"',
  )
  expect(await messageOf('/sim/clock', { advanceMs: 'soon' })).toBe('advanceMs is a whole number')
  expect(await messageOf('/sim/nothing', {})).toBe('there are faults, ledger, clock, settle, reset and virt-api')
})
