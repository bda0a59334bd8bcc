// `npm start`: the simulated cluster in a process of its own and the server in this one, or the server alone in front of a real cluster.
import { fork, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startIdentityProvider, type IdentityProvider, type Person } from './identity-provider.ts'
import { ConfigError, startServer, type RunningServer, type ServerConfig } from '@virtdeck/server'

const here = dirname(fileURLToPath(import.meta.url))
const repositoryRoot = dirname(here)
const bundled = import.meta.url.endsWith('.js')
const scenarios = ['small', 'fleet', 'trouble', 'empty']

/** What a person did wrong, or what the machine lacks: one sentence, no stack. */
class Refusal extends Error {}

const usage = `npm start -- [--port N] [--scenario ${scenarios.join('|')}] [--vms N] [--guests simulated|qemu] [--qemu-limit N] [--auth demo|oidc] [--kubeconfig FILE] [--context NAME]`

export type DemoOptions = {
  port: number
  scenario: string
  vms?: number
  /** How many Linux guests at most run in QEMU; undefined simulates all. */
  qemuLimit?: number
  kubeconfig?: string
  context?: string
  /** How to sign in: a click on a demo user, or single sign-on with an identity provider of the demo's own. */
  auth: 'demo' | 'oidc'
  stateDir: string
}

/** Reads the command line. Throws a Refusal that says what is wrong with it. */
function readArguments(args: string[]): DemoOptions {
  let values
  try {
    ;({ values } = parseArgs({
      args,
      options: {
        port: { type: 'string' },
        scenario: { type: 'string' },
        vms: { type: 'string' },
        guests: { type: 'string' },
        'qemu-limit': { type: 'string' },
        kubeconfig: { type: 'string' },
        context: { type: 'string' },
        auth: { type: 'string' },
        'state-dir': { type: 'string' },
      },
    }))
  } catch (error) {
    throw new Refusal(`${(error as Error).message}\nUsage: ${usage}`)
  }
  const wholeNumber = (name: 'port' | 'vms' | 'qemu-limit', max: number) => {
    const text = values[name]
    if (text === undefined) return undefined
    if (!/^\d+$/.test(text) || Number(text) > max) throw new Refusal(`--${name} takes a whole number up to ${max}, not "${text}".`)
    return Number(text)
  }
  const scenario = values.scenario ?? 'small'
  if (!scenarios.includes(scenario)) throw new Refusal(`--scenario is one of ${scenarios.join(', ')}, not "${scenario}".`)
  if (values.context && !values.kubeconfig) throw new Refusal('--context goes with --kubeconfig.')
  if (values.kubeconfig && (values.scenario || values.vms))
    throw new Refusal('--scenario and --vms are for the simulated cluster, not with --kubeconfig.')
  const auth = values.auth ?? 'demo'
  if (auth !== 'demo' && auth !== 'oidc') throw new Refusal(`--auth is demo or oidc, not "${auth}".`)
  if (values.kubeconfig && values.auth) throw new Refusal('--auth is for the simulated cluster, not with --kubeconfig.')
  const vms = wholeNumber('vms', 100_000)
  const guests = values.guests ?? 'simulated'
  if (guests !== 'simulated' && guests !== 'qemu') throw new Refusal(`--guests is simulated or qemu, not "${guests}".`)
  if (values.kubeconfig && values.guests) throw new Refusal('--guests is for the simulated cluster, not with --kubeconfig.')
  const qemuLimit = wholeNumber('qemu-limit', 64)
  if (qemuLimit !== undefined && guests !== 'qemu') throw new Refusal('--qemu-limit goes with --guests qemu.')
  return {
    port: wholeNumber('port', 65_535) ?? 8080,
    scenario,
    ...(vms === undefined ? {} : { vms }),
    ...(guests === 'qemu' ? { qemuLimit: qemuLimit ?? 2 } : {}),
    ...(values.kubeconfig ? { kubeconfig: resolve(values.kubeconfig.replace(/^~(?=\/)/, homedir())) } : {}),
    ...(values.context ? { context: values.context } : {}),
    auth,
    stateDir: resolve(values['state-dir'] ?? join(repositoryRoot, '.virtdeck')),
  }
}

/** Who the demo's identity provider knows: the demo users, but for the cluster's own admin. */
const ssoPeople: Person[] = [
  { name: 'operator', description: 'runs the fleet' },
  { name: 'power-user', description: 'owns team-a' },
  { name: 'user', description: 'uses the VMs of team-b' },
  { name: 'viewer', description: 'sees every VM' },
]

type ClusterReady = { url: string; prometheusUrl: string; users: { name: string; description: string; token: string }[] }

/** Starts the simulated cluster's own entry and waits until it listens. */
async function startCluster(
  options: DemoOptions,
  provider: IdentityProvider | undefined,
): Promise<{ child: ChildProcess; ready: ClusterReady; kubeconfig: string }> {
  const entry = bundled ? join(here, 'sim-cluster.js') : join(repositoryRoot, 'packages/sim-cluster/src/main.ts')
  const kubeconfig = join(options.stateDir, 'kubeconfig')
  const args = ['--port', '0', '--state-dir', options.stateDir, '--kubeconfig-out', kubeconfig, '--scenario', options.scenario]
  if (options.vms !== undefined) args.push('--vms', String(options.vms))
  if (options.qemuLimit !== undefined) args.push('--guests', 'qemu', '--qemu-limit', String(options.qemuLimit))
  if (provider) args.push('--oidc-issuer', provider.issuer, '--oidc-client-id', provider.clientId)
  const child = fork(entry, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: bundled ? [] : ['--import', 'tsx'] })
  const ready = await new Promise<ClusterReady>((resolvePromise, reject) => {
    child.once('message', (message) => resolvePromise(message as ClusterReady))
    child.once('error', reject)
    child.once('exit', (code) => reject(new Refusal(`The simulated cluster ended with exit code ${code} before it was ready.`)))
  })
  return { child, ready, kubeconfig }
}

function explain(error: unknown, options: DemoOptions): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  if (code === 'EADDRINUSE') return new Refusal(`Port ${options.port} is taken; choose another with --port N.`)
  if (code === 'EACCES') return new Refusal(`Port ${options.port} needs rights that this user lacks; choose one above 1023 with --port N.`)
  return error
}

/** Another link that signs in, each time that somebody presses Enter. */
function printLinks(launchUrl: () => string): Disposable {
  const print = () => void process.stdout.write(`virtdeck ready: ${launchUrl()}\n`)
  process.stdin.on('data', print).on('error', () => {})
  return { [Symbol.dispose]: () => void process.stdin.off('data', print).pause() }
}

/** Runs the demo until SIGINT or SIGTERM. Prints one line when it is ready, and how to use it. */
export async function demo(args: string[], overrides: Pick<ServerConfig, 'publicOrigin'> = {}): Promise<void> {
  try {
    await run(readArguments(args), overrides)
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof ConfigError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}

async function run(options: DemoOptions, overrides: Pick<ServerConfig, 'publicOrigin'>): Promise<void> {
  if (options.kubeconfig && !existsSync(options.kubeconfig)) throw new Refusal(`There is no kubeconfig at ${options.kubeconfig}.`)
  const webRoot = join(repositoryRoot, 'apps/web/dist')
  const common = {
    ...overrides,

    host: '127.0.0.1',
    port: options.port,
    webRoot,
    logLevel: process.env['LOG_LEVEL'] ?? 'warn',
    audit: { file: join(options.stateDir, 'audit.log') },
  } satisfies Partial<ServerConfig>
  await using provider = options.auth === 'oidc' ? await startIdentityProvider({ people: ssoPeople }) : undefined
  const cluster = options.kubeconfig ? undefined : await startCluster(options, provider)
  let server: RunningServer
  try {
    server = await startServer(
      cluster
        ? {
            ...common,
            kubeconfig: { file: cluster.kubeconfig },
            context: 'admin',
            inventoryContext: 'virtdeck',
            prometheus: { url: cluster.ready.prometheusUrl },
            ...(provider
              ? { oidc: { issuer: provider.issuer, clientId: provider.clientId, clientSecret: provider.clientSecret } }
              : { demoUsers: cluster.ready.users }),
            clusterName: 'simulated',
            simulated: true,
          }
        : {
            ...common,
            kubeconfig: { file: options.kubeconfig ?? '' },
            requireCluster: true,
            ...(options.context ? { context: options.context } : {}),
          },
    )
  } catch (error) {
    cluster?.child.kill()
    throw explain(error, options)
  }

  provider?.serve(server.url)

  const lines = [`virtdeck ready: ${server.launchUrl?.() ?? server.url}`]
  if (cluster) {
    const shown = relative(process.cwd(), cluster.kubeconfig)
    lines.push(
      provider
        ? `  sign in       with single sign-on at ${provider.issuer}, as ${ssoPeople.map(({ name }) => name).join(', ')}`
        : `  sign in as    ${cluster.ready.users.map((user) => user.name).join(', ')} (one click each)`,
      `  kubectl       kubectl --kubeconfig ${shown.startsWith('..') ? cluster.kubeconfig : shown} get vms -A -w`,
      `  prometheus    ${cluster.ready.prometheusUrl}`,
      `  cluster       simulated, scenario ${options.scenario}; a real one: npm start -- --kubeconfig FILE`,
    )
  } else {
    lines.push(`  cluster       ${options.kubeconfig}${options.context ? `, context ${options.context}` : ''}`)
    if (server.launchUrl) lines.push('  sign in       with the link above, once within a minute; press Enter for another one')
  }
  process.stdout.write(`${lines.join('\n')}\n`)
  using _links = server.launchUrl && printLinks(server.launchUrl)

  await new Promise<void>((resolvePromise) => {
    process.once('SIGINT', resolvePromise)
    process.once('SIGTERM', resolvePromise)
    cluster?.child.once('exit', (code) => {
      process.stderr.write(`The simulated cluster ended with exit code ${code}.\n`)
      process.exitCode = 1
      resolvePromise()
    })
  })
  cluster?.child.removeAllListeners('exit')
  await server[Symbol.asyncDispose]()
  if (cluster && cluster.child.exitCode === null) {
    const ended = new Promise((resolvePromise) => cluster.child.once('exit', resolvePromise))
    cluster.child.kill('SIGTERM')
    await ended
  }
}
