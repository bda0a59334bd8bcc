// The simulated cluster as a process of its own: `tsx main.ts --port 6443 --scenario small`.
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { manualClock, realClock } from './clock.ts'
import { writePrivateFile } from './serving/state.ts'
import type { ScenarioName } from './scenarios/seed-scenario.ts'
import { startSimCluster, type SimCluster } from './sim-cluster.ts'

const usage = `Usage: sim-cluster [options]
  --host HOST            address to listen on (127.0.0.1)
  --host-name NAME       further name for the certificate and the kubeconfig
  --port PORT            port to listen on (a free one)
  --prometheus-port PORT port of Prometheus' HTTP API (a free one)
  --state-dir DIR        keeps the certificate authority and the tokens between starts
  --kubeconfig-out FILE  writes a kubeconfig with a context per demo user
  --oidc-issuer URL      takes the ID tokens of this issuer as bearer tokens
  --oidc-client-id ID    and of no other audience (virtdeck)
  --scenario NAME        small, fleet, trouble or empty (small)
  --vms N                how many VMs the fleet has
  --guests NAME          simulated, or qemu: the first Linux VMs that boot run in QEMU (simulated)
  --qemu-limit N         how many of them (2)
  --seed N               what randomness grows from (1)
  --speed N              how much faster than life (1)
  --clock real|manual    manual: time stands still but for POST /sim/clock and /sim/settle (real)`

const scenarios: readonly string[] = ['small', 'fleet', 'trouble', 'empty'] satisfies ScenarioName[]

class UsageError extends Error {}

function wholeNumber(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (!Number.isFinite(value) || value < 0 || text.trim() === '') throw new UsageError(`--${flag} takes a number, not "${text}"`)
  return value
}

function readOptions(args: string[]) {
  const string = { type: 'string' } as const
  const { values } = parseArgs({
    args,
    options: {
      help: { type: 'boolean', short: 'h' },
      host: string,
      'host-name': string,
      port: string,
      'prometheus-port': string,
      'state-dir': string,
      'kubeconfig-out': string,
      'oidc-issuer': string,
      'oidc-client-id': string,
      scenario: string,
      vms: string,
      guests: string,
      'qemu-limit': string,
      seed: string,
      speed: string,
      clock: string,
    },
  })
  const scenario = values.scenario ?? 'small'
  if (!scenarios.includes(scenario)) throw new UsageError(`--scenario is one of ${scenarios.join(', ')}, not "${scenario}"`)
  const clock = values.clock ?? 'real'
  if (clock !== 'real' && clock !== 'manual') throw new UsageError(`--clock is real or manual, not "${clock}"`)
  const guests = values.guests ?? 'simulated'
  if (guests !== 'simulated' && guests !== 'qemu') throw new UsageError(`--guests is simulated or qemu, not "${guests}"`)
  if (guests !== 'qemu' && values['qemu-limit'] !== undefined) throw new UsageError('--qemu-limit goes with --guests qemu')
  const numbers = {
    qemuLimit: wholeNumber('qemu-limit', values['qemu-limit']),
    port: wholeNumber('port', values.port),
    prometheusPort: wholeNumber('prometheus-port', values['prometheus-port']),
    vms: wholeNumber('vms', values.vms),
    seed: wholeNumber('seed', values.seed),
    speed: wholeNumber('speed', values.speed),
  }
  return {
    help: values.help ?? false,
    kubeconfigOut: values['kubeconfig-out'],
    cluster: {
      scenario: scenario as ScenarioName,
      ...(values.host === undefined ? {} : { host: values.host }),
      ...(values['host-name'] === undefined ? {} : { hostName: values['host-name'] }),
      ...(values['state-dir'] === undefined ? {} : { stateDir: values['state-dir'] }),
      ...(values['oidc-issuer'] === undefined
        ? {}
        : { oidc: { issuer: values['oidc-issuer'], audience: values['oidc-client-id'] ?? 'virtdeck' } }),
      ...(numbers.port === undefined ? {} : { port: numbers.port }),
      ...(numbers.prometheusPort === undefined ? {} : { prometheusPort: numbers.prometheusPort }),
      ...(numbers.vms === undefined ? {} : { vms: numbers.vms }),
      ...(guests === 'qemu' ? { qemu: { limit: numbers.qemuLimit ?? 2 } } : {}),
      ...(numbers.seed === undefined ? {} : { seed: numbers.seed }),
      ...(numbers.speed ? { speed: numbers.speed } : {}),
      ...(clock === 'manual' ? { clock: manualClock(realClock().now()) } : {}),
    },
  }
}

function stopOnSignals(cluster: SimCluster): void {
  let stopping = false
  const stop = () => {
    if (stopping) return
    stopping = true
    void cluster[Symbol.asyncDispose]().then(() => process.exit(0))
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  // A forked child ends with its parent.
  process.once('disconnect', stop)
}

// A fleet leaves many times its own size in garbage as it starts: a heap that grows in smaller steps takes less of that in.
setFlagsFromString('--heap-growing-percent=50')

try {
  const options = readOptions(process.argv.slice(2))
  if (options.help) {
    console.log(usage)
  } else {
    const cluster = await startSimCluster(options.cluster)
    stopOnSignals(cluster)
    if (options.kubeconfigOut) {
      await mkdir(dirname(options.kubeconfigOut), { recursive: true })
      await writePrivateFile(options.kubeconfigOut, cluster.kubeconfig())
    }
    const ready = { url: cluster.url, prometheusUrl: cluster.prometheusUrl }
    console.log(JSON.stringify(ready))
    process.send?.({ ...ready, users: cluster.users, kubeconfig: cluster.kubeconfig() })
  }
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException
  console.error(code === 'EADDRINUSE' ? 'The port is taken by another process.' : message)
  process.exit(1)
}
