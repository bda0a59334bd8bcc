// The stack under measurement: as `npm start` runs it, from the build, in processes of its own.
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

export type BenchStack = AsyncDisposable & {
  url: string
  cluster: { url: string; ca: Buffer; token: string }
  /** How long `npm start` took to its ready line, milliseconds. */
  startMs: number
  /** The server's process; the simulated cluster has one of its own. */
  pid: number
}

/** Starts a fleet of `vms` simulated VMs and a server in front of it. */
export async function startFleet(vms: number): Promise<BenchStack> {
  const stateDir = await mkdtemp(join(tmpdir(), 'virtdeck-bench-'))
  const startedAt = performance.now()
  const child = spawn(
    process.execPath,
    [join(root, 'dev/start.mjs'), '--port', '0', '--state-dir', stateDir, '--scenario', 'fleet', '--vms', String(vms)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const url = await new Promise<string>((resolve, reject) => {
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      const ready = /virtdeck ready: (\S+)/.exec(output)
      if (ready?.[1]) resolve(ready[1])
    })
    child.once('exit', (code) => reject(new Error(`the stack ended with ${code}:\n${output}`)))
  })
  const startMs = performance.now() - startedAt
  const kubeconfig = parse(await readFile(join(stateDir, 'kubeconfig'), 'utf8')) as {
    clusters: { cluster: { server: string; 'certificate-authority-data': string } }[]
    users: { name: string; user: { token: string } }[]
  }
  const cluster = kubeconfig.clusters[0]?.cluster
  const token = kubeconfig.users.find((user) => user.name === 'admin')?.user.token
  if (!cluster || !token) throw new Error('the kubeconfig lacks its cluster or its admin')
  return {
    url,
    startMs,
    pid: child.pid ?? 0,
    cluster: { url: cluster.server, ca: Buffer.from(cluster['certificate-authority-data'], 'base64'), token },
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await ended
      await rm(stateDir, { recursive: true, force: true })
    },
  }
}
