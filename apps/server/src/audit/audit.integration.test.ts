// What the audit log holds of what people do: with the simulated cluster behind the server, and with one that misbehaves.
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { collectionPath, objectPath, resources, subresourcePath } from '@virtdeck/k8s'
import { startStack } from '../../../../dev/stack.ts'
import { startBehindHostileApi } from '../testing/behind-hostile-api.ts'
import { message, openBrowser, outcome, type Browser } from '../testing/browser.ts'
import { memorySink, type MemorySink } from '../testing/memory-sink.ts'
import type { AuditRecord } from './record.ts'

async function simulated(server: object = {}) {
  const sink = memorySink()
  const stack = await startStack({ scenario: 'small', speed: 20, server: { audit: { sink }, ...server } })
  onTestFinished(() => stack[Symbol.asyncDispose]())
  const as = async (user: string): Promise<Browser> => {
    const browser = openBrowser(stack.url)
    await browser.signIn({ mode: 'demo', user })
    return browser
  }
  return { sink, stack, as }
}

/** Waits for a record, old or new; the test's own time limit is the limit. */
async function recorded(sink: MemorySink, matches: (record: AuditRecord) => boolean): Promise<AuditRecord> {
  for (;;) {
    const found = sink.records().find(matches)
    if (found) return found
    await new Promise(setImmediate)
  }
}

const of = (event: string, phase: AuditRecord['phase']) => (record: AuditRecord) => record.event === event && record.phase === phase
const web = { namespace: 'team-a', name: 'web-01' }

test('has who, what, where, when and the result of a write, under the id that the API server logs it by [F144] [L-01] [L-05]', async () => {
  const { sink, as } = await simulated()
  const operator = await as('operator')
  const response = await operator.request(
    `/k8s${subresourcePath('virtualmachines', { namespace: 'team-a', name: 'build-runner' }, 'start')}`,
    {
      method: 'PUT',
      body: {},
      headers: { 'user-agent': 'a browser' },
    },
  )
  expect(response.status).toBe(202)
  const done = await recorded(sink, of('vm.start', 'outcome'))
  expect(done).toMatchObject({
    id: response.headers.get('x-request-id'),
    actor: { kind: 'user', name: 'operator' },
    client: { ip: '127.0.0.1', userAgent: 'a browser' },
    target: { resource: 'virtualmachines', subresource: 'start', namespace: 'team-a', name: 'build-runner', vm: 'build-runner' },
    change: { verb: 'update', dryRun: false },
    result: { status: 202 },
  })
  expect(
    sink
      .records()
      .filter(({ id }) => id === done.id)
      .map(({ phase }) => phase),
  ).toEqual(['start', 'outcome'])
})

test('joins every write that the cluster accepted, by the id under which it has it [L-05]', async () => {
  const { sink, stack, as } = await simulated()
  const before = stack.cluster.ledger.sequence()
  const operator = await as('operator')
  const ref = { namespace: 'team-a', name: 'build-runner' }
  const label = { metadata: { labels: { 'audit-test': 'yes' } } }
  const snapshot = {
    apiVersion: 'snapshot.kubevirt.io/v1beta1',
    kind: 'VirtualMachineSnapshot',
    metadata: { name: 'audited' },
    spec: { source: { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: 'build-runner' } },
  }
  const snapshots = collectionPath(resources.virtualMachineSnapshots, 'team-a')
  for (const [method, path, body, contentType] of [
    ['PATCH', objectPath(resources.virtualMachines, ref), label, 'application/merge-patch+json'],
    ['POST', snapshots, snapshot],
    ['DELETE', `${snapshots}/audited`, {}],
    ['PUT', subresourcePath('virtualmachines', ref, 'start'), {}],
    ['POST', collectionPath(resources.secrets, 'team-a'), { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'audited' } }],
  ] as const) {
    const answer = await operator.request(`/k8s${path}`, { method, body, ...(contentType ? { contentType } : {}) })
    expect([path, answer.status < 300]).toEqual([path, true])
  }
  const accepted = stack.cluster.ledger
    .entries(before)
    .filter((entry) => entry.entry === 'write')
    .filter(({ user }) => user === 'operator')
  expect(accepted).toHaveLength(5)
  for (const { auditId, verb, namespace } of accepted) {
    const done = await recorded(sink, (record) => record.id === auditId && record.phase === 'outcome')
    expect(done).toMatchObject({ actor: { name: 'operator' }, change: { verb }, target: { namespace }, result: { auditId } })
  }
})

test('records what was refused, too: by the cluster, and by the gate [F011] [F144]', async () => {
  const { sink, stack, as } = await simulated()
  const viewer = await as('viewer')
  await viewer.request(`/k8s${objectPath(resources.virtualMachines, web)}`, { method: 'DELETE', body: {} })
  expect(await recorded(sink, of('vm.delete', 'outcome'))).toMatchObject({
    actor: { name: 'viewer' },
    result: { status: 403, reason: 'Forbidden' },
  })
  const tries: [rule: string, path: string, options: object][] = [
    ['csrf', '/k8s/api/v1/namespaces/team-a/secrets', { method: 'POST', body: {}, headers: { 'x-kvd-csrf': 'guessed' } }],
    ['origin', '/k8s/api/v1/namespaces/team-a/secrets', { method: 'POST', body: {}, headers: { origin: 'https://evil.example' } }],
    ['path', '/k8s/api/v1/namespaces/team-a/pods/x/exec', {}],
    ['method', '/k8s/api/v1/namespaces/team-a/secrets', {}],
    ['query', '/k8s/api/v1/nodes?watch=1', {}],
    ['body', '/k8s/api/v1/namespaces/team-a/secrets', { method: 'POST', rawBody: '['.repeat(200) }],
  ]
  for (const [rule, path, options] of tries) {
    await viewer.request(path, options)
    const found = await recorded(sink, ({ gate }) => gate === rule)
    expect(found).toMatchObject({ event: 'gate.reject', phase: 'event', actor: { name: 'viewer' } })
  }
  const vnc = subresourcePath('virtualmachineinstances', web, 'vnc')
  expect(await outcome(await viewer.socket(`/k8s${vnc}`, ['plain.kubevirt.io'], {}, 'no-ticket'))).toEqual({ refused: 403 })
  expect(await recorded(sink, ({ gate }) => gate === 'ticket')).toMatchObject({ actor: { name: 'viewer' }, result: { status: 403 } })
  const stranger = httpRequest(stack.url, { headers: { host: 'evil.example' } }).end()
  await once(stranger, 'response')
  expect(await recorded(sink, ({ gate }) => gate === 'host')).toMatchObject({ actor: { kind: 'anonymous' }, result: { status: 421 } })
})

test('records a console from its opening to its end, with its bytes and never what they say [F138] [L-03] [W-07]', async () => {
  const { sink, as } = await simulated()
  const operator = await as('operator')
  const serial = await operator.console(subresourcePath('virtualmachineinstances', web, 'console'))
  await once(serial, 'open')
  expect(await recorded(sink, of('vm.console', 'start'))).toMatchObject({ target: web, actor: { name: 'operator' } })
  serial.send(Buffer.from('canary-typed\r'))
  await once(serial, 'message')
  serial.close()
  const end = await recorded(sink, of('vm.console', 'outcome'))
  expect(end).toMatchObject({ result: { status: 101 } })
  const { bytesUp = 0, bytesDown = 0 } = end.phase === 'outcome' ? end.result : {}
  expect(bytesUp).toBeGreaterThan('canary-typed\r'.length)
  expect(bytesDown).toBeGreaterThan(0)

  const viewer = await as('viewer')
  await outcome(await viewer.console(subresourcePath('virtualmachineinstances', web, 'vnc')))
  expect(await recorded(sink, of('vm.vnc', 'outcome'))).toMatchObject({
    actor: { name: 'viewer' },
    result: { status: 403, reason: 'Forbidden', closeCode: 4403 },
  })
  expect(sink.text()).not.toContain('canary')
})

test('records who came and who left, and who tried [L-01]', async () => {
  const { sink, as, stack } = await simulated()
  const viewer = await as('viewer')
  expect(await recorded(sink, of('auth.sign-in', 'outcome'))).toMatchObject({ actor: { name: 'viewer' }, result: { status: 200 } })
  await viewer.request('/auth/sign-out', { method: 'POST' })
  expect(await recorded(sink, of('auth.sign-out', 'outcome'))).toMatchObject({ actor: { name: 'viewer' } })
  await expect(openBrowser(stack.url).signIn({ mode: 'token', token: 'canary-token' })).rejects.toThrow('401')
  expect(await recorded(sink, (record) => of('auth.sign-in', 'outcome')(record) && record.actor.kind === 'anonymous')).toMatchObject({
    result: { status: 401 },
  })
  expect(sink.text()).not.toContain('canary')
})

test('has no start without exactly one outcome, and no write without a start, whenever browsers go away [L-01] [L-05]', async () => {
  const sink = memorySink()
  const { api, server, ann, ...stack } = await startBehindHostileApi({ audit: { sink } })
  onTestFinished(() => stack[Symbol.asyncDispose]())
  const target = collectionPath(resources.virtualMachines, 'team-a')
  // Slow, and now and then gone without an answer.
  api.answer((_req, res) => {
    const fate = Math.random()
    setTimeout(() => {
      if (fate < 0.1) res.socket?.destroy()
      else res.writeHead(201, { 'content-type': 'application/json' }).end('{}')
    }, fate * 10)
  })
  const { csrf = '' } = await ann.session()
  const headers = { cookie: ann.cookie(), origin: server.url, 'x-kvd-csrf': csrf, 'content-type': 'application/json' }

  /** Sends a write, and cuts the connection after so many milliseconds or bytes; undefined lets it be. */
  const write = (abortAfterMs: number | undefined, half: boolean) =>
    new Promise<void>((resolve) => {
      const body = JSON.stringify({ metadata: { name: 'x' } })
      const outgoing = httpRequest(`${server.url}/k8s${target}`, {
        method: 'POST',
        agent: false,
        headers: { ...headers, 'content-length': body.length },
      })
      outgoing.on('error', () => resolve())
      outgoing.on('response', (response) => response.resume().on('close', () => resolve()))
      outgoing.on('close', () => resolve())
      if (half) outgoing.write(body.slice(0, 5))
      else outgoing.end(body)
      if (abortAfterMs !== undefined || half) setTimeout(() => outgoing.destroy(), abortAfterMs ?? 5)
    })

  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ abortAfterMs: fc.option(fc.nat(15), { nil: undefined }), half: fc.boolean() }), { minLength: 1, maxLength: 20 }),
      async (writes) => {
        await Promise.all(writes.map(({ abortAfterMs, half }) => write(abortAfterMs, half)))
      },
    ),
    { numRuns: 40 },
  )
  const creations = () => sink.records().filter(({ event }) => event === 'vm.create')
  while (creations().filter(({ phase }) => phase === 'start').length * 2 > creations().length) await new Promise(setImmediate)
  await server[Symbol.asyncDispose]()
  const records = creations()
  const count = (phase: string) =>
    records
      .filter((record) => record.phase === phase)
      .map(({ id }) => id)
      .toSorted()
  const started = count('start')
  expect(started.length).toBeGreaterThan(50)
  expect(new Set(started).size).toBe(started.length)
  expect(count('outcome')).toEqual(started)
  const sent = api.seen.filter(({ method, path }) => method === 'POST' && path === target).map(({ headers: { 'audit-id': id } }) => id)
  for (const id of sent) expect(started).toContain(id)
  const statuses = records.flatMap((record) => (record.phase === 'outcome' ? [record.result.status] : []))
  // 0 where the last of them came after the end.
  expect(new Set([...statuses, 0])).toEqual(new Set([0, 201, 503]))
}, 60_000)

test('refuses every change while the log cannot be written, and goes on reading [L-04]', async () => {
  const { sink, stack, as } = await simulated({ metrics: { host: '127.0.0.1', port: 0 } })
  const operator = await as('operator')
  const metric = async (name: string) => {
    const text = await (await fetch(`http://127.0.0.1:${stack.server.metricsPort}/metrics`)).text()
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
  }
  sink.room = 0
  const start = `/k8s${subresourcePath('virtualmachines', { namespace: 'team-a', name: 'build-runner' }, 'start')}`
  const dryRun = () => operator.request(`${start}?dryRun=All`, { method: 'PUT', body: {} })
  const stranger = () => operator.request('/k8s/api/v1/nodes?watch=1', {})
  let refused = await dryRun()
  while (refused.status !== 503) {
    await Promise.all(Array.from({ length: 50 }, stranger))
    refused = await dryRun()
  }
  expect(await refused.json()).toMatchObject({
    kind: 'Status',
    reason: 'ServiceUnavailable',
    message: expect.stringContaining('audit log'),
  })
  expect(await metric('virtdeck_audit_backlog_bytes')).toBeGreaterThan(4 * 1024 * 1024)
  expect((await operator.request('/metrics')).status).not.toBe(200)
  expect((await operator.request('/k8s/version')).status).toBe(200)
  expect((await operator.snapshot('virtualmachines')).rows.length).toBeGreaterThan(0)
  const vnc = await operator.console(subresourcePath('virtualmachineinstances', web, 'vnc'))
  expect(await outcome(vnc)).toEqual({ refused: 503 })
  sink.room = Infinity
  await recorded(sink, of('vm.start', 'outcome'))
  while ((await dryRun()).status === 503) await sleep(50)
  expect(await metric('virtdeck_audit_backlog_bytes')).toBe(0)
  expect(await metric('virtdeck_audit_dropped_total')).toBe(0)
}, 120_000)

test('is shown live to those who may list activities, and to nobody else [F144]', async () => {
  const { as } = await simulated({ recheckMs: 200 })
  const [operator, viewer, user] = [await as('operator'), await as('viewer'), await as('user')]
  const path = '/apis/virtdeck.io/v1/activities'
  using live = await operator.live()
  await live.send({ type: 'watch', id: 1, path })
  const { items } = await live.until(message('objects'))
  expect(items.map(({ event }) => event)).toContain('server.start')
  await viewer.request(`/k8s${objectPath(resources.virtualMachines, web)}`, { method: 'DELETE', body: {} })
  await live.until(message('event', ({ object }) => object['event'] === 'vm.delete' && object['running'] === false))
  for (const browser of [viewer, user]) {
    using theirs = await browser.live()
    await theirs.send({ type: 'watch', id: 1, path })
    expect(await theirs.until(message('watch-error'))).toMatchObject({ status: { code: 403, reason: 'Forbidden' } })
    expect(theirs.messages.some(({ type }) => type === 'objects')).toBe(false)
  }
  await live.send({ type: 'watch', id: 2, path, fieldSelector: 'metadata.name=x' })
  expect(await live.until(message('watch-error'))).toMatchObject({ id: 2, status: { code: 400 } })
})
