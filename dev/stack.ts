// The one place where server and simulated cluster meet in one process: every integration and end-to-end test starts here.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startServer, type RunningServer, type ServerConfig } from '@virtdeck/server'
import { startSimCluster, type SimCluster, type SimClusterOptions } from '@virtdeck/sim-cluster'

export const repositoryRoot = dirname(dirname(fileURLToPath(import.meta.url)))

export type Stack = AsyncDisposable & {
  /** Where the browser goes. */
  url: string
  cluster: SimCluster
  server: RunningServer
}

/** The audit log of tests that do not ask for it. */
const unread: NonNullable<NonNullable<ServerConfig['audit']>['sink']> = {
  write: (lines) => Promise.resolve(lines.reduce((bytes, line) => bytes + line.length, 0)),
  close: () => Promise.resolve(),
}

/** Starts a simulated cluster and a server in front of it, each on a free port of the loopback interface. */
export async function startStack(options: Partial<SimClusterOptions> & { server?: Partial<ServerConfig> } = {}): Promise<Stack> {
  const { server: overrides, ...simulated } = options
  const cluster = await startSimCluster({ scenario: 'small', ...simulated })
  try {
    const server = await startServer({
      host: '127.0.0.1',
      port: 0,
      webRoot: join(repositoryRoot, 'apps/web/dist'),
      kubeconfig: { text: cluster.kubeconfig() },
      inventoryContext: 'virtdeck',
      prometheus: { url: cluster.prometheusUrl },
      demoUsers: cluster.users,
      clusterName: 'simulated',
      simulated: true,
      logLevel: 'silent',
      audit: { sink: unread },
      ...overrides,
    })
    return {
      url: server.url,
      cluster,
      server,
      async [Symbol.asyncDispose]() {
        await server[Symbol.asyncDispose]()
        await cluster[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    await cluster[Symbol.asyncDispose]()
    throw error
  }
}
