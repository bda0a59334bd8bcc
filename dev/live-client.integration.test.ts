// A tab's live fleets from end to end but for the pixels: the page's own store and socket, the server, the simulated cluster.
import { setMaxListeners } from 'node:events'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { WebSocket as NodeWebSocket } from 'ws'
import { startServer, type RunningServer } from '@virtdeck/server'
import { startSimCluster, type SimCluster } from '@virtdeck/sim-cluster'
import type { LiveMessage, LiveRequest } from '@virtdeck/server/protocol'
import { openBrowser } from '../apps/server/src/testing/browser.ts'
import { memorySink } from '../apps/server/src/testing/memory-sink.ts'
import { createFleetStore } from '../apps/web/src/api/fleet.ts'
import { createLiveSocket } from '../apps/web/src/api/live-socket.ts'

const namespace = 'team-a'
const key = 'virtualmachines.kubevirt.io'
const closing: (() => PromiseLike<void> | void)[] = []

beforeEach(() => {
  // What the socket uses of a browser; every tab of a test is in this one.
  const target = () => {
    const made = new EventTarget()
    setMaxListeners(50, made)
    return made
  }
  vi.stubGlobal('WebSocket', NodeWebSocket)
  vi.stubGlobal('window', target())
  vi.stubGlobal('document', Object.assign(target(), { visibilityState: 'visible' }))
})
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

async function startCluster(): Promise<SimCluster> {
  const cluster = await startSimCluster({ scenario: 'small', speed: 20 })
  closing.push(() => cluster[Symbol.asyncDispose]())
  return cluster
}

async function serve(cluster: SimCluster): Promise<RunningServer> {
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    webRoot: '',
    kubeconfig: { text: cluster.kubeconfig() },
    inventoryContext: 'virtdeck',
    demoUsers: cluster.users,
    logLevel: 'silent',
    audit: { sink: memorySink() },
  })
  closing.push(() => server[Symbol.asyncDispose]())
  return server
}

/** Puts a label on a VM, as anybody might who uses the API server. */
function label(cluster: SimCluster, name: string, value: string) {
  const stored = cluster.storage.get(key, namespace, name)
  if (!stored) throw new Error(`there is no ${name}`)
  cluster.storage.update(key, { ...stored, metadata: { ...stored.metadata, labels: { ...stored.metadata.labels, round: value } } })
}

/** A page that shows all VMs. `tamper` stands for a fault on the way, or of this program: what it returns is what is heard. */
async function openTab(url: string, user: string, tamper: (message: LiveMessage) => LiveMessage = (message) => message) {
  const browser = openBrowser(url)
  await browser.signIn({ mode: 'demo', user })
  const sockets: NodeWebSocket[] = []
  const sent: LiveRequest[] = []
  const heard: LiveMessage[] = []
  let snapshots = 0
  const live = createLiveSocket(
    async () => {
      const socket = await browser.socket('/live', ['virtdeck.v1'])
      socket.on('error', () => {})
      sockets.push(socket)
      return socket as unknown as WebSocket
    },
    () => {},
  )
  const store = createFleetStore(
    'virtualmachines',
    {
      attach: (subscriber) =>
        live.attach({
          ...subscriber,
          heard(message) {
            heard.push(message)
            subscriber.heard(tamper(message))
          },
        }),
      send(request) {
        sent.push(request)
        live.send(request)
      },
      behind: live.behind,
    },
    async (fleet) => {
      snapshots += 1
      const { rows, ...head } = await browser.snapshot(fleet)
      return { ...head, blocks: [rows] }
    },
  )
  closing.push(() => {
    store.forget(false)
    live.restart(false)
  })
  store.subscribe(() => {})
  const round = (name: string) => store.row({ namespace, name })?.labels?.['round']
  await vi.waitFor(() => expect([store.state().status, live.state().state]).toEqual(['ready', 'live']), { timeout: 20_000 })
  await vi.waitFor(() => expect(heard.some(({ type }) => type === 'fleet-state')).toBe(true), { timeout: 20_000 })
  return { live, store, sent, heard, snapshots: () => snapshots, round, cut: () => sockets.at(-1)?.terminate() }
}

test('goes on after a lost connection with what it missed, and reads nothing anew [F013] [F250]', async () => {
  const cluster = await startCluster()
  const { url } = await serve(cluster)
  const tab = await openTab(url, 'operator')
  const states: string[] = []
  closing.push(tab.live.subscribe(() => states.push(tab.live.state().state)))
  for (const value of ['1', '2', '3']) {
    tab.cut()
    label(cluster, 'web-01', value)
    await vi.waitFor(() => expect(tab.round('web-01')).toBe(value), { timeout: 20_000 })
  }
  expect(tab.snapshots()).toBe(1)
  expect(states).toContain('connecting')
  expect(tab.live.state()).toEqual({ state: 'live' })
})

test('finds out within a minute that it missed a change, says so, and has it then [K-22]', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const cluster = await startCluster()
  const { url } = await serve(cluster)
  const loses = (message: LiveMessage): LiveMessage => (message.type === 'delta' ? { ...message, upsert: [], remove: [] } : message)
  let fault = loses
  const tab = await openTab(url, 'operator', (message) => fault(message))
  label(cluster, 'web-01', 'lost')
  await vi.waitFor(() => expect(tab.heard.some(({ type }) => type === 'delta')).toBe(true), { timeout: 20_000 })
  fault = (message) => message
  label(cluster, 'web-02', 'came')
  await vi.waitFor(() => expect(tab.round('web-02')).toBe('came'), { timeout: 20_000 })
  expect(tab.round('web-01')).toBeUndefined()
  const heard = (type: LiveMessage['type']) => tab.heard.filter((message) => message.type === type).length
  const digests = () => heard('digest')

  vi.advanceTimersByTime(59_000)
  expect(digests()).toBe(0)
  vi.advanceTimersByTime(1_000)
  await vi.waitFor(() => expect(heard('heartbeat')).toBe(13), { timeout: 20_000 })
  await vi.waitFor(() => expect(tab.round('web-01')).toBe('lost'), { timeout: 20_000 })
  expect(tab.sent.filter(({ type }) => type === 'mismatch')).toHaveLength(1)
  expect([digests(), tab.snapshots()]).toEqual([1, 2])

  // Healed: it follows again, and the next digest finds nothing.
  label(cluster, 'web-01', 'again')
  await vi.waitFor(() => expect(tab.round('web-01')).toBe('again'), { timeout: 20_000 })
  vi.advanceTimersByTime(60_000)
  await vi.waitFor(() => expect(digests()).toBe(2), { timeout: 20_000 })
  label(cluster, 'web-02', 'still here')
  await vi.waitFor(() => expect(tab.round('web-02')).toBe('still here'), { timeout: 20_000 })
  expect(tab.sent.filter(({ type }) => type === 'mismatch')).toHaveLength(1)
  expect(tab.snapshots()).toBe(2)
})

test('watches each resource once, however many tabs of however many people look at the fleets', async () => {
  const cluster = await startCluster()
  const resources = ['virtualmachines', 'virtualmachineinstances', 'virtualmachineinstancemigrations']
  // A fault that does nothing counts whom it meets.
  const counters = resources.map((resource) =>
    cluster.faults.add({ effect: 'delay', delayMs: 0, match: { method: 'GET', path: `/apis/kubevirt.io/v1/*${resource}` } }),
  )
  const asked = () => cluster.faults.list().map(({ hits }) => hits)
  const { url } = await serve(cluster)
  const first = await openTab(url, 'operator')
  const before = asked()
  const people = cluster.users.map(({ name }) => name)
  const tabs = [first]
  for (let index = 0; index < 15; index += 1) tabs.push(await openTab(url, people[index % people.length] ?? ''))
  label(cluster, 'web-01', 'to all')
  const concerned = tabs.filter(({ store }) => store.row({ namespace, name: 'web-01' }))
  expect(concerned.length).toBeGreaterThan(10)
  await vi.waitFor(() => expect(new Set(concerned.map(({ round }) => round('web-01')))).toEqual(new Set(['to all'])), { timeout: 20_000 })
  expect(counters).toHaveLength(resources.length)
  expect(asked()).toEqual(before)
  // One streamed list each, which is the watch.
  expect(before).toEqual(resources.map(() => 1))
})
