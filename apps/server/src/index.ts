import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createApp } from './app.ts'
import { loadKubeconfig } from './auth/kubeconfig.ts'
import { ownOrigins } from './auth/provenance.ts'
import { createKeyRing } from './auth/sealed-cookie.ts'
import { createSessions } from './auth/sessions.ts'
import { ConfigError, loopbackHosts, type ServerConfig } from './config.ts'
import type { Context } from './context.ts'
import { createInventory } from './inventory/inventory.ts'
import { createUpstream } from './k8s/upstream.ts'
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
  const server = createHttpServer()
  await listen(server, config)
  const { port } = server.address() as AddressInfo
  const own = ownOrigins({ publicOrigin: config.publicOrigin, host: config.host, port })
  const sessions = createSessions({ ring: createKeyRing(config.sessionKeys), secure: own.secure, port, ...config.session })
  const upstream = createUpstream()
  const recheckMs = config.recheckMs ?? 60_000
  const inventory = createInventory({ kubeconfig, upstream, log, recheckMs })
  const context: Context = { config, recheckMs, log, own, kubeconfig, upstream, sessions, inventory }
  const upgrades = createUpgradeGate(context)
  server.on('request', createApp(context))
  server.on('upgrade', upgrades.handle)
  const [url = `http://${config.host}:${port}`] = own.origins
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
      log.info('stopped')
    },
  }
}

/** Limits of SECURITY section 6. */
function createHttpServer(): Server {
  const server = createServer({
    connectionsCheckingInterval: 2_000,
    headersTimeout: 10_000,
    requestTimeout: 30_000,
    keepAliveTimeout: 65_000,
    maxHeaderSize: 24 * 1024,
    noDelay: true,
  })
  server.maxHeadersCount = 100
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
