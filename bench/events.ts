// From a change at the API server to every tab that shows it. Each change writes its number into a label of a VM, which
// is part of the VM's row; one watch at the API server itself says when the cluster told of it.
import { once } from 'node:events'
import { Agent, request as httpsRequest } from 'node:https'
import type { WebSocket } from 'ws'
import { decodeWatchStream, type KubeObject } from '@virtdeck/k8s'
import { connectionsTo, cpuSeconds, rssBytes } from './process.ts'
import { openSocket, signIn, type BenchSession } from './sign-in.ts'
import type { BenchStack } from './stack.ts'

export type EventFigures = {
  tabs: number
  changesPerSecond: number
  /** From the sending of the write to the arrival at a tab, over all tabs and changes. */
  p50Ms: number
  p99Ms: number
  /** The part of it that came after a plain watch at the API server had the change. */
  addedP50Ms: number
  addedP99Ms: number
  /** Changes that a tab was never told of. */
  lost: number
  /** Of one core. */
  serverCpu: number
  serverRssBytes: number
  /** Connections of the server to the API server, kept-alive ones included. */
  upstreamWatches: number
}

const durationMs = 6_000
const tabsPerSession = 25
const label = 'bench'
const stampPattern = /"bench":"(\d+)"/g
const collection = '/apis/kubevirt.io/v1/virtualmachines'

/** Measures every pair of tabs and changes per second, one after the other, against one fleet. */
export async function measureEvents(stack: BenchStack, pairs: readonly { tabs: number; changesPerSecond: number }[]) {
  const agent = new Agent({ ca: stack.cluster.ca, keepAlive: true, maxSockets: 16 })
  const most = Math.max(...pairs.map(({ tabs }) => tabs))
  const sessions: BenchSession[] = []
  for (let tabs = 0; tabs < most; tabs += tabsPerSession) sessions.push(await signIn(stack.url))
  try {
    const figures: EventFigures[] = []
    for (const { tabs, changesPerSecond } of pairs) figures.push(await measure(stack, agent, sessions, tabs, changesPerSecond))
    return figures
  } finally {
    agent.destroy()
  }
}

async function measure(
  stack: BenchStack,
  agent: Agent,
  sessions: readonly BenchSession[],
  tabs: number,
  changesPerSecond: number,
): Promise<EventFigures> {
  const upstream = await openWatch(stack)
  const arrivals = { ms: [] as number[], addedMs: [] as number[] }
  const sentAt = new Map<string, number>()
  const read = createFrameReader()
  const sockets = await Promise.all(
    Array.from({ length: tabs }, (_, index) => {
      const seen = new Set<string>()
      return openTab(sessions[Math.floor(index / tabsPerSession)], (frame) => {
        const now = performance.now()
        for (const stamp of read(frame)) {
          const sent = sentAt.get(stamp)
          // A row that changes again for another reason still bears its last number.
          if (sent === undefined || seen.has(stamp)) continue
          seen.add(stamp)
          arrivals.ms.push(now - sent)
          arrivals.addedMs.push(now - (upstream.seenAt.get(stamp) ?? now))
        }
      })
    }),
  )
  try {
    const vms = upstream.vms.slice(0, 500)
    const cpuBefore = cpuSeconds(stack.server.pid ?? 0)
    const startedAt = performance.now()
    const writes: Promise<void>[] = []
    for (let sent = 0, elapsed = 0; elapsed < durationMs; elapsed = performance.now() - startedAt) {
      for (; sent < (elapsed / 1000) * changesPerSecond; sent += 1) {
        // Numbers are unique over all measurements of a run.
        const stamp = `${Math.round(startedAt)}${String(sent).padStart(6, '0')}`
        sentAt.set(stamp, performance.now())
        writes.push(write(stack, agent, vms[sent % vms.length] ?? '', stamp))
      }
      await sleep(2)
    }
    await Promise.all(writes)
    const elapsedSeconds = (performance.now() - startedAt) / 1000
    const serverCpu = (cpuSeconds(stack.server.pid ?? 0) - cpuBefore) / elapsedSeconds
    const expected = sentAt.size * tabs
    for (let waited = 0; arrivals.ms.length < expected && waited < 3_000; waited += 50) await sleep(50)
    return {
      tabs,
      changesPerSecond,
      p50Ms: percentile(arrivals.ms, 0.5),
      p99Ms: percentile(arrivals.ms, 0.99),
      addedP50Ms: percentile(arrivals.addedMs, 0.5),
      addedP99Ms: percentile(arrivals.addedMs, 0.99),
      lost: expected - arrivals.ms.length,
      serverCpu,
      serverRssBytes: rssBytes(stack.server.pid ?? 0),
      upstreamWatches: connectionsTo(stack.server.pid ?? 0, Number(new URL(stack.cluster.url).port)),
    }
  } finally {
    for (const socket of sockets) socket.terminate()
    upstream.close()
  }
}

/** All tabs get the same frames: each is read once, so that what is measured is the server and not this reader. */
function createFrameReader(): (frame: Buffer) => readonly string[] {
  const known = new Map<string, readonly string[]>()
  return (frame) => {
    const head = /^\{"type":"delta","fleet":"virtualmachines","epoch":"[^"]+","seq":\d+/.exec(frame.toString('latin1', 0, 160))?.[0]
    if (!head) return []
    const before = known.get(head)
    if (before) return before
    const stamps = [...frame.toString().matchAll(stampPattern)].map((match) => match[1] ?? '')
    known.set(head, stamps)
    return stamps
  }
}

async function openTab(session: BenchSession | undefined, onFrame: (frame: Buffer) => void): Promise<WebSocket> {
  if (!session) throw new Error('there are more tabs than sessions for them')
  const ask = () => fetch(`${session.url}/api/inventory/virtualmachines`, { headers: { cookie: session.cookie } })
  let snapshot = await ask()
  // The server has only just started: its inventory may not be read yet.
  while (snapshot.status === 503) {
    await sleep(500)
    snapshot = await ask()
  }
  // The position stands before the rows, of which nothing is needed here.
  const { epoch, seq } = JSON.parse(`${/^\{"fleet":"virtualmachines","epoch":"[^"]+","seq":\d+/.exec(await snapshot.text())?.[0]}}`) as {
    epoch: string
    seq: number
  }
  const ws = await openSocket(session, '/live', 'virtdeck.v1')
  ws.on('message', (data: Buffer) => onFrame(data))
  await once(ws, 'open')
  ws.send(JSON.stringify({ type: 'fleet', fleet: 'virtualmachines', epoch, seq }))
  return ws
}

/** A watch at the API server, with the names of all VMs and when it was told of each change. */
async function openWatch({ cluster }: BenchStack) {
  const headers = { authorization: `Bearer ${cluster.token('admin')}`, accept: 'application/json' }
  const get = (path: string) =>
    new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
      httpsRequest(new URL(path, cluster.url), { ca: cluster.ca, headers }, resolve).on('error', reject).end()
    })
  const chunks: Buffer[] = []
  for await (const chunk of await get(`${collection}?limit=500`)) chunks.push(chunk as Buffer)
  const list = JSON.parse(Buffer.concat(chunks).toString()) as { metadata: { resourceVersion: string }; items: KubeObject[] }
  const vms = list.items.map(({ metadata }) => `/apis/kubevirt.io/v1/namespaces/${metadata.namespace}/virtualmachines/${metadata.name}`)
  const seenAt = new Map<string, number>()
  const stream = await get(`${collection}?watch=1&resourceVersion=${list.metadata.resourceVersion}`)
  const follow = async () => {
    for await (const event of decodeWatchStream<KubeObject>(stream)) {
      const stamp = event.type === 'MODIFIED' ? event.object.metadata.labels?.[label] : undefined
      if (stamp && !seenAt.has(stamp)) seenAt.set(stamp, performance.now())
    }
  }
  const following = follow()
  // Closing it is how it ends.
  following.catch(() => undefined)
  return { vms, seenAt, close: () => stream.destroy() }
}

function write({ cluster }: BenchStack, agent: Agent, path: string, stamp: string): Promise<void> {
  const body = JSON.stringify({ metadata: { labels: { [label]: stamp } } })
  const headers = {
    authorization: `Bearer ${cluster.token('admin')}`,
    'content-type': 'application/merge-patch+json',
    'content-length': Buffer.byteLength(body),
  }
  return new Promise((resolve, reject) => {
    httpsRequest(new URL(path, cluster.url), { method: 'PATCH', agent, headers }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`a change was answered with ${response.statusCode}`))
      response.resume().on('end', resolve)
    })
      .on('error', reject)
      .end(body)
  })
}

function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
