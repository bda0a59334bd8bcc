// The benchmarks' guard: small sizes, and ratios of one run alone, so that it holds on any machine under any load. What
// grows faster than the fleet, or does for each tab what can be done once, fails here before a benchmark shows it.
import { brotliCompressSync, constants } from 'node:zlib'
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { KubeObject } from '@virtdeck/k8s'
import { decodeRows, encodeRows, rowText } from '@virtdeck/kubevirt'
import { createJoins, fleetResources } from '../apps/server/src/inventory/joins.ts'
import { keeperOf } from '../apps/server/src/inventory/kept.ts'
import { createRowStore, type RowUpsert } from '../apps/server/src/inventory/rows.ts'
import { openView } from '../apps/server/src/testing/one-thread.ts'
import { inventoryResources } from '../apps/server/src/inventory/messages.ts'
import type { Visibility } from '../apps/server/src/inventory/visibility.ts'
import { startBehindHostileApi, type BehindHostileApi } from '../apps/server/src/testing/behind-hostile-api.ts'
import { openBrowser } from '../apps/server/src/testing/browser.ts'
import { createRows } from '../apps/web/src/api/rows.ts'
import { startStack, type Stack } from './stack.ts'

const small = 1_000
const large = 8_000
const factor = large / small
/** What caches and collections of garbage may cost more with many: 1 is linear, `factor` would be quadratic. */
const linear = 1.35

/** CPU time rather than the clock's: others may use the processor meanwhile. The least of some turns. */
function leastCpuMs(turns: number, run: () => void): number {
  const times = Array.from({ length: turns }, () => {
    const before = process.cpuUsage()
    run()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000
  })
  return Math.min(...times)
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

/** How long it takes with many, over how long it takes with few as often as they make as many. */
const growth = (run: (count: number) => () => void): number => {
  const [few, many] = [run(small), run(large)]
  const often = () => {
    for (let times = 0; times < factor; times += 1) few()
  }
  often()
  many()
  return leastCpuMs(5, many) / leastCpuMs(5, often)
}

const vmAt = (index: number): KubeObject => ({
  metadata: {
    name: `web-${index}`,
    namespace: `team-${index % 40}`,
    uid: `0000${(index * 2_654_435_761) % 9_999}-aaaa-4aaa-8aaa-${String(index).padStart(12, '0')}`.slice(-36),
    resourceVersion: String(index + 1),
    creationTimestamp: new Date(1_700_000_000_000 + index * 61_000).toISOString(),
    labels: { app: `app-${index % 20}` },
    managedFields: [{ manager: 'kubectl', fieldsV1: { 'f:spec': {} } }],
  },
  spec: {
    runStrategy: 'Always',
    template: {
      spec: {
        domain: { cpu: { cores: (index % 4) + 1 }, memory: { guest: '4Gi' } },
        volumes: [{ dataVolume: { name: `web-${index}-root` } }],
      },
    },
  },
  status: { printableStatus: index % 7 === 0 ? 'Stopped' : 'Running' },
})

/** From objects to stored rows, as the inventory's thread and the main thread do it together. */
function ingest(count: number) {
  const texts = Array.from({ length: count }, (_, index) => JSON.stringify(vmAt(index)))
  const keep = keeperOf('virtualmachines')
  return () => {
    const objects = new Map<string, KubeObject>()
    const joins = createJoins({
      get: (resource, key) => (resource === 'virtualmachines' ? objects.get(key) : undefined),
      keys: (resource) => (resource === 'virtualmachines' ? objects.keys() : []),
    })
    for (const text of texts) {
      const object = keep(JSON.parse(text) as KubeObject)
      const key = `${object.metadata.namespace}/${object.metadata.name}`
      objects.set(key, object)
      joins.note('virtualmachines', key, undefined, object)
    }
    const variant = fleetResources.virtualmachines.optional.join('+')
    const upsert = [...joins.keys('virtualmachines')].flatMap((key): RowUpsert[] => {
      const row = joins.row('virtualmachines', key, variant)
      if (!row) return []
      return [[row.uid, 'namespace' in row ? row.namespace : '', rowText(row)]]
    })
    const store = createRowStore('virtualmachines', '')
    store.receive({ upsert, remove: [] })
    return store
  }
}

const everything = Object.fromEntries(inventoryResources.map((resource) => [resource, 'all'])) as Visibility
const fullVariant = fleetResources.virtualmachines.optional.join('+')

async function viewOf(count: number) {
  const filled = ingest(count)()
  const store = createRowStore('virtualmachines', fullVariant)
  const upsert = [...filled.rows].map(([uid, { json, block }]): RowUpsert => [uid, block.namespace, json])
  store.receive({ upsert, remove: [] })
  return { store, upsert, view: await openView('virtualmachines', everything, [store]) }
}

describe('grows no faster than the fleet:', () => {
  test('the way from objects to rows', () => {
    expect(growth(ingest)).toBeLessThan(linear)
  })

  test('a snapshot, written and read', () => {
    const rowsOf = (count: number) => [...ingest(count)().rows.values()].map(({ json }) => JSON.parse(json) as { namespace: string })
    const turn = (count: number) => {
      const rows = rowsOf(count)
      const blocks = Array.from({ length: Math.ceil(count / 256) }, (_, at) => rows.slice(at * 256, (at + 1) * 256))
      return () => {
        for (const block of blocks) decodeRows(encodeRows(block))
      }
    }
    expect(growth(turn)).toBeLessThan(linear)
  })

  test('the browser’s rows, and a change of one of them not at all', () => {
    const rowsOf = (count: number) =>
      [...ingest(count)().rows.values()].map(({ json }) => JSON.parse(json) as { uid: string; name: string; status: string })
    expect(
      growth((count) => {
        const rows = rowsOf(count)
        return () => createRows().replace(rows)
      }),
      // Larger maps are slower by themselves.
    ).toBeLessThan(2 * linear)
    const change = (count: number) => {
      const [first, ...rest] = rowsOf(count)
      const rows = createRows<{ uid: string; name: string; status: string }>()
      if (!first) throw new Error('there are no rows')
      rows.replace([first, ...rest])
      let turn = 0
      return () => {
        for (let times = 0; times < 2_000; times += 1) rows.apply([{ ...first, status: `Turn ${(turn += 1)}` }], [])
      }
    }
    // Each turn is as many changes with few rows as with many.
    expect(growth(change)).toBeLessThan(linear / factor + 0.25)
  })

  test('the bytes of a snapshot, which are fewer than 60 for each row', async () => {
    const bytesOf = async (count: number) => {
      const { view } = await viewOf(count)
      const { body } = await view.snapshot('identity')
      view.close()
      return brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }).length / count
    }
    const [few, many] = [await bytesOf(small), await bytesOf(large)]
    expect(many).toBeLessThan(60)
    expect(many / few).toBeLessThan(1.1)
  })
})

describe('does once what is the same for all:', () => {
  test('the frame of a change is one object, however many tabs get it', async () => {
    const { store, upsert, view } = await viewOf(small)
    const frames = new Set<Buffer>()
    let delivered = 0
    const tabs = 50
    for (let tab = 0; tab < tabs; tab += 1)
      view.subscribe({
        frame(frame) {
          delivered += 1
          frames.add(frame)
        },
        ended() {},
      })
    const changes = 20
    for (let change = 0; change < changes; change += 1) {
      const [uid = '', namespace = '', json = ''] = upsert[change] ?? []
      const text = rowText({ ...(JSON.parse(json) as object), status: `Turn ${change}` })
      store.receive({ upsert: [[uid, namespace, text]], remove: [] })
    }
    await view.digest()
    view.close()
    // The first change leaves at once, and those after it together.
    expect(frames.size).toBeLessThanOrEqual(3)
    expect(delivered).toBe(frames.size * tabs)
  })

  test('a snapshot after one change makes one block again, and keeps the others', async () => {
    const { store, upsert, view } = await viewOf(small)
    await view.snapshot('identity')
    const lines = [...store.blocks()].map((block) => block.line())
    const [uid = '', namespace = '', json = ''] = upsert[0] ?? []
    const text = rowText({ ...(JSON.parse(json) as object), status: 'Another' })
    store.receive({ upsert: [[uid, namespace, text]], remove: [] })
    const after = [...store.blocks()].map((block) => block.line())
    expect(after.filter((line, index) => line !== lines[index])).toHaveLength(1)
    view.close()
  })
})

describe('in front of the API server', () => {
  let stack: Stack
  beforeAll(async () => void (stack = await startStack()))
  afterAll(async () => stack?.[Symbol.asyncDispose]())

  test('a VM takes at most 2.2 times as long as from the API server itself, in turns', async () => {
    const browser = openBrowser(stack.url)
    await browser.signIn({ mode: 'demo', user: 'admin' })
    const token = stack.cluster.users.find(({ name }) => name === 'admin')?.token ?? ''
    const agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true, ca: stack.cluster.caCert }) }
    const time = (send: (done: (answer: IncomingMessage) => void) => void) => {
      const startedAt = performance.now()
      return new Promise<number>((resolve, reject) => {
        send((answer) => {
          if (answer.statusCode !== 200) reject(new Error(`answered ${answer.statusCode}`))
          answer.resume().on('end', () => resolve(performance.now() - startedAt))
        })
      })
    }
    const accept = 'application/json'
    const path = '/apis/kubevirt.io/v1/virtualmachines?limit=1'
    const cookie = browser.cookie()
    const times = { direct: [] as number[], proxied: [] as number[] }
    // All of it runs in this one thread, so that the ratio is one of work. The first half of the turns are for the compiler.
    for (let turn = 0; turn < 1_000; turn += 1) {
      const headers = { accept, authorization: `Bearer ${token}` }
      times.direct.push(await time((done) => httpsRequest(new URL(path, stack.cluster.url), { agent: agents.https, headers }, done).end()))
      times.proxied.push(
        await time((done) =>
          httpRequest(new URL(`/k8s${path}`, stack.url), { agent: agents.http, headers: { accept, cookie } }, done).end(),
        ),
      )
    }
    agents.http.destroy()
    agents.https.destroy()
    expect(median(times.proxied.slice(500)) / median(times.direct.slice(500))).toBeLessThan(2.2)
  })
})

describe('beside a plain pipe', () => {
  const MiB = 2 ** 20
  const chunk = Buffer.alloc(64 * 1024)
  const protocol = 'plain.kubevirt.io'
  const console = '/apis/subresources.kubevirt.io/v1/namespaces/team-a/virtualmachineinstances/web-01/vnc'
  const guests = new WebSocketServer({ noServer: true, handleProtocols: () => protocol })
  let stack: BehindHostileApi
  let pipe: ReturnType<typeof createServer>
  let plainUrl: string
  let ways: { tunnel: WebSocket; pipe: WebSocket }

  beforeAll(async () => {
    stack = await startBehindHostileApi()
    stack.api.upgrade((req, socket, head) =>
      guests.handleUpgrade(req, socket, head, (guest) =>
        // It sends as many mebibytes as it is asked for, and every key back.
        guest.on('message', (data: Buffer) => {
          if (data.length === 1) return guest.send(data)
          for (let sent = 0; sent < Number(data.toString()) * MiB; sent += chunk.length) guest.send(chunk)
        }),
      ),
    )
    // What is left of a tunnel where nothing is looked at.
    const { port } = new URL(stack.api.url)
    pipe = createServer((socket) => {
      const onward = connect(Number(port), '127.0.0.1')
      for (const end of [socket, onward]) end.setNoDelay(true).on('error', () => {})
      socket.pipe(onward).pipe(socket)
    }).listen(0, '127.0.0.1')
    await once(pipe, 'listening')
    plainUrl = `http://127.0.0.1:${(pipe.address() as AddressInfo).port}`
    const plain = plainUrl.replace('http', 'ws') + console
    ways = { tunnel: await stack.ann.console(console), pipe: new WebSocket(plain, [protocol], { perMessageDeflate: false }) }
    await Promise.all(Object.values(ways).map((socket) => once(socket, 'open')))
  })
  afterAll(async () => {
    for (const socket of Object.values(ways ?? {})) socket.terminate()
    pipe?.close()
    await stack?.[Symbol.asyncDispose]()
  })

  /** CPU time of all ends together; the least of some turns, each way once in each. */
  async function leastOf(turns: number, run: (way: 'tunnel' | 'pipe') => Promise<void>): Promise<number> {
    const times = { tunnel: [] as number[], pipe: [] as number[] }
    for (let turn = 0; turn < turns; turn += 1) {
      for (const way of ['pipe', 'tunnel'] as const) {
        const before = process.cpuUsage()
        await run(way)
        const { user, system } = process.cpuUsage(before)
        times[way].push(user + system)
      }
    }
    return Math.min(...times.tunnel) / Math.min(...times.pipe)
  }

  test('what a guest sends costs at most 1.8 times what it costs through a plain pipe', async () => {
    const mebibytes = 48
    const ratio = await leastOf(8, (way) => {
      let left = mebibytes * MiB
      return new Promise((resolve) => {
        ways[way].removeAllListeners('message').on('message', (data: Buffer) => {
          left -= data.length
          if (left === 0) resolve()
        })
        ways[way].send(Buffer.from(String(mebibytes).padStart(4)))
      })
    })
    expect(ratio).toBeLessThan(1.8)
  })

  test('a key comes back after at most 1.8 times the time that it takes through a plain pipe, in turns', async () => {
    const times = { tunnel: [] as number[], pipe: [] as number[] }
    for (let turn = 0; turn < 2_000; turn += 1) {
      for (const way of ['pipe', 'tunnel'] as const) {
        const startedAt = performance.now()
        const back = new Promise((resolve) => ways[way].removeAllListeners('message').once('message', resolve))
        ways[way].send(Buffer.from('k'))
        await back
        times[way].push(performance.now() - startedAt)
      }
    }
    const ratio = median(times.tunnel.slice(1_000)) / median(times.pipe.slice(1_000))
    expect(ratio).toBeLessThan(1.8)
  })

  test('a page of 500 VMs costs at most twice what it costs through a plain pipe', async () => {
    const items = Array.from({ length: 500 }, (_, index) => ({ ...vmAt(index), padding: 'x'.repeat(5_000) }))
    const page = JSON.stringify({ kind: 'List', metadata: {}, items })
    stack.api.answer((_req, res) => res.writeHead(200, { 'content-type': 'application/json' }).end(page))
    const agent = new HttpAgent({ keepAlive: true })
    const path = '/apis/kubevirt.io/v1/virtualmachines?limit=499'
    const urls = { pipe: plainUrl + path, tunnel: `${stack.server.url}/k8s${path}` }
    const headers = { accept: 'application/json', cookie: stack.ann.cookie() }
    const bytesOf = (url: string) =>
      new Promise<number>((resolve, reject) => {
        httpRequest(url, { agent, headers }, (answer) => {
          let bytes = 0
          answer.on('data', (part: Buffer) => (bytes += part.length))
          answer.on('end', () => resolve(bytes))
        })
          .on('error', reject)
          .end()
      })
    const ratio = await leastOf(6, async (way) => {
      for (let turn = 0; turn < 8; turn += 1) expect(await bytesOf(urls[way])).toBe(page.length)
    })
    agent.destroy()
    expect(ratio).toBeLessThan(2)
  })
})
