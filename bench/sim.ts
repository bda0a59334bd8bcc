// The simulated cluster by itself, from its bundle: how soon it listens with a fleet, how fast it lists, whether its watches keep up.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { Agent, request as httpsRequest } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { startScript } from '../dev/spawned-stack.ts'
import { createAuthority, createServingCertificate } from '../packages/sim-cluster/src/serving/certificates.ts'
import type { PlainServerSetup } from './plain-server.ts'
import { rssBytes, untilAtRest } from './process.ts'

export type SimFigures = {
  vms: number
  /** From the start of the process to its first answer, while its controllers still look at the fleet. */
  listeningMs: number
  /** All VMs in pages of 500, one after the other. */
  pagedListMs: number
  /** The same once more: what nobody changed has been encoded before. */
  pagedListAgainMs: number
  pagedListBytes: number
  /** As many bytes in as many answers from a server that does nothing else, over TLS as well. */
  socketMs: number
  /** Status changes that were sent, each as a patch of its own, and how long that took. */
  changes: number
  changeSeconds: number
  watches: number
  /** Of the changes, those that some watch did not tell. */
  lostEvents: number
  /** From the answer to a change to its event, over all watches. */
  eventP50Ms: number
  eventP99Ms: number
  eventMaxMs: number
  /** After all of that. */
  rssBytes: number
}

const vms = 10_000
const pageSize = 500
const watchCount = 10
const changesPerSecond = 200
const changeSeconds = 60
const stampType = 'BenchStamp'

type Target = { url: string; ca: Buffer | string; headers: Record<string, string>; agent: Agent }
type Vm = {
  metadata: { name: string; namespace: string; resourceVersion: string }
  status?: { conditions?: { type: string; message?: string }[] }
}
type Page = { metadata: { continue?: string; resourceVersion: string }; items: Vm[] }

/** Runs everything once; takes a minute and a half. The bundle is expected in `dist`. */
export async function measureSim(): Promise<SimFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'virtdeck-bench-sim-'))
  const kubeconfigFile = join(folder, 'kubeconfig')
  const startedAt = performance.now()
  const started = await startScript(
    'dist/sim-cluster.js',
    ['--port', '0', '--scenario', 'fleet', '--vms', String(vms), '--kubeconfig-out', kubeconfigFile],
    /"url":"([^"]+)"/,
  )
  try {
    const target = targetOf(started.ready[1] ?? '', await readFile(kubeconfigFile, 'utf8'))
    await read(await send(target, 'GET', '/version'))
    const listeningMs = performance.now() - startedAt
    // The controllers look at the whole fleet first; what is measured next is the API server.
    await untilAtRest(started.child.pid ?? 0)
    const listed = await pagedList(target)
    const listedAgain = await pagedList(target)
    const socketMs = await throughPlainSocket(listed.pages)
    const changed = await changeAndWatch(target, listed.items, listed.resourceVersion)
    return {
      vms: listed.items.length,
      listeningMs,
      pagedListMs: listed.ms,
      pagedListAgainMs: listedAgain.ms,
      pagedListBytes: listed.pages.reduce((sum, bytes) => sum + bytes, 0),
      socketMs,
      ...changed,
      rssBytes: rssBytes(started.child.pid ?? 0),
    }
  } finally {
    await started.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

function targetOf(url: string, kubeconfig: string): Target {
  const { clusters, users } = parse(kubeconfig) as {
    clusters: { cluster: { 'certificate-authority-data': string } }[]
    users: { name: string; user: { token: string } }[]
  }
  const token = users.find(({ name }) => name === 'admin')?.user.token
  return {
    url,
    ca: Buffer.from(clusters[0]?.cluster['certificate-authority-data'] ?? '', 'base64'),
    headers: { Authorization: `Bearer ${token}` },
    agent: new Agent({ keepAlive: true, maxSockets: 64 }),
  }
}

function send(target: Target, method: string, path: string, body?: object): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(`${target.url}${path}`, {
      method,
      ca: target.ca,
      agent: target.agent,
      headers: { ...target.headers, ...(body ? { 'Content-Type': 'application/merge-patch+json' } : {}) },
    })
    sent.once('error', reject)
    sent.once('response', resolve)
    sent.end(body ? JSON.stringify(body) : undefined)
  })
}

async function read(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function pagedList(target: Target) {
  const bodies: Buffer[] = []
  const startedAt = performance.now()
  let token = ''
  do {
    const query = `limit=${pageSize}${token ? `&continue=${encodeURIComponent(token)}` : ''}`
    const body = await read(await send(target, 'GET', `/apis/kubevirt.io/v1/virtualmachines?${query}`))
    bodies.push(body)
    // The token stands at the end, as custom resources are listed: parsing pages is not what is measured.
    token = /"metadata":\{"continue":"([^"]*)"/.exec(body.subarray(-2000).toString())?.[1] ?? ''
  } while (token)
  const ms = performance.now() - startedAt
  const lists = bodies.map((body) => JSON.parse(body.toString()) as Page)
  return {
    ms,
    pages: bodies.map((body) => body.length),
    items: lists.flatMap(({ items }) => items),
    resourceVersion: lists[0]?.metadata.resourceVersion ?? '',
  }
}

/** The same number of bytes in the same number of requests, from a process that only sends. */
async function throughPlainSocket(sizes: number[]): Promise<number> {
  const authority = await createAuthority()
  const child = fork(fileURLToPath(new URL('plain-server.ts', import.meta.url)), { execArgv: ['--import', 'tsx'] })
  try {
    child.send({ ...(await createServingCertificate(authority, ['127.0.0.1'])), sizes } satisfies PlainServerSetup)
    const [port] = (await once(child, 'message')) as [number]
    const agent = new Agent({ keepAlive: true })
    const target = { url: `https://127.0.0.1:${port}`, ca: authority.certificate, headers: {}, agent }
    await read(await send(target, 'GET', '/0'))
    const startedAt = performance.now()
    for (const index of sizes.keys()) await read(await send(target, 'GET', `/${index}`))
    const ms = performance.now() - startedAt
    agent.destroy()
    return ms
  } finally {
    child.kill()
  }
}

/** Changes the status of VMs at a fixed pace, each in its own request, while watches on all VMs are read. */
async function changeAndWatch(target: Target, items: readonly Vm[], resourceVersion: string) {
  const answeredAt = new Map<string, number>()
  const seen = Array.from({ length: watchCount }, () => new Map<string, number>())
  const streams: IncomingMessage[] = []
  for (const arrivals of seen) {
    const path = `/apis/kubevirt.io/v1/virtualmachines?watch=true&allowWatchBookmarks=true&resourceVersion=${resourceVersion}`
    const stream = await send(target, 'GET', path)
    streams.push(stream)
    const lines = createInterface({ input: stream })
    lines.on('line', (line) => {
      const stamp = /"type":"BenchStamp"[^}]*?"message":"(\d+)"|"message":"(\d+)"[^}]*?"type":"BenchStamp"/.exec(line)
      const change = stamp?.[1] ?? stamp?.[2]
      if (change !== undefined && !arrivals.has(change)) arrivals.set(change, performance.now())
    })
  }
  const startedAt = performance.now()
  const underway: Promise<void>[] = []
  const total = changesPerSecond * changeSeconds
  let failures = 0
  await new Promise<void>((resolve) => {
    let sent = 0
    const tick = setInterval(() => {
      const due = Math.min(total, Math.floor(((performance.now() - startedAt) / 1000) * changesPerSecond))
      for (; sent < due; sent += 1) {
        const change = String(sent)
        const vm = items[(sent * 7) % items.length]
        if (!vm) continue
        const others = (vm.status?.conditions ?? []).filter(({ type }) => type !== stampType)
        const conditions = [...others, { type: stampType, status: 'True', message: change }]
        const path = `/apis/kubevirt.io/v1/namespaces/${vm.metadata.namespace}/virtualmachines/${vm.metadata.name}/status`
        underway.push(
          send(target, 'PATCH', path, { status: { conditions } }).then(async (response) => {
            answeredAt.set(change, performance.now())
            await read(response)
            if (response.statusCode !== 200) failures += 1
          }),
        )
      }
      if (sent < total) return
      clearInterval(tick)
      resolve()
    }, 5)
  })
  await Promise.all(underway)
  const seconds = (performance.now() - startedAt) / 1000
  const until = performance.now() + 5000
  while (seen.some((arrivals) => arrivals.size < total) && performance.now() < until)
    await new Promise((resolve) => setTimeout(resolve, 50))
  for (const stream of streams) stream.destroy()
  target.agent.destroy()
  if (failures > 0) throw new Error(`${failures} changes were refused`)
  const delays = seen
    .flatMap((arrivals) => [...arrivals].map(([change, at]) => Math.max(0, at - (answeredAt.get(change) ?? at))))
    .toSorted((a, b) => a - b)
  const quantile = (share: number) => delays[Math.min(delays.length - 1, Math.floor(delays.length * share))] ?? Number.NaN
  return {
    changes: total,
    changeSeconds: seconds,
    watches: watchCount,
    lostEvents: seen.reduce((sum, arrivals) => sum + total - arrivals.size, 0),
    eventP50Ms: quantile(0.5),
    eventP99Ms: quantile(0.99),
    eventMaxMs: delays.at(-1) ?? Number.NaN,
  }
}
