// What a tab is sent, and how soon a right that was withdrawn takes its rows away: on a clock that the test moves.
import { EventEmitter } from 'node:events'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { failure, StatusError } from '@virtdeck/k8s'
import { rowText, type Fleet } from '@virtdeck/kubevirt'
import type { Session } from '../auth/sessions.ts'
import { createInventory, type InventoryThread } from '../inventory/inventory.ts'
import { fleetResources, fleets } from '../inventory/joins.ts'
import type { FromWorker, InventoryResource, ToWorker } from '../inventory/messages.ts'
import { createRowStore, type RowStore, type RowUpsert } from '../inventory/rows.ts'
import { createViews } from '../inventory/views.ts'
import { createLogger } from '../logger.ts'
import type { LiveMessage } from '../protocol.ts'
import { readSnapshot } from '../testing/browser.ts'
import type { Context } from '../context.ts'
import { openTab, type TabSocket } from './live.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

const session = {
  sid: 's1',
  user: { name: 'ann', groups: [] },
  credential: { kind: 'token', token: 't' },
  signedInAt: 0,
  usedAt: 0,
  expiresAt: Infinity,
  csrfSeed: '',
} satisfies Session

const upsertOf = (uid: string, namespace: string, turn = 0): RowUpsert => {
  const text = rowText({ uid, namespace, name: uid, turn })
  return [uid, namespace, text]
}

const forbidden = { phase: 'refused' as const, status: failure(403, 'no') }

/** An inventory whose thread is the test, for somebody whose rights are the test's, too. */
function cluster({ refused = [] }: { refused?: InventoryResource[] } = {}) {
  const thread = new EventEmitter()
  const say = (message: FromWorker) => void thread.emit('message', message)
  const stores = new Map<string, RowStore>()
  const sources = new Map<string, string>()
  const storeOf = (source: string, fleet: Fleet, variant: string) => {
    const key = `${source} ${fleet} ${variant}`
    const store = stores.get(key) ?? createRowStore(fleet, variant)
    if (!stores.has(key)) store.receive({ upsert: [upsertOf('a', 'team-a'), upsertOf('b', 'team-b')], remove: [] })
    store.complete()
    stores.set(key, store)
    return store
  }
  const views = createViews({ post: say, storeOf })
  const rights = { everywhere: new Set<string>(), inTeamA: new Set<string>() }
  const startThread = (): InventoryThread =>
    Object.assign(thread, {
      postMessage(message: ToWorker) {
        if (message.type === 'view') sources.set(message.view, message.source)
        if (message.type === 'view' || message.type === 'view-close' || message.type === 'snapshot' || message.type === 'digest')
          return views.handle(message)
        if (message.type !== 'project') return
        const { fleet, variant, source } = message
        const store = storeOf(source, fleet, variant)
        queueMicrotask(() => {
          const { own, optional } = fleetResources[fleet]
          for (const resource of ['namespaces', own, ...optional] as InventoryResource[])
            say({
              type: 'state',
              source,
              resource,
              state: source === 'shared' && refused.includes(resource) ? forbidden : { phase: 'live' },
            })
          say({ type: 'namespaces', source, names: ['team-a', 'team-b'] })
          store.complete()
          say({ type: 'projected', source, fleet, variant })
        })
      },
      terminate: () => Promise.resolve(0),
    }) as unknown as InventoryThread
  const api: { refusal?: StatusError } = {}
  const json = async <T>(_dial: unknown, _method: string, _path: string, body: unknown): Promise<T> => {
    if (api.refusal) throw api.refusal
    const { spec = {} } = (body ?? {}) as { spec?: { namespace?: string; resourceAttributes?: { resource: string; namespace?: string } } }
    const asked = spec.resourceAttributes
    if (asked) {
      const allowed = rights.everywhere.has(asked.resource) || (asked.namespace === 'team-a' && rights.inTeamA.has(asked.resource))
      return { status: { allowed } } as T
    }
    return { status: { incomplete: true, resourceRules: [], nonResourceRules: [] } } as T
  }
  /** A list that is empty, and a watch that says nothing more. */
  const send = () => Promise.resolve({ statusCode: 200, headers: {}, destroy: () => {}, [Symbol.asyncIterator]: () => emptyWatch() })
  const dialled: Session['credential'][] = []
  const dial = (credential: Session['credential']) => {
    dialled.push(credential)
    return Promise.resolve({ url: 'https://cluster', tls: {} })
  }
  const log = createLogger('silent')
  const recheckMs = 60_000
  const inventory = createInventory({
    kubeconfig: { dial, inventoryContext: 'virtdeck', namespaces: [] },
    upstream: { json },
    log,
    recheckMs,
    startThread,
  })
  onTestFinished(() => inventory[Symbol.asyncDispose]())
  const sessions = { current: (given: Session) => given, alive: () => true, rejected: () => Promise.resolve('taken' as const) }
  const context = { inventory, sessions, log, recheckMs, kubeconfig: { dial }, upstream: { json, send } } as unknown as Context
  const change = (fleet: Fleet, turn: number) =>
    storeOf('shared', fleet, fleetResources[fleet].optional.join('+')).receive({ upsert: [upsertOf('a', 'team-a', turn)], remove: [] })
  const names = async (fleet: Fleet) => {
    const view = await inventory.view(session, fleet, 'asked-again')
    return readSnapshot((await view.snapshot('identity')).body.toString())
      .rows.map(({ uid }) => uid)
      .toSorted()
  }
  /** The thread ends; the next one starts with the same rows. */
  const crash = () => {
    stores.clear()
    thread.removeAllListeners('message')
    thread.emit('exit', 1)
  }
  return { rights, inventory, context, change, names, say, api, crash, dialled, sourceOf: (view: string) => sources.get(view) ?? '' }
}

async function* emptyWatch() {
  const metadata = { resourceVersion: '1', annotations: { 'k8s.io/initial-events-end': 'true' } }
  yield Buffer.from(`${JSON.stringify({ type: 'BOOKMARK', object: { kind: 'Pod', metadata } })}\n`)
  await new Promise(() => {})
}

/** A tab's socket, whose other end reads when the test lets it. */
function socket() {
  const heard: LiveMessage[] = []
  const ends: (number | 'terminated')[] = []
  const ws = Object.assign(new EventEmitter(), {
    readyState: 1,
    OPEN: 1,
    bufferedAmount: 0,
    send: (frame: Buffer) => void heard.push(JSON.parse(frame.toString()) as LiveMessage),
    close: (code: number) => void ends.push(code),
    terminate: () => void ends.push('terminated'),
  })
  onTestFinished(() => void ws.emit('close'))
  return { ws, heard, ends, says: (message: unknown) => ws.emit('message', Buffer.from(JSON.stringify(message)), false) }
}

const allResources = [...new Set(fleets.flatMap((fleet) => [fleetResources[fleet].own, ...fleetResources[fleet].optional]))]

test('takes a fleet off the screen within 65 s of the withdrawal, whichever it is and whenever that happens [W-07]', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...fleets),
      fc.integer({ min: 0, max: 120_000 }),
      fc.constantFrom(0, 0.5, 0.999_999),
      fc.boolean(),
      async (fleet, revokedAfterMs, chance, keepsTeamA) => {
        vi.spyOn(Math, 'random').mockReturnValue(chance)
        const { rights, inventory, context, names } = cluster()
        const { own } = fleetResources[fleet]
        const scoped = !['nodes', 'vmtemplates'].includes(own)
        for (const resource of allResources) rights.everywhere.add(resource)
        const { ws, heard, says } = socket()
        const tab = openTab(context, ws as unknown as TabSocket, session)
        const view = await inventory.view(session, fleet)
        says({ type: 'fleet', fleet, epoch: view.epoch, seq: view.seq() })
        await vi.advanceTimersByTimeAsync(revokedAfterMs)
        expect(heard.filter(({ type }) => type === 'reset')).toEqual([])
        rights.everywhere.delete(own)
        if (keepsTeamA) rights.inTeamA.add(own)
        await vi.advanceTimersByTimeAsync(65_000)
        expect(heard.filter(({ type }) => type === 'reset')).toEqual([{ type: 'reset', fleet }])
        expect(await names(fleet)).toEqual(keepsTeamA && scoped ? ['a'] : [])
        tab.ws.terminate()
        ws.emit('close')
        await inventory[Symbol.asyncDispose]()
      },
    ),
    { numRuns: 40 },
  )
})

const watchOfPods = { type: 'watch', id: 1, path: '/api/v1/namespaces/team-a/pods' }

test('ends a watch within 65 s of the withdrawal, whenever that happens [W-07]', async () => {
  const whens = [0, 29_000, 30_000, 47_000, 59_000, 60_000, 61_000, 118_000]
  for (const [chance, withdrawnAfterMs] of [0, 0.999_999].flatMap((one) => whens.map((ms) => [one, ms] as const))) {
    vi.spyOn(Math, 'random').mockReturnValue(chance)
    const { context, api } = cluster()
    const { ws, heard, says } = socket()
    openTab(context, ws as unknown as TabSocket, session)
    says(watchOfPods)
    await vi.advanceTimersByTimeAsync(withdrawnAfterMs)
    expect(heard.filter(({ type }) => type === 'objects')).toHaveLength(1)
    api.refusal = new StatusError(failure(403, 'pods is forbidden'))
    await vi.advanceTimersByTimeAsync(65_000)
    expect(heard.filter(({ type }) => type === 'watch-error')).toEqual([{ type: 'watch-error', id: 1, status: api.refusal.status }])
    ws.emit('close')
  }
})

// kube-apiserver 1.32, killed and started again, answered 403 to everybody for up to 6 s; one whose issuer does not answer yet
// says 401 to its tokens, and asks the issuer again after 10 s.
test('keeps a watch while an API server that starts refuses everybody, whichever check hears it [K-13]', async () => {
  const { context, api } = cluster()
  const rejected = vi.spyOn(context.sessions, 'rejected')
  const { ws, heard, says } = socket()
  openTab(context, ws as unknown as TabSocket, session)
  says(watchOfPods)
  await vi.advanceTimersByTimeAsync(10)
  for (const code of [403, 401, 404]) {
    for (let ms = 0; ms < 60_000; ms += 20_000) {
      api.refusal = new StatusError(failure(code, 'not now'))
      await vi.advanceTimersByTimeAsync(20_000)
      api.refusal = undefined
      await vi.advanceTimersByTimeAsync(31_000)
    }
  }
  expect(heard.filter(({ type }) => type === 'watch-error')).toEqual([])
  expect(rejected).not.toHaveBeenCalled()
})

test('follows a fleet once the cluster takes a credential that it refused at first [K-13]', async () => {
  const { rights, inventory, context, change, api } = cluster()
  for (const resource of allResources) rights.everywhere.add(resource)
  const { ws, heard, says } = socket()
  openTab(context, ws as unknown as TabSocket, session)
  const view = await inventory.view(session, 'virtualmachines')
  await vi.advanceTimersByTimeAsync(60_000)
  vi.spyOn(context.sessions, 'rejected').mockImplementation(() => {
    api.refusal = undefined
    return Promise.resolve('taken')
  })
  const follow = { type: 'fleet', fleet: 'virtualmachines', epoch: view.epoch, seq: view.seq() }
  api.refusal = new StatusError(failure(401, 'Unauthorized'))
  says(follow)
  await vi.advanceTimersByTimeAsync(10)
  change('virtualmachines', 1)
  await vi.advanceTimersByTimeAsync(20)
  expect(heard.at(-1)).toMatchObject({ type: 'delta', fleet: 'virtualmachines' })
})

test('sends nothing of a fleet that a tab has left before its rights were known', async () => {
  const { rights, inventory, context, change, api } = cluster()
  for (const resource of allResources) rights.everywhere.add(resource)
  const { ws, heard, says } = socket()
  const tab = openTab(context, ws as unknown as TabSocket, session)
  const view = await inventory.view(session, 'virtualmachines')
  const follow = { type: 'fleet', fleet: 'virtualmachines', epoch: view.epoch, seq: view.seq() }
  const close = { type: 'fleet-close', fleet: 'virtualmachines' }
  for (const message of [follow, close]) says(message)
  await vi.advanceTimersByTimeAsync(10)
  change('virtualmachines', 1)
  await vi.advanceTimersByTimeAsync(20)
  await tab.tellDigests()
  expect(heard.map(({ type }) => type)).toEqual(['heartbeat'])
  // Nor what would have been said of the failure.
  api.refusal = new StatusError(failure(503, 'no answer'))
  await vi.advanceTimersByTimeAsync(60_000)
  for (const message of [follow, close]) says(message)
  await vi.advanceTimersByTimeAsync(10)
  expect(heard.map(({ type }) => type)).toEqual(['heartbeat'])
})

test('drops the frames of a tab that does not read, and lets it start over once it has caught up [W-11]', async () => {
  const { rights, inventory, context, change } = cluster()
  for (const resource of allResources) rights.everywhere.add(resource)
  const { ws, heard, says } = socket()
  const tab = openTab(context, ws as unknown as TabSocket, session)
  const view = await inventory.view(session, 'virtualmachines')
  says({ type: 'fleet', fleet: 'virtualmachines', epoch: view.epoch, seq: view.seq() })
  await vi.advanceTimersByTimeAsync(10)
  change('virtualmachines', 1)
  await vi.advanceTimersByTimeAsync(20)
  const frames = () => heard.filter(({ type }) => type === 'delta').length
  expect(frames()).toBe(1)
  ws.bufferedAmount = 2 * 1024 * 1024
  for (let turn = 2; turn < 200; turn += 1) {
    change('virtualmachines', turn)
    await vi.advanceTimersByTimeAsync(20)
  }
  expect(frames()).toBe(1)
  ws.bufferedAmount = 0
  tab.beat(Buffer.from('{"type":"heartbeat","now":0}'))
  expect(heard.filter(({ type }) => type === 'reset')).toEqual([{ type: 'reset', fleet: 'virtualmachines' }])
})

test('gives a tab up that has not read for half a minute, and none that caught up meanwhile [W-11]', async () => {
  const { context } = cluster()
  const { ws, ends } = socket()
  const tab = openTab(context, ws as unknown as TabSocket, session)
  const frame = Buffer.from('{"type":"heartbeat","now":0}')
  const beats = async (count: number) => {
    for (let beat = 0; beat < count; beat += 1) {
      tab.beat(frame)
      await vi.advanceTimersByTimeAsync(5_000)
    }
  }
  ws.bufferedAmount = 2 * 1024 * 1024
  await beats(6)
  ws.bufferedAmount = 0
  await beats(1)
  ws.bufferedAmount = 2 * 1024 * 1024
  await beats(7)
  expect(ends).toEqual([])
  await beats(1)
  expect(ends).toEqual([4408, 'terminated'])
})

test('goes on where the API server has no time to say what one may see, and ends where it knows one no more', async () => {
  const { rights, inventory, context, change, api } = cluster()
  for (const resource of allResources) rights.everywhere.add(resource)
  const { ws, heard, ends, says } = socket()
  openTab(context, ws as unknown as TabSocket, session)
  const view = await inventory.view(session, 'virtualmachines')
  says({ type: 'fleet', fleet: 'virtualmachines', epoch: view.epoch, seq: view.seq() })
  await vi.advanceTimersByTimeAsync(10)
  api.refusal = new StatusError(failure(429, 'too many requests'))
  await vi.advanceTimersByTimeAsync(65_000)
  expect(ends).toEqual([])
  change('virtualmachines', 1)
  await vi.advanceTimersByTimeAsync(20)
  expect(heard.at(-1)).toMatchObject({ type: 'delta' })
  const rejected = vi.spyOn(context.sessions, 'rejected')
  api.refusal = new StatusError(failure(401, 'Unauthorized'))
  await vi.advanceTimersByTimeAsync(65_000)
  expect(rejected).toHaveBeenCalled()
})

test('says of each fleet whether it is live, also where one is read with the user’s own credential and the other is not [F250]', async () => {
  const { rights, inventory, context, say } = cluster({ refused: ['virtualmachinesnapshots'] })
  for (const resource of allResources) rights.everywhere.add(resource)
  const { ws, heard, says } = socket()
  const tab = openTab(context, ws as unknown as TabSocket, session)
  for (const fleet of ['virtualmachinesnapshots', 'virtualmachines'] as const) {
    const view = await inventory.view(session, fleet)
    says({ type: 'fleet', fleet, epoch: view.epoch, seq: view.seq() })
    await vi.advanceTimersByTimeAsync(10)
  }
  const states = () => heard.flatMap((message) => (message.type === 'fleet-state' ? [`${message.fleet} ${message.state}`] : []))
  expect(states()).toEqual(['virtualmachinesnapshots live', 'virtualmachines live'])
  const state = { phase: 'stale' as const, since: 1, status: failure(503, 'no answer') }
  say({ type: 'state', source: 'shared', resource: 'virtualmachines', state })
  tab.tellStates()
  expect(states().slice(2)).toEqual(['virtualmachines stale'])
})

test('reads a fleet on for a person whose token was renewed, with the newest one, and anew for whom it gives other rights', async () => {
  const { rights, inventory, say, dialled, sourceOf } = cluster({ refused: ['virtualmachinesnapshots'] })
  for (const resource of allResources) rights.everywhere.add(resource)
  const tokenOf = (subject: string, token: string, expiresAt: number) => ({ kind: 'oidc' as const, shown: { token }, subject, expiresAt })
  const seenBy = (credential: Session['credential']) => inventory.view({ ...session, credential }, 'virtualmachinesnapshots')
  const renewed = tokenOf('ann', 'renewed', 2_000)
  const view = await seenBy(tokenOf('ann', 'first', 1_000))
  expect(await seenBy(renewed)).toBe(view)
  // In another browser, where it was not renewed yet.
  expect(await seenBy(tokenOf('ann', 'elsewhere', 1_500))).toBe(view)
  expect(await seenBy(tokenOf('ben', 'his', 2_000))).not.toBe(view)
  dialled.splice(0)
  say({ type: 'dial', id: 1, source: sourceOf(view.epoch) })
  expect(dialled).toEqual([renewed])
  rights.everywhere.delete('virtualmachinesnapshots')
  rights.inTeamA.add('virtualmachinesnapshots')
  expect(await seenBy(tokenOf('ann', 'of fewer groups', 3_000))).not.toBe(view)
})

test('tells each tab the digest of what it has, and counts those that have something else [K-22]', async () => {
  const { rights, inventory, context, change } = cluster()
  for (const resource of allResources) rights.everywhere.add(resource)
  const { ws, heard, says } = socket()
  const tab = openTab(context, ws as unknown as TabSocket, session)
  const view = await inventory.view(session, 'virtualmachines')
  says({ type: 'fleet', fleet: 'virtualmachines', epoch: view.epoch, seq: view.seq() })
  await vi.advanceTimersByTimeAsync(10)
  change('virtualmachines', 1)
  change('virtualmachines', 2)
  // What waits for its turn goes out before the digest that includes it.
  await tab.tellDigests()
  const [delta, second, digest] = heard.slice(-3)
  expect([delta?.type, second?.type, digest?.type]).toEqual(['delta', 'delta', 'digest'])
  expect(digest).toMatchObject(await view.digest())
  says({ type: 'mismatch', fleet: 'virtualmachines', epoch: view.epoch, seq: 2 })
  await vi.advanceTimersByTimeAsync(10)
  expect(inventory.mismatches()).toBe(1)
  change('virtualmachines', 3)
  await vi.advanceTimersByTimeAsync(100)
  expect(heard.filter(({ type }) => type === 'delta')).toHaveLength(2)
})

test('lets every tab start over when the inventory’s thread has ended, and goes on', async () => {
  const { rights, inventory, context, change, names, crash } = cluster()
  for (const resource of allResources) rights.everywhere.add(resource)
  const { ws, heard, says } = socket()
  openTab(context, ws as unknown as TabSocket, session)
  const view = await inventory.view(session, 'virtualmachines')
  says({ type: 'fleet', fleet: 'virtualmachines', epoch: view.epoch, seq: view.seq() })
  await vi.advanceTimersByTimeAsync(10)
  crash()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(heard.filter(({ type }) => type === 'reset')).toEqual([{ type: 'reset', fleet: 'virtualmachines' }])
  expect(await names('virtualmachines')).toEqual(['a', 'b'])
  const next = await inventory.view(session, 'virtualmachines')
  expect(next.epoch).not.toBe(view.epoch)
  says({ type: 'fleet', fleet: 'virtualmachines', epoch: next.epoch, seq: next.seq() })
  await vi.advanceTimersByTimeAsync(10)
  change('virtualmachines', 1)
  await vi.advanceTimersByTimeAsync(20)
  expect(heard.at(-1)).toMatchObject({ type: 'delta', epoch: next.epoch, seq: 1 })
})

test('lets many tabs start over one after the other where the inventory’s thread ends, and forgets nobody', async () => {
  const { rights, inventory, context, crash } = cluster()
  for (const resource of allResources) rights.everywhere.add(resource)
  const tabs = Array.from({ length: 40 }, () => {
    const { ws, heard, says } = socket()
    openTab(context, ws as unknown as TabSocket, session)
    return { ws, says, resets: () => heard.filter(({ type }) => type === 'reset').length }
  })
  const view = await inventory.view(session, 'virtualmachines')
  for (const { says } of tabs) says({ type: 'fleet', fleet: 'virtualmachines', epoch: view.epoch, seq: view.seq() })
  await vi.advanceTimersByTimeAsync(10)
  crash()
  await vi.advanceTimersByTimeAsync(1_000)
  const told = () => tabs.filter(({ resets }) => resets() > 0).length
  expect(told()).toBe(1)
  await vi.advanceTimersByTimeAsync(100)
  expect(told()).toBe(9)
  const left = tabs.at(-1)
  left?.ws.emit('close')
  await vi.advanceTimersByTimeAsync(400)
  expect(tabs.map(({ resets }) => resets())).toEqual(tabs.map((tab) => (tab === left ? 0 : 1)))
})
