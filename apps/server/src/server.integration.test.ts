// The server in front of the simulated cluster: what each kind of person sees, does, and is refused.
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { collectionPath, objectPath, resources, subresourcePath, type KubeObject, type Status } from '@virtdeck/k8s'
import type { VmRow } from '@virtdeck/kubevirt'
import { startStack, type Stack } from '../../../dev/stack.ts'
import type { Session } from './protocol.ts'
import { message, openBrowser, outcome, type Browser } from './testing/browser.ts'

let stack: Stack

beforeAll(async () => {
  stack = await startStack({ scenario: 'small', speed: 20 })
})
afterAll(async () => stack?.[Symbol.asyncDispose]())

async function browserOf(user: string): Promise<Browser> {
  const browser = openBrowser(stack.url)
  await browser.signIn({ mode: 'demo', user })
  return browser
}

const tokenOf = (name: string) => stack.cluster.users.find((user) => user.name === name)?.token ?? ''
const stored = () => stack.cluster.storage.list('virtualmachines.kubevirt.io')
const vm = (namespace: string, name: string) => ({ namespace, name })
const names = (rows: readonly VmRow[]) => rows.map((row) => `${row.namespace}/${row.name}`).toSorted()
const upserted = (name: string, status: string) =>
  message('delta', (delta) => delta.upsert.some((row) => 'status' in row && row.name === name && row.status === status))

/** Straight to the API server, past virtdeck. */
function direct(path: string, user: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${tokenOf(user)}`, accept: 'application/json' }
    httpsRequest(`${stack.cluster.url}${path}`, { ca: stack.cluster.caCert, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.once('end', () => resolve(text))
    })
      .on('error', reject)
      .end()
  })
}

test('offers the demo users by name, and keeps their tokens [A-19]', async () => {
  const stranger = openBrowser(stack.url)
  const text = await (await stranger.request('/api/session')).text()
  const session = JSON.parse(text) as Session
  expect(session.user).toBeUndefined()
  expect(session.cluster).toMatchObject({ name: 'simulated', simulated: true })
  expect(session.signIn.map(({ mode }) => mode)).toEqual(['demo', 'token'])
  for (const { token } of stack.cluster.users) expect(text).not.toContain(token)
})

test('signs everybody in as who they are in the cluster', async () => {
  for (const { name } of stack.cluster.users) {
    const browser = await browserOf(name)
    expect(await browser.json('/api/session')).toMatchObject({ user: { name }, csrf: expect.any(String), expiresAt: expect.any(Number) })
  }
})

test('signs in with a pasted token, and with no other [A-19]', async () => {
  const browser = openBrowser(stack.url)
  await expect(browser.signIn({ mode: 'token', token: 'not-a-token' })).rejects.toThrow('sign-in answered 401')
  await expect(browser.signIn({ mode: 'demo', user: 'nobody' })).rejects.toThrow('sign-in answered 403')
  await expect(browser.signIn({ mode: 'kubeconfig', launch: '' })).rejects.toThrow('sign-in answered 403')
  expect((await browser.signIn({ mode: 'token', token: ` ${tokenOf('viewer')}\n` })).user?.name).toBe('viewer')
})

test('forgets who it was on sign-out [A-17]', async () => {
  const browser = await browserOf('operator')
  expect((await browser.request('/auth/sign-out', { method: 'POST' })).status).toBe(200)
  expect(await browser.json<Session>('/api/session')).not.toHaveProperty('user')
  expect((await browser.request('/k8s/version')).status).toBe(401)
})

test('shows everybody the VMs that they may list, and where that is', async () => {
  const all = stored().map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
  for (const user of ['admin', 'operator', 'viewer']) {
    const { rows, access } = await (await browserOf(user)).snapshot('virtualmachines')
    expect(names(rows)).toEqual(all.toSorted())
    expect(access).toEqual({ scope: 'cluster' })
  }
  for (const [user, namespace] of [
    ['power-user', 'team-a'],
    ['user', 'team-b'],
  ] as const) {
    const { rows, access } = await (await browserOf(user)).snapshot('virtualmachines')
    expect(names(rows)).toEqual(all.filter((name) => name.startsWith(`${namespace}/`)).toSorted())
    expect(access).toEqual({ scope: 'namespaces', namespaces: [namespace] })
  }
})

test('answers nobody with what is another’s, however the requests mix [P-10]', async () => {
  const [powerUser, user] = [await browserOf('power-user'), await browserOf('user')]
  const stranger = openBrowser(stack.url)
  const paths = [
    '/api/inventory/virtualmachines',
    `/k8s${collectionPath(resources.virtualMachines)}`,
    `/k8s${collectionPath(resources.virtualMachines, 'team-a')}`,
    `/k8s${collectionPath(resources.virtualMachines, 'team-b')}`,
    `/k8s${collectionPath(resources.pods, 'team-b')}`,
  ]
  const uids = (namespace: string) =>
    stored()
      .filter(({ metadata }) => metadata.namespace === namespace)
      .map(({ metadata }) => metadata.uid ?? '')
  const foreign = new Map<Browser, string[]>([
    [powerUser, uids('team-b')],
    [user, uids('team-a')],
    [stranger, stored().map(({ metadata }) => metadata.uid ?? '')],
  ])
  const asked = Array.from({ length: 20 }, () =>
    [...foreign].flatMap(([browser, uid]) => paths.map((path) => ({ browser, uid, path }))),
  ).flat()
  const answers = await Promise.all(
    asked.map(async ({ browser, uid, path }) => ({ uid, text: await (await browser.request(path)).text() })),
  )
  for (const { uid, text } of answers) for (const canary of uid) expect(text.includes(canary)).toBe(false)
  expect(answers.some(({ text }) => uids('team-a').every((uid) => text.includes(uid)))).toBe(true)
})

test('shows nodes to those who may list them, and says why not to others', async () => {
  const { rows } = await (await browserOf('operator')).snapshot('nodes')
  expect(rows).toHaveLength(stack.cluster.storage.count('nodes'))
  const { rows: none, access } = await (await browserOf('viewer')).snapshot('nodes')
  expect(none).toEqual([])
  expect(access).toMatchObject({ scope: 'forbidden', status: { code: 403 } })
})

test('answers what the API server answers, byte for byte', async () => {
  const operator = await browserOf('operator')
  for (const path of [
    objectPath(resources.virtualMachines, vm('team-a', 'web-01')),
    `${collectionPath(resources.nodes)}?limit=2`,
    `${collectionPath(resources.virtualMachines, 'team-b')}?labelSelector=app%3Ddesktop`,
    objectPath(resources.virtualMachines, vm('team-a', 'no-such-vm')),
    '/version',
  ]) {
    expect(await (await operator.request(`/k8s${path}`)).text()).toBe(await direct(path, 'operator'))
  }
})

test('carries a click down and its events back, to everybody who may see the namespace', async () => {
  const operator = await browserOf('operator')
  const user = await browserOf('user')
  const [mine, theirs] = await Promise.all([operator.snapshot('virtualmachines'), user.snapshot('virtualmachines')])
  using live = await operator.live()
  using elsewhere = await user.live()
  await live.send({ type: 'fleet', fleet: 'virtualmachines', epoch: mine.epoch, seq: mine.seq })
  await elsewhere.send({ type: 'fleet', fleet: 'virtualmachines', epoch: theirs.epoch, seq: theirs.seq })

  const started = await operator.request(`/k8s${subresourcePath('virtualmachines', vm('team-a', 'build-runner'), 'start')}`, {
    method: 'PUT',
    body: {},
  })
  expect([started.status, await started.text()]).toEqual([202, ''])
  await live.until(upserted('build-runner', 'Running'))
  await operator.request(`/k8s${subresourcePath('virtualmachines', vm('team-b', 'report-batch'), 'start')}`, { method: 'PUT', body: {} })
  await elsewhere.until(upserted('report-batch', 'Running'))

  const deltas = elsewhere.messages.filter(message('delta'))
  expect(new Set(deltas.flatMap(({ upsert }) => upsert.map((row) => ('namespace' in row ? row.namespace : ''))))).toEqual(
    new Set(['team-b']),
  )
  const seqs = live.messages.filter(message('delta')).map(({ seq }) => seq)
  expect(seqs).toEqual(seqs.map((_, index) => mine.seq + 1 + index))
})

test('continues a snapshot where a lost socket left off, and starts over where it cannot', async () => {
  const operator = await browserOf('operator')
  const first = await operator.snapshot('virtualmachines')
  const restart = await operator.request(`/k8s${subresourcePath('virtualmachines', vm('team-a', 'scratch'), 'stop')}`, {
    method: 'PUT',
    body: {},
  })
  expect(restart.status).toBe(202)
  using watching = await operator.live()
  await watching.send({ type: 'fleet', fleet: 'virtualmachines', epoch: first.epoch, seq: first.seq })
  await watching.until(upserted('scratch', 'Stopped'))
  using again = await operator.live()
  await again.send({ type: 'fleet', fleet: 'virtualmachines', epoch: first.epoch, seq: first.seq })
  await again.until(upserted('scratch', 'Stopped'))
  using lost = await operator.live()
  await lost.send({ type: 'fleet', fleet: 'virtualmachines', epoch: 'another', seq: 3 })
  await lost.until(message('reset'))
})

test('watches a page’s own objects with the user’s rights', async () => {
  const user = await browserOf('user')
  using live = await user.live()
  const path = collectionPath(resources.virtualMachines, 'team-b')
  await live.send({ type: 'watch', id: 1, path, fieldSelector: 'metadata.name=jumphost' })
  const { items } = await live.until(message('objects'))
  expect(items.map(({ metadata }) => metadata.name)).toEqual(['jumphost'])
  const patch = { metadata: { labels: { touched: 'yes' } } }
  const patched = await user.request(`/k8s${path}/jumphost`, { method: 'PATCH', body: patch, contentType: 'application/merge-patch+json' })
  expect(patched.status).toBe(200)
  const { object } = await live.until(message('event', (event) => event.object.metadata.labels?.touched === 'yes'))
  expect(object.metadata.name).toBe('jumphost')
  // Who wrote what is told of one object, and left out of lists [F024].
  expect(object.metadata.managedFields?.length).toBeGreaterThan(0)
  await live.send({ type: 'watch', id: 4, path })
  const all = await live.until(message('objects', ({ id }) => id === 4))
  expect(all.items.length).toBeGreaterThan(1)
  expect(all.items.filter(({ metadata }) => metadata.managedFields)).toEqual([])

  await live.send({ type: 'watch', id: 2, path: collectionPath(resources.virtualMachines, 'team-a') })
  expect(await live.until(message('watch-error', ({ id }) => id === 2))).toMatchObject({ status: { code: 403, reason: 'Forbidden' } })
  await live.send({ type: 'watch', id: 3, path: collectionPath(resources.secrets, 'team-b') })
  expect(await live.until(message('watch-error', ({ id }) => id === 3))).toMatchObject({ status: { code: 405 } })
})

test('passes the cluster’s refusals on in its own words', async () => {
  const user = await browserOf('user')
  const migration = {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstanceMigration',
    metadata: { name: 'mine', namespace: 'team-b' },
    spec: { vmiName: 'jumphost' },
  }
  const path = `/k8s${collectionPath(resources.virtualMachineInstanceMigrations, 'team-b')}`
  const refused = await user.request(path, { method: 'POST', body: migration })
  expect(refused.status).toBe(403)
  expect(await refused.json()).toMatchObject({
    kind: 'Status',
    reason: 'Forbidden',
    message: expect.stringContaining('virtualmachineinstancemigrations'),
  })
  const deleted = await user.request(`/k8s${objectPath(resources.virtualMachines, vm('team-b', 'jumphost'))}`, { method: 'DELETE' })
  expect(deleted.status).toBe(403)
  const viewer = await browserOf('viewer')
  const stopped = await viewer.request(`/k8s${subresourcePath('virtualmachines', vm('team-b', 'jumphost'), 'stop')}`, {
    method: 'PUT',
    body: {},
  })
  expect(stopped.status).toBe(403)
  const all = await user.request(`/k8s${collectionPath(resources.virtualMachines)}`)
  expect([all.status, ((await all.json()) as Status).kind]).toEqual([403, 'Status'])
})

test('opens both consoles for who may use them', async () => {
  const operator = await browserOf('operator')
  const vnc = await operator.console(subresourcePath('virtualmachineinstances', vm('team-a', 'web-01'), 'vnc'))
  const [greeting] = (await once(vnc, 'message')) as [Buffer]
  expect(greeting.toString()).toBe('RFB 003.008\n')
  vnc.terminate()
  const serial = await operator.console(subresourcePath('virtualmachineinstances', vm('team-a', 'web-01'), 'console'))
  await once(serial, 'open')
  const prompt = new Promise<void>((resolve) => {
    let text = ''
    serial.on('message', (data: Buffer) => {
      text += data.toString()
      if (text.includes('login:')) resolve()
    })
  })
  serial.send(Buffer.from('\n'))
  await prompt
  serial.terminate()
})

test('closes a console with the reason where there is none to open', async () => {
  const viewer = await browserOf('viewer')
  const operator = await browserOf('operator')
  const console = async (browser: Browser, name: string, kind: string) =>
    outcome(await browser.console(subresourcePath('virtualmachineinstances', vm('team-a', name), kind)))
  expect(await console(viewer, 'web-01', 'vnc')).toMatchObject({ closed: 4403 })
  expect(await console(viewer, 'web-01', 'console')).toMatchObject({ closed: 4403 })
  expect(await console(operator, 'no-such-vm', 'vnc')).toMatchObject({ closed: 4404 })
})

test('tells a second screen that somebody uses the first [W-14]', async () => {
  const operator = await browserOf('operator')
  const path = subresourcePath('virtualmachineinstances', vm('team-b', 'desktop-01'), 'vnc')
  const first = await operator.console(path)
  await once(first, 'message')
  expect(await outcome(await operator.console(path))).toMatchObject({ closed: 4409 })
  const taken = await operator.console(`${path}?preserveSession=false`)
  await once(taken, 'message')
  taken.terminate()
  first.terminate()
})

test('ends the session of whom the cluster no longer knows, wherever that shows first [W-06]', async () => {
  const stateDir = await mkdtemp(join(tmpdir(), 'virtdeck-tokens-'))
  onTestFinished(() => rm(stateDir, { recursive: true }))
  await using own = await startStack({ scenario: 'empty', stateDir, server: { session: { doubtMs: [20, 20] } } })
  const [asker, watcher] = [openBrowser(own.url), openBrowser(own.url)]
  await asker.signIn({ mode: 'demo', user: 'user' })
  await watcher.signIn({ mode: 'demo', user: 'viewer' })
  using live = await watcher.live()
  await live.until(message('heartbeat'))
  const port = Number(new URL(own.cluster.url).port)
  await own.cluster[Symbol.asyncDispose]()
  const file = join(stateDir, 'sim-cluster.json')
  const state = JSON.parse(await readFile(file, 'utf8')) as { tokens: Record<string, string> }
  await writeFile(file, JSON.stringify({ ...state, tokens: { ...state.tokens, user: 'another', viewer: 'yet-another' } }))
  await using _changed = await startStack({ scenario: 'empty', stateDir, port })
  expect((await asker.request('/k8s/api/v1/namespaces')).status).toBe(401)
  await vi.waitFor(async () => expect(await asker.json<Session>('/api/session')).not.toHaveProperty('user'))
  await live.send({ type: 'watch', id: 1, path: collectionPath(resources.virtualMachines) })
  expect(await live.closed).toBe(4401)
})

test('is healthy at once, and ready with its inventory', async () => {
  const browser = await browserOf('viewer')
  expect((await browser.request('/healthz')).status).toBe(200)
  await browser.snapshot('virtualmachines')
  await browser.snapshot('nodes')
  expect((await browser.request('/readyz')).status).toBe(200)
})

test('takes rows off the screen when a right is withdrawn, and puts them back [W-07]', async () => {
  await using own = await startStack({ scenario: 'small', speed: 20, server: { recheckMs: 300 } })
  const user = openBrowser(own.url)
  await user.signIn({ mode: 'demo', user: 'user' })
  const key = 'rolebindings.rbac.authorization.k8s.io'
  const binding = own.cluster.storage.list(key).find(({ metadata }) => metadata.namespace === 'team-b') as KubeObject
  const { rows, epoch, seq } = await user.snapshot('virtualmachines')
  expect(rows.length).toBeGreaterThan(0)
  using live = await user.live()
  await live.send({ type: 'fleet', fleet: 'virtualmachines', epoch, seq })
  await live.send({ type: 'watch', id: 1, path: collectionPath(resources.virtualMachines, 'team-b') })
  const screen = await user.console(subresourcePath('virtualmachineinstances', vm('team-b', 'desktop-01'), 'vnc'))
  const screenEnded = outcome(screen)
  await Promise.all([live.until(message('objects')), live.until(message('fleet-state')), once(screen, 'message')])

  own.cluster.storage.delete(key, 'team-b', binding.metadata.name ?? '')
  await live.until(message('reset'))
  expect(await live.until(message('watch-error'))).toMatchObject({ status: { code: 403 } })
  expect(await screenEnded).toMatchObject({ closed: 4403 })
  expect(await user.snapshot('virtualmachines')).toMatchObject({ rows: [], access: { scope: 'forbidden' } })

  own.cluster.storage.create(key, { ...binding, metadata: { name: binding.metadata.name, namespace: 'team-b' } })
  const back = await user.snapshot('virtualmachines')
  await live.send({ type: 'fleet', fleet: 'virtualmachines', epoch: back.epoch, seq: back.seq })
  await live.until(message('reset', () => live.messages.filter(message('reset')).length > 1))
  expect((await user.snapshot('virtualmachines')).rows).toHaveLength(rows.length)
})

test('says since when it is blind, keeps what it knew, and catches up once the cluster is back', async () => {
  const stateDir = await mkdtemp(join(tmpdir(), 'virtdeck-outage-'))
  onTestFinished(() => rm(stateDir, { recursive: true }))
  await using own = await startStack({ scenario: 'small', speed: 20, stateDir })
  const operator = openBrowser(own.url)
  await operator.signIn({ mode: 'demo', user: 'operator' })
  const before = await operator.snapshot('virtualmachines')
  using live = await operator.live()
  await live.send({ type: 'fleet', fleet: 'virtualmachines', epoch: before.epoch, seq: before.seq })
  await live.until(message('fleet-state', ({ state }) => state === 'live'))

  const port = Number(new URL(own.cluster.url).port)
  await own.cluster[Symbol.asyncDispose]()
  const { since } = await live.until(message('fleet-state', ({ state }) => state === 'stale'))
  expect(since).toBeGreaterThan(Date.now() - 20_000)
  expect((await operator.snapshot('virtualmachines')).rows).toHaveLength(before.rows.length)
  const down = await operator.request(`/k8s${collectionPath(resources.virtualMachines)}`)
  expect([down.status, await down.json()]).toMatchObject([503, { kind: 'Status', reason: 'ServiceUnavailable' }])
  expect(await outcome(await operator.console(subresourcePath('virtualmachineinstances', vm('team-a', 'web-01'), 'vnc')))).toMatchObject({
    closed: 4503,
  })

  await using back = await startStack({ scenario: 'small', speed: 20, stateDir, port })
  await live.until(
    message(
      'fleet-state',
      ({ state }) => state === 'live' && live.messages.some(message('fleet-state', (earlier) => earlier.state === 'stale')),
    ),
  )
  // Another cluster now, as far as uids go: every former row has gone, every present one is there.
  const uids = () => new Set(back.cluster.storage.list('virtualmachines.kubevirt.io').map(({ metadata }) => metadata.uid))
  const rows = new Map(before.rows.map((row) => [row.uid, row]))
  await live.until(
    message('delta', ({ upsert, remove }) => {
      for (const uid of remove) rows.delete(uid)
      for (const row of upsert) if ('status' in row) rows.set(row.uid, row)
      return rows.size === uids().size && [...rows.keys()].every((uid) => uids().has(uid))
    }),
  )
})

test('says since when a page’s own watch is blind, and when it sees again [F250]', async () => {
  const user = await browserOf('user')
  const path = collectionPath(resources.events, 'team-b')
  const fault = stack.cluster.faults.add({ effect: 'status', code: 503, match: { path, user: 'user' } })
  onTestFinished(() => void stack.cluster.faults.remove(fault.id))
  using live = await user.live()
  await live.send({ type: 'watch', id: 1, path })
  const { since } = await live.until(message('watch-state', ({ state }) => state === 'stale'))
  expect(since).toBeGreaterThan(Date.now() - 20_000)
  expect(live.messages.filter(message('objects'))).toEqual([])
  stack.cluster.faults.remove(fault.id)
  await live.until(message('watch-state', ({ state }) => state === 'live'))
  await live.until(message('objects'))
})

test('reads the fleet with the user’s own credential where the server’s may not', async () => {
  await using own = await startStack({ scenario: 'small', speed: 20, server: { inventoryContext: 'power-user' } })
  for (const [user, namespace] of [
    ['power-user', 'team-a'],
    ['user', 'team-b'],
  ] as const) {
    const browser = openBrowser(own.url)
    await browser.signIn({ mode: 'demo', user })
    const { rows, access } = await browser.snapshot('virtualmachines')
    // Nobody can list the namespaces here: those that are known come from the kubeconfig's contexts.
    expect(access).toMatchObject(rows.length > 0 ? { namespaces: [namespace] } : { scope: 'forbidden' })
  }
  const admin = openBrowser(own.url)
  await admin.signIn({ mode: 'demo', user: 'admin' })
  const { rows, access, epoch, seq } = await admin.snapshot('virtualmachines')
  expect(access).toEqual({ scope: 'cluster' })
  expect(names(rows)).toEqual(
    own.cluster.storage
      .list('virtualmachines.kubevirt.io')
      .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
      .toSorted(),
  )
  using live = await admin.live()
  await live.send({ type: 'fleet', fleet: 'virtualmachines', epoch, seq })
  await admin.request(`/k8s${subresourcePath('virtualmachines', vm('team-b', 'report-batch'), 'start')}`, { method: 'PUT', body: {} })
  await live.until(upserted('report-batch', 'Running'))
})

test('queues nothing for a tab that does not read, and lets it start over when it does [W-11]', async () => {
  await using own = await startStack({ scenario: 'empty', speed: 20 })
  const key = 'virtualmachines.kubevirt.io'
  const labels = (round: number) =>
    Object.fromEntries(Array.from({ length: 120 }, (_, index) => [`label-${index}`, `${'x'.repeat(50)}-${round}`]))
  const name = (index: number) => `vm-${index}`
  for (let index = 0; index < 300; index += 1) {
    own.cluster.storage.create(key, {
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachine',
      metadata: { name: name(index), namespace: 'team-a', labels: labels(0) },
      spec: { runStrategy: 'Halted', template: { spec: { domain: { devices: {} } } } },
    })
  }
  const [reader, sleeper] = [openBrowser(own.url), openBrowser(own.url)]
  for (const browser of [reader, sleeper]) await browser.signIn({ mode: 'demo', user: 'operator' })
  const { rows, epoch, seq } = await reader.snapshot('virtualmachines')
  expect(rows).toHaveLength(300)
  using reading = await reader.live()
  using sleeping = await sleeper.live()
  for (const live of [reading, sleeping]) {
    await live.send({ type: 'fleet', fleet: 'virtualmachines', epoch, seq })
    await live.until(message('fleet-state'))
  }
  sleeping.ws.pause()
  for (let round = 1; round <= 5; round += 1) {
    for (let index = 0; index < 300; index += 1) {
      const stored = own.cluster.storage.get(key, 'team-a', name(index))
      if (stored) own.cluster.storage.update(key, { ...stored, metadata: { ...stored.metadata, labels: labels(round) } })
    }
    const last = name(299)
    const value = `${'x'.repeat(50)}-${round}`
    await reading.until(
      message('delta', ({ upsert }) => upsert.some((row) => 'labels' in row && row.name === last && row.labels?.['label-0'] === value)),
    )
  }
  sleeping.ws.resume()
  await sleeping.until(message('reset'))
  const last = sleeping.messages.filter(message('delta')).at(-1)
  expect(last?.seq ?? 0).toBeLessThan(reading.messages.filter(message('delta')).at(-1)?.seq ?? 0)
  const again = await sleeper.snapshot('virtualmachines')
  expect(again.rows.every((row) => row.labels?.['label-0']?.endsWith('-5'))).toBe(true)
})
