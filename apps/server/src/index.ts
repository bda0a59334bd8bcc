import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { StatusError } from '@virtdeck/k8s'
import { createApp } from './app.ts'
import { openAudit } from './audit/audit.ts'
import { loadKubeconfig, type Kubeconfig } from './auth/kubeconfig.ts'
import { createOidc } from './auth/oidc.ts'
import { maxHeaders, ownOrigins } from './auth/provenance.ts'
import { createKeyRing } from './auth/sealed-cookie.ts'
import { createSessions } from './auth/sessions.ts'
import { createTickets } from './auth/tickets.ts'
import { ConfigError, loopbackHosts, type ServerConfig } from './config.ts'
import type { Context } from './context.ts'
import { refuseUnreadable } from './errors.ts'
import { createInventory } from './inventory/inventory.ts'
import { createUpstream, type Upstream } from './k8s/upstream.ts'
import { createLogger } from './logger.ts'
import { createUpgradeGate } from './upgrade.ts'

export { ConfigError, type ServerConfig } from './config.ts'

export type RunningServer = AsyncDisposable & {
  /** Where a browser reaches it: `http://127.0.0.1:8080`. */
  url: string
  port: number
}

/** Starts the server. Throws ConfigError, or the listening socket's own error, when it cannot. */
export async function startServer(config: ServerConfig): Promise<RunningServer> {
  if (!loopbackHosts.includes(config.host) && !config.publicOrigin) {
    throw new ConfigError(`Listening on ${config.host} needs a publicOrigin: the server answers to no other name.`)
  }
  const log = createLogger(config.logLevel ?? 'info')
  const kubeconfig = loadKubeconfig(config)
  const audit = await openAudit(config.audit ?? {}, { log })
  const upstream = createUpstream({ timeoutMs: config.timeouts?.upstreamMs })
  if (config.requireCluster) await assertReachable(kubeconfig, upstream)
  const server = createHttpServer(config.timeouts)
  await listen(server, config)
  const { port } = server.address() as AddressInfo
  const own = ownOrigins({ publicOrigin: config.publicOrigin, host: config.host, port })
  const ring = createKeyRing(config.sessionKeys)
  const tickets = createTickets({ ring })
  const sessions = createSessions({ ring, secure: own.secure, port, ...config.session })
  const [url = `http://${config.host}:${port}`] = own.origins
  const oidc = config.oidc && createOidc(config.oidc, url)
  const recheckMs = config.recheckMs ?? 60_000
  const inventory = createInventory({ kubeconfig, upstream, log, recheckMs })
  const context: Context = { config, recheckMs, log, own, port, ring, kubeconfig, upstream, sessions, tickets, oidc, inventory, audit }
  const upgrades = createUpgradeGate(context)
  refuseUnreadable(server, log)
  server.on('request', createApp(context))
  server.on('upgrade', upgrades.handle)
  log.info({ url, cluster: kubeconfig.clusterName, context: kubeconfig.context }, 'listening')

  return {
    url,
    port,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeIdleConnections()
      await upgrades[Symbol.asyncDispose]()
      await inventory[Symbol.asyncDispose]()
      server.closeAllConnections()
      upstream.close()
      await closed
      await audit[Symbol.asyncDispose]()
      log.info('stopped')
    },
  }
}

/** One request as the kubeconfig's own user. Throws ConfigError with the reason in a sentence. */
async function assertReachable(kubeconfig: Kubeconfig, upstream: Upstream): Promise<void> {
  const dial = await kubeconfig.dial({ kind: 'kubeconfig', context: kubeconfig.context }).catch((cause: unknown) => {
    throw new ConfigError(`The credential of the kubeconfig's context "${kubeconfig.context}" cannot be obtained.`, { cause })
  })
  try {
    await upstream.json(dial, 'GET', '/version')
  } catch (cause) {
    const code = cause instanceof StatusError ? cause.code : 0
    // Whoever answers 401 or 403 is there; what its users may do is theirs to find out.
    if (code === 403) return
    const detail = cause instanceof Error && cause.cause instanceof Error ? ` (${cause.cause.message})` : ''
    throw new ConfigError(
      code === 401
        ? `The cluster at ${dial.url} does not accept the user of the kubeconfig's context "${kubeconfig.context}".`
        : `The cluster at ${dial.url} cannot be reached${detail}.`,
      { cause },
    )
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

function listen(server: Server, { host, port }: ServerConfig): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
