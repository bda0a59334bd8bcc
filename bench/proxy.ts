// What the server's pass-through costs: against `kubectl proxy` and against the API server itself, in turns within one run.
import { spawn } from 'node:child_process'
import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { signIn } from './sign-in.ts'
import { sleep, type BenchCluster, type BenchStack } from './stack.ts'

export type ProxyFigures = {
  /** Milliseconds at the median that getting one VM takes longer than from the API server. */
  addedP50Ms: number
  kubectlAddedP50Ms: number
  /** Gets of one VM per second, eight at a time, over those of `kubectl proxy`. */
  getThroughputRatio: number
  getsPerSecond: number
  /** Bytes per second of a page of 500 VMs over those of `kubectl proxy`, and over the API server's own. */
  pageThroughputRatio: number
  pageToApiRatio: number
  /** The same of the list of all VMs at once. */
  listThroughputRatio: number
  listToApiRatio: number
  listBytes: number
}

type Way = { path(target: string): URL; headers: Record<string, string>; agent: HttpAgent | HttpsAgent }
type WayName = 'direct' | 'kubectl' | 'virtdeck'
type Ways = Record<WayName, Way>

const wayNames: readonly WayName[] = ['direct', 'kubectl', 'virtdeck']
/** Each goes first as often as the others. */
const rotated = (round: number) => wayNames.map((_, index) => wayNames[(index + round) % wayNames.length] ?? 'direct')
const collection = '/apis/kubevirt.io/v1/virtualmachines'
/**
 * Gets of each way before anything is measured. The API server here, the server and this client are compiled while they
 * run, and `kubectl proxy` is not: the first thousands of gets would measure a compiler that real ones are done with.
 */
const warmUpGets = 6_000
const burstGets = 500

/** Starts `kubectl proxy` in front of the cluster. */
export async function startKubectlProxy({ kubeconfigFile }: BenchCluster): Promise<AsyncDisposable & { url: string }> {
  const args = ['--kubeconfig', kubeconfigFile, '--context', 'admin', 'proxy', '--port=0']
  const child = spawn('kubectl', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const found = /127\.0\.0\.1:\d+/.exec(text)?.[0]
      if (found) resolve(`http://${found}`)
    })
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`kubectl proxy ended with ${code}`)))
  })
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill()
      await sleep(0)
    },
  }
}

/** Measures gets, pages and whole lists, the three ways in turns. */
export async function measureProxy(stack: BenchStack): Promise<ProxyFigures> {
  await using kubectl = await startKubectlProxy(stack.cluster)
  const { cookie } = await signIn(stack.url)
  const keepAlive = { keepAlive: true }
  const ways: Ways = {
    direct: {
      path: (target) => new URL(target, stack.cluster.url),
      headers: { authorization: `Bearer ${stack.cluster.token('admin')}` },
      agent: new HttpsAgent({ ...keepAlive, ca: stack.cluster.ca }),
    },
    kubectl: { path: (target) => new URL(target, kubectl.url), headers: {}, agent: new HttpAgent(keepAlive) },
    virtdeck: { path: (target) => new URL(`/k8s${target}`, stack.url), headers: { cookie }, agent: new HttpAgent(keepAlive) },
  }
  try {
    const { items } = JSON.parse((await get(ways.direct, `${collection}?limit=1`, true)).text) as {
      items: { metadata: { namespace: string; name: string } }[]
    }
    const first = items[0]
    if (!first) throw new Error('the fleet is empty')
    const vm = `/apis/kubevirt.io/v1/namespaces/${first.metadata.namespace}/virtualmachines/${first.metadata.name}`
    for (const name of wayNames) await burst(ways[name], vm, warmUpGets)
    await inTurns(ways, vm, 100)
    const one = await inTurns(ways, vm, 1_000)
    const gets = await throughput(ways, vm)
    await inTurns(ways, `${collection}?limit=500`, 3)
    const page = await inTurns(ways, `${collection}?limit=500`, 40)
    const list = await inTurns(ways, collection, 7)
    return {
      addedP50Ms: one.virtdeck.ms - one.direct.ms,
      kubectlAddedP50Ms: one.kubectl.ms - one.direct.ms,
      getThroughputRatio: gets.virtdeck / gets.kubectl,
      getsPerSecond: gets.virtdeck,
      pageThroughputRatio: page.kubectl.ms / page.virtdeck.ms,
      pageToApiRatio: page.direct.ms / page.virtdeck.ms,
      listThroughputRatio: list.kubectl.ms / list.virtdeck.ms,
      listToApiRatio: list.direct.ms / list.virtdeck.ms,
      listBytes: list.virtdeck.bytes,
    }
  } finally {
    for (const { agent } of Object.values(ways)) agent.destroy()
  }
}

/** Medians over the rounds. */
async function inTurns(ways: Ways, target: string, rounds: number): Promise<Record<WayName, { ms: number; bytes: number }>> {
  const times: Record<WayName, number[]> = { direct: [], kubectl: [], virtdeck: [] }
  const bytes = { direct: 0, kubectl: 0, virtdeck: 0 }
  for (let round = 0; round < rounds; round += 1) {
    for (const name of rotated(round)) {
      const answer = await get(ways[name], target)
      times[name].push(answer.ms)
      bytes[name] = answer.bytes
    }
  }
  const of = (name: WayName) => ({ ms: median(times[name]), bytes: bytes[name] })
  return { direct: of('direct'), kubectl: of('kubectl'), virtdeck: of('virtdeck') }
}

/** Gets per second, eight at a time; the median of turns. */
async function throughput(ways: Ways, target: string): Promise<Record<WayName, number>> {
  const speeds: Record<WayName, number[]> = { direct: [], kubectl: [], virtdeck: [] }
  for (let round = 0; round < 15; round += 1) {
    for (const name of rotated(round)) speeds[name].push(await burst(ways[name], target, burstGets))
  }
  return { direct: median(speeds.direct), kubectl: median(speeds.kubectl), virtdeck: median(speeds.virtdeck) }
}

/** Gets per second of so many, eight at a time. */
async function burst(way: Way, target: string, gets: number): Promise<number> {
  let left = gets
  const startedAt = performance.now()
  const lane = async () => {
    while (left > 0) {
      left -= 1
      await get(way, target)
    }
  }
  await Promise.all(Array.from({ length: 8 }, lane))
  return (gets / (performance.now() - startedAt)) * 1000
}

function get({ path, headers, agent }: Way, target: string, keep = false): Promise<{ ms: number; bytes: number; text: string }> {
  const url = path(target)
  const startedAt = performance.now()
  return new Promise((resolve, reject) => {
    const done = (response: IncomingMessage) => {
      if (response.statusCode !== 200) reject(new Error(`${url.pathname} was answered with ${response.statusCode}`))
      let bytes = 0
      let text = ''
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (keep) text += String(chunk)
      })
      response.on('error', reject)
      response.on('end', () => resolve({ ms: performance.now() - startedAt, bytes, text }))
    }
    const options = { agent, headers: { accept: 'application/json', ...headers } }
    const request: ClientRequest = url.protocol === 'https:' ? httpsRequest(url, options, done) : httpRequest(url, options, done)
    request.on('error', reject).end()
  })
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
