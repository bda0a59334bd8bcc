// The simulated cluster, composed: storage, clock, guests, controllers, the API server and its socket.
import { createAdmission } from './admission/create-admission.ts'
import { apiResources, resourceKey } from './api/api-resources.ts'
import { recordingStorage } from './api/controller-writes.ts'
import { createApiServer, type ApiServer } from './api/api-server.ts'
import { authenticate } from './api/authentication.ts'
import type { UserInfo } from './api/context.ts'
import { disruptionController } from './api/disruption.ts'
import { oidcAuthenticator, type OidcOptions } from './api/oidc-authenticator.ts'
import { clusterRoleAggregation, garbageCollector, namespaceController, serviceAccountController } from './api/machinery-controllers.ts'
import { markVirtApi, seedServedApis } from './api/served-apis.ts'
import { realClock, timestamp, type Clock } from './clock.ts'
import type { Control } from './control/control-server.ts'
import { createFaults, type Faults } from './control/faults.ts'
import { withControl } from './control/front.ts'
import { createLedger, type Ledger } from './control/ledger.ts'
import { releasable } from './control/releasable.ts'
import { runControllers } from './controllers/controller.ts'
import { createControllers } from './controllers/create-controllers.ts'
import { createGuests } from './guests/guests.ts'
import { createQemu } from './guests/qemu.ts'
import { limitRangeAdmission } from './quota/limit-ranges.ts'
import { quotaController } from './quota/quotas.ts'
import { demoUsers, type DemoUser } from './scenarios/demo-users.ts'
import { startPrometheus } from './metrics/prometheus-server.ts'
import { seedScenario, type ScenarioName } from './scenarios/seed-scenario.ts'
import { createOpenApi } from './openapi/documents.ts'
import { loadSchemas } from './openapi/load.ts'
import { listen, type HttpsServer } from './serving/https-server.ts'
import { kubeconfigText } from './serving/kubeconfig.ts'
import { loadServingState } from './serving/state.ts'
import { settlingClock } from './settling.ts'
import { createStorage, type Storage } from './storage/storage.ts'
import { createConnections } from './subresources/connections.ts'
import { createSubresources } from './subresources/create-subresources.ts'
import { createTransfers } from './transfers/transfers.ts'

/** A scenario of one's own: who may sign in, and what is there when the cluster starts. */
export type Scenario = { users: readonly DemoUser[]; seed(storage: Storage, clock: Clock): void }

export type SimClusterOptions = {
  scenario: ScenarioName | Scenario
  /** How many VMs `fleet` has. */
  vms?: number
  seed?: number
  /** 0, the default, takes a free one. */
  port?: number
  /** Where Prometheus listens; 0, the default, takes a free one. */
  prometheusPort?: number
  /** Where to listen; loopback unless told otherwise. */
  host?: string
  /** The name that clients on other machines use: in the certificate and the kubeconfig. */
  hostName?: string
  /** An identity provider whose ID tokens are taken as bearer tokens, beside the static ones. */
  oidc?: OidcOptions
  /** Keeps the authority and the tokens between starts. */
  stateDir?: string
  /** Runs up to so many Linux guests in QEMU, in the order in which they boot; the others, and without it all, are simulated. */
  qemu?: { limit: number }
  clock?: Clock
  /** How much faster than life the cluster's delays pass. */
  speed?: number
  /** Mistakes of the simulation itself; none are expected. */
  onError?(where: string, error: unknown): void
}

export type SimUser = { name: string; description: string; token: string }

export type SimCluster = AsyncDisposable & {
  url: string
  /** PEM. */
  caCert: string
  /** Prometheus' HTTP API, for the metrics of the VMs and the nodes: plain HTTP, as a Service in a cluster. */
  prometheusUrl: string
  /** With a context per user, and `virtdeck` for a server's own account. */
  kubeconfig(): string
  /** Who may sign in. */
  users: SimUser[]
  storage: Storage
  clock: Clock
  /** KubeVirt's own API server, which subresources and webhooks need: may be taken down. */
  virtApi: { reachable: boolean }
  /** What goes wrong with which requests. */
  faults: Faults
  /** Accepted writes and every change, in their order. */
  ledger: Ledger
  /** Begins again: everything is deleted, watches see it go, and the scenario is seeded anew. */
  reset(): Promise<void>
  /** Resolves when the controllers have come to rest; with a manual clock, time moves on until they have. */
  settle(): Promise<void>
}

/** The account of a virtdeck server's reflectors: in the kubeconfig, not among those who sign in. */
const serverAccount = 'virtdeck'

export async function startSimCluster(options: SimClusterOptions): Promise<SimCluster> {
  const { host = '127.0.0.1', hostName, seed = 1, onError = reportError } = options
  const ownClock = options.clock ? undefined : realClock({ speed: options.speed ?? 1 })
  // One of the two is always there.
  const clock = options.clock ?? ownClock!
  const { scenario } = options
  const schemas = await loadSchemas()
  const people = typeof scenario === 'string' ? demoUsers : scenario.users
  const state = await loadServingState({
    hosts: ['127.0.0.1', 'localhost', '::1', ...(hostName === undefined ? [] : [hostName])],
    users: people.map((user) => user.name),
    ...(options.stateDir === undefined ? {} : { stateDir: options.stateDir }),
  })
  // loadServingState gave everybody a token.
  const accounts = people.map(({ name, description, groups }) => ({ name, description, groups, token: state.tokens[name]! }))

  const storage = createStorage(clock)
  const controllerClock = settlingClock(clock)
  const openApi = createOpenApi(schemas)
  const seedAll = () => {
    if (typeof scenario === 'string')
      seedScenario(scenario, { storage, clock, seed, ...(options.vms === undefined ? {} : { vms: options.vms }) })
    else scenario.seed(storage, clock)
    seedServedApis(storage, openApi)
  }
  seedAll()
  const hypervisor =
    options.qemu &&
    (await createQemu({ ...options.qemu, onError }).catch((error: unknown) => {
      ownClock?.stop()
      throw error
    }))
  const guests = createGuests({ clock, storage, hypervisor })
  const startControllers = () => {
    const { storage: observed, release } = releasable(recordingStorage(storage, controllerClock))
    const controllers = [
      garbageCollector(observed, controllerClock),
      namespaceController(observed, controllerClock),
      serviceAccountController(observed),
      clusterRoleAggregation(observed),
      quotaController(observed),
      disruptionController(observed, controllerClock),
      ...createControllers({ storage: observed, clock: controllerClock, guests, seed }),
    ]
    const runner = runControllers(controllers, observed, controllerClock, (controller, key, error) =>
      onError(`${controller} ${key}`, error),
    )
    return () => {
      runner.stop()
      release()
    }
  }
  let stopControllers = () => {}
  const tokens = new Map<string, UserInfo>(accounts.map(({ name, groups, token }) => [token, { username: name, uid: `u-${name}`, groups }]))
  let reachable = true
  const virtApi = {
    get reachable() {
      return reachable
    },
    set reachable(now: boolean) {
      reachable = now
      markVirtApi(storage, now, timestamp(clock))
    },
  }
  const oidc = options.oidc && oidcAuthenticator(options.oidc)
  const ledger = createLedger(storage, clock)
  const faults = createFaults(clock)
  const apiServer = createApiServer(
    {
      storage,
      clock,
      schemas,
      tokens,
      ...(oidc ? { oidc } : {}),
      ledger,
      admission: [limitRangeAdmission(storage), ...createAdmission({ storage, clock: controllerClock, virtApi })],
      subresources: {
        http: createSubresources({ storage, clock: controllerClock, guests }),
        upgrade: new Map([...guests.upgrade, ...createConnections({ storage, clock, guests })]),
      },
      virtApi,
    },
    { onError: (error) => onError('api', error) },
  )
  const transfers = createTransfers({ storage, clock, guests })
  const served: ApiServer = {
    ...apiServer,
    async handle(req, res) {
      if (!transfers.handle(req, res)) await apiServer.handle(req, res)
    },
  }
  const reset = () => {
    stopControllers()
    for (const { metadata } of storage.list('virtualmachineinstances.kubevirt.io')) guests.shutdown(metadata.uid)
    for (const resource of apiResources) {
      if (resource.virtual) continue
      const key = resourceKey(resource)
      for (const { metadata } of storage.list(key)) storage.delete(key, metadata.namespace, metadata.name)
    }
    ledger.reset(typeof scenario === 'string' ? scenario : 'custom')
    seedAll()
    stopControllers = startControllers()
    announce()
    return Promise.resolve()
  }
  const control: Control = {
    faults,
    ledger,
    clock,
    virtApi,
    settle: () => controllerClock.settle(),
    reset,
    authenticate: (req) => authenticate(req.headers, { tokens, storage, clock, ...(oidc ? { oidc } : {}) }),
  }
  const front = withControl(served, control, (socket) => server.resetConnection(socket))
  const stop = () => {
    front.stop()
    stopControllers()
    guests.stop()
    ownClock?.stop()
  }
  const stopAndThrow = async (error: unknown) => {
    stop()
    await hypervisor?.stop()
    throw error
  }
  const server: HttpsServer = await listen(front, { host, port: options.port ?? 0, ...state.serving }).catch(stopAndThrow)

  const urlHost = hostName ?? (host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host)
  const url = `https://${urlHost}:${server.port}`
  const prometheus = await startPrometheus({
    storage,
    clock,
    seed,
    host,
    urlHost,
    port: options.prometheusPort ?? 0,
    onError: (error) => onError('prometheus', error),
  }).catch(async (error: unknown) => {
    await server[Symbol.asyncDispose]()
    return stopAndThrow(error)
  })
  const caCert = state.authority.certificate
  const announce = () => transfers.announce(url, caCert)
  announce()
  // After whoever waits for the cluster to listen: a fleet's controllers take a while to look at everything.
  const starting = controllerClock.after(0, () => {
    stopControllers = startControllers()
  })
  stopControllers = () => starting.cancel()
  return {
    url,
    caCert,
    prometheusUrl: prometheus.url,
    kubeconfig: () => kubeconfigText({ url, caCert, users: accounts }),
    users: accounts.filter(({ name }) => name !== serverAccount).map(({ name, description, token }) => ({ name, description, token })),
    storage,
    clock,
    virtApi,
    faults,
    ledger,
    reset,
    settle: control.settle,
    async [Symbol.asyncDispose]() {
      stop()
      await prometheus[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
      await hypervisor?.stop()
    },
  }
}

function reportError(where: string, error: unknown): void {
  console.error(`simulated cluster: ${where}:`, error)
}
