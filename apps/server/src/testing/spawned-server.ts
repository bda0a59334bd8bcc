// The server as a process of its own, in front of an API server of the test's: for what shows in a process only.
import { spawn, type ChildProcess } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { mkdtemp, open, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export type SpawnedServer = AsyncDisposable & {
  url: string
  port: number
  process: ChildProcess
  /** All that it wrote, logs included. */
  output(): string
  /** Its memory in bytes, where the system tells (Linux). */
  residentBytes(): Promise<number | undefined>
  /** Which of these texts are in its heap, in strings, after everything collectable was collected. */
  inHeap(texts: readonly string[]): Promise<string[]>
}

/** Starts `main.ts`; `contexts` of the kubeconfig become users who sign in with a click. */
export async function spawnServer(kubeconfig: string, contexts: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<SpawnedServer> {
  const directory = await mkdtemp(join(tmpdir(), 'virtdeck-server-'))
  const file = join(directory, 'kubeconfig')
  await writeFile(file, kubeconfig, { mode: 0o600 })
  const main = fileURLToPath(new URL('../main.ts', import.meta.url))
  const tsx = createRequire(import.meta.url).resolve('tsx')
  const child = spawn(process.execPath, ['--import', tsx, '--heapsnapshot-signal=SIGUSR2', '--diagnostic-dir', directory, main], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      VIRTDECK_KUBECONFIG: file,
      VIRTDECK_PORT: '0',
      VIRTDECK_DEMO_CONTEXTS: contexts.join(','),
      ...env,
    },
  })
  let output = ''
  const url = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
        const ready = /virtdeck ready: (\S+)/.exec(output)?.[1]
        if (ready) resolve(ready)
      })
    }
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}:\n${output}`)))
  })

  return {
    url,
    port: Number(new URL(url).port),
    process: child,
    output: () => output,
    async residentBytes() {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '')
      const kib = /VmRSS:\s+(\d+) kB/.exec(status)?.[1]
      return kib === undefined ? undefined : Number(kib) * 1024
    },
    async inHeap(texts) {
      child.kill('SIGUSR2')
      const found = new Set<string>()
      const snapshot = await writtenSnapshot(directory)
      let rest = ''
      for await (const chunk of createReadStream(snapshot, { encoding: 'latin1', highWaterMark: 1 << 20 }) as AsyncIterable<string>) {
        const text = rest + chunk
        for (const wanted of texts) if (text.includes(wanted)) found.add(wanted)
        rest = text.slice(-200)
      }
      await rm(snapshot)
      return [...found]
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = new Promise((resolve) => child.once('exit', resolve))
        child.kill('SIGTERM')
        await ended
      }
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** The snapshot's file, once it is whole. */
async function writtenSnapshot(directory: string): Promise<string> {
  for (;;) {
    const name = (await readdir(directory)).find((entry) => entry.endsWith('.heapsnapshot'))
    const path = join(directory, name ?? '')
    // Its last line closes the array of strings.
    if (name && (await tailOf(path)).trimEnd().endsWith(']}')) return path
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function tailOf(path: string): Promise<string> {
  await using handle = await open(path)
  const { size } = await handle.stat()
  const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(16), position: Math.max(0, size - 16) })
  return buffer.subarray(0, bytesRead).toString('latin1')
}
