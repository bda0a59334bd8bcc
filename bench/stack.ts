// The stack under measurement: a fleet of simulated VMs, and the server's bundle in front of it, each in a process of its own.
import { fork, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { setPriority, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse, stringify } from 'yaml'
import type { FromCluster, ToCluster } from './cluster.ts'
import type { FromFront, ToFront } from './front.ts'
import { rssBytes } from './process.ts'

const inventoryContext = 'virtdeck'
const root = dirname(dirname(fileURLToPath(import.meta.url)))

export type BenchCluster = {
  url: string
  pid: number
  ca: Buffer
  kubeconfigFile: string
  token(user: string): string
  /** Changes VMs from within; resolves after the last change. */
  churn(how: { changesPerSecond: number; seconds: number; vms: number }): Promise<{ changes: number; last: Record<string, string> }>
  /** What to add to this process's microseconds to get the cluster's. */
  clockOffsetUs(): Promise<number>
  /** Has the server read everything anew that it follows; resolves with how many objects it was sent, once it was. */
  relist(): Promise<number>
  /** The server's open watches, by resource. */
  watches(): Promise<Record<string, number>>
}

export type BenchStack = AsyncDisposable & {
  /** Where the browser goes. */
  url: string
  server: { pid: number; readyRssBytes: number }
  cluster: BenchCluster
}

export const nowUs = () => Math.round((performance.timeOrigin + performance.now()) * 1000)

type Asked = ToCluster extends infer M ? (M extends { id: number } ? Omit<M, 'id'> : never) : never

type Kubeconfig = {
  clusters: { name: string; cluster: { server: string; 'certificate-authority-data': string } }[]
  contexts: { name: string; context: { cluster: string } }[]
}

type StackOptions = {
  /** Users who each see some namespaces, and no two the same. */
  groups?: number
  /** Puts a process in front of the cluster that has the consoles (bench/front.ts); fleets are read from the cluster itself. */
  front?: boolean
}

/** Starts a fleet of `vms` simulated VMs and a server in front of it, and waits until the server has read the fleet. */
export async function startFleet(vms: number, { groups = 0, front = false }: StackOptions = {}): Promise<BenchStack> {
  const folder = await mkdtemp(join(tmpdir(), 'virtdeck-bench-'))
  const child = fork(join(root, 'bench/cluster.ts'), [String(vms), String(groups)], {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const fronts: ChildProcess[] = []
  const stopChild = async () => {
    for (const each of [...fronts, child]) await stop(each)
  }
  try {
    const [own] = (await once(child, 'message')) as [FromCluster & { type: 'ready' }]
    const ready = front ? await putInFront(own, child.pid ?? 0, fronts) : own
    const kubeconfigFile = join(folder, 'kubeconfig')
    await writeFile(kubeconfigFile, ready.kubeconfig, { mode: 0o600 })
    const cluster = clusterOf(child, ready, kubeconfigFile)
    const server = spawn(process.execPath, [join(root, 'dist/server.js')], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        VIRTDECK_PORT: '0',
        VIRTDECK_WEB_ROOT: join(root, 'apps/web/dist'),
        VIRTDECK_KUBECONFIG: kubeconfigFile,
        VIRTDECK_CONTEXT: 'admin',
        VIRTDECK_INVENTORY_CONTEXT: inventoryContext,
        VIRTDECK_PROMETHEUS_URL: ready.prometheusUrl,
        VIRTDECK_AUTH_MODE: 'token',
        VIRTDECK_DEMO_CONTEXTS: Object.keys(ready.tokens).join(','),
        VIRTDECK_SIGN_IN_ATTEMPTS: '1000',
        VIRTDECK_AUDIT_FILE: join(folder, 'audit.log'),
        VIRTDECK_LOG_LEVEL: 'warn',
        NODE_ENV: 'production',
      },
    })
    const url = await readyUrl(server)
    while ((await fetch(`${url}/readyz`)).status !== 200) await sleep(50)
    const pid = server.pid ?? 0
    return {
      url,
      server: { pid, readyRssBytes: rssBytes(pid) },
      cluster,
      async [Symbol.asyncDispose]() {
        await stop(server)
        await stopChild()
        await rm(folder, { recursive: true, force: true })
      },
    }
  } catch (error) {
    await stopChild()
    throw error
  }
}

/** Everybody goes to the front, but for whoever keeps the inventory. */
function withFront(text: string, { url, ca }: FromFront): string {
  const kubeconfig = parse(text) as Kubeconfig
  const front = { name: 'front', cluster: { server: url, 'certificate-authority-data': Buffer.from(ca).toString('base64') } }
  kubeconfig.clusters.push(front)
  for (const { name, context } of kubeconfig.contexts) if (name !== inventoryContext) context.cluster = front.name
  return stringify(kubeconfig)
}

/** The cluster as it is seen through the process in front of it. */
async function putInFront(
  cluster: FromCluster & { type: 'ready' },
  clusterPid: number,
  fronts: ChildProcess[],
): Promise<FromCluster & { type: 'ready' }> {
  const child = fork(join(root, 'bench/front.ts'), [], { execArgv: ['--import', 'tsx'], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  fronts.push(child)
  // In earnest a cluster is on other machines: here it leaves the processors to those who are measured, with all its threads.
  for (const thread of await readdir(`/proc/${clusterPid}/task`)) setPriority(Number(thread), 10)
  child.send({ url: cluster.url, ca: cluster.ca } satisfies ToFront)
  const [{ url, ca }] = (await once(child, 'message')) as [FromFront]
  return { ...cluster, url, ca, kubeconfig: withFront(cluster.kubeconfig, { url, ca }) }
}

function clusterOf(child: ChildProcess, ready: FromCluster & { type: 'ready' }, kubeconfigFile: string): BenchCluster {
  const waiting = new Map<number, (message: FromCluster) => void>()
  let lastId = 0
  child.on('message', (message: FromCluster) => {
    if ('id' in message) waiting.get(message.id)?.(message)
  })
  const ask = <T extends FromCluster['type']>(message: Asked, _answer: T) =>
    new Promise<Extract<FromCluster, { type: T }>>((resolve) => {
      const id = (lastId += 1)
      waiting.set(id, (answer) => {
        waiting.delete(id)
        resolve(answer as Extract<FromCluster, { type: T }>)
      })
      child.send({ ...message, id } as ToCluster)
    })
  return {
    url: ready.url,
    pid: child.pid ?? 0,
    ca: Buffer.from(ready.ca),
    kubeconfigFile,
    token(user) {
      const token = ready.tokens[user]
      if (!token) throw new Error(`the cluster has no user ${user}`)
      return token
    },
    churn: (how) => ask({ type: 'churn', ...how }, 'churned'),
    relist: async () => (await ask({ type: 'relist' }, 'relisted')).objects,
    watches: async () => (await ask({ type: 'watches' }, 'watches')).open,
    async clockOffsetUs() {
      let best = { tripUs: Infinity, offsetUs: 0 }
      for (let round = 0; round < 20; round += 1) {
        const sentAt = nowUs()
        const { us } = await ask({ type: 'time' }, 'time')
        const tripUs = nowUs() - sentAt
        if (tripUs < best.tripUs) best = { tripUs, offsetUs: us - (sentAt + tripUs / 2) }
      }
      return best.offsetUs
    },
  }
}

function readyUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text
      const found = /virtdeck ready: (\S+)/.exec(output)?.[1]
      if (found) resolve(found)
    })
    child.once('exit', (code) => reject(new Error(`the server ended with ${code} before it was ready:\n${output}`)))
  })
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const patience = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await ended
  clearTimeout(patience)
}

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
