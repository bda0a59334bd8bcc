// Consoles through the server's tunnel against the same consoles at the API server itself, in turns within one run.
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { openSocket, signIn, type BenchSession } from './sign-in.ts'
import type { BenchStack } from './stack.ts'

export type ConsoleFigures = {
  /** Bytes per second of whole screens in raw pixels through the server over the same from the API server. */
  throughputRatio: number
  bytesPerSecond: number
  /** Milliseconds that the server adds to the echo of a key on the serial console. */
  addedP50Ms: number
  addedP99Ms: number
  /** The echo through the server. */
  p50Ms: number
  p99Ms: number
}

type Way = (subresource: 'vnc' | 'console') => Promise<WebSocket>

const rounds = 3
const screensPerRound = 30
const keysPerRound = 150

/** Measures a running VM's screen and serial console. */
export async function measureConsole(stack: BenchStack): Promise<ConsoleFigures> {
  const session = await signIn(stack.url)
  const vmi = await runningVmi(session)
  const path = (subresource: string) =>
    `/apis/subresources.kubevirt.io/v1/namespaces/${vmi.namespace}/virtualmachineinstances/${vmi.name}/${subresource}`
  const protocol = 'plain.kubevirt.io'
  const direct: Way = async (subresource) =>
    new WebSocket(new URL(path(subresource), stack.cluster.url.replace('http', 'ws')), [protocol], {
      ca: stack.cluster.ca,
      headers: { authorization: `Bearer ${stack.cluster.token('admin')}` },
      perMessageDeflate: false,
    })
  const proxied: Way = (subresource) => openSocket(session, `/k8s${path(subresource)}`, protocol)
  const speeds = { direct: [] as number[], proxied: [] as number[] }
  const echoes = { direct: [] as number[], proxied: [] as number[] }
  for (let round = 0; round < rounds; round += 1) {
    speeds.direct.push(await screenBytesPerSecond(direct))
    speeds.proxied.push(await screenBytesPerSecond(proxied))
    echoes.direct.push(...(await echoMs(direct)))
    echoes.proxied.push(...(await echoMs(proxied)))
  }
  return {
    throughputRatio: at(speeds.proxied, 0.5) / at(speeds.direct, 0.5),
    bytesPerSecond: at(speeds.proxied, 0.5),
    addedP50Ms: at(echoes.proxied, 0.5) - at(echoes.direct, 0.5),
    addedP99Ms: at(echoes.proxied, 0.99) - at(echoes.direct, 0.99),
    p50Ms: at(echoes.proxied, 0.5),
    p99Ms: at(echoes.proxied, 0.99),
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

async function runningVmi({ url, cookie }: BenchSession): Promise<{ namespace: string; name: string }> {
  const response = await fetch(`${url}/k8s/apis/kubevirt.io/v1/virtualmachineinstances?limit=100`, { headers: { cookie } })
  const { items } = (await response.json()) as {
    items: { metadata: { namespace: string; name: string }; status?: { phase?: string; guestOSInfo?: { id?: string } } }[]
  }
  const found = items.find(({ status }) => status?.phase === 'Running' && status.guestOSInfo?.id && status.guestOSInfo.id !== 'mswindows')
  if (!found) throw new Error('no VM of the first hundred runs')
  return found.metadata
}

function at(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
