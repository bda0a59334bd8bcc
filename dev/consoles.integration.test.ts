// Consoles from end to end but for the pixels: the page's own state machine, the server, and the simulated cluster.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { WebSocket as NodeWebSocket, WebSocketServer } from 'ws'
import {
  collectionPath,
  objectPath,
  resources,
  subresourcePath,
  type KubeObject,
  type VirtualMachine,
  type VirtualMachineInstance,
  type VirtualMachineInstanceMigration,
} from '@virtdeck/k8s'
import { currentMigration, migrationIsActive, projectVmRow } from '@virtdeck/kubevirt'
import { startServer, type ServerConfig } from '@virtdeck/server'
import { openBrowser, outcome, type Browser } from '../apps/server/src/testing/browser.ts'
import { configFor } from '../apps/server/src/testing/behind-hostile-api.ts'
import { startHostileApiServer, tokenOf } from '../apps/server/src/testing/hostile-api-server.ts'
import { atFullSize } from '../apps/server/src/testing/property-runs.ts'
import { createLiveSocket } from '../apps/web/src/api/live-socket.ts'
import { createConsoleConnection, type ConsoleConnection } from '../apps/web/src/features/consoles/console-connection.ts'
import type { ConsoleKind, ConsolePhase } from '../apps/web/src/features/consoles/console-session.ts'
import { vmFacts } from '../apps/web/src/features/consoles/vm-facts.ts'
import type { Clock } from '@virtdeck/sim-cluster'
import { startStack, type Stack } from './stack.ts'

type Ref = { namespace: string; name: string }

let stack: Stack
const closing: (() => void)[] = []

/** The cluster's time, in which a minute takes two seconds: whole migrations, not only their delays. */
function fastClock(speed = 30): Clock & Disposable {
  const startMs = Date.now()
  const timers = new Set<NodeJS.Timeout>()
  return {
    now: () => startMs + (Date.now() - startMs) * speed,
    after(delayMs, run) {
      const timer = setTimeout(() => {
        timers.delete(timer)
        run()
      }, delayMs / speed)
      timers.add(timer)
      return { cancel: () => clearTimeout(timer) }
    },
    [Symbol.dispose]: () => timers.forEach((timer) => clearTimeout(timer)),
  }
}
const clock = fastClock()

beforeAll(async () => {
  stack = await startStack({ scenario: 'small', clock })
})
afterEach(() => {
  for (const close of closing.splice(0)) close()
})
afterAll(async () => {
  await stack?.[Symbol.asyncDispose]()
  clock[Symbol.dispose]()
})

async function browserOf(user: string, url = stack.url): Promise<Browser> {
  const browser = openBrowser(url)
  await browser.signIn({ mode: 'demo', user })
  return browser
}

/** The sockets of a page, in Node: the same interface, but for what nobody here uses. */
async function socketFor(browser: Browser, path: string, protocol: string): Promise<WebSocket> {
  const socket = await browser.socket(path, [protocol])
  socket.on('error', () => {})
  return socket as unknown as WebSocket
}

type Watched = { phases: ConsolePhase[]; text(): string; cut(): void; dials: string[]; until(name: ConsolePhase['name']): Promise<void> }

/** A console as a page has it: told of the VM by watches of its own, where there is one to watch. */
async function openConsole(browser: Browser, ref: Ref, kind: ConsoleKind, watchIt = true): Promise<ConsoleConnection & Watched> {
  const dials: string[] = []
  const phases: ConsolePhase[] = []
  let socket: WebSocket | undefined
  let text = ''
  const open = async (path: string) => {
    dials.push(path)
    socket = await socketFor(browser, path, 'plain.kubevirt.io')
    return socket
  }
  const facts = watchIt ? { power: 'down' as const } : { power: 'up' as const }
  const connection = createConsoleConnection(ref, kind, facts, open)
  connection.subscribe(() => phases.push(connection.session().phase))
  connection.serve((link) => link.onBytes((bytes) => (text += Buffer.from(bytes).toString('latin1'))))
  if (watchIt) await followVm(browser, ref, (known) => connection.dispatch({ type: 'vm', vm: vmFacts(known) }))
  connection.dispatch({ type: 'open' })
  closing.push(() => connection.close())
  return {
    ...connection,
    dials,
    phases,
    text: () => text,
    /** As a cable that is pulled. */
    cut: () => (socket as unknown as NodeWebSocket).terminate(),
    until: (name) =>
      new Promise((resolve) => {
        const check = () => {
          if (connection.session().phase.name !== name) return
          stop()
          resolve()
        }
        const stop = connection.subscribe(check)
        check()
      }),
  }
}

/** What a VM's page knows of it, from the same watches. */
async function followVm(
  browser: Browser,
  { namespace, name }: Ref,
  tell: (row: ReturnType<typeof projectVmRow> | undefined) => void,
): Promise<void> {
  const live = await browser.live()
  closing.push(() => live.ws.terminate())
  const objects = [new Map<string, KubeObject>(), new Map<string, KubeObject>(), new Map<string, KubeObject>()]
  const known = new Set<number>()
  await new Promise<void>((resolve) => {
    live.ws.on('message', () => {
      const said = live.messages.at(-1)
      if (said?.type !== 'objects' && said?.type !== 'event') return
      const kept = objects[said.id]
      if (said.type === 'objects') {
        kept?.clear()
        for (const item of said.items) kept?.set(item.metadata.uid ?? '', item)
        known.add(said.id)
      } else if (said.event === 'DELETED') kept?.delete(said.object.metadata.uid ?? '')
      else kept?.set(said.object.metadata.uid ?? '', said.object)
      if (known.size < 3) return
      const [vm, vmi] = objects.map((each) => [...each.values()].at(-1)) as [VirtualMachine?, VirtualMachineInstance?]
      const migration = currentMigration([...(objects[2]?.values() ?? [])] as VirtualMachineInstanceMigration[])
      tell((vm ?? vmi) ? projectVmRow({ vm, vmi, migration: migrationIsActive(migration) ? migration : undefined }) : undefined)
      resolve()
    })
    const field = `metadata.name=${name}`
    void live.send({ type: 'watch', id: 0, path: collectionPath(resources.virtualMachines, namespace), fieldSelector: field })
    void live.send({ type: 'watch', id: 1, path: collectionPath(resources.virtualMachineInstances, namespace), fieldSelector: field })
    const ofVm = `kubevirt.io/vmi-name=${name}`
    void live.send({
      type: 'watch',
      id: 2,
      path: collectionPath(resources.virtualMachineInstanceMigrations, namespace),
      labelSelector: ofVm,
    })
  })
}

const vncPath = (ref: Ref) => subresourcePath('virtualmachineinstances', ref, 'vnc')
async function expectDone(asked: Promise<Response>): Promise<void> {
  const answer = await asked
  expect([answer.status, answer.ok || (await answer.text())]).toEqual([answer.status, true])
}
const power = (browser: Browser, ref: Ref, verb: string, body: object = {}) =>
  expectDone(browser.request(`/k8s${subresourcePath('virtualmachines', ref, verb)}`, { method: 'PUT', body }))

test('lets one of twenty have a screen that is free, and tells the others that it is taken [W-14]', async () => {
  const ref = { namespace: 'team-b', name: 'desktop-01' }
  const browsers = await Promise.all(Array.from({ length: 20 }, (_, index) => browserOf(['admin', 'operator', 'user'][index % 3] ?? '')))
  const tickets = await Promise.all(browsers.map((browser) => browser.ticket(`/k8s${vncPath(ref)}`)))
  const sockets = await Promise.all(
    browsers.map((browser, index) => browser.socket(`/k8s${vncPath(ref)}`, ['plain.kubevirt.io'], {}, tickets[index])),
  )
  closing.push(() => sockets.forEach((socket) => socket.terminate()))
  const results = await Promise.all(sockets.map((socket) => Promise.race([once(socket, 'message').then(() => 'picture'), outcome(socket)])))
  expect(results.filter((result) => result === 'picture')).toHaveLength(1)
  expect(results.filter((result) => typeof result === 'object' && 'closed' in result && result.closed === 4409)).toHaveLength(19)
})

test('takes a screen over once per click, and whoever lost it waits for one, too [W-13] [W-14]', async () => {
  const ref = { namespace: 'team-a', name: 'web-01' }
  const [ann, ben] = [await openConsole(await browserOf('operator'), ref, 'vnc'), await openConsole(await browserOf('admin'), ref, 'vnc')]
  await Promise.all([Promise.race([ann.until('live'), ben.until('live')]), Promise.race([ann.until('inUse'), ben.until('inUse')])])
  let [winner, loser] = ann.session().phase.name === 'live' ? [ann, ben] : [ben, ann]
  for (let clicks = 1; clicks <= 3; clicks += 1) {
    loser.dispatch({ type: 'takeOver' })
    await Promise.all([loser.until('live'), winner.until('takenOver')])
    // It stays so: nothing that the loser does by itself is still to come.
    expect([winner.session().phase, loser.session().phase.name]).toEqual([{ name: 'takenOver' }, 'live'])
    expect([...ann.dials, ...ben.dials].filter((path) => path.includes('preserveSession=false'))).toHaveLength(clicks)
    ;[winner, loser] = [loser, winner]
  }
})

test('does not fight for a serial line, whose cluster gives no reason [W-13] [W-15]', async () => {
  const ref = { namespace: 'team-a', name: 'web-01' }
  const ann = await openConsole(await browserOf('operator'), ref, 'serial')
  await ann.until('live')
  const ben = await openConsole(await browserOf('admin'), ref, 'serial')
  await Promise.all([ben.until('live'), ann.until('takenOver')])
  // Within ten seconds of connecting it was taken: not one try.
  expect([ann.dials.length, ben.dials.length, ann.session().phase, ben.session().phase.name]).toEqual([1, 1, { name: 'takenOver' }, 'live'])
})

test('mends a cut, follows a crash and a start, and dials a serial line no more often than that [W-15]', async () => {
  const ref = { namespace: 'team-b', name: 'desktop-01' }
  const admin = await browserOf('admin')
  const serial = await openConsole(await browserOf('user'), ref, 'serial')
  const screen = await openConsole(admin, ref, 'vnc')
  await Promise.all([serial.until('live'), screen.until('live')])
  screen.cut()
  await screen.until('reconnecting')
  expect(screen.session().phase).toMatchObject({ because: 'drop', attempt: 1 })
  await screen.until('live')
  expect(screen.dials).toHaveLength(2)

  await power(admin, ref, 'stop', { gracePeriod: 0 })
  await Promise.all([serial.until('vmDown'), screen.until('vmDown')])
  const before = serial.dials.length
  expect(before).toBeLessThanOrEqual(2)
  await power(admin, ref, 'start')
  await Promise.all([serial.until('live'), screen.until('live')])
  expect(serial.dials.length).toBe(before + 1)
  for (const { phases } of [serial, screen]) expect(phases.map(({ name }) => name)).not.toContain('failed')
})

test('asks before it shows another VM of the same name [W-21]', async () => {
  const ref = { namespace: 'team-a', name: 'once-more' }
  const admin = await browserOf('admin')
  const create = async () => {
    await expectDone(
      admin.request(`/k8s${collectionPath(resources.virtualMachines, 'team-a')}`, {
        method: 'POST',
        body: {
          apiVersion: 'kubevirt.io/v1',
          kind: 'VirtualMachine',
          metadata: ref,
          spec: {
            runStrategy: 'Always',
            template: {
              spec: {
                domain: {
                  cpu: { cores: 1 },
                  memory: { guest: '512Mi' },
                  devices: { disks: [{ name: 'root', disk: { bus: 'virtio' } }] },
                },
                volumes: [{ name: 'root', containerDisk: { image: 'quay.io/containerdisks/alpine:3.20' } }],
              },
            },
          },
        },
      }),
    )
  }
  await create()
  const screen = await openConsole(admin, ref, 'vnc')
  await screen.until('live')
  const dials = screen.dials.length
  await expectDone(admin.request(`/k8s${objectPath(resources.virtualMachines, ref)}`, { method: 'DELETE' }))
  await screen.until('gone')
  const closedAt = screen.dials.length
  await create()
  await screen.until('recreated')
  await expect
    .poll(async () => (await admin.json<VirtualMachine>(`/k8s${objectPath(resources.virtualMachines, ref)}`)).status?.printableStatus, {
      timeout: 30_000,
    })
    .toBe('Running')
  expect(screen.session().phase).toEqual({ name: 'recreated' })
  expect(screen.dials.length).toBe(closedAt)
  expect(closedAt - dials).toBeLessThan(3)
  screen.dispatch({ type: 'retry' })
  await screen.until('live')
})

test(
  'follows migrations with both consoles open, says so, and calls none of them a failure [W-16]',
  async () => {
    const ref = { namespace: 'team-a', name: 'web-01' }
    const admin = await browserOf('admin')
    const [screen, serial] = [await openConsole(admin, ref, 'vnc'), await openConsole(admin, ref, 'serial')]
    const consoles = [screen, serial]
    await Promise.all(consoles.map((each) => each.until('live')))
    const rounds = atFullSize ? 50 : 3
    const tries: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      const before = consoles.map(({ dials }) => dials.length)
      for (const { phases } of consoles) phases.splice(0)
      const name = `move-${randomBytes(4).toString('hex')}`
      await expectDone(
        admin.request(`/k8s${collectionPath(resources.virtualMachineInstanceMigrations, ref.namespace)}`, {
          method: 'POST',
          body: {
            apiVersion: 'kubevirt.io/v1',
            kind: 'VirtualMachineInstanceMigration',
            metadata: { name, namespace: ref.namespace },
            spec: { vmiName: ref.name },
          },
        }),
      )
      await Promise.all(consoles.map((each) => each.until('reconnecting')))
      await Promise.all(consoles.map((each) => each.until('live')))
      for (const [index, { phases, dials }] of consoles.entries()) {
        tries.push(dials.length - (before[index] ?? 0))
        const names = phases.map((phase) => phase.name)
        expect(names).not.toContain('failed')
        expect(names).not.toContain('takenOver')
        expect(names).not.toContain('inUse')
        expect(phases.find((phase) => phase.name === 'reconnecting')).toMatchObject({ because: 'migration' })
      }
      const path = `/k8s${objectPath(resources.virtualMachineInstanceMigrations, { namespace: ref.namespace, name })}`
      await expect
        .poll(async () => (await admin.json<VirtualMachineInstanceMigration>(path)).status?.phase, { timeout: 30_000 })
        .toBe('Succeeded')
    }
    // Half a second, 0.8, 1.3 and 2 seconds: the fourth try at the latest is within five seconds of the drop.
    const late = tries.filter((count) => count > 4)
    expect(late.length).toBeLessThanOrEqual(tries.length * 0.05)
  },
  atFullSize ? 600_000 : 60_000,
)

test('brings every console and every tab back after a restart, one after the other [W-18]', async () => {
  const [consoleCount, tabCount] = atFullSize ? [200, 500] : [16, 40]
  vi.stubGlobal('WebSocket', NodeWebSocket)
  vi.stubGlobal('window', new EventTarget())
  vi.stubGlobal('document', Object.assign(new EventTarget(), { visibilityState: 'visible' }))
  closing.push(() => vi.unstubAllGlobals())
  await using api = await startHostileApiServer()
  api.upgrade((req, socket, head) => guests.handleUpgrade(req, socket, head, (ws) => ws.send(Buffer.from('there'))))
  const guests = new WebSocketServer({ noServer: true, handleProtocols: () => 'plain.kubevirt.io' })
  const people = Array.from({ length: 25 }, (_, index) => ({ name: `person-${index}`, description: '', token: tokenOf(`person-${index}`) }))
  const config: ServerConfig = configFor(api, { demoUsers: people, sessionKeys: [`a:${randomBytes(32).toString('base64')}`] })
  const first = await startServer(config)
  const browsers = await Promise.all(people.map(({ name }) => browserOf(name, first.url)))
  const browserAt = (index: number) => browsers[index % browsers.length] as Browser

  const dialledAt: number[] = []
  const opened: WebSocket[] = []
  const dial = (index: number, path: string, protocol: string) => async () => {
    dialledAt.push(performance.now())
    const socket = await socketFor(browserAt(index), path, protocol)
    opened.push(socket)
    return socket
  }
  const vnc = `/k8s${vncPath({ namespace: 'team-a', name: 'web-01' })}?preserveSession=true`
  const consoles = Array.from({ length: consoleCount }, (_, index) => {
    const connection = createConsoleConnection(
      { namespace: 'team-a', name: 'web-01' },
      'vnc',
      { power: 'up' },
      dial(index, vnc, 'plain.kubevirt.io'),
    )
    connection.serve(() => {})
    return connection
  })
  const tabs = Array.from({ length: tabCount }, (_, index) => createLiveSocket(dial(index, '/live', 'virtdeck.v1'), () => {}))
  // A hundred tickets at once is what one person gets; pages open one after the other.
  for (const [index, tab] of tabs.entries()) {
    closing.push(tab.attach({ opened() {}, heard() {} }))
    const console = consoles[index]
    console?.dispatch({ type: 'open' })
    if (index % 25 === 24) await vi.waitUntil(() => tab.state().state === 'live', { timeout: 20_000 })
  }
  closing.push(() => consoles.forEach((console) => console.close()))
  const all = () => [...consoles.map((each) => each.session().phase.name), ...tabs.map((tab) => tab.state().state)]
  await vi.waitFor(() => expect(new Set(all())).toEqual(new Set(['live'])), { timeout: 60_000 })

  const codes: number[] = []
  for (const socket of opened) socket.addEventListener('close', ({ code }) => codes.push(code))
  dialledAt.splice(0)
  // The one that takes over has to be there when the first come back.
  const leaving = first[Symbol.asyncDispose]()
  await leaving
  await using second = await startServer({ ...config, port: first.port })
  await vi.waitFor(() => expect(new Set(all())).toEqual(new Set(['live'])), { timeout: 60_000 })
  expect(new Set(codes)).toEqual(new Set([1012]))
  expect(codes).toHaveLength(consoleCount + tabCount)
  const perSecond = dialledAt.map((at) => dialledAt.filter((other) => other >= at && other < at + 1_000).length)
  expect(Math.max(...perSecond)).toBeLessThanOrEqual(100)
  for (const each of consoles) expect(each.session().phase.name).toBe('live')
  expect(second.port).toBe(first.port)
}, 180_000)
