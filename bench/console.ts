// Consoles through the server's tunnel against `kubectl proxy` and a plain TCP pipe, in turns within one run.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { WebSocket } from 'ws'
import { fork } from 'node:child_process'
import { framesPerSecond } from './frames.ts'
import { consoleProtocol, onlooker, onlookers } from './names.ts'
import { cpuSeconds } from './process.ts'
import { startKubectlProxy } from './proxy.ts'
import { openSocket, signIn, type BenchSession } from './sign-in.ts'
import { sleep, type BenchStack } from './stack.ts'
import type { FromWatching, ToWatching, WatchedScreen } from './watching.ts'

export type ConsoleFigures = {
  /** Bytes per second of whole screens in raw pixels through the server over the same through `kubectl proxy`. */
  throughputRatio: number
  /** And over a plain TCP pipe to the API server. */
  throughputToPipeRatio: number
  bytesPerSecond: number
  /** The echo of a key on the serial console through the server. */
  p50Ms: number
  p99Ms: number
  /** Milliseconds that the server, and `kubectl proxy`, add to what it takes through the pipe. */
  addedP50Ms: number
  addedP99Ms: number
  kubectlAddedP50Ms: number
  kubectlAddedP99Ms: number
}

/** Many screens that each get 30 frames a second, while the server reads the fleet anew. */
export type BusyFigures = {
  sessions: number
  /** Medians over the rounds, as all that follow. */
  framesPerSecond: number
  /** Of those that were to come at that pace. */
  carriedShare: number
  p50Ms: number
  p99Ms: number
  /** What it adds to sessions at the API server itself in the same round. */
  addedP50Ms: number
  addedP99Ms: number
  /** The same while nothing is read. */
  calmAddedP50Ms: number
  calmAddedP99Ms: number
  /** Of each round. */
  addedP99MsByRound: number[]
  /** Objects that were read anew in all rounds, and how long a round's took. */
  relisted: number
  relistMs: number
  serverCpu: number
}

type Subresource = 'vnc' | 'console'
type Way = (subresource: Subresource, vmi?: Ref) => Promise<WebSocket>
type WayName = 'pipe' | 'kubectl' | 'virtdeck'
type Ref = { namespace: string; name: string }

const rounds = 5
/** The server grants no more to one person. */
const consolesPerPerson = 8
const screensPerRound = 30
const keysPerRound = 200
const busySessions = consolesPerPerson * onlookers
const busyDirectSessions = 20
const busySeconds = 6
const busyRounds = 3

const pathOf = ({ namespace, name }: Ref, subresource: Subresource) =>
  `/apis/subresources.kubevirt.io/v1/namespaces/${namespace}/virtualmachineinstances/${name}/${subresource}`

/** Measures a running VM's screen and serial console. */
export async function measureConsole(stack: BenchStack): Promise<ConsoleFigures> {
  const session = await signIn(stack.url)
  const [vmi] = await runningVmis(session, 1)
  if (!vmi) throw new Error('no VM of the fleet runs')
  await using kubectl = await startKubectlProxy(stack.cluster)
  await using pipe = await startPipe(stack.cluster.url)
  const ways: Record<WayName, Way> = {
    pipe: direct(stack, vmi, pipe.url),
    kubectl: async (subresource) =>
      new WebSocket(`${kubectl.url.replace('http', 'ws')}${pathOf(vmi, subresource)}`, [consoleProtocol], { perMessageDeflate: false }),
    virtdeck: (subresource) => openSocket(session, `/k8s${pathOf(vmi, subresource)}`, consoleProtocol),
  }
  const names = Object.keys(ways) as WayName[]
  const speeds: Record<WayName, number[]> = { pipe: [], kubectl: [], virtdeck: [] }
  const echoes: Record<WayName, number[]> = { pipe: [], kubectl: [], virtdeck: [] }
  for (let round = 0; round < rounds; round += 1) {
    for (const index of names.keys()) {
      const name = names[(index + round) % names.length] ?? 'pipe'
      speeds[name].push(await screenBytesPerSecond(ways[name]))
      echoes[name].push(...(await echoMs(ways[name])))
    }
  }
  return {
    throughputRatio: at(speeds.virtdeck, 0.5) / at(speeds.kubectl, 0.5),
    throughputToPipeRatio: at(speeds.virtdeck, 0.5) / at(speeds.pipe, 0.5),
    bytesPerSecond: at(speeds.virtdeck, 0.5),
    p50Ms: at(echoes.virtdeck, 0.5),
    p99Ms: at(echoes.virtdeck, 0.99),
    addedP50Ms: at(echoes.virtdeck, 0.5) - at(echoes.pipe, 0.5),
    addedP99Ms: at(echoes.virtdeck, 0.99) - at(echoes.pipe, 0.99),
    kubectlAddedP50Ms: at(echoes.kubectl, 0.5) - at(echoes.pipe, 0.5),
    kubectlAddedP99Ms: at(echoes.kubectl, 0.99) - at(echoes.pipe, 0.99),
  }
}

/** Straight to the API server, or to a pipe in front of it. */
function direct({ cluster }: BenchStack, given: Ref, url = cluster.url): Way {
  return async (subresource, vmi = given) =>
    new WebSocket(new URL(pathOf(vmi, subresource), url.replace('http', 'ws')), [consoleProtocol], {
      ca: cluster.ca,
      headers: { authorization: `Bearer ${cluster.token('admin')}` },
      perMessageDeflate: false,
    })
}

/** What is left of a proxy when nothing is looked at: bytes from one socket to the other. */
async function startPipe(target: string): Promise<AsyncDisposable & { url: string }> {
  const { hostname, port } = new URL(target)
  const server = createServer((socket) => {
    const onward = connect(Number(port), hostname)
    for (const [from, to] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      from.setNoDelay(true).pipe(to)
      from.on('error', () => to.destroy())
      from.on('close', () => to.destroy())
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.close()
    },
  }
}

/**
 * Many screens, some of them straight at the API server, while the server reads everything anew that it follows. The stack
 * has a process in front of the cluster.
 */
export async function measureBusyConsoles(stack: BenchStack): Promise<BusyFigures> {
  await using people = startWatching(await screensOf(stack))
  await people.opened
  const calm = await people.measure(() => sleep(busySeconds * 1000))
  const rounds: (Watched & { cpu: number; relistMs: number })[] = []
  let relisted = 0
  for (let round = 0; round < busyRounds; round += 1) {
    const cpuBefore = cpuSeconds(stack.server.pid)
    let relistMs = Number.NaN
    const watched = await people.measure(async () => {
      const startedAt = performance.now()
      relisted += await stack.cluster.relist()
      relistMs = performance.now() - startedAt
      await sleep(Math.max(0, busySeconds * 1000 - relistMs))
    })
    rounds.push({ ...watched, relistMs, cpu: (cpuSeconds(stack.server.pid) - cpuBefore) / watched.seconds })
  }
  const median = (of: (round: (typeof rounds)[number]) => number) => at(rounds.map(of), 0.5)
  const perSecond = ({ server, seconds }: Watched) => server.count / seconds
  const added = ({ server, direct }: Watched, of: 'p50Ms' | 'p99Ms') => server[of] - direct[of]
  return {
    sessions: busySessions,
    framesPerSecond: median(perSecond),
    carriedShare: median(perSecond) / (busySessions * framesPerSecond),
    p50Ms: median(({ server }) => server.p50Ms),
    p99Ms: median(({ server }) => server.p99Ms),
    addedP50Ms: median((round) => added(round, 'p50Ms')),
    addedP99Ms: median((round) => added(round, 'p99Ms')),
    calmAddedP50Ms: added(calm, 'p50Ms'),
    calmAddedP99Ms: added(calm, 'p99Ms'),
    addedP99MsByRound: rounds.map((round) => added(round, 'p99Ms')),
    relisted,
    relistMs: median((round) => round.relistMs),
    serverCpu: median(({ cpu }) => cpu),
  }
}

async function screensOf({ url, cluster }: BenchStack): Promise<WatchedScreen[]> {
  const count = busySessions + busyDirectSessions
  const vmis = await runningVmis(await signIn(url), count)
  if (vmis.length < count) throw new Error('too few VMs of the fleet run')
  const sessions: BenchSession[] = []
  for (let index = 0; index < onlookers; index += 1) sessions.push(await signIn(url, onlooker(index)))
  return vmis.map((vmi, index): WatchedScreen => {
    const session = sessions[Math.floor(index / consolesPerPerson)]
    const path = pathOf(vmi, 'vnc')
    if (session) return { session, path: `/k8s${path}` }
    return { url: new URL(path, cluster.url.replace('http', 'ws')).href, ca: cluster.ca.toString(), token: cluster.token('admin') }
  })
}

type Watched = FromWatching & { type: 'stopped' }

/** Starts the people who look, in a process of their own. */
function startWatching(screens: WatchedScreen[]) {
  const child = fork(new URL('./watching.ts', import.meta.url), [], {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const say = (message: ToWatching) => void child.send(message)
  const hear = async () => {
    const [message] = (await once(child, 'message')) as [FromWatching]
    return message
  }
  say({ type: 'open', screens })
  return {
    opened: hear(),
    async measure(meanwhile: () => Promise<void>): Promise<Watched> {
      say({ type: 'start' })
      await meanwhile()
      say({ type: 'stop' })
      return (await hear()) as Watched
    },
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit')
      child.disconnect()
      await ended
    },
  }
}

/** Reads whole screens one after the other; RFB 3.8 without any encoding. */
async function screenBytesPerSecond(open: Way): Promise<number> {
  const ws = await open('vnc')
  const bytes = byteReader(ws)
  try {
    await bytes.take(12)
    ws.send('RFB 003.008\n')
    const [count = 0] = await bytes.take(1)
    await bytes.take(count)
    ws.send(Buffer.from([1]))
    await bytes.take(4)
    ws.send(Buffer.from([1]))
    const init = await bytes.take(24)
    await bytes.take(init.readUInt32BE(20))
    const size = { width: init.readUInt16BE(0), height: init.readUInt16BE(2), bytesPerPixel: init.readUInt8(4) / 8 }
    const wholeScreen = Buffer.alloc(10)
    wholeScreen.writeUInt8(3, 0)
    wholeScreen.writeUInt16BE(size.width, 6)
    wholeScreen.writeUInt16BE(size.height, 8)
    const readScreen = async () => {
      ws.send(wholeScreen)
      for (let pixels = size.width * size.height; pixels > 0;) {
        const head = await bytes.take(4)
        for (let rect = head.readUInt16BE(2); rect > 0; rect -= 1) {
          const place = await bytes.take(12)
          const area = place.readUInt16BE(4) * place.readUInt16BE(6)
          await bytes.take(area * size.bytesPerPixel)
          pixels -= area
        }
      }
    }
    await readScreen()
    const startedAt = performance.now()
    const before = bytes.total()
    for (let screen = 0; screen < screensPerRound; screen += 1) await readScreen()
    return ((bytes.total() - before) / (performance.now() - startedAt)) * 1000
  } finally {
    ws.terminate()
  }
}

/** Types letters at the login prompt, each after the echo of the last. */
async function echoMs(open: Way): Promise<number[]> {
  const ws = await open('console')
  const bytes = byteReader(ws)
  try {
    await once(ws, 'open')
    ws.send(Buffer.from('\r'))
    await bytes.quiet()
    const times: number[] = []
    for (let key = 0; key < keysPerRound; key += 1) {
      const startedAt = performance.now()
      // A letter and its removal: the line never grows.
      ws.send(Buffer.from(key % 2 === 0 ? 'a' : '\u007f'))
      await bytes.some()
      times.push(performance.now() - startedAt)
    }
    return times
  } finally {
    ws.terminate()
  }
}

/** A socket's messages as one stream of bytes. */
function byteReader(ws: WebSocket) {
  let chunks: Buffer[] = []
  let size = 0
  let total = 0
  let wake = () => {}
  let failed: Error | undefined
  ws.on('message', (data: Buffer) => {
    chunks.push(data)
    size += data.length
    total += data.length
    wake()
  })
  const fail = (error: Error) => {
    failed ??= error
    wake()
  }
  ws.on('error', fail)
  ws.on('close', (code) => fail(new Error(`the console was closed with ${code}`)))
  const more = (timeoutMs = 10_000) =>
    new Promise<boolean>((resolve, reject) => {
      const timer = setTimeout(() => resolve(false), timeoutMs)
      wake = () => {
        clearTimeout(timer)
        if (failed) reject(failed)
        else resolve(true)
      }
      if (failed) wake()
    })
  const clear = () => {
    chunks = []
    size = 0
  }
  return {
    total: () => total,
    async take(count: number): Promise<Buffer> {
      while (size < count) if (!(await more())) throw new Error('the console fell silent')
      const all = Buffer.concat(chunks)
      chunks = [all.subarray(count)]
      size -= count
      return all.subarray(0, count)
    },
    async some(): Promise<void> {
      if (size === 0 && !(await more())) throw new Error('the console fell silent')
      clear()
    },
    /** Until nothing has come for a while. */
    async quiet(): Promise<void> {
      while (await more(300));
      clear()
    },
  }
}

async function runningVmis({ url, cookie }: BenchSession, count: number): Promise<Ref[]> {
  const response = await fetch(`${url}/k8s/apis/kubevirt.io/v1/virtualmachineinstances?limit=1000`, { headers: { cookie } })
  const { items } = (await response.json()) as {
    items: { metadata: Ref; status?: { phase?: string; guestOSInfo?: { id?: string } } }[]
  }
  return items
    .filter(({ status }) => status?.phase === 'Running' && status.guestOSInfo?.id && status.guestOSInfo.id !== 'mswindows')
    .map(({ metadata: { namespace, name } }) => ({ namespace, name }))
    .slice(0, count)
}

function at(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
