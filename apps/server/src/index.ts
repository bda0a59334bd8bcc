import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createApp } from './app.ts'
import { actorOf, openAudit } from './audit/audit.ts'
import { staysRefused } from './auth/doubt.ts'
import { identify } from './auth/identify.ts'
import { loadKubeconfig } from './auth/kubeconfig.ts'
import { createLaunch } from './auth/launch.ts'
import { createOidc } from './auth/oidc.ts'
import { maxHeaders, ownOrigins } from './auth/provenance.ts'
import { tellPeers } from './auth/peers.ts'
import { createRevocations } from './auth/revocations.ts'
import { createKeyRing, replaceKeys } from './auth/sealed-cookie.ts'
import { createSessions } from './auth/sessions.ts'
import { assertMayImpersonate, assertReachable } from './auth/start-checks.ts'
import { createTickets } from './auth/tickets.ts'
import { watchFile } from './auth/watched-file.ts'
import { clientAddressOf, networks } from './client-address.ts'
import { assertUsable, authModeOf, type ServerConfig } from './config.ts'
import { createConsoles } from './consoles/consoles.ts'
import type { Context } from './context.ts'
import { refuseUnreadable } from './errors.ts'
import { createInventory } from './inventory/inventory.ts'
import { createPassThrough } from './k8s/pass-through.ts'
import { createUpstream } from './k8s/upstream.ts'
import { createLive } from './live/live.ts'
import { createLogger } from './logger.ts'
import { startMetrics } from './metrics.ts'
import { createUsage } from './usage/usage.ts'
import { createUpgradeGate } from './upgrade.ts'

export { ConfigError, type ServerConfig } from './config.ts'

export type RunningServer = AsyncDisposable & {
  /** Where a browser reaches it: `http://127.0.0.1:8080`. */
  url: string
  port: number
  /** Where `/metrics` is, if it is served. */
  metricsPort: number | undefined
  /** In `local-kubeconfig`, a link that signs in once within a minute; the one before is void. */
  launchUrl?(): string
}

/** Starts the server. Throws ConfigError, or the listening socket's own error, when it cannot; nothing of it is left behind then. */
export async function startServer(config: ServerConfig): Promise<RunningServer> {
  assertUsable(config)
  const opened = createOpened()
  try {
    return await start(config, opened)
  } catch (error) {
    await opened.close()
    throw error
  }
}

async function start(config: ServerConfig, opened: Opened): Promise<RunningServer> {
  const log = createLogger(config.logLevel ?? 'info', config.logTo)
  const kubeconfig = loadKubeconfig(config)
  const audit = opened.add(await openAudit(config.audit ?? {}, { log }))
  const metrics = config.metrics && opened.add(await startMetrics(config.metrics, { audit }))
  const upstream = createUpstream({ timeoutMs: config.timeouts?.upstreamMs })
  opened.add({ [Symbol.dispose]: upstream.close })
  const passThrough = createPassThrough({ timeoutMs: config.timeouts?.upstreamMs })
  opened.add({ [Symbol.dispose]: passThrough.close })
  if (config.requireCluster) await assertReachable(kubeconfig, upstream)
  const mode = authModeOf(config)
  if (mode === 'oidc-impersonate') await assertMayImpersonate(kubeconfig, upstream, log)
  const ring = createKeyRing(config.sessionKeys)
  const revocations = createRevocations(config.session?.notBefore)
  const reread = { everyMs: config.rereadMs ?? 5_000, log }
  const { revokedFile } = config.session ?? {}
  if (config.sessionKeysFile) opened.add(watchFile({ file: config.sessionKeysFile, apply: (text) => replaceKeys(ring, text), ...reread }))
  if (revokedFile) opened.add(watchFile({ file: revokedFile, apply: revocations.replace, ...reread }))
  const { server, stopListening } = opened.add(await listen(config))
  const { port } = server.address() as AddressInfo
  const own = ownOrigins({ publicOrigin: config.publicOrigin, host: config.host, port })
  const tickets = createTickets({ ring })
  const [url = `http://${config.host}:${port}`] = own.origins
  /** Replicas share the one that browsers know. */
  const publicPort = Number(new URL(url).port)
  const closing = new AbortController()
  opened.add({ [Symbol.dispose]: () => closing.abort() })
  const sessions = createSessions({
    ring,
    secure: own.secure,
    port: publicPort,
    revocations,
    staysRefused: (current) =>
      staysRefused(async () => identify(upstream, await kubeconfig.dial(current().credential)), config.session?.doubtMs, closing.signal),
    onRevoked: (sid) => void tellPeers({ peers: config.peers ?? [], ring, log }, sid),
    onLost: (session, why) => audit.event({ event: `auth.session.${why}`, actor: actorOf(session) }),
    ...config.session,
  })
  const oidc = config.oidc && createOidc(mode === 'oidc-impersonate' ? { impersonate: {}, ...config.oidc } : config.oidc, url)
  const launch = createLaunch()
  const recheckMs = config.recheckMs ?? 60_000
  const inventory = opened.add(createInventory({ kubeconfig, upstream, log, recheckMs }))
  const { prometheus } = config
  const usage = prometheus && createUsage({ read: () => inventory.readUsage(prometheus), log, everyMs: prometheus.everyMs })
  metrics?.follow(inventory, usage)
  const context: Context = {
    config,
    recheckMs,
    log,
    own,
    port: publicPort,
    ring,
    kubeconfig,
    upstream,
    passThrough,
    sessions,
    tickets,
    oidc,
    launch,
    inventory,
    usage,
    audit,
  }
  const upgrades = opened.add(createUpgradeGate(context, { live: createLive(context), consoles: createConsoles(context) }))
  // Before the tabs are told to come back: not here.
  opened.add({ [Symbol.dispose]: stopListening })
  refuseUnreadable(server, log)
  const proxies = networks(config.trustedProxies ?? [])
  for (const event of ['request', 'upgrade'])
    server.on(event, (req: IncomingMessage) => (req.clientAddress = clientAddressOf(req, proxies)))
  server.on('request', createApp(context))
  server.on('upgrade', upgrades.handle)
  log.info({ url, cluster: kubeconfig.clusterName, context: kubeconfig.context }, 'listening')

  return {
    url,
    port,
    metricsPort: metrics?.port,
    ...(mode === 'local-kubeconfig' ? { launchUrl: () => `${url}/#t=${launch.issue()}` } : {}),
    async [Symbol.asyncDispose]() {
      await opened.close()
      log.info('stopped')
    },
  }
}

type Opened = ReturnType<typeof createOpened>

/** What is to be closed when the server goes, or does not come to be: the latest first. */
function createOpened() {
  const opened: (Disposable | AsyncDisposable)[] = []
  return {
    add<T extends Disposable | AsyncDisposable>(one: T): T {
      opened.push(one)
      return one
    },
    async close() {
      for (let one = opened.pop(); one; one = opened.pop()) {
        if (Symbol.asyncDispose in one) await one[Symbol.asyncDispose]()
        else one[Symbol.dispose]()
      }
    },
  }
}

/** Who sends slowly, much or nothing gets no more of the server than this. */
function createHttpServer({ headersMs = 10_000, requestMs = 30_000 }: ServerConfig['timeouts'] = {}): Server {
  const server = createServer({
    connectionsCheckingInterval: Math.min(2_000, headersMs / 5),
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    keepAliveTimeout: 65_000,
    maxHeaderSize: 24 * 1024,
    noDelay: true,
  })
  server.maxHeadersCount = maxHeaders
  server.maxRequestsPerSocket = 1_000
  server.maxConnections = 4_096
  return server
}

/** A server that listens. Rejects with the socket's own error. */
async function listen({ host, port, timeouts }: ServerConfig) {
  const server = createHttpServer(timeouts)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  let closed: Promise<unknown> | undefined
  const stopListening = () => {
    closed ??= new Promise((resolve) => server.close(resolve))
    server.closeIdleConnections()
    return closed
  }
  return {
    server,
    stopListening,
    async [Symbol.asyncDispose]() {
      const over = stopListening()
      server.closeAllConnections()
      await over
    },
  }
}
