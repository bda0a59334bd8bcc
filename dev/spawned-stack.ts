// The stack as `npm start` runs it, from the build and in processes of its own: for end-to-end tests and benchmarks.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

export type Started = { ready: RegExpExecArray; child: ChildProcess; stop: () => Promise<void> }

/** Starts a script of this repository and waits until it says that it is ready. Rejects, with its output, if it ends before. */
export async function startScript(script: string, args: string[], says: RegExp, env: NodeJS.ProcessEnv = {}): Promise<Started> {
  const child = spawn(process.execPath, [join(root, script), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  })
  const ready = await new Promise<RegExpExecArray>((resolve, reject) => {
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      const match = says.exec(output)
      if (match) resolve(match)
    })
    child.once('exit', (code) => reject(new Error(`${script} ended with ${code} before it was ready:\n${output}`)))
  })
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    await ended
  }
  return { ready, child, stop }
}

export type SpawnedStack = AsyncDisposable & {
  /** Where the browser goes. */
  url: string
  /** Where people sign in, with `--auth oidc`. */
  provider?: string
  /** Where the simulated cluster's Prometheus is. */
  prometheus: string
  /** The file that `npm start` wrote, with a user for each demo user. */
  kubeconfig: string
  /** The server's process; the simulated cluster has one of its own. */
  server: ChildProcess
  cluster: { url: string; ca: Buffer; token: (user: string) => string }
}

/** Runs `npm start` on a free port with a state directory of its own. */
export async function spawnStack(args: string[], env: NodeJS.ProcessEnv = {}): Promise<SpawnedStack> {
  const stateDir = await mkdtemp(join(tmpdir(), 'virtdeck-stack-'))
  const says = /virtdeck ready: (\S+)\n(?:.* at (\S+), as|.*)[^]* prometheus +(\S+)\n/
  const started = await startScript('dev/start.mjs', ['--port', '0', '--state-dir', stateDir, ...args], says, env)
  const file = join(stateDir, 'kubeconfig')
  const kubeconfig = parse(await readFile(file, 'utf8')) as {
    clusters: { cluster: { server: string; 'certificate-authority-data': string } }[]
    users: { name: string; user: { token: string } }[]
  }
  const cluster = kubeconfig.clusters[0]?.cluster
  if (!cluster) throw new Error('the kubeconfig names no cluster')
  return {
    url: started.ready[1] ?? '',
    ...(started.ready[2] ? { provider: started.ready[2] } : {}),
    prometheus: started.ready[3] ?? '',
    kubeconfig: file,
    server: started.child,
    cluster: {
      url: cluster.server,
      ca: Buffer.from(cluster['certificate-authority-data'], 'base64'),
      token(user) {
        const found = kubeconfig.users.find((entry) => entry.name === user)
        if (!found) throw new Error(`the kubeconfig has no user ${user}`)
        return found.user.token
      },
    },
    async [Symbol.asyncDispose]() {
      await started.stop()
      await rm(stateDir, { recursive: true, force: true })
    },
  }
}
