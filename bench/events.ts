// From a change in the cluster to every tab that shows it. Each change writes the time into a label of a VM, which is
// part of the VM's row; a plain watch at the API server says what of the time was the cluster's own.
import { once } from 'node:events'
import { request as httpsRequest } from 'node:https'
import type { WebSocket } from 'ws'
import { decodeRows, type VmRow } from '@virtdeck/kubevirt'
import { histogram } from './histogram.ts'
import { changedLabel, groupUser } from './names.ts'
import { cpuSeconds, rssBytes } from './process.ts'
import { openSocket, signIn, type BenchSession } from './sign-in.ts'
import { nowUs, sleep, type BenchStack } from './stack.ts'

export type EventFigures = {
  tabs: number
  changesPerSecond: number
  /** How many different sets of rights the tabs have. With several, each sees its own part of the fleet. */
  groups: number
  /** From the change in the cluster's storage to the arrival at a tab, over all tabs and changes. */
  p50Ms: number
  p99Ms: number
  /** The same for a plain watch at the API server. */
  plainP50Ms: number
  plainP99Ms: number
  /** Changes that the cluster made. */
  changes: number
  /** Changes that a later one of the same VM overtook within 16 ms, over all tabs: their state never was the last. */
  overtaken: number
  /** VMs, over all tabs, whose last state a tab does not have. */
  lost: number
  /** Tabs that were too slow for their frames, and read the snapshot again. */
  resyncs: number
  /** Frames and bytes that a tab gets for each second; over all tabs, the mean. */
  framesPerTabSecond: number
  bytesPerTabSecond: number
  /** Of one core. */
  serverCpu: number
  serverRssBytes: number
  /** The most watches that the server has open on any one resource. */
  upstreamWatches: number
}

export type EventRun = { tabs: number; changesPerSecond: number; groups: number }

const seconds = 5
const changedVms = 500
const tabsPerSession = 25
const stampPattern = new RegExp(`"${changedLabel}":"(\\d+)"`, 'g')

/** Measures the runs, one after the other, against one fleet with `groups` users of their own rights. */
export async function measureEvents(stack: BenchStack, runs: readonly EventRun[]): Promise<EventFigures[]> {
  const figures: EventFigures[] = []
  const sessions = new Map<string, BenchSession[]>()
  /** A session bears at most so many sockets. */
  const sessionOf = async (user: string, index: number): Promise<BenchSession> => {
    const known = sessions.get(user) ?? []
    sessions.set(user, known)
    return (known[index] ??= await signIn(stack.url, user))
  }
  for (const run of runs) figures.push(await measure(stack, run, sessionOf))
  return figures
}

type Tab = { ws: WebSocket; group: Group; seq: number; gaps: number; resyncs: number }

/** What all tabs with the same rights get are the same frames: each is read once, so that the server is measured and not this reader. */
type Group = {
  namespaces: Set<string>
  /** By seq: the stamps that its frame has. */
  frames: Map<number, readonly number[]>
  seq: number
  last: Map<string, string>
}

async function measure(
  stack: BenchStack,
  { tabs: count, changesPerSecond, groups }: EventRun,
  sessionOf: (user: string, index: number) => Promise<BenchSession>,
): Promise<EventFigures> {
  const offsetUs = await stack.cluster.clockOffsetUs()
  const plain = await openWatch(stack, offsetUs)
  const latency = histogram()
  const own = new Map<string, Group>()
  let frames = 0
  let bytes = 0
  const tabs: Tab[] = []
  const open = async (index: number): Promise<Tab> => {
    const user = groups === 1 ? 'admin' : groupUser(index % groups)
    const place = groups === 1 ? index : Math.floor(index / groups)
    const session = await sessionOf(user, Math.floor(place / tabsPerSession))
    return openTab(session, groupOf(user), (tab, frame) => {
      const now = nowUs() + offsetUs
      frames += 1
      bytes += frame.length
      for (const stamp of read(tab, frame)) latency.add((now - stamp) / 1000)
    })
  }
  const groupOf = (user: string): Group => {
    const known = own.get(user) ?? { namespaces: new Set(), frames: new Map(), seq: -1, last: new Map() }
    own.set(user, known)
    return known
  }
  try {
    // Not all at once: people do not come so either.
    for (let index = 0; index < count; index += 20)
      tabs.push(...(await Promise.all(Array.from({ length: Math.min(20, count - index) }, (_, next) => open(index + next)))))
    await sleep(500)
    frames = 0
    bytes = 0
    const cpuBefore = cpuSeconds(stack.server.pid)
    const startedAt = performance.now()
    const { changes, last } = await stack.cluster.churn({ changesPerSecond, seconds, vms: changedVms })
    const complete = () => tabs.every((tab) => lostBy(tab, last) === 0)
    for (let waited = 0; waited < 5_000 && !complete(); waited += 50) await sleep(50)
    const elapsedSeconds = (performance.now() - startedAt) / 1000
    const expected = tabs.reduce((sum, { group }) => sum + visible(group, last, changes), 0)
    return {
      tabs: count,
      changesPerSecond,
      groups,
      p50Ms: latency.at(0.5),
      p99Ms: latency.at(0.99),
      plainP50Ms: plain.latency.at(0.5),
      plainP99Ms: plain.latency.at(0.99),
      changes,
      overtaken: Math.max(0, Math.round(expected) - latency.count()),
      lost: tabs.reduce((sum, tab) => sum + lostBy(tab, last), 0),
      resyncs: tabs.reduce((sum, tab) => sum + tab.resyncs, 0),
      framesPerTabSecond: frames / count / seconds,
      bytesPerTabSecond: bytes / count / seconds,
      serverCpu: (cpuSeconds(stack.server.pid) - cpuBefore) / elapsedSeconds,
      serverRssBytes: rssBytes(stack.server.pid),
      upstreamWatches: Math.max(...Object.values(await stack.cluster.watches())),
    }
  } finally {
    for (const { ws } of tabs) ws.terminate()
    plain.close()
  }
}

/** The changes of a run that a group sees. Every changed VM has the same number of them, but for one. */
const visible = (group: Group, last: Record<string, string>, changes: number): number => {
  const keys = Object.keys(last)
  return (changes / keys.length) * keys.filter((key) => group.namespaces.has(key.split('/')[0] ?? '')).length
}

/** A tab that has every frame of its group has what the group has. */
const lostBy = ({ group, gaps, seq }: Tab, last: Record<string, string>): number =>
  gaps +
  (seq === group.seq ? 0 : 1) +
  Object.entries(last).filter(([key, stamp]) => group.namespaces.has(key.split('/')[0] ?? '') && group.last.get(key) !== stamp).length

function read(tab: Tab, frame: Buffer): readonly number[] {
  const head = /^\{"type":"delta","fleet":"virtualmachines","epoch":"[^"]+","seq":(\d+)/.exec(frame.toString('latin1', 0, 160))
  if (!head) return []
  const seq = Number(head[1])
  if (seq !== tab.seq + 1) tab.gaps += 1
  tab.seq = seq
  tab.group.seq = Math.max(tab.group.seq, seq)
  const known = tab.group.frames.get(seq)
  if (known) return known
  const { upsert } = JSON.parse(frame.toString()) as { upsert: VmRow[] }
  const stamps: number[] = []
  for (const { namespace, name, labels } of upsert) {
    const stamp = labels?.[changedLabel]
    // A row that changes again for another reason still bears its last stamp.
    if (stamp === undefined || tab.group.last.get(`${namespace}/${name}`) === stamp) continue
    tab.group.last.set(`${namespace}/${name}`, stamp)
    stamps.push(Number(stamp))
  }
  tab.group.frames.set(seq, stamps)
  return stamps
}

async function openTab(session: BenchSession, group: Group, onFrame: (tab: Tab, frame: Buffer) => void): Promise<Tab> {
  const ws = await openSocket(session, '/live', 'virtdeck.v1')
  const tab: Tab = { ws, group, seq: -1, gaps: 0, resyncs: 0 }
  const opened = once(ws, 'open')
  ws.on('message', (data: Buffer) => {
    if (data[9] === reset && data.toString() === '{"type":"reset","fleet":"virtualmachines"}') {
      tab.resyncs += 1
      follow(session, tab).catch((error: unknown) => ws.emit('error', error))
    } else onFrame(tab, data)
  })
  await opened
  await follow(session, tab)
  return tab
}

const reset = 'r'.charCodeAt(0)

/** Reads the snapshot and continues it, as a browser does. */
async function follow(session: BenchSession, tab: Tab): Promise<void> {
  const response = await fetch(`${session.url}/api/inventory/virtualmachines`, { headers: { cookie: session.cookie } })
  if (!response.ok) throw new Error(`the snapshot was answered with ${response.status}`)
  const [head = '', ...blocks] = (await response.text()).split('\n')
  const { epoch, seq } = JSON.parse(head) as { epoch: string; seq: number }
  const { group } = tab
  if (group.namespaces.size === 0 || seq > group.seq)
    for (const { namespace, name, labels } of blocks.flatMap((block) => decodeRows<VmRow>(block))) {
      group.namespaces.add(namespace)
      const stamp = labels?.[changedLabel]
      if (stamp && stamp > (group.last.get(`${namespace}/${name}`) ?? '')) group.last.set(`${namespace}/${name}`, stamp)
    }
  group.seq = Math.max(group.seq, seq)
  tab.seq = seq
  tab.ws.send(JSON.stringify({ type: 'fleet', fleet: 'virtualmachines', epoch, seq }))
}

/** A watch at the API server, of which only the stamps are read. */
async function openWatch({ cluster }: BenchStack, offsetUs: number) {
  const headers = { authorization: `Bearer ${cluster.token('admin')}`, accept: 'application/json' }
  const get = (path: string) =>
    new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
      httpsRequest(new URL(path, cluster.url), { ca: cluster.ca, headers }, resolve).on('error', reject).end()
    })
  const path = '/apis/kubevirt.io/v1/virtualmachines'
  let text = ''
  for await (const chunk of await get(`${path}?limit=1`)) text += String(chunk)
  const { metadata } = JSON.parse(text) as { metadata: { resourceVersion: string } }
  const stream = await get(`${path}?watch=1&resourceVersion=${metadata.resourceVersion}`)
  const latency = histogram()
  const startedUs = nowUs() + offsetUs
  let rest = ''
  let newestUs = startedUs
  stream.on('data', (chunk: Buffer) => {
    const now = nowUs() + offsetUs
    const lines = (rest + chunk.toString('latin1')).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      for (const match of line.matchAll(stampPattern)) {
        const stamp = Number(match[1])
        // Stamps come in their order; an older one was there before.
        if (stamp <= newestUs) continue
        newestUs = stamp
        latency.add((now - stamp) / 1000)
      }
    }
  })
  stream.on('error', () => {})
  return { latency, close: () => stream.destroy() }
}
